//! The OpenAPI document and the two pages that show it.

use crate::support::TestApp;
use serde_json::{Map, Value, json};

async fn document(app: &TestApp) -> Value {
    app.get("/openapi.json").send().await.expect(200).json()
}

/// Every object of a document.
fn objects<'a>(value: &'a Value, found: &mut Vec<&'a Map<String, Value>>) {
    match value {
        Value::Object(members) => {
            found.push(members);
            members.values().for_each(|member| objects(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn schema_names(document: &Value) -> Vec<String> {
    document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_is_found_under_both_names() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["title"], "Doorward");
    assert_eq!(
        app.get("/api/v1/openapi.json")
            .send()
            .await
            .expect(200)
            .json(),
        document
    );
}

#[tokio::test]
async fn every_reference_in_the_document_resolves() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let mut found = Vec::new();
    objects(&document, &mut found);
    let references: Vec<_> = found
        .iter()
        .filter_map(|object| object.get("$ref")?.as_str())
        .collect();
    assert!(references.len() > 10, "{}", references.len());
    for reference in references {
        let pointer = reference
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[tokio::test]
async fn every_documented_route_is_there_and_every_operation_is_named_once() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let document = document(&app).await;
    let mut names = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let request = app.request(
                method.to_uppercase().parse().unwrap(),
                &path.replace("{name}", "a.txt"),
            );
            let answer = request.header("host", "127.0.0.1:8000").send().await;
            assert!(
                !matches!(answer.status, 404 | 405),
                "{method} {path}: {answer}"
            );
            assert!(
                !operation["responses"].as_object().unwrap().is_empty(),
                "{method} {path}"
            );
            names.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[tokio::test]
async fn every_answer_that_was_given_is_documented() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let documented = |path: &str, method: &str, status: u16| {
        let answers = &document["paths"][path][method]["responses"];
        assert!(
            answers[status.to_string()].is_object(),
            "{method} {path}: {status} is not in {answers}"
        );
    };
    for (path, body, status) in [
        (
            "/api/register",
            json!({"login": "ada", "password": "Correct horse 1"}),
            201,
        ),
        (
            "/api/register",
            json!({"login": "ada", "password": "Correct horse 1"}),
            409,
        ),
        ("/api/register", json!({}), 422),
        (
            "/api/login",
            json!({"login": "ada", "password": "Correct horse 1"}),
            200,
        ),
        (
            "/api/login",
            json!({"login": "ada", "password": "Correct horse 2"}),
            401,
        ),
        (
            "/api/v1/users",
            json!({"email": "ada@example.com", "password": "correct horse"}),
            201,
        ),
        (
            "/api/v1/users",
            json!({"email": "ada@example.com", "password": "correct horse"}),
            400,
        ),
        (
            "/api/v1/auth/login",
            json!({"email": "ada@example.com", "password": "correct horse"}),
            403,
        ),
        (
            "/api/v1/auth/verify-otp",
            json!({"email": "ada@example.com", "otp": "wrong"}),
            400,
        ),
        (
            "/api/v1/auth/send-otp",
            json!({"email": "ada@example.com"}),
            429,
        ),
        (
            "/api/v1/auth/refresh-token",
            json!({"refresh_token": "a.b.c"}),
            401,
        ),
    ] {
        app.post(path).json(body).send().await.expect(status);
        documented(path, "post", status);
    }
    for (path, method) in [
        ("/api/profile", "get"),
        ("/api/v1/users/profile", "get"),
        ("/api/logout", "post"),
    ] {
        documented(path, method, 403);
    }
}

#[tokio::test]
async fn a_familys_schemas_carry_its_name_and_leave_with_it() {
    let app = TestApp::start().await;
    let names = schema_names(&document(&app).await);
    assert!(
        names.iter().any(|name| name.starts_with("session"))
            && names.iter().any(|name| name.starts_with("verified")),
        "{names:?}"
    );
    for (family, other) in [("session", "verified"), ("verified", "session")] {
        let app = TestApp::with(&[("api.families", family)]).await;
        let document = document(&app).await;
        let names = schema_names(&document);
        assert!(
            names.iter().any(|name| name.starts_with(family)),
            "{names:?}"
        );
        assert!(
            !names.iter().any(|name| name.starts_with(other)),
            "{names:?}"
        );
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert!(
                    !operation["tags"].to_string().contains(other),
                    "{operation}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_document_follows_the_prefix() {
    let app = TestApp::with(&[("api.v1_prefix", "/base")]).await;
    let document = document(&app).await;
    assert!(document["paths"]["/base/users"].is_object());
    assert!(document["paths"]["/api/v1/users"].is_null());
    app.get("/base/openapi.json").send().await.expect(200);
}

/// What a page or one of its files loads.
fn addresses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\"", "url(", "src='", "href='"] {
        for (at, _) in text.match_indices(attribute) {
            let rest = &text[at + attribute.len()..];
            found.push(
                rest.chars()
                    .take_while(|c| !matches!(c, '"' | '\'' | ')'))
                    .collect(),
            );
        }
    }
    found
}

#[tokio::test]
async fn the_pages_of_the_document_work_offline() {
    let app = TestApp::start().await;
    for page in ["/docs", "/redoc"] {
        let answer = app.get(page).send().await.expect(200);
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
        let policy = answer.header("content-security-policy").unwrap().to_owned();
        assert!(
            !policy.contains("http:")
                && !policy.contains("https:")
                && policy.contains("default-src 'none'"),
            "{policy}"
        );
        let loaded = addresses(&answer.text());
        assert!(
            loaded.iter().any(|address| address.contains(".js")),
            "{page}: {loaded:?}"
        );
        for address in loaded {
            assert!(
                !address.starts_with("http") && !address.starts_with("//"),
                "{page} loads {address}"
            );
            if address.starts_with('#') || address.starts_with("data:") {
                continue;
            }
            let path = if address.starts_with('/') {
                address
            } else {
                format!("/{}", address.trim_start_matches("./"))
            };
            let file = app.get(&path).send().await;
            assert_eq!(file.status, 200, "{page} loads {path}: {}", file.status);
            assert!(!file.body.is_empty());
        }
    }
}

#[tokio::test]
async fn a_page_of_the_document_never_sends_it_elsewhere() {
    let app = TestApp::start().await;
    let start = app
        .get("/docs/swagger-initializer.js")
        .send()
        .await
        .expect(200)
        .text();
    assert!(start.contains("/openapi.json"), "{start}");
    assert!(!start.contains("validator.swagger.io"), "{start}");
    app.get("/docs/nothing.js").send().await.expect(404);
    app.get("/redoc/nothing.js").send().await.expect(404);
}
