//! The link in a browser.

use super::{
    ADA, BROWSER, GRACE, OWN, URLENCODED, is_active, link_to, login, member, open, put, registered,
    user,
};
use crate::families::exhaust;
use crate::support::{Answer, PASSWORD, Request, TestApp};
use doorward_service::users;
use serde_json::json;

/// A page of ours: whole, inert, and kept by nobody.
#[track_caller]
fn is_page(answer: Answer, status: u16) -> String {
    let answer = answer.expect(status);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("vary", "Accept"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
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
    assert!(
        page.contains(r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#)
    );
    for active in [
        "<script",
        "<style",
        " style=",
        "javascript:",
        " onclick=",
        " onsubmit=",
    ] {
        assert!(!page.contains(active), "{active} is in {page}");
    }
    page
}

#[track_caller]
fn is_dead_link(answer: Answer) {
    let page = is_page(answer, 400);
    assert!(page.contains("This link is not good any more"), "{page}");
    assert!(page.contains("ask there for a new link"), "{page}");
    assert!(!page.contains("<form"), "{page}");
}

/// A button, as a browser sends it.
fn press(app: &TestApp, link: &str, button: &str) -> Request {
    let request = app.post(link).header("accept", BROWSER);
    request.body(URLENCODED, format!("answer={button}"))
}

async fn mailed(app: &TestApp) -> String {
    registered(app, ADA).await;
    link_to(app, ADA).await
}

async fn is_confirmed(app: &TestApp) -> bool {
    users::find(&app.app, ADA).await.unwrap().email_proven
}

#[tokio::test]
async fn sec_s09_a_browser_gets_a_page_that_spends_nothing() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let link = mailed(&app).await;
    for _ in 0..20 {
        is_page(open(&app, &link).send().await, 200);
    }
    assert!(!is_confirmed(&app).await);
    is_page(press(&app, &link, "confirm").send().await, 200);
    assert!(is_confirmed(&app).await);
}

#[tokio::test]
async fn the_page_says_when_and_from_where_and_has_two_buttons() {
    let app = TestApp::start().await;
    let now = app.app.now().to_rfc3339();
    let link = mailed(&app).await;
    app.advance(doorward_domain::Span::hours(3));
    let opened = open(&app, &link).from("198.51.100.7").send().await;
    let policy = opened.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'"), "{policy}");
    let page = is_page(opened, 200);
    for part in [
        format!("<time datetime=\"{now}\">"),
        " UTC</time>".to_owned(),
        "<dd>192.0.2.1</dd>".to_owned(),
        format!("<dd>{ADA}</dd>"),
        "<form class=\"card\" method=\"post\">".to_owned(),
        "name=\"answer\" value=\"confirm\">Confirm".to_owned(),
        "name=\"answer\" value=\"not_me\" aria-describedby=\"otherwise\" class=\"other\">This was not me".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} is not in {page}");
    }
    assert!(!page.contains("198.51.100.7"), "who looks is no part of it");
}

#[tokio::test]
async fn the_confirming_button_says_that_it_is_done() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let page = is_page(press(&app, &link, "confirm").send().await, 200);
    assert!(page.contains("Your address is confirmed") && !page.contains("<form"));
    let token = login(&app, ADA, PASSWORD).await.expect(200);
    assert!(is_active(&app, &token.field("access_token")).await);
    is_dead_link(press(&app, &link, "confirm").send().await);
    is_dead_link(open(&app, &link).send().await);
}

#[tokio::test]
async fn the_other_button_drops_the_registration() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let page = is_page(press(&app, &link, "not_me").send().await, 200);
    assert!(page.contains("The registration is dropped"), "{page}");
    login(&app, ADA, PASSWORD).await.expect(401);
    is_dead_link(open(&app, &link).send().await);
}

#[tokio::test]
async fn the_link_of_a_change_asks_about_the_change_and_drops_no_more_than_it() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    put(
        &app,
        "/users/email",
        &ada.access,
        json!({"new_email": GRACE}),
    )
    .await
    .expect(200);
    let link = link_to(&app, GRACE).await;
    let page = is_page(open(&app, &link).send().await, 200);
    assert!(
        page.contains("Is this your new address") && page.contains(GRACE),
        "{page}"
    );
    assert!(
        !page.contains(ADA),
        "whose account it is, is nobody's business: {page}"
    );
    let page = is_page(press(&app, &link, "not_me").send().await, 200);
    assert!(page.contains("The change is dropped"), "{page}");
    let kept = user(&app, &ada.access).await.expect(200);
    assert_eq!(kept.field("email"), ADA);
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_new_address_is_confirmed_on_the_page() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    put(
        &app,
        "/users/email",
        &ada.access,
        json!({"new_email": GRACE}),
    )
    .await
    .expect(200);
    let link = link_to(&app, GRACE).await;
    let page = is_page(press(&app, &link, "confirm").send().await, 200);
    assert!(page.contains("Your new address is confirmed"), "{page}");
    login(&app, GRACE, PASSWORD).await.expect(200);
    login(&app, ADA, PASSWORD).await.expect(401);
}

#[tokio::test]
async fn a_link_that_never_was_says_what_to_do_next() {
    let app = TestApp::start().await;
    for link in [
        "/users/confirm/x",
        "/users/confirm/%00",
        "/users/confirm/%FF",
    ] {
        is_dead_link(open(&app, link).send().await);
        is_dead_link(press(&app, link, "confirm").send().await);
    }
}

#[tokio::test]
async fn sec_i25_a_form_from_a_foreign_page_is_refused_with_a_page() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    for foreign in [
        "https://evil.example",
        "http://127.0.0.1:8001",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
    ] {
        let sent = press(&app, &link, "confirm").header("origin", foreign);
        let page = is_page(sent.send().await, 403);
        assert!(page.contains("Nothing was changed"), "{page}");
        let both = press(&app, &link, "confirm").header("origin", OWN);
        both.header("origin", foreign).send().await.expect(403);
    }
    assert!(!is_confirmed(&app).await);
    let sent = press(&app, &link, "confirm").header("origin", OWN);
    is_page(sent.send().await, 200);
}

#[tokio::test]
async fn what_is_no_answer_is_asked_for_again() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    for body in ["answer=perhaps", "answer=not_me&answer=confirm"] {
        let request = app.post(&link).header("accept", BROWSER);
        let page = is_page(request.body(URLENCODED, body).send().await, 422);
        assert!(page.contains("Nothing was changed"), "{page}");
    }
    assert!(!is_confirmed(&app).await);
}

#[tokio::test]
async fn one_too_many_reads_a_page_with_a_wait_in_its_headers() {
    let app = TestApp::start().await;
    let answer = exhaust(100, |_| open(&app, "/users/confirm/x").send()).await;
    assert!(answer.number("retry-after") >= 1);
    let page = is_page(answer, 429);
    assert!(page.contains("Too many tries"), "{page}");
    app.get("/users/confirm/x")
        .send()
        .await
        .says(429, "Rate limit exceeded");
}
