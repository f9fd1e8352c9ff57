//! What lies in the database and in the files: no secret in the clear, and nothing that reading has changed.

use crate::cli::folder::on_postgres;
use crate::support::{Form, TestApp};
use doorward_store::jobs::{self, QueueStats};
use doorward_store::{Options, Store};
use doorward_testkit::smtp::Sink;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

fn holds(files: &BTreeMap<PathBuf, Vec<u8>>, secret: &str) -> bool {
    files.values().any(|bytes| {
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    })
}

/// A service on SQLite whose files the test can read.
async fn in_the_open() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let app = TestApp::with(&[("data_dir", data)]).await;
    (app, folder)
}

#[tokio::test]
async fn sec_14_2_4_the_database_holds_no_secret_in_the_clear() {
    if on_postgres() {
        return;
    }
    let (app, folder) = in_the_open().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob-the-member").await;
    app.registered("eve@example.com").await;
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": "canary-Wrong-password-1"}))
        .send()
        .await
        .expect(400);
    let found = files(folder.path());
    assert!(
        holds(&found, "ada@example.com") && holds(&found, "bob-the-member"),
        "the scan finds what is there"
    );
    let last = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in [
        &ada.password,
        &ada.access,
        &ada.refresh,
        &bob.access,
        &last(&ada.access),
        &last(&ada.refresh),
        "canary-Wrong",
        "Your code",
        "PRIVATE KEY",
    ] {
        assert!(!holds(&found, secret), "{secret}");
    }
}

#[tokio::test]
async fn sec_s03_a_code_rests_as_a_keyed_hash_alone() {
    if on_postgres() {
        return;
    }
    let (app, folder) = in_the_open().await;
    // Ten digits: no number that a file holds by chance.
    let long = app
        .beside(&[
            ("data_dir", folder.path().to_str().unwrap()),
            ("codes.verify.length", "10"),
        ])
        .await;
    let ada = long.registered("ada@example.com").await;
    let code = long.code_for(&ada.email).await;
    assert_eq!(code.len(), 10);
    assert!(!holds(&files(folder.path()), &code));
    long.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(200);
    assert!(!holds(&files(folder.path()), &code));
    drop(app);
}

/// How the queue of a service stands whose files lie in the folder.
async fn queue(app: &TestApp, folder: &Path) -> QueueStats {
    let url = format!("sqlite:{}", folder.join("doorward.db").display());
    let options = Options {
        create: false,
        ..Options::new(url.parse().unwrap())
    };
    let store = Store::open(options).await.unwrap();
    let stats = jobs::stats(&mut store.read().await.unwrap(), app.app.now()).await;
    store.close().await;
    stats.unwrap()
}

#[tokio::test]
async fn a_message_is_erased_once_it_is_delivered() {
    if on_postgres() {
        return;
    }
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(&[
        ("data_dir", folder.path().to_str().unwrap()),
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", &port),
        ("mail.tls", "none"),
        ("mail.from", "noreply@example.com"),
    ])
    .await;
    app.registered("ada@example.com").await;
    assert_eq!(queue(&app, folder.path()).await.ready, 1);
    app.work().await;
    assert_eq!(sink.wait_for(1).await[0].to, ["ada@example.com"]);
    let nothing = QueueStats {
        ready: 0,
        held: 0,
        dead: 0,
        oldest_ready_at: None,
    };
    assert_eq!(queue(&app, folder.path()).await, nothing);
}

#[tokio::test]
async fn sec_3_5_3_reading_changes_nothing() {
    if on_postgres() {
        return;
    }
    let (app, folder) = in_the_open().await;
    let ada = app.signed_in("ada@example.com").await;
    app.post("/api/v1/users/upload-file")
        .bearer(&ada.access)
        .form(Form::file("a.txt", "text/plain", b"hello"))
        .send()
        .await
        .expect(200);
    app.work().await;
    let before = files(folder.path());
    for path in [
        "/",
        "/health",
        "/health?full",
        "/livez",
        "/readyz",
        "/metrics",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/.well-known/jwks.json",
        "/utils/public_key",
        "/utils/public_key?version=1",
        "/dev/inbox",
        "/api/profile",
        "/api/v1/users/profile",
        "/api/v1/users/download-file/a.txt",
        "/api/login",
        "/api/v1/users",
        "/api/v1/auth/send-otp",
        "/nowhere",
    ] {
        for method in ["GET", "HEAD"] {
            let request = app
                .request(method.parse().unwrap(), path)
                .header("host", "127.0.0.1:8000");
            request.bearer(&ada.access).send().await;
        }
    }
    // What the engine keeps beside its files to coordinate readers says nothing that lasts.
    let lasting = |files: BTreeMap<PathBuf, Vec<u8>>| {
        files
            .into_iter()
            .filter(|(path, _)| path.extension().is_none_or(|end| end != "db-shm"))
            .collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (lasting(before), lasting(files(folder.path())));
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in before {
        assert!(after[&path] == bytes, "{} has changed", path.display());
    }
}

#[tokio::test]
async fn sec_5_3_2_a_file_lies_under_a_generated_key() {
    if on_postgres() {
        return;
    }
    let (app, folder) = in_the_open().await;
    let ada = app.signed_in("ada@example.com").await;
    app.post("/api/v1/users/upload-file")
        .bearer(&ada.access)
        .form(Form::file(
            "chosen-name.txt",
            "text/plain",
            b"canary content",
        ))
        .send()
        .await
        .expect(200);
    let found = files(&folder.path().join("files"));
    assert_eq!(
        found.values().collect::<Vec<_>>(),
        [&b"canary content".to_vec()]
    );
    for path in found.keys() {
        assert!(
            !path.to_string_lossy().contains("chosen-name")
                && !path.to_string_lossy().contains(&ada.id),
            "{}",
            path.display()
        );
    }
}
