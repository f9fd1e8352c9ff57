//! Families on and off, in every combination.

use super::methods::listed;
use super::{ROUTES, owners, template};
use crate::support::{Answer, PASSWORD, TestApp};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FAMILIES: [&str; 5] = ["code", "confirm", "proof", "session", "verified"];

/// Every choice of families, with none of them among it.
fn sets() -> impl Iterator<Item = Vec<&'static str>> {
    (0..1 << FAMILIES.len()).map(|set| {
        let on = FAMILIES.iter().enumerate();
        on.filter(|(n, _)| set & (1 << n) != 0)
            .map(|(_, family)| *family)
            .collect()
    })
}

/// The routes of the families that are on.
fn routes_of(on: &[&str]) -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES
        .into_iter()
        .filter(|(method, path)| owners(method, path).iter().any(|owner| on.contains(owner)))
}

/// The methods that are answered under a path.
fn allowed(on: &[&str], path: &str) -> Vec<&'static str> {
    let mut methods: Vec<_> = routes_of(on)
        .filter(|(_, other)| *other == path)
        .map(|(method, _)| method)
        .collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods
}

/// The operations of the families in the API description, each as method and path.
async fn described(app: &TestApp) -> BTreeSet<(String, String)> {
    let document = app.get("/openapi.json").send().await.expect(200).json();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let tags = operation["tags"].as_array().unwrap();
            if tags
                .iter()
                .any(|tag| FAMILIES.iter().any(|family| tag == family))
            {
                operations.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    operations
}

async fn choosing(on: &[&str]) -> TestApp {
    TestApp::with(&[
        ("api.families", &json!(on).to_string()),
        ("rate_limit.enabled", "false"),
    ])
    .await
}

#[tokio::test]
async fn sec_i34_a_family_that_is_off_answers_404_and_leaves_the_api_description() {
    for on in sets() {
        let app = choosing(&on).await;
        for (method, path) in ROUTES {
            let answer = app.request(method.parse().unwrap(), path).send().await;
            let allowed = allowed(&on, path);
            if allowed.contains(&method) {
                assert!(
                    ![404, 405].contains(&answer.status),
                    "{on:?} {method} {path}: {answer}"
                );
            } else if allowed.is_empty() {
                answer.says(404, "Not Found");
            } else {
                let answer = answer.says(405, "Method Not Allowed");
                assert_eq!(
                    listed(answer.header("allow").unwrap()),
                    allowed,
                    "{on:?} {path}"
                );
            }
        }
        let expected: BTreeSet<_> = routes_of(&on)
            .map(|(method, path)| (method.to_owned(), template(path)))
            .collect();
        let mut found = described(&app).await;
        // Health is told by the server and by family `proof`, and a `POST` may be the other family's.
        found.retain(|(_, path)| !path.ends_with("/health"));
        assert_eq!(found, expected, "{on:?}");
    }
}

#[tokio::test]
async fn a_405_carries_the_joined_allow_of_the_families_that_are_on() {
    for on in [&["code", "confirm"][..], &["code"], &["confirm"], &FAMILIES] {
        let app = choosing(on).await;
        let paths: BTreeSet<_> = routes_of(on).map(|(_, path)| path).collect();
        for path in paths {
            let propfind: Method = "PROPFIND".parse().unwrap();
            let refused = app.request(propfind, path).send().await;
            let refused = refused.says(405, "Method Not Allowed");
            let options = app.request(Method::OPTIONS, path).send().await.expect(204);
            for answer in [refused, options] {
                let allow = answer.header("allow").unwrap();
                assert_eq!(listed(allow), allowed(on, path), "{on:?} {path}");
            }
        }
    }
}

/// Which of the two families that meet speaks in an answer.
#[track_caller]
fn speaker(answer: &Answer) -> &'static str {
    let body = answer.json();
    assert!((400..500).contains(&answer.status), "{answer}");
    match &body["detail"] {
        Value::Array(_) => "confirm",
        Value::String(said) if said == "Invalid or expired refresh token" => "confirm",
        Value::String(_) if body["error"].is_string() => "confirm",
        Value::String(_) => "code",
        _ => panic!("{answer}"),
    }
}

#[tokio::test]
async fn where_families_meet_the_request_says_whose_it_is() {
    for on in [&["code", "confirm"][..], &["code"], &["confirm"], &FAMILIES] {
        let app = choosing(on).await;
        let whose = |family| if on.contains(&family) { family } else { on[0] };
        let form = "application/x-www-form-urlencoded";
        let multipart = "multipart/form-data; boundary=x";
        for (path, header, content_type, body, family) in [
            ("/auth/refresh", true, "", "", "code"),
            (
                "/auth/refresh",
                true,
                "application/json",
                r#"{"refresh_token": "a"}"#,
                "code",
            ),
            (
                "/auth/refresh",
                false,
                "application/json",
                r#"{"refresh_token": "a"}"#,
                "confirm",
            ),
            ("/auth/refresh", false, "", "", "confirm"),
            ("/auth/refresh/", true, "", "", "code"),
            (
                "/auth/token",
                false,
                "application/json",
                r#"{"email": "a@example.com"}"#,
                "code",
            ),
            ("/auth/token", false, "", "", "code"),
            ("/auth/token", true, form, "grant_type=password", "confirm"),
            (
                "/auth/token",
                false,
                "Application/X-WWW-Form-urlencoded; charset=utf-8",
                "",
                "confirm",
            ),
            ("/auth/token", false, multipart, "--x--\r\n", "confirm"),
            ("/auth/token/", false, form, "", "confirm"),
        ] {
            let mut request = app.post(path).body(content_type, body);
            if header {
                request = request.header("RT", "no-token");
            }
            let answer = request.send().await;
            assert_eq!(
                speaker(&answer),
                whose(family),
                "{on:?} {path} {content_type}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn everything_that_is_on_is_described() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").send().await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path) in ROUTES {
        let operation = &document["paths"][template(path)][method.to_lowercase()];
        assert!(operation["responses"].is_object(), "{method} {path}");
    }
    let same = app
        .get("/api/v1/openapi.json")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(document, same);
}

#[tokio::test]
async fn the_base_of_verified_is_a_setting() {
    let app = TestApp::with(&[("api.v1_prefix", "/identity")]).await;
    let form = json!({"email": "ada@example.com", "password": PASSWORD});
    app.post("/identity/users")
        .json(form.clone())
        .send()
        .await
        .expect(201);
    let code = app.code_for("ada@example.com").await;
    app.post("/identity/auth/verify-otp")
        .json(json!({"email": "ada@example.com", "otp": code}))
        .send()
        .await
        .expect(200);
    let answer = app
        .post("/identity/auth/login")
        .json(form)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.number("x-ratelimit-limit"), 10);
    app.get("/identity/users/profile")
        .bearer(&answer.field("access_token"))
        .send()
        .await
        .expect(200);
    app.post("/api/v1/users")
        .json(json!({}))
        .send()
        .await
        .says(404, "Not Found");
    app.post("/api/login")
        .json(json!({}))
        .send()
        .await
        .expect(422);
}
