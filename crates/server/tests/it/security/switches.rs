//! A family that is switched off is not there.

use crate::support::TestApp;
use serde_json::{Value, json};

const SESSION: [(&str, &str); 5] = [
    ("POST", "/api/register"),
    ("POST", "/api/login"),
    ("POST", "/api/logout"),
    ("GET", "/api/profile"),
    ("POST", "/api/delete"),
];

const VERIFIED: [(&str, &str); 9] = [
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/auth/send-otp"),
    ("POST", "/api/v1/auth/verify-otp"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh-token"),
    ("GET", "/api/v1/users/profile"),
    ("POST", "/api/v1/users/upload-file"),
    ("GET", "/api/v1/users/download-file/a.txt"),
    ("DELETE", "/api/v1/users/delete-file/a.txt"),
];

async fn statuses(app: &TestApp, routes: &[(&str, &str)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (method, path) in routes {
        let request = app.request(method.parse().unwrap(), path);
        let request = if *method == "POST" {
            request.json(json!({}))
        } else {
            request
        };
        statuses.push(request.send().await.status);
    }
    statuses
}

async fn paths(app: &TestApp) -> Vec<String> {
    let document = app.get("/openapi.json").send().await.expect(200).json();
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[tokio::test]
async fn sec_i34_each_family_that_is_off_is_404_on_every_route() {
    let app = TestApp::with(&[("api.families", "session")]).await;
    assert_eq!(statuses(&app, &VERIFIED).await, [404; 9]);
    assert!(
        statuses(&app, &SESSION)
            .await
            .iter()
            .all(|status| *status != 404)
    );
    assert!(
        !paths(&app)
            .await
            .iter()
            .any(|path| path.starts_with("/api/v1"))
    );

    let app = TestApp::with(&[("api.families", "verified")]).await;
    assert_eq!(statuses(&app, &SESSION).await, [404; 5]);
    assert!(
        statuses(&app, &VERIFIED)
            .await
            .iter()
            .all(|status| *status != 404)
    );
    let document = paths(&app).await;
    assert!(
        SESSION
            .iter()
            .all(|(_, path)| !document.iter().any(|documented| documented == path))
    );
}

#[tokio::test]
async fn sec_i34_a_method_does_not_tell_that_a_family_is_off() {
    let app = TestApp::with(&[("api.families", "session")]).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
        for (_, path) in VERIFIED {
            let answer = app.request(method.parse().unwrap(), path).send().await;
            assert_eq!(answer.status, 404, "{method} {path}");
            if method != "HEAD" {
                assert_eq!(answer.json(), json!({"detail": "Not Found"}));
            }
        }
    }
}

#[tokio::test]
async fn sec_i34_a_moved_prefix_leaves_nothing_behind() {
    let app = TestApp::with(&[("api.v1_prefix", "/api/v2")]).await;
    assert_eq!(statuses(&app, &VERIFIED).await, [404; 9]);
    let body = json!({"email": "ada@example.com", "password": "correct horse"});
    app.post("/api/v2/users")
        .json(body)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn sec_i34_without_docs_the_documents_are_not_there() {
    let app = TestApp::with(&[("api.docs", "false")]).await;
    for path in ["/docs", "/redoc", "/openapi.json", "/api/v1/openapi.json"] {
        app.get(path).send().await.expect(404);
    }
    let welcome = app
        .get("/")
        .header("accept", "text/html")
        .send()
        .await
        .expect(200);
    assert!(!welcome.text().contains("/docs"));
}

/// What a route that demands a token says where there is none.
fn without_token(path: &str) -> (u16, &'static str) {
    match path {
        _ if path.starts_with("/v1/") => (401, "token_missing"),
        _ if path.starts_with("/users") => (
            401,
            "Authorization header is missing. Please include a valid 'Authorization' header.",
        ),
        _ => (403, "Not authenticated"),
    }
}

#[tokio::test]
async fn sec_8_1_1_every_route_of_the_document_says_whether_it_takes_a_token_and_holds_to_it() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let document = app.get("/openapi.json").send().await.expect(200).json();
    let mut guarded = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let demanded = !security.is_empty()
                && !security
                    .iter()
                    .any(|way| way.as_object().is_some_and(serde_json::Map::is_empty));
            let request = app.request(
                method.to_uppercase().parse().unwrap(),
                &path.replace("{name}", "a.txt"),
            );
            let answer = request.header("host", "127.0.0.1:8000").send().await;
            if demanded {
                guarded.push(format!("{method} {path}"));
                let (status, says) = without_token(path);
                let body = answer.expect(status).json();
                let said = body.get("code").unwrap_or(&body["detail"]);
                assert_eq!(said, says, "{method} {path}");
            } else {
                // Signing out takes one token or the other, and so none of them in particular.
                let either = path == "/v1/sign-out";
                assert!(answer.status != 401 || either, "{method} {path}");
            }
        }
    }
    guarded.sort_unstable();
    // Family `code` takes its tokens in headers of its own, which the document describes as parameters.
    let expected: Vec<Value> = vec![
        json!("delete /api/v1/users/delete-file/{name}"),
        json!("delete /users"),
        json!("delete /v1/sessions"),
        json!("delete /v1/sessions/{id}"),
        json!("get /api/profile"),
        json!("get /api/v1/users/download-file/{name}"),
        json!("get /api/v1/users/profile"),
        json!("get /users"),
        json!("get /v1/me"),
        json!("get /v1/sessions"),
        json!("patch /v1/me"),
        json!("post /api/logout"),
        json!("post /api/v1/users/upload-file"),
        json!("put /users"),
        json!("put /users/email"),
        json!("put /users/password"),
    ];
    assert_eq!(json!(guarded), json!(expected));
}
