//! `restore`: what an old copy brings back, and what it must not.

mod refusals;

use super::folder::{Folder, master_key};
use super::serving::Serving;
use doorward_testkit::postgres;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const PASSWORD: &str = "correct horse 1";
const LATER: &str = "another horse 2";

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// The status of a refresh.
async fn refresh(serving: &Serving, tokens: &Value) -> (u16, Value) {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    serving.post("/api/v1/auth/refresh-token", &body).await
}

async fn prove(serving: &Serving, code: &str) -> u16 {
    let body = json!({"email": EVE, "otp": code});
    serving.post("/api/v1/auth/verify-otp", &body).await.0
}

async fn use_link(serving: &Serving, link: &str) -> u16 {
    let (_, token) = link.split_once("/account/reset/").unwrap();
    let form = json!({"token": token, "password": LATER});
    serving.post("/v1/password/reset", &form).await.0
}

async fn sign_in(serving: &Serving, password: &str) -> u16 {
    let body = json!({"email": ADA, "password": password});
    serving.post("/api/v1/auth/login", &body).await.0
}

/// Stops the server, restores the copy, and serves it.
async fn restored(folder: &Folder, serving: Serving) -> Serving {
    serving.stop().await;
    folder.run(&["restore", "copy.db"]).done();
    folder.serve().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_a_restored_copy_revives_nothing_that_was_spent_or_revoked_since() {
    let folder = Folder::sqlite().set("api.verified.rotate_refresh", "true");
    let serving = folder.serve().await;
    let first = serving.sign_up(ADA, PASSWORD).await;
    let other = serving.sign_in(ADA, PASSWORD).await;
    let body = json!({"email": EVE, "password": PASSWORD});
    assert_eq!(serving.post("/api/v1/users", &body).await.0, 201);
    let code = serving.code_for(EVE).await;
    let made = folder.run(&["users", "reset", ADA, "--json"]).done();
    let link = text(&made.json(), "link").to_owned();
    folder.run(&["backup", "copy.db"]).done();

    let (status, second) = refresh(&serving, &first).await;
    assert_eq!(status, 200, "{second}");
    assert_eq!(prove(&serving, &code).await, 200);
    assert_eq!(use_link(&serving, &link).await, 204);
    assert_eq!(sign_in(&serving, PASSWORD).await, 400);

    let serving = restored(&folder, serving).await;
    for tokens in [&first, &second, &other] {
        assert_eq!(serving.profile(text(tokens, "access_token")).await, 401);
        assert_eq!(refresh(&serving, tokens).await.0, 401);
    }
    assert_ne!(prove(&serving, &code).await, 200, "a code works once");
    assert_eq!(use_link(&serving, &link).await, 400, "a link works once");
    // People are as they were, and come in again as they did.
    let again = serving.sign_in(ADA, PASSWORD).await;
    assert_eq!(serving.profile(text(&again, "access_token")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_an_epoch_after_a_restore_is_none_that_there_has_been() {
    let folder = Folder::sqlite().set("tokens.refresh", "stateless");
    let serving = folder.serve().await;
    serving.sign_up(ADA, PASSWORD).await;
    folder.run(&["backup", "copy.db"]).done();
    let mut revoked = Vec::new();
    for _ in 0..3 {
        revoked.push(serving.sign_in(ADA, PASSWORD).await);
        folder.run(&["users", "sign-out", ADA]).done();
    }
    let serving = restored(&folder, serving).await;
    for (n, tokens) in revoked.iter().enumerate() {
        assert_eq!(refresh(&serving, tokens).await.0, 401, "token {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_a_key_that_was_withdrawn_signs_nothing_after_a_restore() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let tokens = serving.sign_up(ADA, PASSWORD).await;
    folder.run(&["backup", "copy.db"]).done();
    folder.run(&["keys", "withdraw", "1"]).done();
    let serving = restored(&folder, serving).await;
    let set = serving.get("/.well-known/jwks.json").send().await.unwrap();
    let set: Value = set.json().await.unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| key["kid"] != "1"), "{set}");
    assert_eq!(serving.profile(text(&tokens, "access_token")).await, 401);
    let again = serving.sign_in(ADA, PASSWORD).await;
    assert_eq!(serving.profile(text(&again, "access_token")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_ones_own_stays_in_force_after_a_restore() {
    let folder = Folder::sqlite();
    super::pem::sh(
        &folder,
        "openssl genpkey -algorithm RSA -out own.pem 2>/dev/null",
    );
    let folder = folder.set("tokens.private_key", "own.pem");
    let serving = folder.serve().await;
    serving.sign_up(ADA, PASSWORD).await;
    folder.run(&["backup", "copy.db"]).done();
    let serving = restored(&folder, serving).await;
    assert_eq!(sign_in(&serving, PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_left_long_ago_do_not_leave_again() {
    let folder = Folder::sqlite()
        .set("mail.host", "127.0.0.1")
        .set("mail.port", "9")
        .set("mail.tls", "none")
        .set("mail.from", "noreply@example.com");
    let serving = folder.serve().await;
    let body = json!({"email": EVE, "password": PASSWORD});
    assert_eq!(serving.post("/api/v1/users", &body).await.0, 201);
    folder.run(&["backup", "copy.db"]).done();
    serving.stop().await;
    let told = folder.run(&["restore", "copy.db", "--json"]).done().json();
    assert_eq!(
        (&told["messages_dropped"], &told["codes_voided"]),
        (&json!(1), &json!(1)),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_before_is_kept_and_can_be_had_again() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    folder.run(&["backup", "copy.db"]).done();
    serving.sign_up(ADA, PASSWORD).await;
    serving.stop().await;
    let told = folder.run(&["restore", "copy.db", "--json"]).done().json();
    folder.run(&["users", "show", ADA]).refused();
    let kept = text(&told, "kept");
    folder.run(&["restore", kept]).done();
    folder.run(&["users", "show", ADA]).done();
    let left: Vec<_> = std::fs::read_dir(folder.path("doorward-data"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_machine_is_restored_with_the_key_and_never_without() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    serving.sign_up(ADA, PASSWORD).await;
    serving.stop().await;
    folder.run(&["backup", "copy.db"]).done();
    let machine = Folder::sqlite();
    std::fs::copy(folder.path("copy.db"), machine.path("copy.db")).unwrap();
    let refused = machine.run(&["restore", "copy.db"]).refused();
    assert!(refused.complaint().contains("master.key"), "{refused:?}");
    assert!(!machine.path("doorward-data/doorward.db").exists());
    assert!(!machine.path("doorward-data/master.key").exists());
    let key = "doorward-data/master.key";
    std::fs::copy(folder.path(key), machine.path(key)).unwrap();
    machine.run(&["restore", "copy.db"]).done();
    let serving = machine.serve().await;
    assert_eq!(sign_in(&serving, PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_a_postgres_database_that_other_tools_put_back_is_voided_in_place() {
    let database = postgres::database().await;
    let folder = Folder::sqlite()
        .set("database.url", &database.url)
        .set("master_key", &master_key());
    let serving = folder.serve().await;
    let tokens = serving.sign_up(ADA, PASSWORD).await;
    let refused = folder.run(&["restore", "--in-place"]).refused();
    assert!(refused.complaint().contains("stop every"), "{refused:?}");
    assert_eq!(serving.profile(text(&tokens, "access_token")).await, 200);
    serving.stop().await;
    let told = folder.run(&["restore", "--in-place", "--json"]).done();
    let told = told.json();
    assert_eq!(
        (
            &told["sessions_ended"],
            &told["epochs_moved"],
            &told["kept"]
        ),
        (&json!(1), &json!(1), &Value::Null)
    );
    let serving = folder.serve().await;
    assert_eq!(serving.profile(text(&tokens, "access_token")).await, 401);
    assert_eq!(refresh(&serving, &tokens).await.0, 401);
    let events = database.run("SELECT COUNT(*) FROM audit WHERE event = 'database_restored'");
    assert_eq!(events.await.trim(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_put_back_by_hand_is_voided_in_place_too() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let tokens = serving.sign_up(ADA, PASSWORD).await;
    folder.run(&["backup", "copy.db"]).done();
    let refused = folder.run(&["restore", "--in-place"]).refused();
    assert!(refused.complaint().contains("serve"), "{refused:?}");
    serving.stop().await;
    std::fs::copy(
        folder.path("copy.db"),
        folder.path("doorward-data/doorward.db"),
    )
    .unwrap();
    folder.run(&["restore", "--in-place"]).done();
    let serving = folder.serve().await;
    assert_eq!(serving.profile(text(&tokens, "access_token")).await, 401);
}
