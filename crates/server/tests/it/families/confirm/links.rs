//! The link as programs use it; what browsers see is in `page`.

use super::{
    ADA, BROWSER, GRACE, URLENCODED, WRONG_LINK, WRONG_PASSWORD, answer, is_active, link_to, login,
    register, registered, signed_in_again, succeeds,
};
use crate::support::{Form, PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use http::Method;
use serde_json::json;

const CONFIRMED: &str = "Email confirmed successfully!";

/// A link that was just mailed.
async fn mailed(app: &TestApp) -> String {
    registered(app, ADA).await;
    link_to(app, ADA).await
}

async fn is_confirmed(app: &TestApp) -> bool {
    users::find(&app.app, ADA).await.unwrap().email_proven
}

#[tokio::test]
async fn a_programs_get_confirms_the_address() {
    let app = TestApp::start().await;
    let person = registered(&app, ADA).await;
    let person = signed_in_again(&app, &person).await;
    assert!(!is_active(&app, &person.access).await);
    let link = link_to(&app, ADA).await;
    let done = app.get(&link).header("accept", "*/*").send().await;
    assert_eq!(done.header("vary"), Some("Accept"));
    succeeds(done, CONFIRMED);
    assert!(is_active(&app, &person.access).await);
}

#[tokio::test]
async fn sec_s09_a_link_works_once() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    succeeds(app.get(&link).send().await, CONFIRMED);
    app.get(&link).send().await.says(400, WRONG_LINK);
    answer(&app, &link, "confirm")
        .send()
        .await
        .says(400, WRONG_LINK);
    answer(&app, &link, "not_me")
        .send()
        .await
        .says(400, WRONG_LINK);
    assert!(is_confirmed(&app).await);
}

#[tokio::test]
async fn sec_s09_a_link_lives_for_24_hours_and_no_longer() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    registered(&app, GRACE).await;
    let other = link_to(&app, GRACE).await;
    app.advance(Span::millis(86_399_999));
    app.get(&link).send().await.expect(200);
    app.advance(Span::millis(1));
    app.get(&other).send().await.says(400, WRONG_LINK);
    answer(&app, &other, "confirm")
        .send()
        .await
        .says(400, WRONG_LINK);
}

#[tokio::test]
async fn the_lifetime_of_a_link_is_a_setting() {
    let app = TestApp::with(&[("links.confirm.lifetime", "10m")]).await;
    let link = mailed(&app).await;
    app.advance(Span::minutes(10));
    app.get(&link).send().await.says(400, WRONG_LINK);
}

#[tokio::test]
async fn a_wrong_link_is_400_whatever_it_holds() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let wrong = format!("{}A", &link[..link.len() - 1]);
    let wrong = if wrong == link {
        format!("{link}B")
    } else {
        wrong
    };
    for path in [
        wrong.as_str(),
        "/users/confirm/x",
        "/users/confirm/%00",
        "/users/confirm/%FF",
        "/users/confirm/%2e%2e",
        &format!("/users/confirm/{}", "x".repeat(4000)),
    ] {
        app.get(path).send().await.says(400, WRONG_LINK);
        app.post(path).send().await.says(400, WRONG_LINK);
    }
    succeeds(app.get(&link).send().await, CONFIRMED);
}

#[tokio::test]
async fn a_post_confirms_in_every_encoding_and_without_a_body() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for n in 0..8 {
        let email = format!("ada{n}@example.com");
        register(&app, &email).await.expect(200);
        let link = link_to(&app, &email).await;
        let post = app.post(&link);
        let post = match n {
            0 => post,
            1 => post.body(URLENCODED, "answer=confirm"),
            2 => post.body(URLENCODED, "answer="),
            3 => post.body(URLENCODED, ""),
            4 => post.form(Form::default().field("answer", "confirm")),
            5 => post.json(json!({"answer": "confirm"})),
            6 => post.json(json!({})),
            _ => post.body(URLENCODED, "more=1"),
        };
        succeeds(post.send().await, CONFIRMED);
    }
}

#[tokio::test]
async fn not_me_drops_the_registration() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let person = login(&app, ADA, PASSWORD).await.expect(200);
    let dropped = answer(&app, &link, "not_me").send().await;
    succeeds(dropped, "Registration dropped");
    login(&app, ADA, PASSWORD).await.says(401, WRONG_PASSWORD);
    let token = person.field("access_token");
    app.get("/users").bearer(&token).send().await.expect(401);
    register(&app, ADA).await.expect(200);
}

#[tokio::test]
async fn not_me_is_read_in_every_encoding() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for n in 0..2 {
        let email = format!("ada{n}@example.com");
        register(&app, &email).await.expect(200);
        let post = app.post(&link_to(&app, &email).await);
        let post = match n {
            0 => post.form(Form::default().field("answer", "not_me")),
            _ => post.json(json!({"answer": "not_me"})),
        };
        succeeds(post.send().await, "Registration dropped");
    }
}

#[tokio::test]
async fn what_is_no_answer_spends_nothing() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let link = mailed(&app).await;
    for (content_type, body) in [
        (URLENCODED, "answer=perhaps"),
        (URLENCODED, "answer=confirm&answer=not_me"),
        (URLENCODED, "answer=%FF"),
        ("application/json", r#"{"answer": "no"}"#),
        ("application/json", r#"{"answer": false}"#),
        (
            "application/json",
            r#"{"answer": "confirm", "answer": "not_me"}"#,
        ),
        ("application/json", "[]"),
        ("application/json", "{"),
        ("text/plain", "answer=not_me"),
        ("", "answer=not_me"),
        ("multipart/form-data; boundary=x", "answer=not_me"),
    ] {
        let refused = app.post(&link).body(content_type, body).send().await;
        refused.expect(422).faults();
    }
    assert!(!is_confirmed(&app).await);
    succeeds(app.get(&link).send().await, CONFIRMED);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_spends_nothing() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let large = format!("more={}", "x".repeat(1 << 20));
    let refused = app.post(&link).body(URLENCODED, large).send().await;
    refused.says(413, "Request body is too large");
    succeeds(app.post(&link).send().await, CONFIRMED);
}

#[tokio::test]
async fn sec_3_5_3_head_and_options_spend_nothing() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    for accept in ["*/*", "application/json", BROWSER] {
        let head = app.request(Method::HEAD, &link).header("accept", accept);
        let head = head.send().await.expect(200);
        assert_eq!(head.body.len(), 0);
        let html = head.header("content-type") == Some("text/html; charset=utf-8");
        assert_eq!(html, accept == BROWSER);
    }
    let options = app.request(Method::OPTIONS, &link).send().await.expect(204);
    assert_eq!(options.header("allow"), Some("GET,HEAD,POST"));
    assert!(!is_confirmed(&app).await);
    succeeds(app.get(&link).send().await, CONFIRMED);
    app.request(Method::HEAD, &link).send().await.expect(400);
}

#[tokio::test]
async fn sec_3_5_3_switched_off_a_programs_get_tells_and_spends_nothing() {
    let app = TestApp::with(&[("api.confirm.confirm_on_get", "false")]).await;
    let asked_at = app.app.now().to_rfc3339();
    let link = mailed(&app).await;
    for _ in 0..3 {
        let told = app.get(&link).send().await.expect(200);
        let message = told.field("message");
        assert_eq!(
            told.json(),
            json!({
                "type": "Pending", "message": message, "about": "registration", "email": ADA,
                "asked_at": asked_at, "asked_from": "192.0.2.1", "takes_password": true,
            })
        );
    }
    assert!(!is_confirmed(&app).await);
    let form = json!({"password": PASSWORD});
    succeeds(app.post(&link).json(form).send().await, CONFIRMED);
    app.get(&link).send().await.says(400, WRONG_LINK);
}

#[tokio::test]
async fn sec_i25_a_form_from_a_foreign_page_changes_nothing() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    for foreign in ["https://evil.example", "http://127.0.0.1:8001"] {
        let sent = answer(&app, &link, "not_me").header("origin", foreign);
        sent.send()
            .await
            .says(403, "This form came from another site");
    }
    let sent = answer(&app, &link, "confirm").header("origin", "null");
    succeeds(sent.send().await, CONFIRMED);
}

#[tokio::test]
async fn the_registrations_own_link_keeps_what_was_registered_wherever_it_is_opened() {
    let app = TestApp::start().await;
    let link = mailed(&app).await;
    let opened = app.get(&link).from("198.51.100.200").send().await;
    succeeds(opened, CONFIRMED);
    let token = login(&app, ADA, PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let user = app.get("/users").bearer(&token).send().await.json();
    assert_eq!(user["first_name"], json!("Ada"));
}

#[tokio::test]
async fn the_link_of_a_stopped_account_is_dead() {
    let app = TestApp::start().await;
    for (email, stop) in [
        (ADA, "suspend"),
        (GRACE, "ban"),
        ("eve@example.com", "delete"),
    ] {
        registered(&app, email).await;
        let link = link_to(&app, email).await;
        let ctx = app.operator();
        match stop {
            "suspend" => drop(users::suspend(&app.app, &ctx, email).await.unwrap()),
            "ban" => drop(users::ban(&app.app, &ctx, email).await.unwrap()),
            _ => users::delete(&app.app, &ctx, email).await.unwrap(),
        }
        app.get(&link).send().await.says(400, WRONG_LINK);
        answer(&app, &link, "not_me")
            .send()
            .await
            .says(400, WRONG_LINK);
    }
}

#[tokio::test]
async fn the_link_takes_no_other_method() {
    let app = TestApp::start().await;
    let refused = app.delete("/users/confirm/x").send().await;
    let refused = refused.says(405, "Method Not Allowed");
    assert_eq!(refused.header("allow"), Some("GET,HEAD,POST"));
    for path in ["/users/confirm", "/users/confirm/x/y"] {
        app.get(path).send().await.says(404, "Not Found");
    }
}
