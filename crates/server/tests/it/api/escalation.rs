//! A day of wrong guesses makes codes longer, for networks that the account does not know.

use super::NEW_PASSWORD;
use super::{ADA, HOME, forgot, other_than, reset_by_code};
use crate::support::TestApp;
use doorward_domain::Span;

/// A client in a network of its own.
fn stranger(n: usize) -> String {
    format!("10.{n}.0.7")
}

/// The length of the code that a client gets.
async fn length_for(app: &TestApp, ip: &str) -> usize {
    app.advance(Span::minutes(1));
    forgot(app, ip, ADA).await.expect(202);
    app.code_for(ADA).await.len()
}

/// Ten wrong guesses with a code that somebody asked for from network `n`: five from there, five from elsewhere.
async fn ten_wrong_guesses(app: &TestApp, n: usize) {
    app.advance(Span::minutes(1));
    forgot(app, &stranger(n), ADA).await.expect(202);
    let wrong = other_than(&app.code_for(ADA).await);
    for from in [stranger(n), stranger(n + 100)] {
        for _ in 0..5 {
            reset_by_code(app, &from, ADA, &wrong, NEW_PASSWORD)
                .await
                .expect(401);
        }
    }
}

async fn with(escalation: &str) -> TestApp {
    let settings = [
        ("rate_limit.enabled", "false"),
        ("codes.reset.length", "6"),
        ("codes.escalation", escalation),
    ];
    let app = TestApp::with(&settings).await;
    app.signed_in(ADA).await;
    app
}

#[tokio::test]
async fn sec_6_6_3_guesses_add_up_over_a_day_and_make_strangers_codes_longer() {
    let app = with("length").await;
    for n in 0..3 {
        assert_eq!(
            length_for(&app, &stranger(50 + n)).await,
            6,
            "after {n}0 wrong guesses"
        );
        ten_wrong_guesses(&app, n).await;
    }
    assert_eq!(length_for(&app, &stranger(60)).await, 8);
    for n in 3..6 {
        ten_wrong_guesses(&app, n).await;
    }
    assert_eq!(length_for(&app, &stranger(61)).await, 10);
    assert_eq!(
        length_for(&app, HOME).await,
        6,
        "a network that has signed in before is known"
    );
    app.advance(Span::hours(26));
    assert_eq!(length_for(&app, &stranger(62)).await, 6, "the day is over");
}

#[tokio::test]
async fn sec_6_3_1_refuse_sends_strangers_no_code_once_a_hundred_guesses_were_wrong() {
    let app = with("refuse").await;
    for n in 0..10 {
        ten_wrong_guesses(&app, n).await;
    }
    let before = app.codes_sent_to(ADA).await;
    app.advance(Span::minutes(1));
    forgot(&app, &stranger(60), ADA).await.expect(202);
    assert_eq!(
        app.codes_sent_to(ADA).await,
        before,
        "nothing is sent, and nothing is said"
    );
    assert_eq!(length_for(&app, HOME).await, 6);
    app.advance(Span::hours(26));
    assert_eq!(length_for(&app, &stranger(61)).await, 6);
}

#[tokio::test]
async fn off_leaves_codes_as_they_are() {
    let app = with("off").await;
    for n in 0..7 {
        ten_wrong_guesses(&app, n).await;
    }
    assert_eq!(length_for(&app, &stranger(60)).await, 6);
}
