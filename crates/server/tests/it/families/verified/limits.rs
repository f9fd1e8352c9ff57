use super::{HOME, login, refresh, send_otp, verify_otp};
use crate::families::exhaust;
use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use serde_json::json;

const NAMES: [&str; 3] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// The answer of this family to a client that asks too often.
#[track_caller]
fn is_limited(answer: Answer, limit: i64, rate: &str) {
    let answer = answer.expect(429);
    assert_eq!(
        answer.members(),
        ["detail", "rate_limit", "retry_after_seconds"]
    );
    assert_eq!(answer.field("rate_limit"), rate);
    let wait = answer.number("retry-after");
    assert!(wait >= 1);
    assert_eq!(answer.json()["retry_after_seconds"], json!(wait));
    assert_eq!(answer.number("x-ratelimit-limit"), limit);
    assert_eq!(answer.number("x-ratelimit-remaining"), 0);
    assert!(
        answer.number("x-ratelimit-reset") > 1_700_000_000,
        "Unix seconds"
    );
}

#[tokio::test]
async fn signing_in_is_limited_to_10_a_minute() {
    let app = TestApp::start().await;
    let answer = exhaust(10, |n| {
        let email = format!("nobody{n}@example.com");
        let app = &app;
        async move { login(app, &email, "wrong-password").await }
    });
    is_limited(answer.await, 10, "10 per 1 minute");
}

#[tokio::test]
async fn asking_for_codes_is_limited_to_5_a_minute() {
    let app = TestApp::start().await;
    let answer = exhaust(5, |n| {
        let email = format!("nobody{n}@example.com");
        let app = &app;
        async move { send_otp(app, HOME, &email).await }
    });
    is_limited(answer.await, 5, "5 per 1 minute");
    send_otp(&app, "203.0.113.5", "nobody@example.com")
        .await
        .expect(200);
}

#[tokio::test]
async fn showing_codes_is_limited_to_10_a_minute() {
    let app = TestApp::start().await;
    let answer = exhaust(10, |_| {
        verify_otp(&app, HOME, "nobody@example.com", "123456")
    });
    is_limited(answer.await, 10, "10 per 1 minute");
}

#[tokio::test]
async fn refreshing_is_limited_to_30_a_minute() {
    let app = TestApp::start().await;
    let answer = exhaust(30, |_| refresh(&app, "garbage"));
    is_limited(answer.await, 30, "30 per 1 minute");
}

#[tokio::test]
async fn every_other_route_is_limited_to_100_a_minute() {
    let app = TestApp::start().await;
    let answer = exhaust(100, |_| app.get("/api/v1/users/profile").send());
    is_limited(answer.await, 100, "100 per 1 minute");
    app.post("/api/v1/users")
        .json(json!({}))
        .send()
        .await
        .expect(422);
}

#[tokio::test]
async fn the_limits_are_settings() {
    let settings = [
        ("rate_limit.named.login", "1/second"),
        ("rate_limit.named.refresh", "2/hour"),
        ("rate_limit.named.send_otp", "3/day"),
        ("rate_limit.named.verify_otp", "1/minute"),
        ("rate_limit.named.default", "2/minute"),
    ];
    let app = TestApp::with(&settings).await;
    login(&app, "nobody@example.com", "wrong-password")
        .await
        .expect(400);
    for _ in 0..2 {
        refresh(&app, "garbage").await.expect(401);
        app.get("/api/v1/users/profile").send().await.expect(403);
    }
    for n in 0..3 {
        send_otp(&app, HOME, &format!("nobody{n}@example.com"))
            .await
            .expect(200);
    }
    verify_otp(&app, HOME, "nobody@example.com", "123456")
        .await
        .expect(400);
    is_limited(refresh(&app, "garbage").await, 2, "2 per 1 hour");
    is_limited(
        send_otp(&app, HOME, "nobody@example.com").await,
        3,
        "3 per 1 day",
    );
    is_limited(
        verify_otp(&app, HOME, "nobody@example.com", "123456").await,
        1,
        "1 per 1 minute",
    );
    is_limited(
        app.get("/api/v1/users/profile").send().await,
        2,
        "2 per 1 minute",
    );
}

#[tokio::test]
async fn every_limited_answer_tells_its_limit() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    let answers = [
        (
            10,
            login(&app, "ada@example.com", "wrong-password")
                .await
                .expect(400),
        ),
        (5, send_otp(&app, HOME, "bob@example.com").await.expect(200)),
        (5, send_otp(&app, HOME, "bob@example.com").await.expect(429)),
        (
            10,
            verify_otp(&app, HOME, "bob@example.com", "123456")
                .await
                .expect(400),
        ),
        (30, refresh(&app, &person.refresh).await.expect(200)),
        (100, super::profile(&app, &person.access).await.expect(200)),
        (
            100,
            app.post("/api/v1/users")
                .json(json!({}))
                .send()
                .await
                .expect(422),
        ),
    ];
    for (limit, answer) in answers {
        for name in NAMES {
            assert!(answer.number(name) >= 0, "{answer}");
        }
        assert_eq!(answer.number("x-ratelimit-limit"), limit, "{answer}");
    }
}

#[tokio::test]
async fn what_remains_counts_down() {
    if !TestApp::limits_follow_the_clock() {
        return;
    }
    let app = TestApp::start().await;
    for remaining in (0..10).rev() {
        let answer = login(&app, "nobody@example.com", "").await;
        assert_eq!(
            answer.number("x-ratelimit-remaining"),
            remaining,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn the_cool_down_of_codes_says_its_wait_in_whole_seconds() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    app.advance(Span::millis(59_500));
    let answer = send_otp(&app, HOME, "ada@example.com").await.expect(429);
    assert_eq!(answer.number("retry-after"), 1);
}

#[tokio::test]
async fn the_limit_grows_back_by_one_share_at_a_time() {
    if !TestApp::limits_follow_the_clock() {
        return;
    }
    let app = TestApp::start().await;
    for n in 0..10 {
        login(&app, &format!("nobody{n}@example.com"), "wrong-password")
            .await
            .expect(400);
    }
    login(&app, "nobody@example.com", "wrong-password")
        .await
        .expect(429);
    app.advance(Span::seconds(6));
    login(&app, "nobody@example.com", "wrong-password")
        .await
        .expect(400);
    let full = login(&app, "nobody@example.com", "wrong-password")
        .await
        .expect(429);
    assert_eq!(full.number("retry-after"), 6);
    assert_eq!(
        full.number("x-ratelimit-reset"),
        app.app.now().as_seconds() + 60
    );
}

#[tokio::test]
async fn switched_off_no_answer_tells_a_limit() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for n in 0..12 {
        let answer = login(&app, &format!("nobody{n}@example.com"), "wrong-password")
            .await
            .expect(400);
        assert!(answer.header("x-ratelimit-limit").is_none());
    }
}
