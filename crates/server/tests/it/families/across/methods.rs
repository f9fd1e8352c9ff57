//! Paths and methods: what is there, what is not, and how either is said.

use super::ROUTES;
use crate::support::{PASSWORD, TestApp};
use http::Method;
use serde_json::json;

/// The methods of a path.
fn allowed(path: &str) -> Vec<&'static str> {
    let mut allowed: Vec<_> = ROUTES
        .iter()
        .filter(|(_, other)| *other == path)
        .map(|(method, _)| *method)
        .collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.sort_unstable();
    allowed
}

/// What `Allow` lists, sorted; `OPTIONS` goes without saying.
pub(super) fn listed(allow: &str) -> Vec<String> {
    let mut methods: Vec<_> = allow
        .split(',')
        .map(|method| method.trim().to_owned())
        .collect();
    methods.retain(|method| method != "OPTIONS");
    methods.sort_unstable();
    methods
}

#[tokio::test]
async fn sec_4_1_4_a_wrong_method_is_405_with_allow() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for (_, path) in ROUTES {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if allowed(path).contains(&method) {
                continue;
            }
            let answer = app
                .request(method.parse().unwrap(), path)
                .send()
                .await
                .says(405, "Method Not Allowed");
            assert_eq!(
                listed(answer.header("allow").unwrap()),
                allowed(path),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn options_that_is_no_preflight_is_204_with_allow() {
    let app = TestApp::start().await;
    for (_, path) in ROUTES {
        let answer = app.request(Method::OPTIONS, path).send().await.expect(204);
        assert_eq!(
            listed(answer.header("allow").unwrap()),
            allowed(path),
            "{path}"
        );
        assert_eq!(answer.body.len(), 0);
    }
    app.request(Method::OPTIONS, "/nowhere")
        .send()
        .await
        .says(404, "Not Found");
}

#[tokio::test]
async fn an_unknown_path_is_404_in_the_same_shape() {
    let app = TestApp::start().await;
    for path in [
        "/nowhere",
        "/api",
        "/api/nowhere",
        "/api/v1",
        "/api/v1/nowhere",
        "/api/v1/users/nowhere",
        "/api/v1/auth",
        "/API/login",
        "/api/login/x",
        "/api//login",
        "/api/v1/users/download-file",
        "/api/v1/users/download-file/a/b",
        "/api/%6Cogin",
        "/api/login%00",
        "/api/..%2Fapi/login",
        "/.env",
        "/api/v1/users/..",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = app.request(method, path).send().await;
            if answer.status != 405 {
                answer.says(404, "Not Found");
            }
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let app = TestApp::start().await;
    let form = json!({"login": "ada", "password": PASSWORD});
    app.post("/api/register/")
        .json(form.clone())
        .send()
        .await
        .expect(201);
    let token = app
        .post("/api/login/")
        .json(form)
        .send()
        .await
        .expect(200)
        .field("access_token");
    app.get("/api/profile/")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    app.get("/api/v1/users/profile/")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    let form = json!({"email": "ada@example.com", "password": PASSWORD});
    app.post("/api/v1/users/")
        .json(form)
        .send()
        .await
        .expect(201);
    app.get("/api/login/")
        .send()
        .await
        .says(405, "Method Not Allowed");
    app.get("/nowhere/").send().await.says(404, "Not Found");
}

#[tokio::test]
async fn head_follows_get() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    for path in ["/api/profile", "/api/v1/users/profile", "/health"] {
        let got = app
            .get(path)
            .bearer(&member.access)
            .send()
            .await
            .expect(200);
        let head = app
            .request(Method::HEAD, path)
            .bearer(&member.access)
            .send()
            .await
            .expect(200);
        assert_eq!(head.body.len(), 0, "{path}");
        assert_eq!(
            head.header("content-type"),
            got.header("content-type"),
            "{path}"
        );
    }
    let refused = app
        .request(Method::HEAD, "/api/profile")
        .send()
        .await
        .expect(403);
    assert_eq!(refused.body.len(), 0);
    app.request(Method::HEAD, "/api/login")
        .send()
        .await
        .expect(405);
}

#[tokio::test]
async fn an_unknown_query_changes_nothing() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    app.get("/api/profile?x=1&x=2&%ff")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_14_2_1_a_token_in_the_address_opens_nothing() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    for name in ["token", "access_token", "authorization"] {
        app.get(&format!("/api/profile?{name}={}", member.access))
            .send()
            .await
            .expect(403);
    }
}
