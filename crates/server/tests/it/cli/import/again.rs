//! Importing more than once.

use super::*;
use crate::cli::serving::answer;
use doorward_domain::Span;
use doorward_store::identities::{self, Identity};
use std::time::Duration;

const ADA: &str = "(1, 'ada@example.com', 'Ada', HASH, '2024-01-01T00:00:00Z', true)";
const GRACE: &str = "(2, 'grace@example.com', 'Grace', HASH, '2024-01-01T00:00:00Z', true)";

async fn service() -> Service {
    let rows = format!("{ADA}, {GRACE}").replace("HASH", &format!("'{HASH}'"));
    Service::with(Family::Verified, &rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn running_it_again_changes_nothing() {
    let (service, folder) = (service().await, Folder::new().await);
    assert_eq!(numbers(&service.imported(&folder)), json!({"taken": 2}));
    let before = everybody(&folder);
    for _ in 0..2 {
        assert_eq!(numbers(&service.imported(&folder)), json!({"unchanged": 2}));
    }
    assert_eq!(everybody(&folder), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_there_changes_here_and_only_that() {
    let (service, folder) = (service().await, Folder::new().await);
    service.imported(&folder);
    let ada = show(&folder, "ada@example.com");
    let mut serving = folder.serve().await;
    let tokens = serving.sign_in("grace@example.com", PASSWORD).await;
    let better = row_by_email(&folder, "grace@example.com")
        .await
        .password_hash;
    service
        .run("UPDATE users SET full_name = 'Grace Hopper', email = 'Grace.H@example.com' WHERE id = 2")
        .await;
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"changed": 1, "unchanged": 1}));
    assert_eq!(show(&folder, "ada@example.com"), ada);
    let row = row_by_email(&folder, "grace.h@example.com").await;
    assert_eq!(row.full_name.as_deref(), Some("Grace Hopper"));
    assert_eq!(
        row.password_hash, better,
        "the password did not change there, so its hash stays the better one"
    );
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(serving.profile(token).await, 200, "nobody was signed out");

    service
        .run(&format!(
            "UPDATE users SET hashed_password = '{OTHER_HASH}' WHERE id = 2"
        ))
        .await;
    assert_eq!(
        numbers(&service.imported(&folder)),
        json!({"changed": 1, "unchanged": 1})
    );
    assert_eq!(
        sign_in(&serving, "grace.h@example.com", PASSWORD).await,
        400
    );
    assert_eq!(
        sign_in(&serving, "grace.h@example.com", OTHER_PASSWORD).await,
        200
    );
    serving
        .until("sessions of the old password have ended", async |serving| {
            serving.profile(token).await == 401
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_has_changed_here_since_is_never_overwritten() {
    let (service, folder) = (service().await, Folder::new().await);
    service.imported(&folder);
    let serving = folder.serve().await;
    let tokens = serving.sign_in("ada@example.com", PASSWORD).await;
    let change = serving
        .request(reqwest::Method::PATCH, "/v1/me")
        .bearer_auth(tokens["access_token"].as_str().unwrap())
        .json(&json!({"full_name": "Countess"}));
    assert_eq!(answer(change).await.0, 200);
    folder
        .run(&["users", "suspend", "grace@example.com"])
        .done();
    service
        .run("UPDATE users SET full_name = 'Somebody else', email = id || '@example.com'")
        .await;
    for _ in 0..2 {
        assert_eq!(numbers(&service.imported(&folder)), json!({"kept": 2}));
    }
    assert_eq!(show(&folder, "ada@example.com")["full_name"], "Countess");
    let grace = show(&folder, "grace@example.com");
    assert_eq!(
        (&grace["full_name"], &grace["status"]),
        (&json!("Grace"), &json!("suspended"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_deleted_here_does_not_come_back() {
    let (service, folder) = (service().await, Folder::new().await);
    service.imported(&folder);
    folder.serve().await.stop().await;
    folder
        .run(&["users", "delete", "ada@example.com", "--yes"])
        .done();
    assert_eq!(numbers(&service.imported(&folder)), json!({"unchanged": 2}));
    nobody_is(&folder, "ada@example.com");
    service
        .run("UPDATE users SET full_name = 'Ada again' WHERE id = 1")
        .await;
    assert_eq!(
        numbers(&service.imported(&folder)),
        json!({"kept": 1, "unchanged": 1})
    );
    nobody_is(&folder, "ada@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deleted_or_banned_there_later_is_so_here_unless_they_moved_already() {
    let rows = "('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'active', 'ada@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
        ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a002', 'active', 'grace@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
        ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a003', 'active', 'joan@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let service = Service::with(Family::Code, rows).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    let serving = folder.serve().await;
    assert_eq!(
        serving
            .post("/auth/code", &json!({"email": "joan@example.com"}))
            .await
            .0,
        200
    );
    let body =
        json!({"email": "joan@example.com", "code": serving.code_for("joan@example.com").await});
    let (status, _) = answer(
        serving
            .request(reqwest::Method::PUT, "/auth/token")
            .json(&body),
    )
    .await;
    assert_eq!(status, 200);
    service
        .run(
            "UPDATE users SET status = 'deleted' WHERE email <> 'grace@example.com'; \
              UPDATE users SET status = 'banned' WHERE email = 'grace@example.com'",
        )
        .await;
    let report = service.imported(&folder);
    assert_eq!(
        numbers(&report),
        json!({"changed": 1, "deleted": 1, "kept": 1})
    );
    nobody_is(&folder, "ada@example.com");
    assert_eq!(show(&folder, "grace@example.com")["status"], "banned");
    assert_eq!(show(&folder, "joan@example.com")["status"], "active");
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"unchanged": 1, "kept": 1}));
    assert_eq!(report["skipped"]["deleted"], 1);
}

/// The subjects of a user's identities, all of one provider.
async fn subjects(folder: &Folder, user: &User) -> Vec<String> {
    let store = folder.store().await;
    let linked = identities::of_user(&mut store.read().await.unwrap(), user.id).await;
    let linked = linked.unwrap().into_iter();
    linked.map(|identity| identity.subject).collect()
}

/// Links an identity as somebody does who registers here with it.
async fn link_here(folder: &Folder, user: &User, subject: &str) {
    let identity = Identity {
        provider: "google".to_owned(),
        subject: subject.to_owned(),
        user_id: user.id,
        created_at: user.updated_at + Span::seconds(1),
    };
    let mut tx = folder.store().await.write().await.unwrap();
    assert!(identities::insert(&mut tx, &identity).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_6_8_1_an_identity_that_a_row_has_no_more_goes_and_what_was_linked_here_stays() {
    let row = "(1, '9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'ada@example.com', true, NULL, 'Ada', 'L', 'GOOGLE', 'g-1', NULL)";
    let service = Service::with(Family::Confirm, row).await;
    let code = "('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a002', 'active', 'ada@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let other = Service::with(Family::Code, code).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    let first = row_by_email(&folder, "ada@example.com").await;
    link_here(&folder, &first, "here").await;
    other.import(&folder, &["--merge", "--json"]).done();
    // What changes besides, at either service, takes no identity away and signs nobody out.
    for age in [36, 37] {
        other.run(&format!("UPDATE users SET age = {age}")).await;
        assert_eq!(numbers(&other.imported(&folder)), json!({"changed": 1}));
        service
            .run(&format!("UPDATE users SET last_name = 'L{age}'"))
            .await;
        assert_eq!(numbers(&service.imported(&folder)), json!({"changed": 1}));
    }
    assert_eq!(subjects(&folder, &first).await, ["g-1", "here"]);
    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(row.epoch, first.epoch);
    for (identity, left) in [
        ("third_party_id = 'g-2'", vec!["g-2", "here"]),
        ("third_party_id = 'g-3'", vec!["g-3", "here"]),
        (
            "auth_provider = 'EMAIL', third_party_id = NULL",
            vec!["here"],
        ),
    ] {
        service.run(&format!("UPDATE users SET {identity}")).await;
        assert_eq!(numbers(&service.imported(&folder)), json!({"changed": 1}));
        assert_eq!(subjects(&folder, &first).await, left);
    }
    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(row.epoch, first.epoch + 3, "sessions ended each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_broke_off_goes_on_where_it_stopped() {
    let service = Service::of(Family::Session).await;
    service
        .run(&format!(
            "INSERT INTO users (login, password_hash, created_at) \
             SELECT 'user ' || n, '{HASH}', now() FROM generate_series(1, 1500) n"
        ))
        .await;
    let folder = Folder::new().await;
    folder.run(&["migrate"]).done();
    let mut child = folder
        .command(&service.arguments(&[]))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let store = folder.store().await;
    let count = async || {
        let mut tx = store.read().await.unwrap();
        users::count(&mut tx).await.unwrap()
    };
    while count().await < 50 && child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let taken_before = count().await;
    let report = service.imported(&folder);
    assert_eq!(
        (&report["read"], &report["unchanged"]),
        (&json!(1500), &json!(taken_before))
    );
    assert_eq!(report["taken"], json!(1500 - taken_before));
    assert_eq!(count().await, 1500);
    assert_eq!(show_old(&folder, "session:1500")["login"], "user 1500");
}
