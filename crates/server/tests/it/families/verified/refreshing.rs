use super::{is_no_refresh, profile, refresh};
use crate::support::{TestApp, claims, tampered};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn refreshing_answers_as_signing_in_less_the_two_refresh_fields() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    app.advance(Span::minutes(10));
    let body = refresh(&app, &person.refresh).await.expect(200).json();
    let expires = (app.app.now() + Span::minutes(30)).to_rfc3339();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "token_type": "bearer", "access_token_expires_in": 1800,
            "expires_at": expires,
        })
    );
}

#[tokio::test]
async fn a_refreshed_token_opens_what_the_first_did() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    app.advance(Span::minutes(31));
    profile(&app, &person.access).await.expect(401);
    let token = refresh(&app, &person.refresh)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(
        profile(&app, &token).await.expect(200).field("id"),
        person.id
    );
    assert_eq!(claims(&token)["sid"], claims(&person.access)["sid"]);
    assert_ne!(claims(&token)["jti"], claims(&person.access)["jti"]);
}

#[tokio::test]
async fn the_token_comes_as_text_as_a_json_string_or_in_an_object() {
    let app = TestApp::start().await;
    let token = app.signed_in(ADA).await.refresh;
    let send = |content_type: &'static str, body: String| {
        app.post("/api/v1/auth/refresh-token")
            .body(content_type, body)
            .send()
    };
    send("text/plain", token.clone()).await.expect(200);
    send("", token.clone()).await.expect(200);
    send("text/plain", format!("\"{token}\"")).await.expect(200);
    send("application/json", format!("\"{token}\""))
        .await
        .expect(200);
    send(
        "application/json",
        format!("{{\"refresh_token\": \"{token}\"}}"),
    )
    .await
    .expect(200);
    send(
        "application/json; charset=utf-8",
        format!("{{\"refresh_token\": \"{token}\", \"more\": 1}}"),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn a_body_without_a_token_is_422() {
    let app = TestApp::start().await;
    let send = |content_type: &'static str, body: &'static str| {
        app.post("/api/v1/auth/refresh-token")
            .body(content_type, body)
            .send()
    };
    send("", "").await.expect(422).faults();
    send("application/json", "").await.expect(422).faults();
    send("application/json", "{}")
        .await
        .finds_fault_at("body.refresh_token");
    send("application/json", "{\"refresh_token\": 7}")
        .await
        .finds_fault_at("body.refresh_token");
    send("application/json", "7").await.expect(422).faults();
    send(
        "application/json",
        "{\"refresh_token\": \"a\", \"refresh_token\": \"b\"}",
    )
    .await
    .expect(422)
    .faults();
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_is_invalid() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let other = app.signed_in("bob@example.com").await;
    let stolen = tampered(&person.refresh, |claims| claims["sub"] = json!(other.id));
    let foreign = TestApp::start().await.signed_in(ADA).await.refresh;
    for token in ["garbage", "a.b.c", "..", &stolen, &foreign] {
        is_no_refresh(refresh(&app, token).await);
    }
}

#[tokio::test]
async fn sec_s21_an_access_token_is_no_refresh_token() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    is_no_refresh(refresh(&app, &person.access).await);
}

#[tokio::test]
async fn the_refresh_token_stays_good_until_its_session_ends() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    for _ in 0..6 {
        refresh(&app, &person.refresh).await.expect(200);
        app.advance(Span::days(1));
    }
    app.advance(Span::seconds(86_399));
    let last = refresh(&app, &person.refresh).await.expect(200);
    assert_eq!(
        last.json()["access_token_expires_in"],
        json!(1),
        "no token outlives its session"
    );
    app.advance(Span::seconds(1));
    is_no_refresh(refresh(&app, &person.refresh).await);
}

#[tokio::test]
async fn parallel_refreshes_are_all_answered() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let person = app.signed_in(ADA).await;
    let answers =
        futures_util::future::join_all((0..50).map(|_| refresh(&app, &person.refresh))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn sec_s21_signing_out_ends_access_and_refresh_alike() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    app.post("/api/logout")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    is_no_refresh(refresh(&app, &person.refresh).await);
    super::is_unauthenticated(profile(&app, &person.access).await);
}

#[tokio::test]
async fn sec_i14_a_suspended_banned_or_deleted_user_refreshes_nothing() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let bob = app.signed_in("bob@example.com").await;
    let eve = app.signed_in("eve@example.com").await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "bob@example.com")
        .await
        .unwrap();
    users::delete(&app.app, &app.operator(), "eve@example.com")
        .await
        .unwrap();
    for person in [&ada, &bob, &eve] {
        is_no_refresh(refresh(&app, &person.refresh).await);
        super::is_unauthenticated(profile(&app, &person.access).await);
    }
}

#[tokio::test]
async fn a_refresh_token_outlives_a_restart() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let again = app.beside(&[]).await;
    refresh(&again, &person.refresh).await.expect(200);
    profile(&again, &person.access).await.expect(200);
}
