//! How often a client may ask and guess, and how often a mailbox is written to.

use super::{ADA, ELSEWHERE, HOME, SHOP, TOO_MANY, send_code, stranger, verify_code};
use crate::support::{Answer, TestApp};
use doorward_domain::Span;

#[track_caller]
fn is_limited(answer: Answer) -> i64 {
    let wait = answer.says(429, TOO_MANY).number("retry-after");
    assert!(wait >= 1);
    wait
}

#[tokio::test]
async fn asking_for_codes_is_limited_to_10_a_minute() {
    let app = TestApp::start().await;
    for n in 0..10 {
        send_code(&app, HOME, &format!("nobody{n}@example.com"), SHOP)
            .await
            .expect(200);
    }
    is_limited(send_code(&app, HOME, "nobody@example.com", SHOP).await);
    send_code(&app, ELSEWHERE, "nobody@example.com", SHOP)
        .await
        .expect(200);
    verify_code(&app, HOME, ADA, SHOP, "123456")
        .await
        .expect(401);
}

#[tokio::test]
async fn showing_codes_is_limited_to_30_a_minute() {
    let app = TestApp::start().await;
    for n in 0..30 {
        verify_code(
            &app,
            HOME,
            &format!("nobody{n}@example.com"),
            SHOP,
            "123456",
        )
        .await
        .expect(401);
    }
    is_limited(verify_code(&app, HOME, "nobody@example.com", SHOP, "123456").await);
    verify_code(&app, ELSEWHERE, "nobody@example.com", SHOP, "123456")
        .await
        .expect(401);
    send_code(&app, HOME, ADA, SHOP).await.expect(200);
}

#[tokio::test]
async fn sec_s16_every_request_counts_whatever_becomes_of_it() {
    let app = TestApp::start().await;
    for n in 0..10 {
        let body = if n % 2 == 0 { "{" } else { "{}" };
        app.post("/api/v1/auth/send-code")
            .body("application/json", body)
            .send()
            .await
            .expect(422);
    }
    is_limited(send_code(&app, HOME, ADA, SHOP).await);
}

#[tokio::test]
async fn sec_s16_a_mailbox_gets_5_codes_an_hour_from_a_network_whatever_the_project() {
    let app = TestApp::start().await;
    for n in 0..5 {
        // Neighbours: other clients of the same network.
        send_code(&app, &format!("192.0.2.{n}"), ADA, &format!("project {n}"))
            .await
            .expect(200);
    }
    for spelling in [ADA, "ADA@Example.COM"] {
        is_limited(send_code(&app, "192.0.2.77", spelling, "yet another").await);
    }
    send_code(&app, "192.0.2.77", "bob@example.com", SHOP)
        .await
        .expect(200);
    send_code(&app, ELSEWHERE, ADA, SHOP).await.expect(200);
    assert_eq!(app.codes_sent_to(ADA).await, 6);
}

#[tokio::test]
async fn the_mailbox_takes_one_more_every_twelve_minutes() {
    if !TestApp::limits_follow_the_clock() {
        return;
    }
    let app = TestApp::start().await;
    for _ in 0..5 {
        send_code(&app, HOME, ADA, SHOP).await.expect(200);
    }
    assert_eq!(is_limited(send_code(&app, HOME, ADA, SHOP).await), 12 * 60);
    app.advance(Span::minutes(12));
    send_code(&app, HOME, ADA, SHOP).await.expect(200);
    is_limited(send_code(&app, HOME, ADA, SHOP).await);
}

#[tokio::test]
async fn both_limits_read_alike() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        send_code(&app, ELSEWHERE, ADA, SHOP).await.expect(200);
    }
    let mailbox = send_code(&app, ELSEWHERE, ADA, SHOP).await;
    for n in 0..10 {
        send_code(&app, HOME, &format!("nobody{n}@example.com"), SHOP)
            .await
            .expect(200);
    }
    let client = send_code(&app, HOME, ADA, SHOP).await;
    let without_wait = |answer: &Answer| {
        let (status, mut headers, body) = answer.outside();
        headers.retain(|(name, _)| name != "retry-after");
        (status, headers, body)
    };
    assert_eq!(without_wait(&mailbox), without_wait(&client));
    is_limited(mailbox);
    is_limited(client);
}

#[tokio::test]
async fn a_mailbox_is_spared_even_where_clients_are_not_limited() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for _ in 0..5 {
        send_code(&app, HOME, ADA, SHOP).await.expect(200);
    }
    is_limited(send_code(&app, HOME, ADA, SHOP).await);
    for n in 0..20 {
        send_code(&app, HOME, &format!("nobody{n}@example.com"), SHOP)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn sec_s22_replicas_that_share_a_redis_share_both_limits() {
    if TestApp::limits_follow_the_clock() {
        return;
    }
    let one = TestApp::start().await;
    let other = one.beside(&[]).await;
    for n in 0..5 {
        send_code(
            if n % 2 == 0 { &one } else { &other },
            &format!("192.0.2.{n}"),
            ADA,
            SHOP,
        )
        .await
        .expect(200);
    }
    is_limited(send_code(&other, "192.0.2.77", ADA, SHOP).await);
    for n in 0..10 {
        send_code(
            if n % 2 == 0 { &one } else { &other },
            ELSEWHERE,
            &format!("nobody{n}@example.com"),
            SHOP,
        )
        .await
        .expect(200);
    }
    is_limited(send_code(&one, ELSEWHERE, "nobody@example.com", SHOP).await);
    send_code(&one, &stranger(1), "nobody@example.com", SHOP)
        .await
        .expect(200);
}
