//! Who moves, with what they had.

use super::*;
use crate::cli::serving::answer;
use doorward_domain::{Profile, Status, Timestamp, UserId};
use doorward_store::identities;
use doorward_store::users::NewUser;

const ADA: &str = "9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001";
const GRACE: &str = "9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a002";

#[tokio::test(flavor = "multi_thread")]
async fn a_login_moves_with_its_password_and_is_found_by_its_old_id() {
    let [a, b, y] = HASHES;
    let rows = format!(
        "(41, 'Ada', '{a}', '2024-02-29T12:00:00+09', NULL), \
         (42, 'ada@example.com', '{b}', '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z'), \
         (43, 'Графиня', '{y}', '2024-03-02T00:00:00Z', NULL)"
    );
    let service = Service::with(Family::Session, &rows).await;
    let (before, folder) = (service.everything().await, Folder::new().await);
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"taken": 3}));
    assert_eq!(
        service.everything().await,
        before,
        "nothing is written to the source"
    );

    let user = show_old(&folder, "session:42");
    assert_eq!(user["login"], "ada@example.com");
    assert_eq!(
        (&user["email"], &user["email_proven"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(user["old_ids"], json!(["session:42"]));
    assert_eq!(user["created_at"], "2024-03-01T00:00:00Z");
    assert_eq!(user["last_login_at"], "2024-04-01T00:00:00Z");
    assert_eq!(user["id"].as_str().unwrap().as_bytes()[14], b'7');
    assert_eq!(
        show_old(&folder, "session:41")["created_at"],
        "2024-02-29T03:00:00Z"
    );
    folder
        .run(&["users", "show", "--old-id", "session:44"])
        .refused();
    folder
        .run(&["users", "show", "--old-id", "verified:42"])
        .refused();

    let stored = row_by_login(&folder, "Ada").await.password_hash.unwrap();
    assert!(stored.ends_with(a), "the hash is kept as it was");
    let serving = folder.serve().await;
    for login in ["ada", "ada@example.com", "графиня"] {
        assert_eq!(log_in(&serving, login, "wrong Horse 1").await, 401);
        assert_eq!(log_in(&serving, login, PASSWORD).await, 200, "{login}");
    }
    let stored = row_by_login(&folder, "Ada").await.password_hash.unwrap();
    assert!(
        stored.starts_with("$argon2id$"),
        "signing in made the hash a better one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_verified_signs_in_and_one_that_was_not_has_yet_to_be() {
    let rows = format!(
        "(7, 'Ada@Example.com', 'Ada Lovelace', '{HASH}', '2024-02-29T12:00:00Z', true), \
         (8, 'grace@example.com', NULL, '{HASH}', '2024-02-29T12:00:00Z', false), \
         (9, 'joan@example.com', NULL, NULL, '2024-02-29T12:00:00Z', false)"
    );
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"taken": 2}));
    assert_eq!(
        report["skipped"],
        json!({"temporary": 0, "unconfirmed": 1, "deleted": 0})
    );
    nobody_is(&folder, "joan@example.com");
    let ada = show_old(&folder, "verified:7");
    assert_eq!(
        (
            &ada["email"],
            &ada["email_proven"],
            &ada["full_name"],
            &ada["status"]
        ),
        (
            &json!("Ada@Example.com"),
            &json!(true),
            &json!("Ada Lovelace"),
            &json!("active")
        )
    );
    let serving = folder.serve().await;
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
    assert_eq!(sign_in(&serving, "grace@example.com", PASSWORD).await, 403);
    assert_eq!(
        sign_in(&serving, "grace@example.com", OTHER_PASSWORD).await,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i16_the_first_proof_of_an_imported_address_drops_a_password_that_nobody_vouches_for() {
    let rows = format!("(8, 'grace@example.com', 'Eve', '{HASH}', '2024-02-29T12:00:00Z', false)");
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    assert!(
        row_by_email(&folder, "grace@example.com")
            .await
            .registered_network
            .is_none()
    );
    let serving = folder.serve().await;
    let (status, _) = serving
        .post(
            "/api/v1/auth/send-otp",
            &json!({"email": "grace@example.com"}),
        )
        .await;
    assert_eq!(status, 200);
    let code = serving.code_for("grace@example.com").await;
    let proof = json!({"email": "grace@example.com", "otp": code});
    assert_eq!(serving.post("/api/v1/auth/verify-otp", &proof).await.0, 200);
    assert_eq!(sign_in(&serving, "grace@example.com", PASSWORD).await, 400);
    let user = show(&folder, "grace@example.com");
    assert_eq!(
        (
            &user["email_proven"],
            &user["has_password"],
            &user["full_name"]
        ),
        (&json!(true), &json!(false), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unproven_address_of_long_ago_has_as_long_to_be_proven_as_a_new_one() {
    let rows = format!("(8, 'grace@example.com', NULL, '{HASH}', '2014-02-28T12:00:00Z', false)");
    let service = Service::with(Family::Verified, &rows).await;
    let folder = Folder::new().await.set("cleanup.interval", "1s");
    service.imported(&folder);
    let store = folder.store().await;
    let stale = NewUser {
        id: UserId::new(Timestamp::EPOCH, [1; 10]),
        status: Status::Active,
        email: Some(Email::parse("ada@example.com").unwrap()),
        email_proven_at: None,
        phone: None,
        phone_proven_at: None,
        login: None,
        profile: Profile::default(),
        password_hash: None,
        registered_network: None,
        created_at: Timestamp::EPOCH,
    };
    let mut tx = store.write().await.unwrap();
    users::insert(&mut tx, &stale).await.unwrap();
    tx.commit().await.unwrap();
    let mut serving = folder.serve().await;
    serving
        .until("stale accounts are gone", async |_| {
            let mut tx = store.read().await.unwrap();
            users::by_id(&mut tx, stale.id).await.unwrap().is_none()
        })
        .await;
    let user = show(&folder, "grace@example.com");
    assert_eq!(user["created_at"], "2014-02-28T12:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_user_keeps_uuid_names_password_and_third_party() {
    let rows = format!(
        "(1, '{ADA}', 'ada@example.com', true, '{HASH}', 'Ada', 'Lovelace', 'EMAIL', NULL, '2024-02-29 12:00:00'), \
         (2, '{GRACE}', 'grace@example.com', true, NULL, 'Grace', 'Hopper', 'GOOGLE', 'g-117', '2024-02-29 12:00:00'), \
         (3, NULL, 'joan@example.com', false, '{HASH}', 'Joan', 'Clarke', 'EMAIL', NULL, NULL), \
         (4, gen_random_uuid(), 'mary@example.com', false, NULL, 'Mary', 'S', 'EMAIL', NULL, NULL)"
    );
    let service = Service::with(Family::Confirm, &rows).await;
    let folder = Folder::new().await;
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"taken": 3}));
    assert_eq!(report["skipped"]["unconfirmed"], 1);
    let ada = show(&folder, "ada@example.com");
    assert_eq!(
        (&ada["id"], &ada["email_proven"]),
        (&json!(ADA), &json!(true))
    );
    assert_eq!(
        ada["created_at"], "2024-02-29T12:00:00Z",
        "a time without a zone is in UTC"
    );
    assert_eq!(show_old(&folder, "confirm:1")["id"], ADA);
    let joan = show_old(&folder, "confirm:3");
    assert_eq!(
        (&joan["email_proven"], &joan["has_password"]),
        (&json!(false), &json!(true))
    );

    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(
        (row.first_name.as_deref(), row.last_name.as_deref()),
        (Some("Ada"), Some("Lovelace"))
    );
    let store = folder.store().await;
    let mut tx = store.read().await.unwrap();
    let owner = identities::owner(&mut tx, "google", "g-117").await.unwrap();
    assert_eq!(owner, Some(GRACE.parse().unwrap()));
    assert!(
        identities::of_user(&mut tx, row.id)
            .await
            .unwrap()
            .is_empty()
    );
    drop((tx, store));

    let serving = folder.serve().await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let (status, tokens) = serving.post("/auth/login", &body).await;
    assert_eq!(status, 200, "{tokens}");
    let me = serving
        .get("/users")
        .bearer_auth(tokens["access_token"].as_str().unwrap());
    let (status, me) = answer(me).await;
    assert_eq!(
        (status, &me["uuid"], &me["is_active"]),
        (200, &json!(ADA), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_providers_are_read_in_either_case_and_an_enum_may_be_text() {
    let service = Service::of(Family::Confirm).await;
    service
        .run("ALTER TABLE users ALTER COLUMN auth_provider TYPE varchar USING CAST(auth_provider AS varchar)")
        .await;
    service
        .insert(&format!(
            "(1, '{ADA}', 'ada@example.com', true, NULL, 'Ada', 'L', 'apple', 'a-1', NULL), \
             (2, '{GRACE}', 'grace@example.com', true, NULL, 'Grace', 'H', 'email', 'e-2', NULL)"
        ))
        .await;
    let folder = Folder::new().await;
    assert_eq!(numbers(&service.imported(&folder)), json!({"taken": 2}));
    let store = folder.store().await;
    let mut tx = store.read().await.unwrap();
    let owner = identities::owner(&mut tx, "apple", "a-1").await.unwrap();
    assert_eq!(owner, Some(ADA.parse().unwrap()));
    assert_eq!(
        identities::owner(&mut tx, "email", "e-2").await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_proved_an_address_is_the_same_user_to_those_who_asked() {
    let rows = format!(
        "('{ADA}', 'ada@example.com', '2024-01-01 00:00:00', '2024-02-29 12:00:00'), \
         ('{GRACE}', 'grace@example.com', '2024-01-01 00:00:00', NULL)"
    );
    let service = Service::with(Family::Proof, &rows).await;
    let folder = Folder::new().await;
    assert_eq!(numbers(&service.imported(&folder)), json!({"taken": 2}));
    let row = row_by_email(&folder, "ada@example.com").await;
    assert_eq!(
        row.email_proven_at.unwrap().to_rfc3339(),
        "2024-02-29T12:00:00Z"
    );
    assert_eq!(
        show(&folder, "grace@example.com")["email_proven"],
        json!(true)
    );
    let serving = folder.serve().await;
    let ask = json!({"email": "ada@example.com", "project_id": "shop"});
    assert_eq!(serving.post("/api/v1/auth/send-code", &ask).await.0, 200);
    let code = serving.code_for("ada@example.com").await;
    let ask = json!({"email": "ada@example.com", "project_id": "shop", "code": code});
    let (status, proof) = serving.post("/api/v1/auth/verify-code", &ask).await;
    assert_eq!(
        (status, &proof["auth_user_id"]),
        (200, &json!(ADA)),
        "{proof}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uuid_in_another_spelling_is_the_same_user() {
    let rows = format!(
        "('{}', 'active', 'ada@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
        ('7', 'active', NULL, '+442079460018', NULL, NULL, NULL, NULL, NULL, NULL)",
        ADA.to_uppercase()
    );
    let service = Service::with(Family::Code, &rows).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    assert_eq!(show(&folder, ADA)["email"], "ada@example.com");
    let by_number = show_old(&folder, "code:7");
    assert_eq!(
        (&by_number["phone"], by_number["id"].as_str().unwrap().len()),
        (&json!("+442079460018"), 36)
    );
}
