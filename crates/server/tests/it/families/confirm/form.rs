//! The token form of OAuth 2.0, at `POST /auth/token`.

use super::{ADA, URLENCODED, WRONG_REFRESH, confirmed, member, registered, user};
use crate::support::{Answer, Form, PASSWORD, TestApp};
use doorward_domain::Span;
use serde_json::json;

async fn send(app: &TestApp, pairs: &[(&str, &str)]) -> Answer {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(pairs).finish();
    app.post("/auth/token").body(URLENCODED, body).send().await
}

fn by_password<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("grant_type", "password"),
        ("username", email),
        ("password", password),
    ]
}

async fn by_refresh(app: &TestApp, token: &str) -> Answer {
    send(
        app,
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
    .await
}

#[track_caller]
fn refuses(answer: Answer, error: &str, sentence: &str) {
    let answer = answer.expect(400);
    assert_eq!(answer.json(), json!({"error": error, "detail": sentence}));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_password_form_answers_tokens() {
    let app = TestApp::start().await;
    let person = confirmed(&app, ADA).await;
    let answer = send(&app, &by_password(ADA, PASSWORD)).await.expect(200);
    assert_eq!(
        answer.members(),
        ["access_token", "expires_in", "refresh_token", "token_type"]
    );
    assert_eq!(answer.json()["expires_in"], json!(1800));
    let user = user(&app, &answer.field("access_token")).await.expect(200);
    assert_eq!(user.field("uuid"), person.id);
}

#[tokio::test]
async fn the_form_that_fastapis_page_sends_is_understood() {
    let app = TestApp::start().await;
    confirmed(&app, ADA).await;
    let mut form = by_password(ADA, PASSWORD).to_vec();
    form.extend([("scope", ""), ("client_id", ""), ("client_secret", "")]);
    send(&app, &form).await.expect(200);
}

#[tokio::test]
async fn a_multipart_form_is_a_form() {
    let app = TestApp::start().await;
    confirmed(&app, ADA).await;
    let mut form = Form::default();
    for (name, value) in by_password(ADA, PASSWORD) {
        form = form.field(name, value);
    }
    let answer = app.post("/auth/token").form(form).send().await.expect(200);
    let form = Form::default()
        .field("grant_type", "refresh_token")
        .field("refresh_token", &answer.field("refresh_token"));
    app.post("/auth/token").form(form).send().await.expect(200);
}

#[tokio::test]
async fn the_refresh_form_rotates() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    let next = by_refresh(&app, &person.refresh).await.expect(200);
    assert_ne!(next.field("refresh_token"), person.refresh);
    app.advance(Span::seconds(11));
    refuses(
        by_refresh(&app, &person.refresh).await,
        "invalid_grant",
        WRONG_REFRESH,
    );
    refuses(
        by_refresh(&app, &next.field("refresh_token")).await,
        "invalid_grant",
        WRONG_REFRESH,
    );
}

#[tokio::test]
async fn sec_i28_whatever_is_wrong_with_credentials_is_one_answer() {
    let app = TestApp::start().await;
    confirmed(&app, ADA).await;
    let wrong = send(&app, &by_password(ADA, "wrong-password")).await;
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        (ADA, "x"),
    ] {
        let other = send(&app, &by_password(email, password)).await;
        assert_eq!(other.outside(), wrong.outside(), "{email}");
    }
    refuses(wrong, "invalid_grant", "Invalid credentials");
}

#[tokio::test]
async fn a_token_that_is_no_refresh_token_is_an_invalid_grant() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    for token in ["garbage", "a.b.c", &person.access] {
        refuses(
            by_refresh(&app, token).await,
            "invalid_grant",
            WRONG_REFRESH,
        );
    }
}

#[tokio::test]
async fn an_unconfirmed_address_is_an_invalid_grant_where_the_proof_is_demanded() {
    let app = TestApp::with(&[("accounts.require_verified_email", "true")]).await;
    registered(&app, ADA).await;
    let unproven = send(&app, &by_password(ADA, PASSWORD)).await;
    refuses(unproven, "invalid_grant", "Email not verified");
}

#[tokio::test]
async fn other_grants_and_half_forms_are_told_by_their_words() {
    let app = TestApp::start().await;
    let other = send(&app, &[("grant_type", "client_credentials")]).await;
    refuses(other, "unsupported_grant_type", "Unsupported grant type");
    for (form, sentence) in [
        (vec![], "`grant_type` is missing"),
        (vec![("username", ADA)], "`grant_type` is missing"),
        (vec![("grant_type", "password")], "`username` is missing"),
        (
            vec![("grant_type", "password"), ("username", ADA)],
            "`password` is missing",
        ),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "")],
            "`refresh_token` is missing",
        ),
        (
            vec![("grant_type", "password"), ("grant_type", "refresh_token")],
            "The form could not be read",
        ),
    ] {
        refuses(send(&app, &form).await, "invalid_request", sentence);
    }
}

#[tokio::test]
async fn without_family_code_what_is_no_form_is_an_invalid_request() {
    let app = TestApp::with(&[("api.families", "confirm")]).await;
    for (content_type, body) in [
        ("application/json", r#"{"grant_type": "password"}"#),
        ("text/plain", "grant_type=password"),
        ("", ""),
    ] {
        let answer = app.post("/auth/token").body(content_type, body).send();
        refuses(
            answer.await,
            "invalid_request",
            "The form could not be read",
        );
    }
}

#[tokio::test]
async fn sec_r15_switched_off_the_password_form_is_no_grant() {
    let app = TestApp::with(&[("api.confirm.password_form", "false")]).await;
    let person = member(&app, ADA).await;
    for password in [PASSWORD, "wrong-password"] {
        let answer = send(&app, &by_password(ADA, password)).await;
        refuses(answer, "unsupported_grant_type", "Unsupported grant type");
    }
    by_refresh(&app, &person.refresh).await.expect(200);
}

#[tokio::test]
async fn a_form_over_the_limit_is_413() {
    let app = TestApp::start().await;
    let large = "x".repeat(1 << 20);
    let answer = send(&app, &[("grant_type", "password"), ("username", &large)]).await;
    answer.says(413, "Request body is too large");
    let form = Form::default().field("username", &large);
    let answer = app.post("/auth/token").form(form).send().await;
    answer.says(413, "Request body is too large");
}
