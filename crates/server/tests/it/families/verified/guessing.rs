//! Codes against whoever guesses them: what the owner's own mistakes cost, and what a stranger's do not.

use super::{HOME, WRONG_CODE, other_than, send_otp, verify_otp};
use crate::support::TestApp;
use doorward_domain::Span;
use futures_util::future::join_all;

const ADA: &str = "ada@example.com";
const ELSEWHERE: &str = "203.0.113.5";

async fn guess_wrong(app: &TestApp, ip: &str, code: &str, count: usize) {
    for _ in 0..count {
        verify_otp(app, ip, ADA, &other_than(code))
            .await
            .says(400, WRONG_CODE);
    }
}

#[tokio::test]
async fn four_wrong_guesses_leave_the_code_good() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    guess_wrong(&app, HOME, &code, 4).await;
    verify_otp(&app, HOME, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn five_wrong_guesses_kill_the_code_and_all_of_them_read_alike() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    guess_wrong(&app, HOME, &code, 5).await;
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn a_new_code_starts_fresh_once_the_cool_down_is_over() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    guess_wrong(&app, HOME, &code, 5).await;
    send_otp(&app, HOME, ADA).await.expect(429);
    app.advance(Span::minutes(1));
    verify_otp(&app, "192.0.2.9", ADA, &code)
        .await
        .says(400, WRONG_CODE);
    send_otp(&app, HOME, ADA).await.expect(200);
    let fresh = app.code_for(ADA).await;
    guess_wrong(&app, "192.0.2.9", &fresh, 4).await;
    verify_otp(&app, "192.0.2.9", ADA, &fresh).await.expect(200);
}

#[tokio::test]
async fn sec_6_6_3_of_parallel_wrong_guesses_every_one_counts() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    let wrong = other_than(&code);
    let answers = join_all((0..40).map(|_| verify_otp(&app, HOME, ADA, &wrong))).await;
    assert!(answers.iter().all(|answer| answer.status == 400));
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
}

#[tokio::test]
async fn sec_i15_a_stranger_cannot_use_up_the_owners_guesses() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    guess_wrong(&app, ELSEWHERE, &code, 40).await;
    guess_wrong(&app, HOME, &code, 4).await;
    verify_otp(&app, HOME, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn guesses_from_elsewhere_share_one_limit() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    for network in 0..5 {
        guess_wrong(&app, &format!("198.51.{network}.1"), &code, 1).await;
    }
    verify_otp(&app, "198.51.200.1", ADA, &code)
        .await
        .says(400, WRONG_CODE);
    verify_otp(&app, HOME, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn the_asking_networks_mistakes_leave_the_code_good_elsewhere() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    guess_wrong(&app, HOME, &code, 5).await;
    verify_otp(&app, HOME, ADA, &code)
        .await
        .says(400, WRONG_CODE);
    verify_otp(&app, ELSEWHERE, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn a_guess_meets_the_code_that_its_own_network_asked_for() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let home = app.code_for(ADA).await;
    app.advance(Span::seconds(1));
    send_otp(&app, ELSEWHERE, ADA).await.expect(200);
    let elsewhere = app.code_for(ADA).await;
    if home != elsewhere {
        verify_otp(&app, HOME, ADA, &elsewhere)
            .await
            .says(400, WRONG_CODE);
        verify_otp(&app, ELSEWHERE, ADA, &home)
            .await
            .says(400, WRONG_CODE);
    }
    verify_otp(&app, HOME, ADA, &home).await.expect(200);
}

#[tokio::test]
async fn a_guess_from_elsewhere_meets_the_newest_code() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let home = app.code_for(ADA).await;
    app.advance(Span::seconds(1));
    send_otp(&app, ELSEWHERE, ADA).await.expect(200);
    let newest = app.code_for(ADA).await;
    if home != newest {
        verify_otp(&app, "198.51.100.1", ADA, &home)
            .await
            .says(400, WRONG_CODE);
    }
    verify_otp(&app, "198.51.100.1", ADA, &newest)
        .await
        .expect(200);
}

#[tokio::test]
async fn unknown_networks_share_five_codes_and_the_oldest_gives_way() {
    let app = TestApp::with(&[
        ("rate_limit.enabled", "false"),
        ("codes.verify.attempts", "1"),
    ])
    .await;
    app.registered(ADA).await;
    let oldest = app.code_for(ADA).await;
    let mut codes = Vec::new();
    for network in 0..5 {
        app.advance(Span::seconds(1));
        send_otp(&app, &format!("198.51.{network}.1"), ADA)
            .await
            .expect(200);
        codes.push(app.code_for(ADA).await);
    }
    if codes[4] != oldest {
        verify_otp(&app, HOME, ADA, &oldest)
            .await
            .says(400, WRONG_CODE);
    }
    verify_otp(&app, "198.51.0.1", ADA, &codes[0])
        .await
        .expect(200);
}

#[tokio::test]
async fn a_code_that_one_network_spends_ends_the_others() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let home = app.code_for(ADA).await;
    app.advance(Span::seconds(1));
    send_otp(&app, ELSEWHERE, ADA).await.expect(200);
    let elsewhere = app.code_for(ADA).await;
    verify_otp(&app, HOME, ADA, &home).await.expect(200);
    verify_otp(&app, ELSEWHERE, ADA, &elsewhere)
        .await
        .says(400, WRONG_CODE);
}
