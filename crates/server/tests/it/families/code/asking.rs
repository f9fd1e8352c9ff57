//! Asking for a code: by address and by number, how often, and what an account's state answers.

use super::{
    ADA, AMBIGUOUS, BOB, EAGER, ELSEWHERE, HOME, PHONE, TOO_MANY_CODES, WRONG_CODE, ask, count,
    sign_in, waits,
};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::{Span, Status};
use doorward_service::users;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn ask_with(app: &TestApp, form: Value) -> crate::support::Answer {
    app.post("/auth/code").json(form).send().await
}

#[tokio::test]
async fn asking_sends_a_code_and_tells_the_cool_down() {
    let app = TestApp::start().await;
    let answer = ask(&app, HOME, ADA).await.expect(200);
    assert_eq!(answer.json(), json!({"cooldown": 60}));
    assert_eq!(app.codes_sent_to(ADA).await, 1);
    assert_eq!(app.mail_to(ADA).await[0].to, ADA);
}

#[tokio::test]
async fn a_code_has_six_digits_of_which_four_differ() {
    let app = TestApp::with(&EAGER).await;
    for n in 0..30 {
        let code = app.sign_in_code(&format!("ada{n}@example.com")).await;
        let different: BTreeSet<char> = code.chars().collect();
        assert_eq!(code.len(), 6);
        assert!(different.len() >= 4, "{} differ", different.len());
    }
}

#[tokio::test]
async fn length_digits_lifetime_cool_down_and_attempts_are_settings() {
    let settings = [
        ("codes.sign_in.length", "10"),
        ("codes.sign_in.unique_digits", "10"),
        ("codes.sign_in.lifetime", "120s"),
        ("codes.sign_in.cooldown", "5s"),
        ("codes.sign_in.attempts", "1"),
    ];
    let app = TestApp::with(&settings).await;
    let answer = ask(&app, HOME, ADA).await.expect(200);
    assert_eq!(answer.json(), json!({"cooldown": 5}));
    let code = app.code_for(ADA).await;
    let different: BTreeSet<char> = code.chars().collect();
    assert_eq!(different.len(), 10);
    sign_in(&app, ADA, "0000000000").await.says(401, WRONG_CODE);
    waits(sign_in(&app, ADA, &code).await, TOO_MANY_CODES, 5);
    app.advance(Span::seconds(5));
    let code = app.sign_in_code(ADA).await;
    app.advance(Span::seconds(120));
    sign_in(&app, ADA, &code)
        .await
        .says(401, "Code has expired");
}

#[tokio::test]
async fn exactly_one_of_email_and_phone_is_needed() {
    let app = TestApp::start().await;
    for form in [
        json!({}),
        json!({"email": null, "phone": null}),
        json!({"email": "", "phone": ""}),
        json!({"login": "ada"}),
        json!({"email": ADA, "phone": PHONE}),
    ] {
        ask_with(&app, form).await.says(400, AMBIGUOUS);
    }
    ask_with(&app, json!({"email": ADA, "phone": null}))
        .await
        .expect(200);
    ask_with(&app, json!({"email": "", "phone": PHONE}))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_cannot_be_read_is_422_with_the_first_message_alone() {
    let app = TestApp::start().await;
    for (form, sentence) in [
        (
            json!({"email": "ada"}),
            "value is not a valid email address",
        ),
        (
            json!({"phone": "020 7946 0018"}),
            "value is not a valid phone number",
        ),
        (json!({"phone": "+44"}), "value is not a valid phone number"),
        (json!({"email": 7}), "Input should be a valid string"),
        (json!({"phone": [PHONE]}), "Input should be a valid string"),
        (
            json!([ADA]),
            "Input should be a valid dictionary or object to extract fields from",
        ),
    ] {
        ask_with(&app, form).await.says(422, sentence);
    }
    let raw = |kind: &'static str, text: &'static str| app.post("/auth/code").body(kind, text);
    for (kind, text, sentence) in [
        ("application/json", "{", "JSON decode error"),
        ("application/json", "", "Field required"),
        ("", "", "Field required"),
        (
            "application/json",
            r#"{"email": "a@example.com", "email": "b@example.com"}"#,
            "Key sent twice",
        ),
        (
            "text/plain",
            r#"{"email": "ada@example.com"}"#,
            "Input should be a valid dictionary or object to extract fields from",
        ),
    ] {
        raw(kind, text).send().await.says(422, sentence);
    }
}

#[tokio::test]
async fn within_the_cool_down_the_wait_is_told() {
    let app = TestApp::start().await;
    ask(&app, HOME, ADA).await.expect(200);
    waits(ask(&app, HOME, ADA).await, TOO_MANY_CODES, 60);
    app.advance(Span::seconds(18));
    waits(ask(&app, HOME, ADA).await, TOO_MANY_CODES, 42);
    app.advance(Span::millis(41_500));
    waits(ask(&app, HOME, ADA).await, TOO_MANY_CODES, 1);
    app.advance(Span::millis(500));
    ask(&app, HOME, ADA).await.expect(200);
    assert_eq!(app.codes_sent_to(ADA).await, 2);
}

#[tokio::test]
async fn the_cool_down_holds_for_one_identifier_and_network() {
    let app = TestApp::start().await;
    ask(&app, HOME, ADA).await.expect(200);
    ask(&app, "192.0.2.77", "ADA@Example.com").await.expect(429);
    ask(&app, HOME, BOB).await.expect(200);
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    ask(&app, HOME, PHONE).await.expect(200);
    ask(&app, HOME, "+44 (20) 7946-0018").await.expect(429);
}

#[tokio::test]
async fn of_parallel_requests_for_a_code_one_is_sent() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let answers = join_all((0..20).map(|_| ask(&app, HOME, ADA))).await;
    assert_eq!((count(&answers, 200), count(&answers, 429)), (1, 19));
    assert_eq!(app.codes_sent_to(ADA).await, 1);
}

#[tokio::test]
async fn a_new_code_ends_the_one_before() {
    let app = TestApp::start().await;
    let first = app.sign_in_code(ADA).await;
    app.advance(Span::minutes(1));
    let second = app.sign_in_code(ADA).await;
    if first != second {
        sign_in(&app, ADA, &first).await.says(401, WRONG_CODE);
    }
    sign_in(&app, ADA, &second).await.expect(200);
}

#[tokio::test]
async fn asking_makes_a_temporary_account_and_one_alone() {
    let app = TestApp::with(&EAGER).await;
    ask(&app, HOME, ADA).await.expect(200);
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!((user.status, user.email_proven), (Status::Temp, false));
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    assert_eq!(users::find(&app.app, ADA).await.unwrap().id, user.id);
    ask(&app, HOME, PHONE).await.expect(200);
    let user = users::find(&app.app, PHONE).await.unwrap();
    assert_eq!((user.status, user.email), (Status::Temp, None));
}

#[tokio::test]
async fn a_temporary_account_never_makes_an_address_taken() {
    let app = TestApp::start().await;
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    app.advance(Span::millis(1));
    let person = app.signed_in(ADA).await;
    assert_eq!(person.password, PASSWORD);
    assert_eq!(
        users::find(&app.app, ADA).await.unwrap().id.to_string(),
        person.id
    );
}

#[tokio::test]
async fn sec_i28_asking_reads_alike_whoever_is_asked_for() {
    let app = TestApp::with(&EAGER).await;
    app.by_code("active@example.com").await;
    app.registered("unproven@example.com").await;
    app.signed_in("other@example.com").await;
    ask(&app, ELSEWHERE, "temp@example.com").await.expect(200);
    let mut answers = Vec::new();
    for name in ["nobody", "active", "unproven", "other", "temp"] {
        let answer = ask(&app, HOME, &format!("{name}@example.com")).await;
        answers.push(answer.expect(200).outside());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn sec_i38_the_code_goes_to_the_stored_address_and_not_to_the_spelling_that_asked() {
    let app = TestApp::with(&EAGER).await;
    app.by_code("Ada@Example.com").await;
    ask(&app, HOME, "aDA@eXAMPLE.COM").await.expect(200);
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.len(), 2);
    assert!(mail.iter().all(|mail| mail.to == "Ada@Example.com"));
}
