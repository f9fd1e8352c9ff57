//! Pre-hijacking: whoever registers somebody else's address first gains nothing by it.

use crate::support::TestApp;
use doorward_domain::Span;
use serde_json::{Value, json};

const SQUATTER: &str = "203.0.113.5";
const VICTIM: &str = "198.51.100.9";
const ADDRESS: &str = "victim@example.com";
const PASSWORD: &str = "the squatter's own";

async fn squat(app: &TestApp) {
    let body = json!({"email": ADDRESS, "password": PASSWORD, "full_name": "Set by a squatter"});
    app.post("/api/v1/users")
        .json(body)
        .from(SQUATTER)
        .send()
        .await
        .expect(201);
}

async fn squatters_sign_in(app: &TestApp) -> u16 {
    let body = json!({"email": ADDRESS, "password": PASSWORD});
    app.post("/api/v1/auth/login")
        .json(body)
        .from(SQUATTER)
        .send()
        .await
        .status
}

async fn prove(app: &TestApp, from: &str, code: &str) {
    let body = json!({"email": ADDRESS, "otp": code});
    app.post("/api/v1/auth/verify-otp")
        .json(body)
        .from(from)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i16_the_victims_own_code_drops_the_squatters_password() {
    let app = TestApp::start().await;
    squat(&app).await;
    app.work().await;
    app.advance(Span::seconds(1));
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": ADDRESS}))
        .from(VICTIM)
        .send()
        .await
        .expect(200);
    let code = app.code_for(ADDRESS).await;
    prove(&app, VICTIM, &code).await;
    assert_eq!(squatters_sign_in(&app).await, 400);
}

#[tokio::test]
async fn sec_i16_the_registrations_code_used_elsewhere_drops_the_squatters_password() {
    let app = TestApp::start().await;
    squat(&app).await;
    let code = app.code_for(ADDRESS).await;
    prove(&app, VICTIM, &code).await;
    assert_eq!(squatters_sign_in(&app).await, 400);
}

#[tokio::test]
async fn sec_i16_a_code_that_the_squatter_asked_for_drops_the_squatters_password_too() {
    let app = TestApp::start().await;
    squat(&app).await;
    app.work().await;
    app.advance(Span::seconds(61));
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": ADDRESS}))
        .from(SQUATTER)
        .send()
        .await
        .expect(200);
    let code = app.code_for(ADDRESS).await;
    prove(&app, VICTIM, &code).await;
    assert_eq!(squatters_sign_in(&app).await, 400);
}

#[tokio::test]
async fn sec_i16_the_victim_is_told_what_was_dropped() {
    let app = TestApp::start().await;
    squat(&app).await;
    let code = app.code_for(ADDRESS).await;
    app.advance(Span::seconds(1));
    prove(&app, VICTIM, &code).await;
    let messages = app.mail_to(ADDRESS).await;
    assert_eq!(messages.len(), 2, "the code and the notice");
    assert!(
        messages[0].text.to_lowercase().contains("password"),
        "{}",
        messages[0].text
    );
    assert!(!messages[0].text.contains("Set by a squatter"));
}

#[tokio::test]
async fn sec_i16_who_registers_and_proves_from_one_network_keeps_the_password() {
    let app = TestApp::start().await;
    squat(&app).await;
    let code = app.code_for(ADDRESS).await;
    prove(&app, "203.0.113.99", &code).await;
    assert_eq!(squatters_sign_in(&app).await, 200);
}

#[tokio::test]
async fn sec_i16_an_unproven_address_signs_nobody_in() {
    let app = TestApp::start().await;
    squat(&app).await;
    assert_eq!(squatters_sign_in(&app).await, 403);
}

#[tokio::test]
async fn sec_i16_a_login_that_looks_like_an_address_proves_nothing_about_it() {
    let app = TestApp::start().await;
    app.post("/api/register")
        .json(json!({"login": ADDRESS, "password": "Squatter 123"}))
        .from(SQUATTER)
        .send()
        .await
        .expect(201);
    assert!(app.mail_to(ADDRESS).await.is_empty());
    // The address is free, and who has it as a login does not get in by it as an address.
    app.post("/api/v1/users")
        .json(json!({"email": ADDRESS, "password": "the victim's"}))
        .from(VICTIM)
        .send()
        .await
        .expect(201);
    let code = app.code_for(ADDRESS).await;
    prove(&app, VICTIM, &code).await;
    let body = json!({"email": ADDRESS, "password": "Squatter 123"});
    app.post("/api/v1/auth/login")
        .json(body)
        .from(SQUATTER)
        .send()
        .await
        .expect(400);
    let token = app
        .post("/api/login")
        .json(json!({"login": ADDRESS, "password": "Squatter 123"}))
        .from(SQUATTER)
        .send()
        .await
        .expect(200);
    let token = token.json()["access_token"].as_str().unwrap().to_owned();
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(profile["email"], Value::Null);
}

#[tokio::test]
async fn sec_i16_an_address_that_nobody_proves_is_free_again_after_a_week() {
    let app = TestApp::start().await;
    squat(&app).await;
    app.advance(Span::days(8));
    app.clean().await;
    let body = json!({"email": ADDRESS, "password": "the victim's own"});
    app.post("/api/v1/users")
        .json(body)
        .from(VICTIM)
        .send()
        .await
        .expect(201);
}
