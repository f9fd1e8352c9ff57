use super::{UNVERIFIED, WRONG_PASSWORD, login, profile};
use crate::support::{PASSWORD, TestApp, claims};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn signing_in_answers_the_tokens_and_their_times() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    let answer = login(&app, ADA, PASSWORD).await.expect(200);
    let body = answer.json();
    let expires = (app.app.now() + Span::minutes(30)).to_rfc3339();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "token_type": "bearer", "access_token_expires_in": 1800,
            "expires_at": expires, "refresh_token": body["refresh_token"], "refresh_token_expires_in": 604_800,
        })
    );
    profile(&app, &answer.field("access_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_times_in_the_answer_are_those_in_the_tokens() {
    let app = TestApp::start().await;
    app.advance(Span::millis(700));
    app.verified(ADA).await;
    let answer = login(&app, ADA, PASSWORD).await.expect(200);
    let access = claims(&answer.field("access_token"));
    let expires: jiff::Timestamp = answer.field("expires_at").parse().unwrap();
    assert_eq!(access["exp"], json!(expires.as_second()));
    let lifetime = |claims: &serde_json::Value| {
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!(answer.json()["access_token_expires_in"], lifetime(&access));
    let refresh = claims(&answer.field("refresh_token"));
    assert_eq!(
        answer.json()["refresh_token_expires_in"],
        lifetime(&refresh)
    );
}

#[tokio::test]
async fn the_spelling_of_the_address_does_not_matter() {
    let app = TestApp::start().await;
    let person = app.verified("Ada@Example.com").await;
    let token = login(&app, "ADA@example.COM", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let user = profile(&app, &token).await;
    assert_eq!(
        (user.field("id"), user.field("email")),
        (person.id, "Ada@Example.com".to_owned())
    );
}

#[tokio::test]
async fn sec_i28_a_wrong_password_and_an_unknown_address_are_one_answer() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    app.registered("bob@example.com").await;
    let wrong = login(&app, ADA, "wrong-password").await;
    let unproven = login(&app, "bob@example.com", "wrong-password").await;
    let unknown = login(&app, "nobody@example.com", "wrong-password").await;
    assert_eq!(wrong.outside(), unproven.outside());
    assert_eq!(wrong.outside(), unknown.outside());
    wrong.says(400, WRONG_PASSWORD);
}

#[tokio::test]
async fn right_but_unverified_is_403() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    login(&app, ADA, PASSWORD).await.says(403, UNVERIFIED);
}

#[tokio::test]
async fn a_right_password_of_an_unverified_user_is_never_counted_against_them() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    for _ in 0..15 {
        login(&app, ADA, PASSWORD).await.says(403, UNVERIFIED);
    }
}

#[tokio::test]
async fn sec_i15_the_owner_signs_in_from_a_known_network_while_strangers_guess() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.signed_in(ADA).await;
    for stranger in 0..20 {
        let guess = json!({"email": ADA, "password": "wrong-password"});
        app.post("/api/v1/auth/login")
            .json(guess)
            .from(&format!("198.51.{stranger}.1"))
            .send()
            .await;
    }
    let right = json!({"email": ADA, "password": PASSWORD});
    let blocked = app
        .post("/api/v1/auth/login")
        .json(right)
        .from("198.51.200.1")
        .send()
        .await
        .expect(429);
    assert_eq!(
        blocked.number("retry-after"),
        blocked.json()["retry_after_seconds"].as_i64().unwrap()
    );
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_network_is_known_for_90_days_after_it_signed_in() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.signed_in(ADA).await;
    let block = || async {
        for _ in 0..11 {
            let guess = json!({"email": ADA, "password": "wrong-password"});
            app.post("/api/v1/auth/login")
                .json(guess)
                .from("203.0.113.66")
                .send()
                .await;
        }
    };
    app.advance(Span::days(89));
    block().await;
    login(&app, ADA, PASSWORD).await.expect(200);
    app.advance(Span::days(91));
    block().await;
    login(&app, ADA, PASSWORD).await.expect(429);
}

#[tokio::test]
async fn a_suspended_banned_or_deleted_user_reads_like_a_wrong_password() {
    let app = TestApp::start().await;
    for email in [ADA, "bob@example.com", "eve@example.com"] {
        app.verified(email).await;
    }
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "bob@example.com")
        .await
        .unwrap();
    users::delete(&app.app, &app.operator(), "eve@example.com")
        .await
        .unwrap();
    for email in [ADA, "bob@example.com", "eve@example.com"] {
        login(&app, email, PASSWORD).await.says(400, WRONG_PASSWORD);
    }
}

#[tokio::test]
async fn lifetimes_are_settings() {
    let app = TestApp::with(&[
        ("tokens.access_lifetime", "5m"),
        ("tokens.refresh_lifetime", "1h"),
    ])
    .await;
    app.verified(ADA).await;
    let body = login(&app, ADA, PASSWORD).await.expect(200).json();
    assert_eq!(body["access_token_expires_in"], json!(300));
    assert_eq!(body["refresh_token_expires_in"], json!(3600));
    assert_eq!(
        body["expires_at"],
        (app.app.now() + Span::minutes(5)).to_rfc3339()
    );
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    for (form, place) in [
        (json!({"password": PASSWORD}), "body.email"),
        (json!({"email": ADA}), "body.password"),
        (json!({"email": "ada", "password": PASSWORD}), "body.email"),
        (json!({"email": ADA, "password": 1}), "body.password"),
    ] {
        app.post("/api/v1/auth/login")
            .json(form)
            .send()
            .await
            .finds_fault_at(place);
    }
}

#[tokio::test]
async fn an_over_long_password_is_simply_wrong() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    let answer = login(&app, ADA, &"x".repeat(10_000)).await;
    assert!([400, 422].contains(&answer.status), "{answer}");
    login(&app, ADA, "").await.expect(400);
}

#[tokio::test]
async fn sec_6_2_8_byte_73_of_a_password_counts() {
    let app = TestApp::with(&[
        ("password.algorithm", "bcrypt"),
        ("password.bcrypt_cost", "4"),
    ])
    .await;
    let password = format!("{}1", "x".repeat(99));
    super::register(&app, ADA, &password).await.expect(201);
    let code = app.code_for(ADA).await;
    super::verify_otp(&app, super::HOME, ADA, &code)
        .await
        .expect(200);
    login(&app, ADA, &format!("{}2", "x".repeat(99)))
        .await
        .says(400, WRONG_PASSWORD);
    login(&app, ADA, &password).await.expect(200);
}
