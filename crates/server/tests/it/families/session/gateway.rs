use super::login;
use crate::families::exhaust;
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use serde_json::json;

/// Sends `count` requests to a route that costs nothing, all of which must be admitted.
async fn knock(app: &TestApp, ip: &str, count: usize) {
    for _ in 0..count {
        app.get("/api/profile").from(ip).send().await.expect(403);
    }
}

#[tokio::test]
async fn a_client_has_100_requests_a_minute_at_each_endpoint() {
    let app = TestApp::start().await;
    let answer = exhaust(100, |_| app.get("/api/profile").send()).await;
    let answer = answer.says(429, "Rate limit exceeded");
    assert!(answer.number("retry-after") >= 1);
    app.post("/api/logout").send().await.expect(403);
    app.get("/api/profile")
        .from("192.0.2.2")
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn one_more_is_admitted_as_each_share_of_the_minute_passes() {
    if !TestApp::limits_follow_the_clock() {
        return;
    }
    let app = TestApp::start().await;
    knock(&app, "192.0.2.1", 100).await;
    app.get("/api/profile").send().await.expect(429);
    app.advance(Span::millis(600));
    app.get("/api/profile").send().await.expect(403);
    app.get("/api/profile").send().await.expect(429);
    app.advance(Span::minutes(1));
    knock(&app, "192.0.2.1", 100).await;
}

#[tokio::test]
async fn an_ipv6_client_is_its_64() {
    let app = TestApp::start().await;
    let within = |n: u64| app.get("/api/profile").from(&format!("2001:db8::{n:x}:1"));
    exhaust(100, |n| within(n).send()).await;
    app.get("/api/profile")
        .from("2001:db8:0:1::1")
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn sec_s25_deleting_shares_the_limit_of_signing_in() {
    let app = TestApp::start().await;
    let paths = ["/api/login", "/api/delete"];
    let answer = exhaust(100, |n| {
        let path = paths[usize::from(n % 2 == 1)];
        app.post(path).json(json!({"login": "ab"})).send()
    });
    answer.await.says(429, "Rate limit exceeded");
    app.post("/api/register")
        .json(json!({"login": "ab"}))
        .send()
        .await
        .expect(422);
}

#[tokio::test]
async fn the_limit_is_configurable_by_path_pattern() {
    let app = TestApp::with(&[("rate_limit.rules", "/api/* 3/minute")]).await;
    knock(&app, "192.0.2.1", 3).await;
    let answer = app
        .get("/api/profile")
        .send()
        .await
        .says(429, "Rate limit exceeded");
    assert!((1..=20).contains(&answer.number("retry-after")));
    app.post("/api/logout").send().await.expect(403);
    app.get("/api/v1/users/profile").send().await.expect(403);
}

#[tokio::test]
async fn where_several_rules_match_all_of_them_count() {
    let app =
        TestApp::with(&[("rate_limit.rules", "/api/* 5/minute, /api/profile 2/minute")]).await;
    knock(&app, "192.0.2.1", 2).await;
    app.get("/api/profile")
        .send()
        .await
        .says(429, "Rate limit exceeded");
}

#[tokio::test]
async fn the_limit_can_be_switched_off() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    knock(&app, "192.0.2.1", 150).await;
}

#[tokio::test]
async fn sec_i27_a_forwarded_address_counts_only_from_a_configured_proxy() {
    let app = TestApp::start().await;
    exhaust(100, |n| {
        let claimed = format!("198.51.100.{}", n % 250);
        let request = app.get("/api/profile");
        request.header("x-forwarded-for", &claimed).send()
    })
    .await;

    let behind = TestApp::with(&[("server.trusted_proxies", "10.0.0.0/8")]).await;
    let through = |proxy: String, client: &str| {
        let request = behind.get("/api/profile").from(&proxy);
        request.header("x-forwarded-for", client).send()
    };
    exhaust(100, |n| {
        through(format!("10.0.0.{}", n % 250), "198.51.100.1")
    })
    .await;
    through("10.0.0.1".to_owned(), "198.51.100.2")
        .await
        .expect(403);
}

#[tokio::test]
async fn a_refused_request_is_not_carried_out() {
    let app = TestApp::with(&[("rate_limit.rules", "/api/register 1/minute")]).await;
    app.member("ada").await;
    let form = json!({"login": "bob", "password": PASSWORD});
    app.post("/api/register")
        .json(form)
        .send()
        .await
        .expect(429);
    super::is_wrong(&login(&app, "bob", PASSWORD).await);
}

#[tokio::test]
async fn health_is_a_json_string_and_in_full_an_object() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/health").send().await.expect(200).json(),
        json!("Healthy")
    );
    let full = app.get("/health?full").send().await.expect(200);
    assert_eq!(full.members(), ["parts", "status"]);
    assert_eq!(full.field("status"), "Healthy");
    assert!(full.json()["parts"].is_object());
}
