//! A part goes away and comes back: 503 with a word about when to try again, and recovery by itself.

use crate::cli::folder::master_key;
use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use doorward_store::{DatabaseUrl, Options, Store};
use doorward_testkit::{postgres, redis};
use serde_json::json;
use std::time::Duration;

async fn register(app: &TestApp, login: &str) -> Answer {
    let body = json!({"login": login, "password": "Correct horse 1"});
    app.post("/api/register").json(body).send().await
}

#[track_caller]
fn assert_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    assert!(answer.number("retry-after") >= 1, "{answer}");
    assert_eq!(answer.members(), ["detail", "request_id"]);
}

/// Asks until the answer has this status; what comes back needs a moment.
async fn eventually(app: &TestApp, status: u16, login: &str) {
    for n in 0..200 {
        // Each time somebody else, so that no limit answers.
        let body = json!({"login": format!("{login}{n}"), "password": "Wrong guess 1"});
        if app
            .post("/api/login")
            .json(body)
            .from(&format!("10.0.{n}.1"))
            .send()
            .await
            .status
            == status
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never answered {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_another_process_holds_is_a_503_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doorward.db");
    let url = format!("sqlite:{}", path.display());
    let app = TestApp::with(&[
        ("data_dir", folder.path().to_str().unwrap()),
        ("database.url", &url),
    ])
    .await;
    app.expect_faults();
    register(&app, "before").await.expect(201);
    let other = Store::open(Options {
        url: DatabaseUrl::Sqlite(path),
        pool_size: 1,
        max_overflow: 0,
        pool_timeout: Span::seconds(5),
        pool_recycle: Span::hours(1),
        create: false,
    })
    .await
    .unwrap();
    let held = other.write().await.unwrap();
    assert_away(&register(&app, "during").await);
    // What only reads goes on.
    app.get("/.well-known/jwks.json").send().await.expect(200);
    app.get("/readyz").send().await.expect(200);
    drop(held);
    eventually(&app, 401, "nobody").await;
    register(&app, "during").await.expect(201);
    app.post("/api/login")
        .json(json!({"login": "before", "password": "Correct horse 1"}))
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_gone_is_a_503_and_recovers() {
    let server = postgres::Server::private().await;
    let database = server.new_database(None);
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("data_dir", folder.path().to_str().unwrap()),
        ("database.url", &database.url),
        ("database.pool_timeout", "1s"),
        ("master_key", &master_key()),
        ("rate_limit.enabled", "false"),
    ];
    let app = TestApp::with(&settings).await;
    app.expect_faults();
    register(&app, "before").await.expect(201);
    let bob = app.member("bob").await;
    server.stop().await;
    assert_away(&register(&app, "during").await);
    let body = json!({"login": "before", "password": "Correct horse 1"});
    assert_away(&app.post("/api/login").json(body.clone()).send().await);
    let ready = app.get("/readyz").send().await.expect(503);
    assert_eq!(ready.json()["parts"]["database"], "unavailable");
    assert_eq!(
        app.get("/health").send().await.expect(503).text(),
        "\"Unhealthy\""
    );
    app.get("/livez").send().await.expect(200);
    app.get("/.well-known/jwks.json").send().await.expect(200);
    server.start().await;
    eventually(&app, 401, "nobody").await;
    app.post("/api/login").json(body).send().await.expect(200);
    app.get("/api/profile")
        .bearer(&bob.access)
        .send()
        .await
        .expect(200);
    register(&app, "during").await.expect(201);
    app.get("/readyz").send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s22_without_redis_each_process_limits_alone_and_nothing_fails() {
    let server = redis::Server::private().await;
    let app = TestApp::with(&[
        ("redis.url", &server.url),
        ("redis.prefix", "gone:"),
        ("rate_limit.named.login", "10/day"),
    ])
    .await;
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["parts"]["redis"]),
        (&json!("ok"), &json!("ok"))
    );
    server.stop().await;
    let mut answers = Vec::new();
    for n in 0..12 {
        let body = json!({"email": format!("{n}@example.com"), "password": "wrong guess"});
        answers.push(
            app.post("/api/v1/auth/login")
                .json(body)
                .send()
                .await
                .status,
        );
    }
    let refused = answers.iter().filter(|status| **status == 429).count();
    assert!(
        refused == 2 && answers.iter().all(|status| matches!(status, 400 | 429)),
        "{answers:?}"
    );
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["parts"]["redis"]),
        (&json!("degraded"), &json!("degraded"))
    );
    let ada = app.member("ada").await;
    app.get("/api/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    server.start().await;
    for _ in 0..200 {
        if app.get("/readyz").send().await.json()["status"] == "ok" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came back");
}
