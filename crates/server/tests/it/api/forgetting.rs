use super::{ADA, BOB, ELSEWHERE, HOME, finds_fault_with, forgot};
use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};

async fn ask(app: &TestApp, body: Value) -> Answer {
    app.post("/v1/password/forgot").json(body).send().await
}

/// The codes in the mails to an address that show a way back in.
async fn ways_back(app: &TestApp, address: &str) -> usize {
    let mail = app.mail_to(address).await;
    mail.iter()
        .filter(|mail| mail.subject.contains("way back in"))
        .count()
}

#[tokio::test]
async fn a_mail_brings_a_code_and_a_link() {
    let app = TestApp::start().await;
    app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    let answer = forgot(&app, HOME, ADA).await.expect(202);
    assert_eq!(answer.json(), json!({}));
    let mail = app.mail_to(ADA).await;
    assert!(
        mail[0].subject.contains("way back in"),
        "{}",
        mail[0].subject
    );
    assert!(
        mail[0].text.contains("15 minutes") && mail[0].text.contains("1 hour"),
        "{}",
        mail[0].text
    );
    let (code, token) = (app.code_for(ADA).await, app.link_token_for(ADA).await);
    assert_eq!(code.len(), 8);
    assert!(token.len() >= 22, "128 random bits and more: {token}");
    assert!(
        mail[0]
            .text
            .contains("http://127.0.0.1:8000/account/reset/")
            && mail[0].html.contains(&token)
    );
    assert!(!mail[0].subject.contains(&code));
}

#[tokio::test]
async fn sec_6_3_8_known_and_unknown_addresses_are_answered_alike() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.signed_in(ADA).await;
    app.registered(BOB).await;
    app.signed_in("eve@example.com").await;
    users::suspend(&app.app, &app.operator(), "eve@example.com")
        .await
        .unwrap();
    app.advance(Span::minutes(1));
    let unknown = forgot(&app, HOME, "nobody@example.com").await.expect(202);
    for address in [ADA, BOB, "eve@example.com", "nobody@example.com", ADA] {
        let answer = forgot(&app, HOME, address).await;
        assert_eq!(answer.outside(), unknown.outside(), "{address}");
    }
    let phone = ask(&app, json!({"phone": "+44 20 7946 0018"})).await;
    assert_eq!(phone.outside(), unknown.outside());
    assert_eq!(ways_back(&app, ADA).await, 1);
    assert_eq!(
        ways_back(&app, BOB).await,
        1,
        "an address that nobody has proven gets the way back in too"
    );
    assert_eq!(app.mail_to("nobody@example.com").await.len(), 0);
    assert_eq!(ways_back(&app, "eve@example.com").await, 0);
}

#[tokio::test]
async fn inside_the_cool_down_nothing_is_sent_and_nothing_is_said() {
    let app = TestApp::start().await;
    app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    let first = forgot(&app, HOME, ADA).await.expect(202);
    app.advance(Span::seconds(59));
    assert_eq!(forgot(&app, HOME, ADA).await.outside(), first.outside());
    assert_eq!(ways_back(&app, ADA).await, 1);
    app.advance(Span::seconds(1));
    forgot(&app, HOME, ADA).await.expect(202);
    assert_eq!(ways_back(&app, ADA).await, 2);
}

#[tokio::test]
async fn sec_6_1_1_a_strangers_cool_down_is_not_the_owners() {
    let app = TestApp::start().await;
    app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    forgot(&app, ELSEWHERE, ADA).await.expect(202);
    forgot(&app, HOME, ADA).await.expect(202);
    assert_eq!(ways_back(&app, ADA).await, 2);
}

#[tokio::test]
async fn sec_i02_the_link_starts_with_the_public_url_whatever_the_request_says() {
    let app = TestApp::with(&[("server.public_url", "https://door.example.com")]).await;
    app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    let hostile = app
        .post("/v1/password/forgot")
        .json(json!({"email": ADA}))
        .header("host", "evil.example");
    let hostile = hostile
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=http");
    hostile
        .header("x-forwarded-proto", "http")
        .header("origin", "https://evil.example")
        .send()
        .await
        .expect(202);
    let mail = app.mail_to(ADA).await;
    assert!(
        mail[0]
            .text
            .contains("https://door.example.com/account/reset/"),
        "{}",
        mail[0].text
    );
    assert!(!mail[0].text.contains("evil") && !mail[0].html.contains("evil"));
}

#[tokio::test]
async fn sec_i38_the_way_back_in_goes_to_the_stored_address() {
    let app = TestApp::start().await;
    app.signed_in("Ada@Example.com").await;
    app.advance(Span::minutes(1));
    forgot(&app, HOME, "aDA@eXAMPLE.COM").await.expect(202);
    let mail = app.mail_to("Ada@Example.com").await;
    assert_eq!(
        (mail[0].subject.contains("way back in"), mail[0].to.as_str()),
        (true, "Ada@Example.com")
    );
}

#[tokio::test]
async fn one_address_or_one_number_is_asked_for() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    ask(&app, json!({"email": ADA, "phone": null}))
        .await
        .expect(202);
    ask(&app, json!({"phone": "+442079460018", "more": 1}))
        .await
        .expect(202);
    finds_fault_with(ask(&app, json!({})).await, &["email"]);
    finds_fault_with(ask(&app, json!({"email": "ada"})).await, &["email"]);
    finds_fault_with(ask(&app, json!({"email": 7})).await, &["email"]);
    finds_fault_with(
        ask(&app, json!({"email": "a\0@example.com"})).await,
        &["email"],
    );
    finds_fault_with(
        ask(&app, json!({"phone": "020 7946 0018"})).await,
        &["phone"],
    );
    finds_fault_with(
        ask(&app, json!({"email": ADA, "phone": "+442079460018"})).await,
        &["phone"],
    );
}

#[tokio::test]
async fn a_number_that_nothing_can_be_sent_to_is_refused_whoever_has_it() {
    let app = TestApp::start().await;
    app.by_code("+442079460018").await;
    let production = app
        .beside(&[
            ("mode", "production"),
            ("server.public_url", "https://auth.example.com"),
            ("mail.transport", "none"),
        ])
        .await;
    for phone in ["+442079460018", "+442079460019"] {
        let refused = ask(&production, json!({"phone": phone})).await.expect(400);
        assert_eq!(refused.field("code"), "phone_unavailable");
    }
}
