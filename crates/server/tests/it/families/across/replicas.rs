//! Two services over one store: what one does holds at the other.

use crate::support::TestApp;
use doorward_service::users;
use serde_json::json;
use std::time::{Duration, Instant};

const ADA: &str = "ada@example.com";

/// Two replicas. SQLite has one server a file, so there the second stands for the next start.
async fn two() -> (TestApp, TestApp) {
    let one = TestApp::start().await;
    let other = one.beside(&[]).await;
    (one, other)
}

#[tokio::test]
async fn who_signs_up_at_one_signs_in_at_the_other() {
    let (one, other) = two().await;
    let person = one.registered(ADA).await;
    let code = other.code_for(ADA).await;
    let show = json!({"email": ADA, "otp": code});
    other
        .post("/api/v1/auth/verify-otp")
        .json(show)
        .send()
        .await
        .expect(200);
    let form = json!({"email": ADA, "password": person.password});
    let answer = one
        .post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(200);
    other
        .get("/api/v1/users/profile")
        .bearer(&answer.field("access_token"))
        .send()
        .await
        .expect(200);
    let refreshed = other
        .post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": answer.field("refresh_token")}));
    let token = refreshed.send().await.expect(200).field("access_token");
    one.get("/api/v1/users/profile")
        .bearer(&token)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_session_that_ended_at_one_and_was_never_seen_at_the_other_is_over_there() {
    let (one, other) = two().await;
    let member = one.member("ada").await;
    one.post("/api/logout")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    other
        .get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .says(401, "Token not found or expired");
}

/// What a replica remembers it may believe for a second of the machine's own time.
async fn is_refused_within_a_second(app: &TestApp, token: &str) -> bool {
    let began = Instant::now();
    while app.get("/api/profile").bearer(token).send().await.status == 200 {
        if began.elapsed() > Duration::from_secs(5) {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn sec_7_4_1_what_ends_at_one_is_over_within_a_second_at_another_that_has_just_seen_it() {
    let quick = [("rate_limit.enabled", "false")];
    let one = TestApp::with(&quick).await;
    let other = one.beside(&quick).await;
    let (ada, bob) = (one.member("ada").await, one.member("bob").await);
    for member in [&ada, &bob] {
        let seen = other.get("/api/profile").bearer(&member.access);
        seen.send().await.expect(200);
    }
    let logout = one.post("/api/logout").bearer(&ada.access);
    logout.send().await.expect(200);
    users::suspend(&one.app, &one.operator(), "bob")
        .await
        .unwrap();
    assert!(is_refused_within_a_second(&other, &ada.access).await);
    assert!(is_refused_within_a_second(&other, &bob.access).await);
}

#[tokio::test]
async fn both_verify_with_one_key_set() {
    let (one, other) = two().await;
    let set = one
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        set,
        other
            .get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json()
    );
}

#[tokio::test]
async fn wrong_passwords_are_counted_for_both() {
    let (one, other) = two().await;
    one.member("ada").await;
    for n in 0..10 {
        let app = if n % 2 == 0 { &one } else { &other };
        let guess = json!({"login": "ada", "password": "Wrong-7-Password"});
        app.post("/api/login")
            .json(guess)
            .from("203.0.113.5")
            .send()
            .await
            .expect(401);
    }
    let right = json!({"login": "ada", "password": crate::support::PASSWORD});
    other
        .post("/api/login")
        .json(right)
        .from("203.0.113.5")
        .send()
        .await
        .expect(429);
}

#[tokio::test]
async fn sec_s22_limits_are_shared_through_redis() {
    if TestApp::limits_follow_the_clock() {
        return;
    }
    let (one, other) = two().await;
    for n in 0..5 {
        let app = if n % 2 == 0 { &one } else { &other };
        let form = json!({"email": format!("nobody{n}@example.com")});
        app.post("/api/v1/auth/send-otp")
            .json(form)
            .send()
            .await
            .expect(200);
    }
    let form = json!({"email": "nobody@example.com"});
    other
        .post("/api/v1/auth/send-otp")
        .json(form.clone())
        .send()
        .await
        .expect(429);
    one.post("/api/v1/auth/send-otp")
        .json(form)
        .send()
        .await
        .expect(429);
}

#[tokio::test]
async fn a_message_goes_out_once_whoever_works_the_queue() {
    let (one, other) = two().await;
    for n in 0..10 {
        one.registered(&format!("ada{n}@example.com")).await;
    }
    futures_util::future::join(one.work(), other.work()).await;
    for n in 0..10 {
        assert_eq!(one.mail_to(&format!("ada{n}@example.com")).await.len(), 1);
    }
}

#[tokio::test]
async fn a_user_whom_an_operator_stops_elsewhere_gets_no_new_token_here() {
    let (one, other) = two().await;
    let person = one.signed_in(ADA).await;
    users::suspend(&other.app, &other.operator(), ADA)
        .await
        .unwrap();
    let form = json!({"email": ADA, "password": person.password});
    one.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(400);
}
