//! `--dry-run`.

use super::*;

fn rows() -> String {
    format!(
        "(1, 'ada@example.com', NULL, '{HASH}', NULL, true), \
         (2, 'ADA@example.com', NULL, '{HASH}', NULL, true), \
         (3, 'no address', NULL, '{HASH}', NULL, true), \
         (4, 'joan@example.com', NULL, NULL, NULL, false)"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_before_there_is_a_database_makes_nothing() {
    let service = Service::with(Family::Verified, &rows()).await;
    let folder = Folder::sqlite();
    let rehearsed = service.half_imported(&folder, &["--dry-run"]);
    assert_eq!(std::fs::read_dir(folder.root()).unwrap().count(), 0);
    assert_eq!(rehearsed["dry_run"], true);
    assert_eq!(
        numbers(&rehearsed),
        json!({"taken": 1, "conflicts": 1, "unreadable": 1})
    );
    let told = service.import(&folder, &["--dry-run"]).stdout;
    assert!(told.contains("nothing was written"), "{told}");
    let real = service.half_imported(&folder, &[]);
    assert_eq!(real["not_taken"].as_array().unwrap().len(), 2);
    assert_eq!(numbers(&real), numbers(&rehearsed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_beside_a_server_says_what_would_come_of_it_and_leaves_nothing() {
    let service = Service::with(Family::Verified, &rows()).await;
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    folder
        .run(&["users", "create", "--email", "grace@example.com"])
        .done();
    let before = everybody(&folder);
    for _ in 0..2 {
        let report = service.half_imported(&folder, &["--dry-run"]);
        assert_eq!(
            numbers(&report),
            json!({"taken": 1, "conflicts": 1, "unreadable": 1})
        );
    }
    assert_eq!(everybody(&folder), before);
    let merged = service.half_imported(&folder, &["--dry-run", "--merge"]);
    assert_eq!(
        numbers(&merged),
        json!({"taken": 1, "joined": 1, "unreadable": 1})
    );
    assert_eq!(everybody(&folder), before);
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_remembers_rows_of_long_before() {
    let service = Service::of(Family::Session).await;
    service
        .run(&format!(
            "INSERT INTO users (login, password_hash) SELECT 'user ' || n, '{HASH}' FROM generate_series(1, 200) n; \
             INSERT INTO users (login, password_hash) VALUES ('USER 1', '{HASH}')"
        ))
        .await;
    let folder = Folder::new().await;
    folder.serve().await.stop().await;
    let rehearsed = service.half_imported(&folder, &["--dry-run"]);
    assert_eq!(numbers(&rehearsed), json!({"taken": 200, "conflicts": 1}));
    assert_eq!(rehearsed["not_taken"][0]["id"], "201");
    let real = service.half_imported(&folder, &[]);
    assert_eq!(numbers(&real), numbers(&rehearsed));
}
