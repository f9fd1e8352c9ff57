//! A refresh token is good once, and its use moves the session on.

use super::{ADA, is_problem, me, refresh, rotating_session};
use crate::support::{Answer, TestApp, claims};
use doorward_domain::Span;
use futures_util::future::join_all;
use serde_json::json;

fn token(answer: &Answer) -> String {
    answer.field("refresh_token")
}

async fn refresh_at_verified(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": token}))
        .send()
        .await
}

#[tokio::test]
async fn sec_i09_of_200_parallel_refreshes_all_are_answered_with_one_successor() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let answers = join_all((0..200).map(|_| refresh(&app, &native.refresh))).await;
    let successors: Vec<_> = answers
        .into_iter()
        .map(|answer| token(&answer.expect(200)))
        .collect();
    assert!(
        successors
            .iter()
            .all(|successor| *successor == successors[0])
    );
    let next = token(&refresh(&app, &successors[0]).await.expect(200));
    assert_ne!(
        next, successors[0],
        "the counter has moved by one and moves on by one"
    );
    refresh(&app, &next).await.expect(200);
}

#[tokio::test]
async fn sec_i09_of_parallel_refreshes_at_two_replicas_all_get_one_successor() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let other = app.beside(&[("rate_limit.enabled", "false")]).await;
    let requests =
        (0..40).map(|n| refresh(if n % 2 == 0 { &app } else { &other }, &native.refresh));
    let successors: Vec<_> = join_all(requests)
        .await
        .into_iter()
        .map(|answer| token(&answer.expect(200)))
        .collect();
    assert!(
        successors
            .iter()
            .all(|successor| *successor == successors[0])
    );
}

#[tokio::test]
async fn the_token_just_spent_gets_the_same_successor_within_ten_seconds() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    app.advance(Span::minutes(5));
    let first = refresh(&app, &native.refresh).await.expect(200);
    app.advance(Span::millis(9_999));
    let again = refresh(&app, &native.refresh).await.expect(200);
    assert_eq!(token(&again), token(&first));
    let (one, other) = (
        claims(&first.field("access_token")),
        claims(&again.field("access_token")),
    );
    assert_eq!(one, other, "the same `sid`, `jti`, `iat` and `exp`");
    assert_eq!(
        again.json()["expires_in"],
        json!(1800 - 9),
        "what is left of it"
    );
    refresh(&app, &token(&first)).await.expect(200);
}

#[tokio::test]
async fn sec_i09_a_spent_token_ends_the_session_once_the_grace_is_over() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let successor = token(&refresh(&app, &native.refresh).await.expect(200));
    app.advance(Span::seconds(10));
    is_problem(refresh(&app, &native.refresh).await, 401, "token_revoked");
    is_problem(refresh(&app, &successor).await, 401, "token_revoked");
    is_problem(me(&app, &native.access).await, 401, "token_revoked");
}

#[tokio::test]
async fn sec_i09_an_older_token_is_refused_unharmed_during_the_grace_and_ends_the_session_after_it()
{
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let second = token(&refresh(&app, &native.refresh).await.expect(200));
    let third = token(&refresh(&app, &second).await.expect(200));
    is_problem(refresh(&app, &native.refresh).await, 401, "token_revoked");
    assert_eq!(
        token(&refresh(&app, &second).await.expect(200)),
        third,
        "the session goes on"
    );
    app.advance(Span::seconds(10));
    is_problem(refresh(&app, &native.refresh).await, 401, "token_revoked");
    is_problem(refresh(&app, &third).await, 401, "token_revoked");
}

#[tokio::test]
async fn sec_10_4_5_without_a_grace_the_second_use_ends_the_session() {
    let app = TestApp::with(&[("tokens.reuse_grace", "0s")]).await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let successor = token(&refresh(&app, &native.refresh).await.expect(200));
    is_problem(refresh(&app, &native.refresh).await, 401, "token_revoked");
    is_problem(refresh(&app, &successor).await, 401, "token_revoked");
}

#[tokio::test]
async fn only_the_session_of_the_spent_token_ends() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let (one, other) = (
        rotating_session(&app, &ada).await,
        rotating_session(&app, &ada).await,
    );
    refresh(&app, &one.refresh).await.expect(200);
    app.advance(Span::seconds(10));
    is_problem(refresh(&app, &one.refresh).await, 401, "token_revoked");
    me(&app, &ada.access).await.expect(200);
    refresh(&app, &other.refresh).await.expect(200);
}

#[tokio::test]
async fn verified_refuses_a_live_token_of_a_rotating_session_and_leaves_it_good() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    refresh_at_verified(&app, &native.refresh)
        .await
        .says(401, "Invalid refresh token");
    refresh(&app, &native.refresh).await.expect(200);
}

#[tokio::test]
async fn sec_i09_a_spent_token_shown_at_verified_ends_the_session() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let successor = token(&refresh(&app, &native.refresh).await.expect(200));
    app.advance(Span::seconds(10));
    refresh_at_verified(&app, &native.refresh)
        .await
        .says(401, "Invalid refresh token");
    is_problem(refresh(&app, &successor).await, 401, "token_revoked");
}

#[tokio::test]
async fn sec_7_3_2_refreshing_slides_inside_the_absolute_end_of_the_session() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    let mut current = native.refresh;
    for _ in 0..5 {
        app.advance(Span::days(5));
        current = token(&refresh(&app, &current).await.expect(200));
    }
    app.advance(Span::days(4));
    let last = refresh(&app, &current).await.expect(200);
    assert_eq!(last.json()["refresh_token_expires_in"], json!(86_400));
    app.advance(Span::days(1));
    refresh(&app, &token(&last)).await.expect(401);
}

#[tokio::test]
async fn sec_7_3_1_a_refresh_token_that_lies_idle_for_its_lifetime_is_over() {
    let app = TestApp::start().await;
    let native = rotating_session(&app, &app.signed_in(ADA).await).await;
    app.advance(Span::days(7));
    is_problem(refresh(&app, &native.refresh).await, 401, "token_expired");
}

#[tokio::test]
async fn sec_13_2_1_a_change_of_the_master_key_signs_nobody_out() {
    let old = ("master_key", "b2xkLW1hc3Rlci1rZXktb2YtdGhpcnR5LXR3by1ieXQ=");
    let new = ("master_key", "bmV3LW1hc3Rlci1rZXktb2YtdGhpcnR5LXR3by1ieXQ=");
    let app = TestApp::with(&[old]).await;
    let ada = app.signed_in(ADA).await;
    let native = rotating_session(&app, &ada).await;
    let changed = app.beside(&[new, ("master_key_previous", old.1)]).await;
    let next = token(&refresh(&changed, &native.refresh).await.expect(200));
    refresh(&changed, &next).await.expect(200);
    refresh(&changed, &ada.refresh).await.expect(200);
}
