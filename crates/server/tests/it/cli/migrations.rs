//! `migrate`.

use super::folder::{Folder, on_postgres};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn pending_migrations_are_listed_applied_and_then_gone() {
    let folder = Folder::new().await;
    if !on_postgres() {
        folder.run(&["migrate", "--dry-run"]).done();
        assert!(
            !folder.path("doorward-data/doorward.db").exists(),
            "listing makes no database"
        );
    }
    let applied = folder.run(&["migrate", "--json"]).done().json();
    assert_eq!(applied[0]["version"], 1);
    for arguments in [
        &["migrate", "--json"][..],
        &["migrate", "--dry-run", "--json"],
    ] {
        assert_eq!(folder.run(arguments).done().json(), json!([]));
    }
    // What was migrated is served as it is.
    let serving = folder.serve().await;
    assert_eq!(serving.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_master_key_is_refused() {
    let folder = Folder::new()
        .await
        .set("master_key", &super::folder::master_key());
    folder.serve().await.stop().await;
    let folder = folder.set("master_key", &super::folder::master_key());
    let outcome = folder
        .run(&["serve", "--bind", "127.0.0.1:0"])
        .refused_at_last();
    assert!(outcome.stderr.contains("master_key"), "{outcome:?}");
}
