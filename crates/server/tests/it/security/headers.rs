//! The headers that every answer carries, whatever it answers.

use crate::support::{Answer, Request, TestApp};
use serde_json::json;

/// One request for each kind of answer there is.
async fn answers(app: &TestApp) -> Vec<(&'static str, Answer)> {
    let bearer = app.member("ada").await.access;
    let requests: Vec<(&str, Request)> = vec![
        ("200 JSON", app.get("/api/profile").bearer(&bearer)),
        ("200 livez", app.get("/livez")),
        ("200 readyz", app.get("/readyz")),
        ("200 health", app.get("/health")),
        ("200 root", app.get("/")),
        ("200 keys", app.get("/.well-known/jwks.json")),
        ("200 document", app.get("/openapi.json")),
        ("200 docs", app.get("/docs")),
        ("200 redoc", app.get("/redoc")),
        (
            "200 inbox",
            app.get("/dev/inbox").header("host", "127.0.0.1:8000"),
        ),
        (
            "200 inbox page",
            app.get("/dev/inbox")
                .header("host", "127.0.0.1:8000")
                .header("accept", "text/html"),
        ),
        ("204", app.request("OPTIONS".parse().unwrap(), "/api/login")),
        ("401", app.get("/api/profile").bearer("not.a.token")),
        ("403", app.get("/api/profile")),
        ("404", app.get("/nowhere")),
        ("404 family", app.get("/api/nowhere")),
        ("405", app.get("/api/login")),
        (
            "413",
            app.post("/api/login")
                .body("application/json", vec![b' '; 128 * 1024]),
        ),
        ("422", app.post("/api/login").body("application/json", "{")),
        ("422 type", app.post("/api/login").body("text/plain", "{}")),
        (
            "HEAD",
            app.request("HEAD".parse().unwrap(), "/api/profile")
                .bearer(&bearer),
        ),
    ];
    let mut answers = Vec::new();
    for (what, request) in requests {
        answers.push((what, request.send().await));
    }
    for n in 0.. {
        let guess = app
            .post("/api/v1/auth/login")
            .json(json!({"email": "nobody@example.com", "password": "wrong guess"}));
        let answer = guess.send().await;
        if answer.status == 429 {
            answers.push(("429", answer));
            break;
        }
        assert!(n < 20, "nothing limits sign-in");
    }
    answers
}

#[track_caller]
fn assert_status(what: &str, answer: &Answer) {
    if let Ok(status) = what.split(' ').next().unwrap_or_default().parse::<u16>() {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn sec_3_4_4_every_answer_carries_the_headers_of_every_answer() {
    let app = TestApp::start().await;
    for (what, answer) in answers(&app).await {
        assert_status(what, &answer);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{what}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{what}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{what}");
        assert!(
            answer
                .header("content-security-policy")
                .unwrap_or_default()
                .contains("frame-ancestors 'none'"),
            "{what}"
        );
        assert!(
            answer
                .header("x-request-id")
                .is_some_and(|id| !id.is_empty()),
            "{what}"
        );
    }
}

#[tokio::test]
async fn sec_3_2_1_a_json_answer_that_is_opened_as_a_page_is_inert() {
    let app = TestApp::start().await;
    for (what, answer) in answers(&app).await {
        if answer
            .header("content-type")
            .is_some_and(|value| value.starts_with("application/json"))
        {
            assert!(
                answer
                    .header("content-security-policy")
                    .unwrap()
                    .contains("default-src 'none'"),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn sec_14_3_2_nothing_private_is_stored_on_the_way() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for (what, answer) in answers(&app).await {
        let cached = answer
            .header("cache-control")
            .unwrap_or_default()
            .to_owned();
        if what == "200 keys" {
            assert_eq!(cached, "public, max-age=300");
        } else {
            assert!(cached.contains("no-store"), "{what}: {cached}");
        }
    }
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(profile.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn sec_4_1_1_every_body_names_its_type_and_text_its_character_set() {
    let app = TestApp::start().await;
    for (what, answer) in answers(&app).await {
        if answer.body.is_empty() {
            continue;
        }
        let kind = answer
            .header("content-type")
            .unwrap_or_else(|| panic!("{what} has a body and no type"))
            .to_lowercase();
        if kind.starts_with("text/") {
            assert!(kind.contains("charset=utf-8"), "{what}: {kind}");
        }
    }
}

#[tokio::test]
async fn sec_13_4_6_no_answer_tells_a_version() {
    let app = TestApp::start().await;
    for (what, answer) in answers(&app).await {
        for name in ["server", "x-powered-by", "via", "x-aspnet-version"] {
            assert_eq!(answer.header(name), None, "{what}");
        }
        // The API description has a version of its own; the program's is nobody's business.
        if !["200 document", "200 docs", "200 redoc"].contains(&what) {
            assert!(
                !answer.text().contains(env!("CARGO_PKG_VERSION")),
                "{what}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn sec_3_4_1_under_tls_every_answer_insists_on_it() {
    let app = TestApp::with(&[("server.trusted_proxies", "192.0.2.1/32")]).await;
    for path in ["/livez", "/nowhere", "/api/profile"] {
        let answer = app
            .get(path)
            .header("x-forwarded-for", "198.51.100.1")
            .header("x-forwarded-proto", "https")
            .send()
            .await;
        assert!(
            answer
                .header("strict-transport-security")
                .unwrap_or_default()
                .contains("max-age=31536000"),
            "{path}"
        );
        // Said by a stranger, or of plain HTTP, it means nothing.
        let answer = app
            .get(path)
            .header("x-forwarded-proto", "https")
            .from("198.51.100.1")
            .send()
            .await;
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
        let answer = app
            .get(path)
            .header("x-forwarded-for", "198.51.100.1")
            .header("x-forwarded-proto", "http")
            .send()
            .await;
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn sec_4_1_4_methods_outside_the_table_are_refused_with_those_inside() {
    let app = TestApp::start().await;
    let table = [
        ("/api/login", "POST"),
        ("/api/profile", "GET"),
        ("/api/v1/users", "POST"),
        ("/api/v1/users/profile", "GET"),
        ("/api/v1/users/delete-file/a.txt", "DELETE"),
        ("/.well-known/jwks.json", "GET"),
        ("/livez", "GET"),
    ];
    for (path, allowed) in table {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if method == allowed {
                continue;
            }
            let answer = app.request(method.parse().unwrap(), path).send().await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let allow = answer.header("allow").unwrap_or_default();
            assert!(
                allow.split(',').any(|word| word.trim() == allowed),
                "{method} {path}: {allow:?}"
            );
            assert!(!allow.contains("TRACE"));
            assert_eq!(answer.json(), json!({"detail": "Method Not Allowed"}));
        }
    }
}

#[tokio::test]
async fn sec_13_4_4_trace_echoes_nothing() {
    let app = TestApp::start().await;
    for path in ["/", "/api/login", "/livez"] {
        let answer = app
            .request("TRACE".parse().unwrap(), path)
            .header("x-canary", "echo-me")
            .send()
            .await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(!answer.text().contains("echo-me"));
    }
}

#[tokio::test]
async fn sec_4_2_2_a_length_that_is_told_is_the_length_of_the_body() {
    let app = TestApp::start().await;
    let mut told = 0;
    for (what, answer) in answers(&app).await {
        if let Some(length) = answer.header("content-length").filter(|_| what != "HEAD") {
            assert_eq!(length, answer.body.len().to_string(), "{what}");
            told += 1;
        }
    }
    assert!(told > 10, "{told}");
}

#[tokio::test]
async fn sec_3_5_6_no_answer_is_a_call_of_the_readers_choice() {
    let app = TestApp::start().await;
    for path in ["/livez", "/.well-known/jwks.json", "/openapi.json", "/"] {
        let plain = app.get(path).send().await.expect(200);
        for parameter in ["callback", "jsonp", "cb"] {
            let asked = app.get(&format!("{path}?{parameter}=alert")).send().await;
            assert_eq!(asked.body, plain.body, "{path}?{parameter}");
        }
    }
}
