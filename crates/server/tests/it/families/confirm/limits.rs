//! How often a client may sign in, register and refresh.

use super::{URLENCODED, login, refresh, register};
use crate::families::exhaust;
use crate::support::{Answer, TestApp};

#[track_caller]
fn is_limited(answer: Answer) {
    assert!(answer.number("retry-after") >= 1);
    answer.says(429, "Rate limit exceeded");
}

async fn form(app: &TestApp, body: &'static str) -> Answer {
    app.post("/auth/token").body(URLENCODED, body).send().await
}

const PASSWORD_FORM: &str = "grant_type=password&username=no+address&password=wrong";
const REFRESH_FORM: &str = "grant_type=refresh_token&refresh_token=garbage";

#[tokio::test]
async fn sec_s13_signing_in_is_limited_to_10_a_minute_for_each_client() {
    let app = TestApp::start().await;
    let answer = exhaust(10, |n| {
        let email = format!("nobody{n}@example.com");
        let app = &app;
        async move { login(app, &email, "wrong-password").await }
    });
    is_limited(answer.await);
    let elsewhere = app.post("/auth/login").from("203.0.113.5").send().await;
    elsewhere.expect(422);
}

#[tokio::test]
async fn sec_s13_the_password_form_counts_as_signing_in() {
    let app = TestApp::start().await;
    is_limited(exhaust(10, |_| form(&app, PASSWORD_FORM)).await);
    is_limited(login(&app, "nobody@example.com", "wrong-password").await);
    form(&app, REFRESH_FORM).await.expect(400);
}

#[tokio::test]
async fn sec_s13_registering_is_limited_to_5_a_minute_for_each_client() {
    let app = TestApp::start().await;
    let answer = exhaust(5, |n| {
        let email = format!("ada{n}@example.com");
        let app = &app;
        async move { register(app, &email).await }
    });
    is_limited(answer.await);
    app.get("/users").send().await.expect(401);
}

#[tokio::test]
async fn sec_s13_refreshing_is_limited_to_30_a_minute_for_each_client() {
    let app = TestApp::start().await;
    is_limited(exhaust(30, |_| refresh(&app, "garbage")).await);
    is_limited(form(&app, REFRESH_FORM).await);
    login(&app, "nobody@example.com", "wrong-password")
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_s13_a_token_form_of_no_kind_is_limited_too() {
    let app = TestApp::start().await;
    is_limited(exhaust(30, |_| form(&app, "")).await);
}

#[tokio::test]
async fn sec_s13_every_other_route_is_limited_to_100_a_minute() {
    let app = TestApp::start().await;
    is_limited(exhaust(100, |_| app.get("/users").send()).await);
    is_limited(exhaust(100, |_| app.get("/users/confirm/x").send()).await);
    is_limited(app.post("/users/confirm/x").send().await);
    is_limited(exhaust(100, |_| app.post("/federation/google/nonce").send()).await);
    app.delete("/users").send().await.expect(401);
}

#[tokio::test]
async fn the_other_familys_clients_have_limits_of_their_own() {
    let app = TestApp::start().await;
    is_limited(exhaust(30, |_| refresh(&app, "garbage")).await);
    let of_code = app.post("/auth/refresh").header("RT", "garbage").send();
    assert_ne!(of_code.await.status, 429);
}

#[tokio::test]
async fn switched_off_nobody_is_limited() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for n in 0..12 {
        let email = format!("nobody{n}@example.com");
        login(&app, &email, "wrong-password").await.expect(401);
        form(&app, PASSWORD_FORM).await.expect(400);
    }
}
