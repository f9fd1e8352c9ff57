use super::{ADA, finds_fault_with, is_problem, me, refresh, rotating_session};
use crate::support::{TestApp, claims};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn a_session_of_verified_keeps_its_refresh_token() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Span::minutes(10));
    let body = refresh(&app, &ada.refresh).await.expect(200).json();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "token_type": "bearer", "expires_in": 1800,
            "refresh_token": ada.refresh, "refresh_token_expires_in": 7 * 86_400 - 600,
        })
    );
    refresh(&app, &ada.refresh).await.expect(200);
}

#[tokio::test]
async fn a_session_that_rotates_gets_a_new_refresh_token() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    app.advance(Span::minutes(10));
    let answer = refresh(&app, &native.refresh).await.expect(200);
    assert_eq!(
        answer.members(),
        [
            "access_token",
            "expires_in",
            "refresh_token",
            "refresh_token_expires_in",
            "token_type"
        ]
    );
    let body = answer.json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_token_expires_in"]),
        (&json!(1800), &json!(7 * 86_400))
    );
    assert_ne!(body["refresh_token"], json!(native.refresh));
    let (old, new) = (
        claims(&native.refresh),
        claims(&answer.field("refresh_token")),
    );
    assert_eq!(
        (&new["sid"], &new["type"]),
        (&old["sid"], &json!("refresh"))
    );
    assert_ne!(new["jti"], old["jti"]);
    assert_eq!(
        me(&app, &answer.field("access_token"))
            .await
            .expect(200)
            .field("id"),
        native.id
    );
}

#[tokio::test]
async fn sec_s21_what_is_no_refresh_token_of_ours_refreshes_nothing() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let foreign = TestApp::start().await.signed_in(ADA).await;
    // Another installation has another key, or at least other sessions.
    refresh(&app, &foreign.refresh).await.expect(401);
    for (token, code) in [
        ("garbage", "token_malformed"),
        ("", "token_malformed"),
        (ada.access.as_str(), "token_wrong_kind"),
    ] {
        let answer = is_problem(refresh(&app, token).await, 401, code);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    app.advance(Span::days(7));
    is_problem(refresh(&app, &ada.refresh).await, 401, "token_expired");
}

#[tokio::test]
async fn a_body_without_a_token_is_422() {
    let app = TestApp::start().await;
    let send = |content_type: &'static str, body: &'static str| {
        app.post("/v1/tokens/refresh")
            .body(content_type, body)
            .send()
    };
    finds_fault_with(send("application/json", "{}").await, &["refresh_token"]);
    finds_fault_with(
        send("application/json", r#"{"refresh_token": null}"#).await,
        &["refresh_token"],
    );
    finds_fault_with(
        send("application/json", r#"{"refresh_token": ["a"]}"#).await,
        &["refresh_token"],
    );
    finds_fault_with(send("text/plain", r#"{"refresh_token": "a"}"#).await, &[""]);
    finds_fault_with(send("", "").await, &[""]);
}

#[tokio::test]
async fn sec_i14_a_suspended_user_refreshes_nothing() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let native = rotating_session(&app, &ada).await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    for token in [&ada.refresh, &native.refresh] {
        assert!(matches!(refresh(&app, token).await.status, 401 | 403));
    }
}
