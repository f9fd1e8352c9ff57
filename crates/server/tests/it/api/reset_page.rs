//! The page behind the link to a new password.

use super::{ADA, HOME, NEW_PASSWORD, forgot, me, reset_by_code, sign_in};
use crate::support::{Answer, PASSWORD, Request, TestApp};
use doorward_domain::Span;
use http::Method;

const OWN: &str = "http://127.0.0.1:8000";

/// The path of a link that was just mailed.
async fn mailed(app: &TestApp) -> String {
    app.signed_in(ADA).await;
    asked_again(app).await
}

async fn asked_again(app: &TestApp) -> String {
    app.advance(Span::minutes(1));
    forgot(app, HOME, ADA).await.expect(202);
    format!("/account/reset/{}", app.link_token_for(ADA).await)
}

/// The form, as a browser sends it.
fn form(app: &TestApp, path: &str, password: &str) -> Request {
    let encoded: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
    let request = app
        .post(path)
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    request.body(
        "application/x-www-form-urlencoded",
        format!("password={encoded}"),
    )
}

/// A page of ours: whole, inert, and the same for everybody.
#[track_caller]
fn is_page(answer: Answer, status: u16) -> String {
    let answer = answer.expect(status);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("script-src"), "{policy}");
    let page = answer.text();
    assert!(
        page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.contains("<h1>"),
        "{page}"
    );
    for active in [
        "<script",
        "<style",
        " style=",
        "javascript:",
        " onclick=",
        " onload=",
        " onsubmit=",
    ] {
        assert!(!page.contains(active), "{active} is in {page}");
    }
    page
}

#[track_caller]
fn is_dead_link(answer: Answer) {
    let page = is_page(answer, 400);
    assert!(
        page.contains("This link is not good any more") && page.contains("newest message"),
        "{page}"
    );
    assert!(!page.contains("<form"), "{page}");
}

#[tokio::test]
async fn the_page_asks_for_a_password_and_the_form_sets_it() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    let looked = app.get(&path).send().await;
    assert!(
        looked
            .header("content-security-policy")
            .unwrap()
            .contains("form-action 'self'")
    );
    let page = is_page(looked, 200);
    assert!(
        page.contains(r#"method="post""#) && page.contains(r#"autocomplete="new-password""#),
        "{page}"
    );
    let done = is_page(form(&app, &path, NEW_PASSWORD).send().await, 200);
    assert!(done.contains("Your new password is set"), "{done}");
    sign_in(&app, ADA, NEW_PASSWORD).await.expect(200);
    sign_in(&app, ADA, PASSWORD).await.expect(400);
}

#[tokio::test]
async fn sec_3_5_3_looking_spends_nothing() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    for _ in 0..5 {
        is_page(app.get(&path).send().await, 200);
        app.request(Method::HEAD, &path).send().await.expect(200);
        app.request(Method::OPTIONS, &path).send().await.expect(204);
    }
    form(&app, &path, NEW_PASSWORD).send().await.expect(200);
}

#[tokio::test]
async fn sec_6_2_7_a_link_works_once() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    let code = app.code_for(ADA).await;
    form(&app, &path, NEW_PASSWORD).send().await.expect(200);
    is_dead_link(form(&app, &path, PASSWORD).send().await);
    is_dead_link(app.get(&path).send().await);
    reset_by_code(&app, HOME, ADA, &code, PASSWORD)
        .await
        .expect(400);
    sign_in(&app, ADA, NEW_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_link_that_has_expired_or_never_was_says_what_to_do_next() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    app.advance(Span::hours(1));
    for path in [
        path.as_str(),
        "/account/reset/x",
        "/account/reset/%00",
        "/account/reset/%FF",
        "/account/reset/%2e%2e",
    ] {
        is_dead_link(app.get(path).send().await);
        is_dead_link(form(&app, path, NEW_PASSWORD).send().await);
    }
    is_dead_link(
        app.get(&format!("/account/reset/{}", "x".repeat(4000)))
            .send()
            .await,
    );
}

#[tokio::test]
async fn a_link_is_void_once_the_code_was_used() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    let code = app.code_for(ADA).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    is_dead_link(app.get(&path).send().await);
}

#[tokio::test]
async fn a_refused_password_is_told_in_words_and_leaves_the_link_good() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    for (bad, said) in [
        ("short", "at least 8 characters"),
        ("", "at least 8 characters"),
        (&"x".repeat(129), "at most 128 characters"),
    ] {
        let page = is_page(form(&app, &path, bad).send().await, 422);
        assert!(
            page.contains(said)
                && page.contains(r#"role="alert""#)
                && page.contains(r#"aria-invalid="true""#),
            "{page}"
        );
        assert!(page.contains("<form") && !page.contains("xxx"), "{page}");
    }
    form(&app, &path, &"🔑".repeat(128))
        .send()
        .await
        .expect(200);
    sign_in(&app, ADA, &"🔑".repeat(128)).await.expect(200);
}

#[tokio::test]
async fn what_is_no_such_form_is_asked_for_again() {
    let app = TestApp::start().await;
    let path = mailed(&app).await;
    for (content_type, body) in [
        ("application/json", r#"{"password": "another horse"}"#),
        ("text/plain", "password=another+horse"),
        ("", ""),
        (
            "application/x-www-form-urlencoded",
            "password=another+horse&password=one+more+horse",
        ),
        (
            "application/x-www-form-urlencoded",
            "password=another%FFhorse",
        ),
        ("application/x-www-form-urlencoded", "pass=another+horse"),
    ] {
        let page = is_page(app.post(&path).body(content_type, body).send().await, 422);
        assert!(page.contains("could not be read"), "{page}");
    }
    sign_in(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_i25_a_form_from_a_foreign_page_changes_nothing() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let path = mailed(&app).await;
    for foreign in [
        "https://evil.example",
        "http://127.0.0.1:8001",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
    ] {
        let page = is_page(
            form(&app, &path, NEW_PASSWORD)
                .header("origin", foreign)
                .send()
                .await,
            403,
        );
        assert!(page.contains("Nothing was changed"), "{page}");
        form(&app, &path, NEW_PASSWORD)
            .header("origin", OWN)
            .header("origin", foreign)
            .send()
            .await
            .expect(403);
    }
    sign_in(&app, ADA, PASSWORD).await.expect(200);
    form(&app, &path, NEW_PASSWORD)
        .header("origin", "null")
        .send()
        .await
        .expect(200);
    let path = asked_again(&app).await;
    form(&app, &path, PASSWORD)
        .header("origin", OWN)
        .send()
        .await
        .expect(200);
    let path = asked_again(&app).await;
    form(&app, &path, NEW_PASSWORD).send().await.expect(200);
}

#[tokio::test]
async fn the_form_ends_every_session_and_begins_none() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let path = asked_again(&app).await;
    let done = form(&app, &path, NEW_PASSWORD).send().await.expect(200);
    assert_eq!(done.header("set-cookie"), None);
    me(&app, &ada.access).await.expect(401);
}

#[tokio::test]
async fn the_page_takes_no_other_method() {
    let app = TestApp::start().await;
    let answer = app.delete("/account/reset/x").send().await.expect(405);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    app.get("/account/reset").send().await.expect(404);
    app.get("/account/reset/x/y").send().await.expect(404);
}
