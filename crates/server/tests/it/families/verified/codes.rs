use super::{HOME, RECENTLY_SENT, WRONG_CODE, login, other_than, send_otp, verify_otp};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use futures_util::future::join_all;
use serde_json::json;

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn asking_for_a_code_sends_one() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let first = app.code_for(ADA).await;
    app.advance(Span::minutes(1));
    let answer = send_otp(&app, HOME, ADA).await.expect(200);
    assert_eq!(answer.json(), json!({"message": "OTP sent"}));
    assert_eq!(app.codes_sent_to(ADA).await, 2);
    let second = app.code_for(ADA).await;
    if first != second {
        verify_otp(&app, HOME, ADA, &first)
            .await
            .says(400, WRONG_CODE);
    }
    verify_otp(&app, HOME, ADA, &second).await.expect(200);
}

#[tokio::test]
async fn a_right_code_verifies_the_address() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    let answer = verify_otp(&app, HOME, ADA, &code).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"message": "Email verified successfully"})
    );
    let token = login(&app, ADA, PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let user = super::profile(&app, &token).await.expect(200);
    assert_eq!(user.json()["is_email_verified"], json!(true));
}

#[tokio::test]
async fn the_spelling_of_the_address_does_not_matter() {
    let app = TestApp::start().await;
    app.registered("Ada@Example.com").await;
    let code = app.code_for(ADA).await;
    verify_otp(&app, HOME, "ADA@EXAMPLE.COM", &code)
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i28_asking_reads_alike_for_unknown_unproven_and_proven_addresses() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.verified("bob@example.com").await;
    app.advance(Span::minutes(1));
    let mut answers = Vec::new();
    for (n, email) in [ADA, "bob@example.com", "nobody@example.com"]
        .into_iter()
        .enumerate()
    {
        answers.push(
            send_otp(&app, &format!("198.51.100.{n}"), email)
                .await
                .expect(200)
                .outside(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(app.codes_sent_to("nobody@example.com").await, 0);
    assert_eq!(app.codes_sent_to("bob@example.com").await, 1);
    assert_eq!(app.codes_sent_to(ADA).await, 2);
}

#[tokio::test]
async fn the_cool_down_begins_with_the_code_that_registering_sends() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let answer = send_otp(&app, HOME, ADA).await.expect(429);
    assert_eq!(answer.field("detail"), RECENTLY_SENT);
    assert_eq!(answer.number("retry-after"), 60);
    app.advance(Span::seconds(59));
    assert_eq!(
        send_otp(&app, HOME, ADA)
            .await
            .expect(429)
            .number("retry-after"),
        1
    );
    app.advance(Span::seconds(1));
    send_otp(&app, HOME, ADA).await.expect(200);
    send_otp(&app, HOME, ADA).await.expect(429);
}

#[tokio::test]
async fn the_cool_down_holds_for_unknown_addresses_too() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    send_otp(&app, HOME, "nobody@example.com").await.expect(200);
    let unknown = send_otp(&app, HOME, "nobody@example.com").await.expect(429);
    let known = send_otp(&app, HOME, ADA).await.expect(429);
    assert_eq!(unknown.outside(), known.outside());
    app.advance(Span::minutes(1));
    send_otp(&app, HOME, "nobody@example.com").await.expect(200);
}

#[tokio::test]
async fn the_cool_down_holds_for_the_asking_network_alone() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    send_otp(&app, "192.0.2.77", ADA).await.expect(429);
    send_otp(&app, "203.0.113.5", ADA).await.expect(200);
    send_otp(&app, "203.0.113.6", ADA).await.expect(429);
    send_otp(&app, "2001:db8:0:aa00::1", ADA).await.expect(200);
    send_otp(&app, "2001:db8:0:aaff::1", ADA).await.expect(429);
    send_otp(&app, "2001:db8:0:ab00::1", ADA).await.expect(200);
}

#[tokio::test]
async fn of_parallel_requests_for_a_code_one_is_sent() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    app.advance(Span::minutes(1));
    let answers = join_all((0..20).map(|_| send_otp(&app, HOME, ADA))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 429).count(),
        19
    );
    assert_eq!(app.codes_sent_to(ADA).await, 2);
}

#[tokio::test]
async fn a_spent_code_verifies_nothing() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    verify_otp(&app, HOME, ADA, &code).await.expect(200);
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn sec_i07_of_parallel_right_codes_one_succeeds() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    let answers = join_all((0..5).map(|_| verify_otp(&app, HOME, ADA, &code))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    for late in answers.into_iter().filter(|answer| answer.status != 200) {
        late.says(400, WRONG_CODE);
    }
}

#[tokio::test]
async fn an_address_that_is_verified_already_has_no_code() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    app.advance(Span::minutes(1));
    send_otp(&app, HOME, ADA).await.expect(200);
    verify_otp(&app, HOME, ADA, "123456")
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn a_code_fits_its_own_address_alone() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.registered("bob@example.com").await;
    let (ada, bob) = (
        app.code_for(ADA).await,
        app.code_for("bob@example.com").await,
    );
    if ada != bob {
        verify_otp(&app, HOME, "bob@example.com", &ada)
            .await
            .says(400, WRONG_CODE);
    }
    verify_otp(&app, HOME, "nobody@example.com", &ada)
        .await
        .says(400, WRONG_CODE);
    verify_otp(&app, HOME, ADA, &ada).await.expect(200);
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.registered("bob@example.com").await;
    let (ada, bob) = (
        app.code_for(ADA).await,
        app.code_for("bob@example.com").await,
    );
    app.advance(Span::seconds(599));
    verify_otp(&app, HOME, ADA, &ada).await.expect(200);
    app.advance(Span::seconds(1));
    verify_otp(&app, HOME, "bob@example.com", &bob)
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn length_lifetime_cool_down_and_attempts_are_settings() {
    let settings = [
        ("codes.verify.length", "10"),
        ("codes.verify.lifetime", "120s"),
        ("codes.verify.cooldown", "5s"),
        ("codes.verify.attempts", "2"),
    ];
    let app = TestApp::with(&settings).await;
    app.registered(ADA).await;
    assert_eq!(app.code_for(ADA).await.len(), 10);
    assert_eq!(
        send_otp(&app, HOME, ADA)
            .await
            .expect(429)
            .number("retry-after"),
        5
    );
    app.advance(Span::seconds(5));
    send_otp(&app, HOME, ADA).await.expect(200);
    let code = app.code_for(ADA).await;
    verify_otp(&app, HOME, ADA, &other_than(&code))
        .await
        .says(400, WRONG_CODE);
    verify_otp(&app, HOME, ADA, &other_than(&code))
        .await
        .says(400, WRONG_CODE);
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
    app.advance(Span::seconds(5));
    send_otp(&app, HOME, ADA).await.expect(200);
    let code = app.code_for(ADA).await;
    app.advance(Span::seconds(120));
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn a_code_may_be_as_short_as_four_digits() {
    let app = TestApp::with(&[("codes.verify.length", "4")]).await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    assert_eq!(code.len(), 4);
    verify_otp(&app, HOME, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn the_digits_of_a_code_can_be_made_to_differ() {
    let app = TestApp::with(&[
        ("codes.verify.length", "6"),
        ("codes.verify.unique_digits", "6"),
    ])
    .await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    let different: std::collections::BTreeSet<char> = code.chars().collect();
    assert_eq!(different.len(), 6);
}

#[tokio::test]
async fn a_code_that_no_code_could_be_is_simply_wrong() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let long = "1".repeat(10_000);
    for otp in ["", "1", "abcdef", "１２３４５６", "12345\0", &long] {
        let answer = verify_otp(&app, HOME, ADA, otp).await;
        assert!([400, 422].contains(&answer.status), "{answer}");
    }
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ADA, "otp": 123_456}))
        .send()
        .await
        .finds_fault_at("body.otp");
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ADA}))
        .send()
        .await
        .finds_fault_at("body.otp");
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"otp": "123456"}))
        .send()
        .await
        .finds_fault_at("body.email");
    app.post("/api/v1/auth/send-otp")
        .json(json!({}))
        .send()
        .await
        .finds_fault_at("body.email");
}

#[tokio::test]
async fn a_suspended_user_gets_no_code_and_uses_none() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
    app.advance(Span::minutes(1));
    send_otp(&app, HOME, ADA).await.expect(200);
    assert_eq!(app.codes_sent_to(ADA).await, 1);
}

#[tokio::test]
async fn mail_that_came_too_late_to_be_of_use_is_not_sent() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.advance(Span::minutes(10));
    assert_eq!(app.mail_to(ADA).await.len(), 0);
}

#[tokio::test]
async fn sec_i38_a_message_goes_to_the_stored_address_and_not_to_the_spelling_that_asked() {
    let app = TestApp::start().await;
    app.registered("Ada@Example.com").await;
    app.advance(Span::minutes(1));
    send_otp(&app, HOME, "aDA@eXAMPLE.COM").await.expect(200);
    for mail in app.mail_to(ADA).await {
        assert_eq!(mail.to, "Ada@Example.com");
    }
}
