//! `backup`: a copy of an SQLite database while it is served.

use super::folder::Folder;
use reqwest::Method;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// Registers a member; gives whether that was acknowledged.
async fn register(folder: &Folder, login: String) -> bool {
    let body = json!({"login": login, "password": "Correct horse 1"});
    let url = format!("http://127.0.0.1:{}/api/register", folder.port);
    let sent = reqwest::Client::builder().build().unwrap();
    let answer = sent.request(Method::POST, url).json(&body).send().await;
    answer.is_ok_and(|answer| answer.status() == 201)
}

/// A folder whose server hashes cheaply and lets everybody in at once.
fn quick() -> Folder {
    Folder::sqlite()
        .set("password.argon2_memory_kib", "64")
        .set("password.argon2_iterations", "1")
        .set("rate_limit.enabled", "false")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_in_it_while_others_write() {
    let folder = quick();
    let serving = folder.serve().await;
    for n in 0..20 {
        assert!(register(&folder, format!("before{n}")).await);
    }
    let writers = (0..4).map(|writer| {
        let folder = &folder;
        async move {
            for n in 0..25 {
                assert!(register(folder, format!("during{writer}-{n}")).await);
            }
        }
    });
    let backup = folder.command(&["backup", "copy.db"]);
    let copying = tokio::task::spawn_blocking(move || {
        let mut backup = backup;
        backup.output().unwrap()
    });
    futures_util::future::join_all(writers).await;
    let copied = copying.await.unwrap();
    assert!(copied.status.success(), "{copied:?}");
    serving.stop().await;
    let restored = Folder::sqlite();
    std::fs::create_dir(restored.path("doorward-data")).unwrap();
    for (from, to) in [
        ("copy.db", "copy.db"),
        ("doorward-data/master.key", "doorward-data/master.key"),
    ] {
        std::fs::copy(folder.path(from), restored.path(to)).unwrap();
    }
    restored.run(&["restore", "copy.db"]).done();
    let users = restored.run(&["users", "list", "--limit", "1000", "--json"]);
    let users = users.done().json();
    let users = users.as_array().unwrap();
    let before = |user: &&serde_json::Value| user["login"].as_str().unwrap().starts_with("before");
    assert_eq!(users.iter().filter(before).count(), 20);
    assert!(users.len() <= 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_its_owners_alone_and_leaves_nothing_beside_it() {
    let folder = quick();
    folder.serve().await.stop().await;
    let told = folder.run(&["backup", "copy.db", "--json"]).done();
    assert!(
        told.stderr.contains("master.key") && told.stderr.contains("files"),
        "{told:?}"
    );
    let size = std::fs::metadata(folder.path("copy.db")).unwrap();
    assert_eq!(told.json()["bytes"], size.len());
    assert_eq!(size.permissions().mode() & 0o777, 0o600);
    let mut left: Vec<_> = std::fs::read_dir(folder.root())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["copy.db", "doorward-data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_stays_unless_it_is_said_otherwise() {
    let folder = quick().with_file("copy.db", "dear to me");
    folder.serve().await.stop().await;
    let refused = folder.run(&["backup", "copy.db"]).refused();
    assert!(refused.complaint().contains("--force"), "{refused:?}");
    assert_eq!(folder.read("copy.db"), "dear to me");
    folder.run(&["backup", "copy.db", "--force"]).done();
    assert!(
        std::fs::read(folder.path("copy.db"))
            .unwrap()
            .starts_with(b"SQLite")
    );
    for own in ["doorward.db", "doorward.db-wal", "doorward.db.lock"] {
        let own = format!("doorward-data/{own}");
        let refused = folder.run(&["backup", &own, "--force"]).refused();
        assert!(refused.complaint().contains("another file"), "{refused:?}");
    }
    folder.run(&["users", "list"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_leaves_nothing_and_says_why() {
    let folder = quick();
    let refused = folder.run(&["backup", "copy.db"]).refused();
    assert!(refused.complaint().contains("--data-dir"), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.root()).unwrap().count(), 0);
    folder.serve().await.stop().await;
    let refused = folder.run(&["backup", "nowhere/copy.db"]).refused();
    assert!(
        refused.complaint().contains("nowhere/copy.db"),
        "{refused:?}"
    );
}

#[test]
fn a_postgres_database_is_copied_by_the_line_that_is_told() {
    let folder = Folder::sqlite()
        .set("database.url", "postgres://ada:s3cret@127.0.0.1:9/doorward")
        .set("master_key", &super::folder::master_key());
    let refused = folder.run(&["backup", "doorward.dump"]).refused();
    let line =
        "pg_dump --format=custom --file='doorward.dump' 'postgres://ada@127.0.0.1:9/doorward'";
    assert!(refused.complaint().contains(line), "{refused:?}");
    let refused = folder.run(&["restore", "doorward.dump"]).refused();
    let complaint = refused.complaint();
    assert!(
        complaint.contains("pg_restore") && complaint.contains("restore --in-place"),
        "{complaint}"
    );
}
