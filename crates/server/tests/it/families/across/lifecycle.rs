//! The ends of accounts: never proven, suspended, deleted, and what is free afterwards.

use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

const ADA: &str = "ada@example.com";

async fn is_there(app: &TestApp, name: &str) -> bool {
    users::find(&app.app, name).await.is_ok()
}

#[tokio::test]
async fn an_account_that_nobody_proved_or_signed_in_to_is_removed_after_seven_days() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.advance(Span::days(7));
    app.clean().await;
    assert!(
        is_there(&app, ADA).await,
        "seven days are not over before they are over"
    );
    app.advance(Span::seconds(1));
    app.clean().await;
    assert!(!is_there(&app, ADA).await);
    app.verified(ADA).await;
}

#[tokio::test]
async fn a_proven_account_is_never_removed_for_its_age() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    app.advance(Span::days(400));
    app.clean().await;
    let form = json!({"email": ADA, "password": PASSWORD});
    app.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn an_account_that_somebody_signed_in_to_is_kept() {
    let app = TestApp::start().await;
    app.member("ada").await;
    app.advance(Span::days(400));
    app.clean().await;
    let form = json!({"login": "ada", "password": PASSWORD});
    app.post("/api/login").json(form).send().await.expect(200);
}

#[tokio::test]
async fn how_long_an_unproven_account_is_kept_is_a_setting() {
    let app = TestApp::with(&[("accounts.unproven_lifetime", "1h")]).await;
    app.registered(ADA).await;
    app.advance(Span::seconds(3601));
    app.clean().await;
    assert!(!is_there(&app, ADA).await);
}

#[tokio::test]
async fn deleting_ends_all_sessions_and_frees_the_address() {
    let app = TestApp::start().await;
    let old = app.signed_in(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    app.get("/api/v1/users/profile")
        .bearer(&old.access)
        .send()
        .await
        .expect(401);
    app.get("/api/profile")
        .bearer(&old.access)
        .send()
        .await
        .expect(401);
    app.advance(Span::minutes(1));
    let new = app.signed_in(ADA).await;
    assert_ne!(new.id, old.id);
    app.get("/api/v1/users/profile")
        .bearer(&old.access)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_deleted_users_row_holds_nothing_of_them() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    let user = users::find(&app.app, &person.id).await.unwrap();
    assert_eq!(
        (user.email, user.full_name, user.login, user.phone),
        (None, None, None, None)
    );
    assert!(!user.has_password);
}

#[tokio::test]
async fn registering_again_after_deletion_starts_with_a_fresh_code() {
    let app = TestApp::start().await;
    app.signed_in(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    app.advance(Span::seconds(1));
    app.signed_in(ADA).await;
    assert_eq!(app.codes_sent_to(ADA).await, 2);
}

#[tokio::test]
async fn a_code_of_a_deleted_account_proves_nothing_of_the_next() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    let form = json!({"email": ADA, "password": PASSWORD});
    app.post("/api/v1/users")
        .json(form.clone())
        .from("203.0.113.5")
        .send()
        .await
        .expect(201);
    let show = json!({"email": ADA, "otp": code});
    app.post("/api/v1/auth/verify-otp")
        .json(show)
        .send()
        .await
        .expect(400);
    app.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn a_restored_user_signs_in_again() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    users::restore(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    app.get("/api/v1/users/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(401);
    let form = json!({"email": ADA, "password": PASSWORD});
    app.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn with_verified_email_required_nobody_signs_in_before() {
    let app = TestApp::with(&[("accounts.require_verified_email", "true")]).await;
    app.member("ada").await;
    app.registered(ADA).await;
    let form = json!({"email": ADA, "password": PASSWORD});
    app.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let member = app.member("ada").await;
    app.post("/api/logout")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    let again = app.beside(&[]).await;
    again
        .get("/api/v1/users/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    again
        .get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .says(401, "Token not found or expired");
    let form = json!({"login": "ada", "password": PASSWORD});
    again.post("/api/login").json(form).send().await.expect(200);
}
