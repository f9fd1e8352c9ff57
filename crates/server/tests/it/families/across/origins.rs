//! CORS: an exact list of origins, and credentials only with it.

use crate::support::{Answer, TestApp};
use http::Method;
use serde_json::json;

const ORIGIN: &str = "https://app.example.com";

async fn from_origin(app: &TestApp, origin: &str) -> Answer {
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": "ada@example.com"}))
        .header("origin", origin)
        .send()
        .await
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = app
        .request(Method::OPTIONS, "/api/v1/auth/login")
        .header("origin", origin);
    request
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type, authorization",
        )
        .send()
        .await
}

#[tokio::test]
async fn by_default_no_other_origin_may_call() {
    let app = TestApp::start().await;
    assert_eq!(
        from_origin(&app, ORIGIN)
            .await
            .header("access-control-allow-origin"),
        None
    );
    assert_eq!(
        preflight(&app, ORIGIN)
            .await
            .header("access-control-allow-origin"),
        None
    );
}

#[tokio::test]
async fn a_listed_origin_may_call_with_credentials() {
    let app = TestApp::with(&[(
        "cors.origins",
        "https://app.example.com, http://localhost:3000",
    )])
    .await;
    for origin in [ORIGIN, "http://localhost:3000"] {
        let answer = from_origin(&app, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
        assert!(
            answer
                .header("vary")
                .unwrap()
                .to_ascii_lowercase()
                .contains("origin")
        );
    }
}

#[tokio::test]
async fn a_listed_origins_preflight_is_answered() {
    let app = TestApp::with(&[("cors.origins", ORIGIN)]).await;
    let answer = preflight(&app, ORIGIN).await;
    assert!([200, 204].contains(&answer.status), "{answer}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    let methods = answer
        .header("access-control-allow-methods")
        .unwrap()
        .to_owned();
    assert!(methods.contains("POST"), "{methods}");
    let headers = answer
        .header("access-control-allow-headers")
        .unwrap()
        .to_ascii_lowercase();
    assert!(
        headers.contains("authorization") && headers.contains("content-type"),
        "{headers}"
    );
}

#[tokio::test]
async fn an_error_can_be_read_by_a_listed_origin_too() {
    let app = TestApp::with(&[("cors.origins", ORIGIN)]).await;
    for path in ["/api/v1/users/profile", "/nowhere"] {
        let answer = app.get(path).header("origin", ORIGIN).send().await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(ORIGIN),
            "{path}"
        );
    }
}

#[tokio::test]
async fn sec_s23_an_origin_that_is_only_like_a_listed_one_may_not_call() {
    let app = TestApp::with(&[("cors.origins", ORIGIN), ("rate_limit.enabled", "false")]).await;
    for origin in [
        "https://app.example.com.evil.com",
        "https://evil-app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://example.com",
        "https://APP.example.com.",
        "null",
        "https://app.example.co",
        "https://app.example.com/",
        "",
    ] {
        assert_eq!(
            from_origin(&app, origin)
                .await
                .header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(
            preflight(&app, origin)
                .await
                .header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn sec_3_4_2_there_are_no_credentials_for_everybody() {
    let everybody = [("cors.origins", "*")];
    if !TestApp::accepts(&everybody) {
        return;
    }
    let app = TestApp::with(&everybody).await;
    let answer = from_origin(&app, ORIGIN).await;
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}
