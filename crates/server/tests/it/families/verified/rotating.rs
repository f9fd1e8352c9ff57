//! `api.verified.rotate_refresh`: the refresh token turns over here as elsewhere.

use super::{is_no_refresh, profile, refresh};
use crate::support::{Answer, TestApp, claims};
use doorward_domain::Span;
use futures_util::future::join_all;
use serde_json::json;

const ADA: &str = "ada@example.com";

const ROTATING: (&str, &str) = ("api.verified.rotate_refresh", "true");

const STRICT: [(&str, &str); 2] = [
    ("profile", "strict"),
    ("tokens.audience", "https://api.example.com"),
];

fn next(answer: Answer) -> String {
    answer.expect(200).field("refresh_token")
}

#[tokio::test]
async fn refreshing_answers_as_signing_in() {
    let app = TestApp::with(&[ROTATING]).await;
    let person = app.signed_in(ADA).await;
    app.advance(Span::minutes(10));
    let body = refresh(&app, &person.refresh).await.expect(200).json();
    let expires = (app.app.now() + Span::minutes(30)).to_rfc3339();
    assert_eq!(
        body,
        json!({
            "access_token": body["access_token"], "token_type": "bearer", "access_token_expires_in": 1800,
            "expires_at": expires, "refresh_token": body["refresh_token"], "refresh_token_expires_in": 604_800,
        })
    );
    assert_ne!(body["refresh_token"], json!(person.refresh));
    let access = body["access_token"].as_str().unwrap();
    assert_eq!(
        profile(&app, access).await.expect(200).field("id"),
        person.id
    );
}

#[tokio::test]
async fn sec_10_4_5_a_spent_token_ends_the_session_once_the_grace_is_over() {
    let app = TestApp::with(&[ROTATING]).await;
    let person = app.signed_in(ADA).await;
    let successor = next(refresh(&app, &person.refresh).await);
    app.advance(Span::millis(9_999));
    assert_eq!(next(refresh(&app, &person.refresh).await), successor);
    app.advance(Span::millis(1));
    is_no_refresh(refresh(&app, &person.refresh).await);
    is_no_refresh(refresh(&app, &successor).await);
    super::is_unauthenticated(profile(&app, &person.access).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i09_of_200_parallel_refreshes_all_are_answered_with_one_successor() {
    let app = TestApp::with(&[ROTATING, ("rate_limit.enabled", "false")]).await;
    let person = app.signed_in(ADA).await;
    let answers = join_all((0..200).map(|_| refresh(&app, &person.refresh))).await;
    let successors: Vec<_> = answers.into_iter().map(next).collect();
    assert!(successors.iter().all(|token| *token == successors[0]));
    assert_ne!(next(refresh(&app, &successors[0]).await), successors[0]);
}

#[tokio::test]
async fn a_token_turns_over_here_and_at_the_native_api_alike() {
    let app = TestApp::with(&[ROTATING]).await;
    let person = app.signed_in(ADA).await;
    let here = next(refresh(&app, &person.refresh).await);
    let native = app
        .post("/v1/tokens/refresh")
        .json(json!({"refresh_token": here}));
    let there = next(native.send().await);
    assert_ne!(there, here);
    assert_ne!(next(refresh(&app, &there).await), there);
}

#[tokio::test]
async fn refreshing_slides_inside_the_absolute_end_of_the_session() {
    let app = TestApp::with(&[ROTATING]).await;
    let mut current = app.signed_in(ADA).await.refresh;
    for _ in 0..5 {
        app.advance(Span::days(5));
        current = next(refresh(&app, &current).await);
    }
    app.advance(Span::days(4));
    let last = refresh(&app, &current).await.expect(200);
    assert_eq!(last.json()["refresh_token_expires_in"], json!(86_400));
    app.advance(Span::days(1));
    is_no_refresh(refresh(&app, &next(last)).await);
}

#[tokio::test]
async fn a_session_from_before_the_switch_keeps_its_token() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let switched = app.beside(&[ROTATING]).await;
    for _ in 0..2 {
        assert_eq!(
            next(refresh(&switched, &person.refresh).await),
            person.refresh
        );
    }
}

#[tokio::test]
async fn a_session_from_before_the_switch_back_is_refused_unharmed() {
    let app = TestApp::with(&[ROTATING]).await;
    let person = app.signed_in(ADA).await;
    let back = app.beside(&[]).await;
    is_no_refresh(refresh(&back, &person.refresh).await);
    next(refresh(&app, &person.refresh).await);
}

#[tokio::test]
async fn sec_10_4_5_in_the_strict_profile_refresh_tokens_turn_over_without_a_grace() {
    let app = TestApp::with(&STRICT).await;
    let person = app.signed_in(ADA).await;
    let successor = next(refresh(&app, &person.refresh).await);
    assert_ne!(successor, person.refresh);
    assert_eq!(claims(&successor)["sid"], claims(&person.refresh)["sid"]);
    is_no_refresh(refresh(&app, &person.refresh).await);
    is_no_refresh(refresh(&app, &successor).await);
}

#[test]
fn sec_10_4_5_the_strict_profile_has_no_refresh_token_that_stays_good() {
    assert!(TestApp::accepts(&STRICT));
    let loose = ("api.verified.rotate_refresh", "false");
    assert!(!TestApp::accepts(&[STRICT[0], STRICT[1], loose]));
}
