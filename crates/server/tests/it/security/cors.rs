//! Pages of other origins: exactly those that are configured may call.

use crate::support::TestApp;

const ALLOWED: &str = "https://app.example.com";

const STRANGERS: [&str; 15] = [
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://evilapp.example.com",
    "https://sub.app.example.com",
    "https://example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com:443",
    "https://app.example.com/",
    "https://APP.example.com",
    "https://app.example.com@evil.example",
    "https://app_example.com",
    "null",
    "file://",
    "*",
];

#[tokio::test]
async fn sec_s23_only_the_exact_origin_gets_a_cors_header() {
    let app = TestApp::with(&[("cors.origins", ALLOWED)]).await;
    let answer = app
        .get("/livez")
        .header("origin", ALLOWED)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ALLOWED));
    for origin in STRANGERS {
        let answer = app
            .get("/livez")
            .header("origin", origin)
            .send()
            .await
            .expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            None,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn sec_3_4_2_a_preflight_of_a_stranger_gets_no_permission() {
    let app = TestApp::with(&[("cors.origins", ALLOWED)]).await;
    let preflight = |origin: &str| {
        app.request("OPTIONS".parse().unwrap(), "/api/v1/auth/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };
    let allowed = preflight(ALLOWED).send().await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ALLOWED));
    assert!(
        allowed
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .unwrap()
            .to_lowercase()
            .contains("content-type")
    );
    for origin in STRANGERS {
        let answer = preflight(origin).send().await;
        for name in [
            "access-control-allow-origin",
            "access-control-allow-methods",
            "access-control-allow-headers",
        ] {
            assert_eq!(answer.header(name), None, "{origin}");
        }
    }
}

#[tokio::test]
async fn sec_3_4_2_credentials_never_go_with_a_star() {
    let app = TestApp::with(&[("cors.origins", ALLOWED)]).await;
    let answer = app.get("/livez").header("origin", ALLOWED).send().await;
    if answer.header("access-control-allow-credentials").is_some() {
        assert_eq!(answer.header("access-control-allow-origin"), Some(ALLOWED));
    }
    assert!(
        answer
            .header("vary")
            .unwrap()
            .to_lowercase()
            .contains("origin"),
        "a shared cache must not hand one origin's answer to another"
    );
}

#[tokio::test]
async fn sec_s23_without_configured_origins_nobody_gets_a_cors_header() {
    let app = TestApp::start().await;
    for origin in STRANGERS.iter().chain(&[ALLOWED, "http://localhost:3000"]) {
        let answer = app
            .get("/livez")
            .header("origin", origin)
            .send()
            .await
            .expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn sec_3_4_2_refusals_reach_the_page_that_may_call() {
    let app = TestApp::with(&[("cors.origins", ALLOWED)]).await;
    for path in ["/api/v1/users/profile", "/nowhere"] {
        let answer = app.get(path).header("origin", ALLOWED).send().await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(ALLOWED),
            "{path}"
        );
    }
}
