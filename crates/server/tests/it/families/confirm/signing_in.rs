//! Signing in with an address and its password.

use super::{ADA, GRACE, WRONG_PASSWORD, confirmed, login, member, registered, registration, user};
use crate::support::{PASSWORD, TestApp, claims, header_of};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn signing_in_answers_the_documented_tokens() {
    let app = TestApp::start().await;
    let person = confirmed(&app, ADA).await;
    let answer = login(&app, ADA, PASSWORD).await.expect(200);
    let body = answer.json();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "refresh_token": body["refresh_token"],
            "token_type": "bearer", "expires_in": 1800,
        })
    );
    let access = claims(&answer.field("access_token"));
    assert_eq!(header_of(&answer.field("access_token"))["alg"], "RS256");
    assert_eq!(
        (&access["sub"], &access["uuid"]),
        (&json!(person.id), &json!(person.id))
    );
    assert_eq!(
        (&access["type"], &access["aud"]),
        (&json!("access"), &json!(null))
    );
    let refresh = claims(&answer.field("refresh_token"));
    assert_eq!(
        (&refresh["type"], &refresh["sid"]),
        (&json!("refresh"), &access["sid"])
    );
}

#[tokio::test]
async fn an_unconfirmed_address_signs_in() {
    let app = TestApp::start().await;
    registered(&app, ADA).await;
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_s13_sign_in_asks_for_the_proof_where_it_is_demanded() {
    let app = TestApp::with(&[("accounts.require_verified_email", "true")]).await;
    registered(&app, ADA).await;
    let unproven = login(&app, ADA, PASSWORD).await;
    unproven.says(403, "Email not verified");
    login(&app, ADA, "wrong-password")
        .await
        .says(401, WRONG_PASSWORD);
    confirmed(&app, GRACE).await;
    login(&app, GRACE, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_s13_wrong_unknown_suspended_banned_and_deleted_are_one_answer() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for email in [ADA, GRACE, "eve@example.com", "mallory@example.com"] {
        confirmed(&app, email).await;
    }
    let ctx = app.operator();
    users::suspend(&app.app, &ctx, GRACE).await.unwrap();
    users::ban(&app.app, &ctx, "eve@example.com").await.unwrap();
    users::delete(&app.app, &ctx, "mallory@example.com")
        .await
        .unwrap();
    let wrong = login(&app, ADA, "wrong-password").await;
    for email in [
        GRACE,
        "eve@example.com",
        "mallory@example.com",
        "nobody@example.com",
    ] {
        let stopped = login(&app, email, PASSWORD).await;
        assert_eq!(stopped.outside(), wrong.outside(), "{email}");
    }
    let wrong = wrong.says(401, WRONG_PASSWORD);
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn sec_s13_byte_73_of_a_password_counts() {
    for algorithm in ["argon2id", "bcrypt"] {
        let cheap = [
            ("password.algorithm", algorithm),
            ("password.bcrypt_cost", "4"),
        ];
        let app = TestApp::with(&cheap).await;
        let mut form = registration(ADA);
        form["password"] = json!(format!("{}1", "x".repeat(99)));
        app.post("/users").json(form).send().await.expect(200);
        login(&app, ADA, &format!("{}2", "x".repeat(99)))
            .await
            .says(401, WRONG_PASSWORD);
        login(&app, ADA, &format!("{}1", "x".repeat(99)))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn the_spelling_of_the_address_does_not_matter() {
    let app = TestApp::start().await;
    let person = confirmed(&app, "Ada@Example.com").await;
    let token = login(&app, "ADA@example.COM", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let user = user(&app, &token).await.expect(200);
    assert_eq!(
        (user.field("uuid"), user.field("email")),
        (person.id, "Ada@Example.com".to_owned())
    );
}

#[tokio::test]
async fn a_user_of_another_family_signs_in_with_their_address() {
    let app = TestApp::start().await;
    let person = app.verified(ADA).await;
    let token = login(&app, ADA, PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(
        user(&app, &token).await.expect(200).field("uuid"),
        person.id
    );
    confirmed(&app, GRACE).await;
    let form = json!({"email": GRACE, "password": PASSWORD});
    let answer = app.post("/api/v1/auth/login").json(form).send().await;
    answer.expect(200);
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for (form, place) in [
        (json!({"password": PASSWORD}), "body.email"),
        (json!({"email": ADA}), "body.password"),
        (json!({"email": "ada", "password": PASSWORD}), "body.email"),
        (json!({"email": ADA, "password": 1}), "body.password"),
        (json!({"provider": 7, "id_token": "a"}), "body.provider"),
        (
            json!({"provider": "google", "id_token": 7}),
            "body.id_token",
        ),
        (json!({"provider": null, "id_token": "a"}), "body.email"),
    ] {
        let answer = app.post("/auth/login").json(form).send().await;
        answer.finds_fault_at(place);
    }
}

#[tokio::test]
async fn tokens_end_with_their_documented_lifetimes() {
    let app = TestApp::with(&[
        ("tokens.access_lifetime", "5m"),
        ("tokens.refresh_lifetime", "1h"),
    ])
    .await;
    let person = member(&app, ADA).await;
    user(&app, &person.access).await.expect(200);
    app.advance(Span::minutes(5));
    user(&app, &person.access)
        .await
        .says(401, super::EXPIRED_TOKEN);
    app.advance(Span::minutes(55));
    super::refresh(&app, &person.refresh)
        .await
        .says(401, super::WRONG_REFRESH);
}
