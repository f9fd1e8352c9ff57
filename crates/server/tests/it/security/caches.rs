//! What a replica keeps of what it has read ends within a second of a change, whichever replica made it and whatever
//! becomes of Redis meanwhile.

use crate::cli::folder::Folder;
use crate::support::{PASSWORD, TestApp};
use doorward_service::{changes, keys, users};
use doorward_testkit::redis;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a replica may believe after something has changed elsewhere.
const BOUND: Duration = Duration::from_secs(1);

/// How long a test waits for what must come much sooner.
const PATIENCE: Duration = Duration::from_secs(20);

/// A replica that follows what the others change, as every process that serves does.
fn following(app: TestApp) -> TestApp {
    let followed = Arc::clone(&app.app);
    tokio::spawn(async move { changes::follow(&followed).await });
    app
}

/// Two replicas that keep what they have read for half an hour.
async fn two(settings: &[(&str, &str)]) -> (TestApp, TestApp) {
    let mut all = vec![("cache.lifetime", "30m"), ("rate_limit.enabled", "false")];
    all.extend_from_slice(settings);
    let one = following(TestApp::with(&all).await);
    let other = following(one.beside(&all).await);
    (one, other)
}

async fn profile(app: &TestApp, token: &str) -> u16 {
    app.get("/api/profile").bearer(token).send().await.status
}

/// Uses a token until it is refused, and fails if it was good for a request that began later than the bound after `since`.
async fn is_over(app: &TestApp, token: &str, since: Instant) {
    loop {
        let began = since.elapsed();
        assert!(began < PATIENCE, "it is never over");
        if profile(app, token).await == 401 {
            return;
        }
        assert!(began < BOUND, "a token was good {began:?} after its end");
        tokio::task::yield_now().await;
    }
}

/// Lets the other replica see tokens of three people for longer than it believes without looking, and ends them.
async fn ends_everywhere(one: &TestApp, other: &TestApp, names: [&str; 3]) {
    let mut tokens = Vec::new();
    for name in names {
        tokens.push(one.member(name).await.access);
    }
    let seen = Instant::now();
    while seen.elapsed() < BOUND + BOUND / 5 {
        for token in &tokens {
            assert_eq!(profile(other, token).await, 200);
        }
        tokio::task::yield_now().await;
    }
    let logout = one.post("/api/logout").bearer(&tokens[0]);
    logout.send().await.expect(200);
    is_over(other, &tokens[0], Instant::now()).await;
    users::suspend(&one.app, &one.operator(), names[1])
        .await
        .unwrap();
    is_over(other, &tokens[1], Instant::now()).await;
    let person = json!({"login": names[2], "password": PASSWORD});
    one.post("/api/delete")
        .json(person)
        .send()
        .await
        .expect(200);
    is_over(other, &tokens[2], Instant::now()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_7_4_1_what_is_kept_for_long_ends_within_a_second_of_its_end_elsewhere() {
    let (one, other) = two(&[]).await;
    ends_everywhere(&one, &other, ["ada", "bob", "eve"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_s22_what_is_kept_ends_in_time_while_redis_is_flushed_hung_and_killed() {
    let server = redis::Server::private().await;
    let (one, other) = two(&[("redis.url", &server.url)]).await;
    ends_everywhere(&one, &other, ["ada", "bob", "eve"]).await;
    server.flush().await;
    ends_everywhere(&one, &other, ["ada1", "bob1", "eve1"]).await;
    server.hang().await;
    ends_everywhere(&one, &other, ["ada2", "bob2", "eve2"]).await;
    server.go_on().await;
    server.stop().await;
    ends_everywhere(&one, &other, ["ada3", "bob3", "eve3"]).await;
}

/// On PostgreSQL, where a change that nobody speaks of is seen by nobody who remembers: so that the test above proves
/// something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_not_changed_is_kept_for_longer_than_a_second() {
    let (one, other) = two(&[]).await;
    let Some(database) = one.shared_database() else {
        return;
    };
    let ada = one.member("ada").await;
    let noted = Instant::now();
    while noted.elapsed() < BOUND {
        assert_eq!(profile(&other, &ada.access).await, 200);
        tokio::task::yield_now().await;
    }
    database.run("UPDATE sessions SET ended_at = 1").await;
    let unspoken = Instant::now();
    while unspoken.elapsed() < BOUND + BOUND / 2 {
        assert_eq!(profile(&other, &ada.access).await, 200);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_that_is_changed_at_one_is_shown_by_the_other_within_a_second() {
    let (one, other) = two(&[]).await;
    let ada = one.signed_in("ada@example.com").await;
    let shown = async || {
        let answer = other.get("/v1/me").bearer(&ada.access);
        answer.send().await.expect(200).json()["full_name"].clone()
    };
    shown().await;
    let changed = one
        .request(http::Method::PATCH, "/v1/me")
        .bearer(&ada.access)
        .json(json!({"full_name": "Ada Lovelace"}));
    changed.send().await.expect(200);
    let since = Instant::now();
    loop {
        let began = since.elapsed();
        if shown().await == "Ada Lovelace" {
            return;
        }
        assert!(began < BOUND, "the old name was shown {began:?} later");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_i47_no_token_of_a_withdrawn_key_is_believed_anywhere_a_second_later() {
    let (one, other) = two(&[("tokens.algorithm", "ES256")]).await;
    let ada = one.member("ada").await;
    assert_eq!(profile(&other, &ada.access).await, 200);
    let operator = one.operator();
    keys::withdraw(&one.app, &operator, doorward_domain::KeyVersion(1))
        .await
        .unwrap();
    let since = Instant::now();
    assert_eq!(profile(&one, &ada.access).await, 401);
    is_over(&other, &ada.access, since).await;
    let bob = one.member("bob").await;
    assert_eq!(profile(&other, &bob.access).await, 200);
    let set = other.get("/.well-known/jwks.json").send().await.expect(200);
    let names: Vec<_> = set.json()["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].clone())
        .collect();
    assert_eq!(names, ["2"]);
    other
        .get("/utils/public_key?version=1")
        .send()
        .await
        .expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_7_4_5_a_command_beside_the_server_is_noticed_within_a_second() {
    let folder = Folder::new().await.set("cache.lifetime", "30m");
    let folder = folder.set("rate_limit.enabled", "false");
    let serving = folder.serve().await;
    let ada = serving.sign_up("ada@example.com", PASSWORD).await;
    let token = ada["access_token"].as_str().unwrap();
    let seen = Instant::now();
    while seen.elapsed() < BOUND + BOUND / 5 {
        assert_eq!(serving.profile(token).await, 200);
    }
    folder.run(&["users", "suspend", "ada@example.com"]).done();
    let since = Instant::now();
    loop {
        let began = since.elapsed();
        if serving.profile(token).await == 401 {
            return;
        }
        assert!(began < BOUND, "a token was good {began:?} after its end");
    }
}
