//! Requests as nobody means them, on every route of the families: refused in the family's shape, and never a fault.

use super::ROUTES;
use crate::support::{Answer, TestApp};
use bytes::Bytes;
use serde_json::Value;

/// Refused, and as JSON: `detail` as a sentence or a list, or `message`.
#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {answer}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{what}: {answer}"
    );
    let body = answer.json();
    let said = body.get("detail").or_else(|| body.get("message"));
    let fits = match said {
        Some(Value::String(sentence)) => !sentence.is_empty(),
        Some(Value::Array(faults)) => !faults.is_empty(),
        _ => false,
    };
    assert!(fits, "{what}: {answer}");
}

fn bodies() -> Vec<(&'static str, Bytes)> {
    vec![
        ("", Bytes::new()),
        ("application/json", Bytes::from_static(b"{")),
        ("application/json", Bytes::from_static(b"\xff\xfe\0\0")),
        ("application/json", Bytes::from_static(b"[[[[[[")),
        ("application/json", Bytes::from_static(b"{\"email\": {\"$gt\": \"\"}, \"login\": [1], \"password\": 1, \"otp\": false}")),
        ("application/json", Bytes::from_static(b"{\"a\": 1e999}")),
        ("application/x-www-form-urlencoded", Bytes::from_static(b"email=a%00b&login=%ff&password=")),
        ("multipart/form-data", Bytes::from_static(b"--x\r\n\r\n--x--")),
        ("multipart/form-data; boundary=\"", Bytes::from_static(b"--\r\n")),
        ("multipart/form-data; boundary=x", Bytes::from_static(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\0\"\r\n\r\n\r\n--x--")),
        ("multipart/form-data; boundary=x", Bytes::from_static(b"--x\r\nContent-Disposition\r\n\r\n\r\n--x--")),
        ("text/plain; charset=utf-16", Bytes::from_static(b"\xfe\xff\0a")),
        ("application/json", Bytes::from(vec![b' '; 1 << 20])),
        ("application/json", Bytes::from(vec![0; 1 << 20])),
        ("text/plain", Bytes::from(vec![b'a'; 1 << 20])),
    ]
}

#[tokio::test]
async fn sec_i43_no_body_makes_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for (method, path) in ROUTES {
        for (n, (content_type, body)) in bodies().into_iter().enumerate() {
            let request = app
                .request(method.parse().unwrap(), path)
                .body(content_type, body);
            is_refused(
                &request.send().await,
                &format!("{method} {path} with body {n}"),
            );
        }
    }
}

#[tokio::test]
async fn sec_i43_no_body_of_a_signed_in_user_makes_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let token = app.signed_in("ada@example.com").await.access;
    // What asks for no member ignores what is in the body.
    let asks_for_none = [
        ("POST", "/api/logout"),
        ("PUT", "/user/profile"),
        ("DELETE", "/users"),
    ];
    for (method, path) in ROUTES
        .into_iter()
        .filter(|route| route.0 != "GET" && !asks_for_none.contains(route))
    {
        for (n, (content_type, body)) in bodies().into_iter().enumerate() {
            let request = app
                .request(method.parse().unwrap(), path)
                .body(content_type, body)
                .bearer(&token);
            is_refused(
                &request.send().await,
                &format!("{method} {path} with body {n}"),
            );
        }
    }
}

#[tokio::test]
async fn no_authorization_header_makes_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let jwt_like = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned();
    let values = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "bearer x".to_owned(),
        "Bearer a b c".to_owned(),
        "Basic YTpi".to_owned(),
        "Bearer \u{ff}\u{fe}".to_owned(),
        format!("Bearer {jwt_like}"),
        format!("Bearer {}", ".".repeat(5000)),
        format!("Bearer {}", "é".repeat(2000)),
        "Bearer ..".to_owned(),
        "Bearer null".to_owned(),
        "Digest x=\"y\"".to_owned(),
        format!("Bearer {}", "eyJ".repeat(2000)),
    ];
    for (method, path) in ROUTES {
        for value in &values {
            let answer = app
                .request(method.parse().unwrap(), path)
                .header("authorization", value)
                .send()
                .await;
            is_refused(&answer, &format!("{method} {path} with `{value:.40}`"));
        }
    }
}

#[tokio::test]
async fn no_header_makes_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let long = "x".repeat(8000);
    let headers = [
        ("content-type", "\u{ff}"),
        ("content-type", long.as_str()),
        ("accept", "\u{ff}"),
        ("user-agent", "\u{ff}"),
        ("user-agent", long.as_str()),
        ("x-forwarded-for", "\u{ff}, ,,"),
        ("forwarded", "for=\"[::\""),
        ("x-request-id", "a b\u{ff}"),
        ("traceparent", "00-0-0-0"),
        ("origin", "\u{ff}"),
        ("accept-language", long.as_str()),
        ("cookie", "a=\u{ff}"),
        ("host", "evil.example.com"),
        ("content-encoding", "gzip"),
        ("range", "bytes=9-1"),
        ("if-none-match", "*"),
        ("expect", "nonsense"),
    ];
    for (method, path) in ROUTES {
        for (name, value) in headers {
            let answer = app
                .request(method.parse().unwrap(), path)
                .header(name, value)
                .send()
                .await;
            is_refused(&answer, &format!("{method} {path} with {name}"));
        }
    }
}

#[tokio::test]
async fn no_path_makes_a_fault() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let token = app.signed_in("ada@example.com").await.access;
    for name in [
        "%00",
        "%ff",
        "%c0%af",
        "%2e%2e",
        "%2F",
        "%",
        "%zz",
        "%E2%80%AE",
        "'%20OR%201=1--",
        "%25",
        "~",
        "$(x)",
        "%0a",
        "*",
    ] {
        for (method, base) in [("GET", "download-file"), ("DELETE", "delete-file")] {
            let path = format!("/api/v1/users/{base}/{name}");
            let answer = app
                .request(method.parse().unwrap(), &path)
                .bearer(&token)
                .send()
                .await;
            is_refused(&answer, &format!("{method} {path}"));
        }
    }
}

#[tokio::test]
async fn texts_that_mean_something_elsewhere_are_texts_here() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for (n, text) in [
        "' OR '1'='1",
        "\"; DROP TABLE users; --",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "%s%n",
        "*)(uid=*",
        "<b>x</b>",
    ]
    .into_iter()
    .enumerate()
    {
        let member = app.member(&format!("{text}{n}")).await;
        let profile = app
            .get("/api/profile")
            .bearer(&member.access)
            .send()
            .await
            .expect(200);
        assert_eq!(profile.field("login"), member.login);
        let guess = serde_json::json!({"login": text, "password": "Wrong-7-Password"});
        app.post("/api/login").json(guess).send().await.expect(401);
    }
}
