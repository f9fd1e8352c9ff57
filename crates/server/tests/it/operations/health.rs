//! Whether the process lives, whether it can work, and what it has counted.

use crate::cli::folder::{Folder, free_port, on_postgres};
use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_probes_answer_as_the_documents_say() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/livez").send().await.expect(200).json(),
        json!({"status": "ok"})
    );
    assert_eq!(
        app.get("/health").send().await.expect(200).text(),
        "\"Healthy\""
    );
    let full = app.get("/health?full").send().await.expect(200).json();
    assert_eq!(
        (&full["status"], &full["parts"]["database"]),
        (&json!("Healthy"), &json!("Healthy"))
    );
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(
        (
            &ready["status"],
            &ready["parts"]["database"],
            &ready["parts"]["mail"]
        ),
        (&json!("ok"), &json!("ok"), &json!("ok"))
    );
    // A part that is not configured is left out.
    assert_eq!(ready["parts"]["redis"].is_string(), on_postgres());
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start().await;
    for path in [
        "/livez",
        "/readyz",
        "/health",
        "/",
        "/.well-known/jwks.json",
    ] {
        let answer = app
            .request("HEAD".parse().unwrap(), path)
            .send()
            .await
            .expect(200);
        assert!(answer.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn mail_that_is_dropped_is_noticed() {
    let app = TestApp::with(&[("mail.transport", "none")]).await;
    app.registered("ada@example.com").await;
    app.work().await;
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(ready["status"], "ok");
    assert!(ready["notices"].to_string().contains("dropped"), "{ready}");
}

#[tokio::test]
async fn a_proxy_that_nobody_named_is_noticed() {
    let app = TestApp::start().await;
    app.get("/api/profile")
        .header("x-forwarded-for", "198.51.100.1")
        .send()
        .await
        .expect(403);
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert!(
        ready["notices"].to_string().contains("trusted_proxies"),
        "{ready}"
    );
    assert_eq!(ready["status"], "ok");
}

#[tokio::test]
async fn mail_that_waits_long_degrades_and_stops_nothing() {
    let app = TestApp::with(&[
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", "9"),
        ("mail.tls", "none"),
        ("mail.from", "a@example.com"),
    ])
    .await;
    app.registered("ada@example.com").await;
    app.advance(doorward_domain::Span::minutes(6));
    let ready = app.get("/readyz").send().await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["parts"]["mail"]),
        (&json!("degraded"), &json!("degraded"))
    );
    assert_eq!(
        app.get("/health").send().await.expect(200).text(),
        "\"Healthy\""
    );
}

#[tokio::test]
async fn a_mail_server_that_is_gone_degrades_after_a_few_tries() {
    let app = TestApp::with(&[
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", "9"),
        ("mail.tls", "none"),
        ("mail.from", "a@example.com"),
    ])
    .await;
    let mut seen = Vec::new();
    for n in 0..3 {
        app.registered(&format!("{n}@example.com")).await;
        app.work().await;
        let ready = app.get("/readyz").send().await.expect(200).json();
        seen.push(ready["parts"]["mail"].clone());
    }
    assert_eq!(seen, [json!("ok"), json!("ok"), json!("degraded")]);
}

#[tokio::test]
async fn metrics_are_prometheus_text_by_route_template() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    for path in [
        "/api/profile",
        "/api/v1/users/download-file/secret-name.txt",
        "/nowhere/secret-path",
    ] {
        serving.get(path).send().await.unwrap();
    }
    let answer = serving.get("/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let text = answer.text().await.unwrap();
    assert!(text.contains("# TYPE doorward_"), "{text}");
    assert!(
        text.contains("/api/profile") && text.contains("/api/v1/users/download-file/{name}"),
        "{text}"
    );
    assert!(
        !text.contains("secret-name") && !text.contains("secret-path"),
        "{text}"
    );
}

#[tokio::test]
async fn operations_have_a_listener_of_their_own_where_one_is_named() {
    let port = free_port();
    let folder = Folder::new()
        .await
        .set("server.operations_bind", &format!("127.0.0.1:{port}"));
    let serving = folder.serve().await;
    let there = async |path: &str| {
        reqwest::get(format!("http://127.0.0.1:{port}{path}"))
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    for path in ["/metrics", "/livez", "/readyz", "/health"] {
        assert_eq!(there(path).await, 200, "{path}");
    }
    for path in [
        "/",
        "/api/profile",
        "/openapi.json",
        "/dev/inbox",
        "/utils/public_key",
    ] {
        assert_eq!(there(path).await, 404, "{path}");
    }
    assert_eq!(serving.status("/metrics").await.unwrap(), 404);
    assert_eq!(serving.status("/livez").await.unwrap(), 200);
}
