//! Codes against whoever guesses them.

use super::{
    ADA, ELSEWHERE, HOME, SHOP, WRONG_CODE, mailed, other_than, send_code, stranger, verify_code,
};
use crate::support::TestApp;
use futures_util::future::join_all;

async fn unlimited() -> TestApp {
    TestApp::with(&[("rate_limit.enabled", "false")]).await
}

async fn guess_wrong(app: &TestApp, ip: &str, code: &str, count: usize) {
    for _ in 0..count {
        verify_code(app, ip, ADA, SHOP, &other_than(code))
            .await
            .says(401, WRONG_CODE);
    }
}

#[tokio::test]
async fn sec_s15_four_wrong_guesses_leave_the_code_good() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    guess_wrong(&app, HOME, &code, 4).await;
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn sec_s15_five_wrong_guesses_kill_it() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    guess_wrong(&app, HOME, &code, 5).await;
    verify_code(&app, HOME, ADA, SHOP, &code)
        .await
        .says(401, WRONG_CODE);
}

#[tokio::test]
async fn the_limit_of_wrong_guesses_is_a_setting() {
    let app = TestApp::with(&[("codes.proof.attempts", "1")]).await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    guess_wrong(&app, HOME, &code, 1).await;
    verify_code(&app, HOME, ADA, SHOP, &code)
        .await
        .says(401, WRONG_CODE);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s15_of_1000_parallel_guesses_5_are_evaluated() {
    let app = unlimited().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    let wrong = other_than(&code);
    let answers = join_all((0..1000).map(|_| verify_code(&app, HOME, ADA, SHOP, &wrong))).await;
    assert!(answers.iter().all(|answer| answer.status == 401));
    verify_code(&app, HOME, ADA, SHOP, &code)
        .await
        .says(401, WRONG_CODE);
    // From thirty evaluated guesses on the next code would be longer.
    assert_eq!(mailed(&app, HOME, ADA, SHOP).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s15_of_200_parallel_right_codes_one_makes_a_proof() {
    let app = unlimited().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    let answers = join_all((0..200).map(|_| verify_code(&app, HOME, ADA, SHOP, &code))).await;
    assert_eq!(
        (super::count(&answers, 200), super::count(&answers, 401)),
        (1, 199)
    );
}

#[tokio::test]
async fn sec_i15_a_stranger_cannot_use_up_the_owners_guesses() {
    let app = unlimited().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    guess_wrong(&app, ELSEWHERE, &code, 40).await;
    guess_wrong(&app, HOME, &code, 4).await;
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn sec_i15_a_strangers_codes_leave_the_owners_code_good() {
    let app = unlimited().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    for n in 0..4 {
        send_code(&app, &stranger(n), ADA, SHOP).await.expect(200);
    }
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn sec_s15_a_new_code_keeps_the_identifiers_count() {
    let app = unlimited().await;
    let mut lengths = Vec::new();
    for n in 0..13 {
        let network = stranger(n);
        let code = mailed(&app, &network, ADA, SHOP).await;
        lengths.push(code.len());
        guess_wrong(&app, &network, &code, 5).await;
    }
    assert_eq!(lengths, [6, 6, 6, 6, 6, 6, 8, 8, 8, 8, 8, 8, 10]);
}

#[tokio::test]
async fn sec_s15_another_project_does_not_start_the_count_afresh() {
    let app = unlimited().await;
    for n in 0..6 {
        let (network, project) = (stranger(n), format!("project {n}"));
        let code = mailed(&app, &network, ADA, &project).await;
        for _ in 0..5 {
            verify_code(&app, &network, ADA, &project, &other_than(&code))
                .await
                .expect(401);
        }
    }
    assert_eq!(
        mailed(&app, &stranger(7), ADA, "yet another").await.len(),
        8
    );
}

#[tokio::test]
async fn codes_for_known_networks_stay_as_they_are() {
    let app = unlimited().await;
    app.signed_in(ADA).await;
    for n in 0..6 {
        let network = stranger(n);
        let code = mailed(&app, &network, ADA, SHOP).await;
        guess_wrong(&app, &network, &code, 5).await;
    }
    assert_eq!(mailed(&app, ELSEWHERE, ADA, SHOP).await.len(), 8);
    assert_eq!(mailed(&app, HOME, ADA, SHOP).await.len(), 6);
}
