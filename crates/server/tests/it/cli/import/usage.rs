//! What is asked for wrongly, or of a database that is another.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_none_of_the_services_is_refused_and_nothing_is_made() {
    let other = Service::of(Family::Session).await;
    let empty = postgres::database().await;
    let folder = Folder::sqlite();
    let import = |family: &str, url: &str| folder.run(&["import", "--from", family, url]).refused();
    for (family, word) in [
        ("code", "`users`"),
        ("confirm", "`users`"),
        ("proof", "`auth_users`"),
        ("session", "`users`"),
        ("verified", "`users`"),
    ] {
        let outcome = import(family, &empty.url);
        assert!(outcome.complaint().contains(word), "{outcome:?}");
    }
    let outcome = import("code", &other.database.url);
    assert!(outcome.complaint().contains("`public_key`"), "{outcome:?}");
    let outcome = import("session", "sqlite:users.db");
    assert!(outcome.complaint().contains("PostgreSQL"), "{outcome:?}");
    let outcome = import("session", "postgres://ada:s3cret@127.0.0.1:1/users");
    assert!(!outcome.complaint().contains("s3cret"), "{outcome:?}");
    assert_eq!(std::fs::read_dir(folder.root()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_doorward_is_no_source() {
    let database = postgres::database().await;
    let folder = Folder::sqlite()
        .set("database.url", &database.url)
        .set("master_key", &crate::cli::folder::master_key());
    folder.run(&["migrate"]).done();
    let outcome = folder
        .run(&["import", "--from", "session", &database.url])
        .refused();
    assert!(outcome.complaint().contains("Doorward"), "{outcome:?}");
}

#[test]
fn wrong_usage_of_import_exits_with_2() {
    let folder = Folder::sqlite();
    for arguments in [
        &["import"][..],
        &["import", "postgres://db/users"],
        &["import", "--from", "session"],
        &["import", "--from", "native", "postgres://db/users"],
        &["import", "--from", "sessions", "postgres://db/users"],
        &["users", "show", "--old-id", "42"],
        &["users", "show", "ada", "--old-id", "session:42"],
    ] {
        let outcome = folder.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_files_are_is_said_in_words_that_help() {
    let service = Service::of(Family::Verified).await;
    let session = Service::of(Family::Session).await;
    let folder = Folder::sqlite();
    for (service, files, word) in [
        (&service, "s3://", "s3://BUCKET"),
        (&service, "file:nowhere", "user-files"),
        (&service, "/var/files", "file:FOLDER"),
        (&session, "file:.", "--from verified"),
    ] {
        let outcome = service.import(&folder, &["--files", files]).refused();
        assert!(outcome.complaint().contains(word), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_a_table_for_people() {
    let rows = format!("(1, 'Ada', '{HASH}', NULL, NULL), (2, 'ADA', '{HASH}', NULL, NULL)");
    let service = Service::with(Family::Session, &rows).await;
    let folder = Folder::new().await;
    let outcome = service.import(&folder, &[]);
    assert_eq!(outcome.code, 1);
    let ada = row_by_login(&folder, "ada").await.id.to_string();
    insta::assert_snapshot!("report", outcome.stdout.replace(&ada, "[the other user]"));
}
