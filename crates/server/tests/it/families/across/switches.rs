use super::ROUTES;
use crate::support::{PASSWORD, TestApp};
use serde_json::json;

fn of_session(path: &str) -> bool {
    !path.starts_with("/api/v1")
}

async fn described(app: &TestApp) -> Vec<String> {
    let document = app.get("/openapi.json").send().await.expect(200).json();
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[tokio::test]
async fn sec_i34_a_family_that_is_off_answers_404_and_leaves_the_api_description() {
    let app = TestApp::with(&[("api.families", "session")]).await;
    for (method, path) in ROUTES {
        let answer = app.request(method.parse().unwrap(), path).send().await;
        if of_session(path) {
            assert_ne!(answer.status, 404, "{method} {path}");
        } else {
            answer.says(404, "Not Found");
        }
    }
    let paths = described(&app).await;
    assert!(paths.iter().any(|path| path == "/api/login"), "{paths:?}");
    assert!(
        !paths.iter().any(|path| path.starts_with("/api/v1")),
        "{paths:?}"
    );

    let app = TestApp::with(&[("api.families", "verified")]).await;
    for (method, path) in ROUTES {
        let answer = app.request(method.parse().unwrap(), path).send().await;
        if of_session(path) {
            answer.says(404, "Not Found");
        } else {
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
    let paths = described(&app).await;
    assert!(paths.iter().all(|path| path != "/api/login"), "{paths:?}");
    assert!(
        paths.iter().any(|path| path == "/api/v1/auth/login"),
        "{paths:?}"
    );
}

#[tokio::test]
async fn everything_that_is_on_is_described() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").send().await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path) in ROUTES {
        let path = path.replace("absent.txt", "{name}");
        let operation = &document["paths"][&path][method.to_lowercase()];
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
