//! The page at `/`.

use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_service_says_who_it_is() {
    let app = TestApp::with(&[("server.name", "Front Door")]).await;
    let answer = app.get("/").send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"status": "ok", "service": "Front Door", "message": "Welcome to Front Door"})
    );
    let page = app
        .get("/")
        .header("accept", "text/html")
        .send()
        .await
        .expect(200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    for link in ["/docs", "/redoc", "/dev/inbox", "/.well-known/jwks.json"] {
        assert!(page.text().contains(link), "{link}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_have_one_shape() {
    let app = TestApp::start().await;
    for path in [
        "/nowhere",
        "/api",
        "/api/v1",
        "/api/nowhere",
        "/dev",
        "/.well-known/nothing",
    ] {
        app.get(path).send().await.says(404, "Not Found");
    }
    for path in ["/", "/livez", "/utils/public_key", "/dev/inbox"] {
        let answer = app
            .request("PATCH".parse().unwrap(), path)
            .send()
            .await
            .says(405, "Method Not Allowed");
        assert!(answer.header("allow").unwrap().contains("GET"));
    }
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let app = TestApp::start().await;
    for path in [
        "/livez/",
        "/readyz/",
        "/health/",
        "/.well-known/jwks.json/",
        "/utils/public_key/",
        "/docs/",
    ] {
        app.get(path).send().await.expect(200);
    }
    app.post("/api/login/")
        .json(json!({"login": "nobody", "password": "Wrong guess 1"}))
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn options_tells_the_methods() {
    let app = TestApp::start().await;
    let answer = app
        .request("OPTIONS".parse().unwrap(), "/api/login")
        .send()
        .await
        .expect(204);
    assert!(answer.header("allow").unwrap().contains("POST"));
}
