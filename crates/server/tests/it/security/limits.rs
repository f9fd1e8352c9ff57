//! Limits: N means N, for each client and endpoint, whatever the outcome of a request.

use super::{STEADY, at_once, count, stranger};
use crate::support::{Request, TestApp};
use doorward_domain::Span;
use serde_json::json;

/// A request that costs little; each number makes another one of its kind.
type Cheap<'a> = Box<dyn Fn(usize) -> Request + 'a>;

/// The limited routes by name, and how many requests each admits.
fn limited(app: &TestApp) -> Vec<(&'static str, Cheap<'_>, usize)> {
    vec![
        (
            "login",
            Box::new(|n| {
                app.post("/api/v1/auth/login")
                    .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}))
            }),
            10,
        ),
        (
            "refresh",
            Box::new(|_| {
                app.post("/api/v1/auth/refresh-token")
                    .json(json!({"refresh_token": "a.b.c"}))
            }),
            30,
        ),
        (
            "send",
            Box::new(|n| {
                app.post("/api/v1/auth/send-otp")
                    .json(json!({"email": format!("{n}@example.com")}))
            }),
            5,
        ),
        (
            "verify",
            Box::new(|n| {
                app.post("/api/v1/auth/verify-otp")
                    .json(json!({"email": format!("{n}@example.com"), "otp": "wrong"}))
            }),
            10,
        ),
        (
            "profile",
            Box::new(|_| app.get("/api/v1/users/profile")),
            100,
        ),
        (
            "upload",
            Box::new(|_| app.post("/api/v1/users/upload-file")),
            100,
        ),
        (
            "profile of session",
            Box::new(|_| app.get("/api/profile")),
            100,
        ),
        (
            "logout of session",
            Box::new(|_| app.post("/api/logout")),
            100,
        ),
    ]
}

#[tokio::test]
async fn sec_2_3_2_each_limit_admits_n_and_refuses_the_next() {
    let app = TestApp::with(&STEADY).await;
    for (what, request, quota) in limited(&app) {
        for n in 0..quota {
            let answer = request(n).send().await;
            assert_ne!(answer.status, 429, "{what}: the {n}th of {quota}: {answer}");
        }
        let refused = request(quota).send().await;
        assert_eq!(refused.status, 429, "{what}: {refused}");
        assert!(refused.number("retry-after") >= 1, "{what}");
        let other = request(quota + 1).from("198.51.100.7").send().await;
        assert_ne!(
            other.status, 429,
            "{what}: another client pays for the first: {other}"
        );
    }
}

#[tokio::test]
async fn sec_s22_limits_are_for_each_endpoint_and_every_request_counts() {
    let app = TestApp::with(&STEADY).await;
    for n in 0..10 {
        // Refused for its form: it counts all the same.
        let body = if n % 2 == 0 { "{" } else { "{}" };
        app.post("/api/v1/auth/login")
            .body("application/json", body)
            .send()
            .await
            .expect(422);
    }
    app.post("/api/v1/auth/login")
        .json(json!({"email": "a@example.com", "password": "wrong guess"}))
        .send()
        .await
        .expect(429);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": "a@example.com", "otp": "wrong"}))
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn sec_s25_deleting_shares_the_limit_of_signing_in() {
    let app = TestApp::with(&[("rate_limit.rules", "/api/* 6/day")]).await;
    let bodies = json!({"login": "nobody", "password": "Wrong guess 1"});
    let mut answers = Vec::new();
    for n in 0..8 {
        let path = if n % 2 == 0 {
            "/api/login"
        } else {
            "/api/delete"
        };
        answers.push(app.post(path).json(bodies.clone()).send().await);
    }
    assert_eq!((count(&answers, 401), count(&answers, 429)), (6, 2));
    app.get("/api/profile").send().await.expect(403);
}

#[tokio::test]
async fn sec_s25_deleting_shares_the_tries_of_signing_in() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for n in 0..10 {
        let path = if n % 2 == 0 {
            "/api/login"
        } else {
            "/api/delete"
        };
        let guess = json!({"login": ada.login, "password": "Wrong guess 1"});
        app.post(path)
            .json(guess)
            .from(&stranger(n))
            .send()
            .await
            .expect(401);
    }
    for path in ["/api/login", "/api/delete"] {
        let right = json!({"login": ada.login, "password": ada.password});
        app.post(path)
            .json(right)
            .from(&stranger(50))
            .send()
            .await
            .expect(429);
    }
}

#[tokio::test]
async fn sec_s16_of_a_burst_the_quota_passes() {
    let app = TestApp::with(&STEADY).await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.extend(at_once((0..200).map(|_| app.get("/api/v1/users/profile"))).await);
    }
    assert_eq!((count(&answers, 403), count(&answers, 429)), (100, 1_900));
}

#[tokio::test]
async fn sec_s22_replicas_that_share_a_redis_share_their_limits() {
    if TestApp::limits_follow_the_clock() {
        return;
    }
    let one = TestApp::with(&STEADY).await;
    let other = one.beside(&STEADY).await;
    let guess = |app: &TestApp, n: usize| {
        app.post("/api/v1/auth/login")
            .json(json!({"email": format!("{n}@example.com"), "password": "wrong guess"}))
    };
    let mut answers = Vec::new();
    for n in 0..14 {
        answers.push(
            guess(if n % 2 == 0 { &one } else { &other }, n)
                .send()
                .await,
        );
    }
    assert_eq!((count(&answers, 400), count(&answers, 429)), (10, 4));
}

#[tokio::test]
async fn sec_2_4_1_a_limit_grows_back_evenly() {
    if !TestApp::limits_follow_the_clock() {
        return;
    }
    let app = TestApp::start().await;
    let ask = |n: usize| {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": format!("{n}@example.com"), "otp": "wrong"}))
    };
    for n in 0..10 {
        ask(n).send().await.expect(400);
    }
    let refused = ask(10).send().await.expect(429);
    assert_eq!(refused.json()["retry_after_seconds"], json!(6));
    assert_eq!(refused.json()["rate_limit"], json!("10 per 1 minute"));
    app.advance(Span::seconds(6));
    ask(11).send().await.expect(400);
    ask(12).send().await.expect(429);
    app.advance(Span::minutes(2));
    for n in 20..30 {
        ask(n).send().await.expect(400);
    }
    ask(30).send().await.expect(429);
}

#[tokio::test]
async fn sec_2_4_1_registering_and_sending_have_budgets() {
    let app = TestApp::with(&STEADY).await;
    let registrations = (0..110).map(|n| {
        app.post("/api/v1/users")
            .json(json!({"email": format!("{n}@example.com"), "password": "short"}))
    });
    let answers = at_once(registrations).await;
    assert_eq!((count(&answers, 422), count(&answers, 429)), (100, 10));
}
