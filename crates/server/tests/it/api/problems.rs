//! Whatever is no success is a problem document, wherever under `/v1` it happens.

use super::{ADA, finds_fault_with, is_problem};
use crate::support::TestApp;
use http::Method;

const ROUTES: [(&str, &str); 7] = [
    ("/v1/me", "GET,HEAD,PATCH"),
    ("/v1/sessions", "GET,HEAD,DELETE"),
    ("/v1/sessions/x", "DELETE"),
    ("/v1/sign-out", "POST"),
    ("/v1/tokens/refresh", "POST"),
    ("/v1/password/forgot", "POST"),
    ("/v1/password/reset", "POST"),
];

#[tokio::test]
async fn an_unknown_path_is_a_problem_whatever_the_method() {
    let app = TestApp::start().await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/nowhere",
        "/v1/me/x",
        "/v1/password",
        "/v1/sessions/a/b",
        "/v1/%00",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            is_problem(app.request(method, path).send().await, 404, "not_found");
        }
    }
}

#[tokio::test]
async fn sec_4_1_4_a_wrong_method_is_405_with_allow() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for (path, allow) in ROUTES {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if allow.contains(method) {
                continue;
            }
            let answer = app.request(method.parse().unwrap(), path).send().await;
            let answer = is_problem(answer, 405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        }
        let options = app.request(Method::OPTIONS, path).send().await.expect(204);
        assert_eq!(options.header("allow"), Some(allow), "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    app.get("/v1/me/")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_1_5_2_a_body_that_is_no_json_object_is_422_and_never_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let ada = app.signed_in(ADA).await;
    for (method, path) in [
        ("PATCH", "/v1/me"),
        ("POST", "/v1/tokens/refresh"),
        ("POST", "/v1/password/forgot"),
        ("POST", "/v1/password/reset"),
    ] {
        let send = |content_type: &'static str, body: String| {
            app.request(method.parse().unwrap(), path)
                .bearer(&ada.access)
                .body(content_type, body)
                .send()
        };
        for body in [
            "{",
            "[]",
            "null",
            "7",
            "\"a\"",
            "\u{feff}{}",
            "{\"email\": \"\\ud800\"}",
            "{\"a\": NaN}",
            "{}{}",
        ] {
            finds_fault_with(send("application/json", body.to_owned()).await, &[""]);
        }
        finds_fault_with(send("application/json", "[".repeat(40_000)).await, &[""]);
        finds_fault_with(
            send("application/json", "{\"a\": 1, \"a\": 2}".to_owned()).await,
            &["a"],
        );
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "image/png",
        ] {
            finds_fault_with(send(content_type, "{}".to_owned()).await, &[""]);
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let app = TestApp::start().await;
    let large = format!("{{\"email\": \"{}\"}}", "x".repeat(70_000));
    let answer = app
        .post("/v1/password/forgot")
        .body("application/json", large)
        .send()
        .await;
    is_problem(answer, 413, "body_too_large");
}

#[tokio::test]
async fn the_api_is_in_the_document_under_its_own_name() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").send().await.expect(200).json();
    for path in [
        "/v1/me",
        "/v1/sessions",
        "/v1/sessions/{id}",
        "/v1/sign-out",
        "/v1/tokens/refresh",
        "/v1/password/forgot",
        "/v1/password/reset",
        "/account/reset/{token}",
    ] {
        for operation in document["paths"][path]
            .as_object()
            .unwrap_or_else(|| panic!("no {path}"))
            .values()
        {
            assert_eq!(operation["tags"][0], "native", "{path}");
        }
    }
    assert!(document["components"]["schemas"]["native.Problem"].is_object());
    app.get("/v1/nowhere").send().await.expect(404);
    let without = TestApp::with(&[("api.families", "session")]).await;
    without.get("/v1/me").send().await.expect(401);
}
