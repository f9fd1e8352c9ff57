use super::{is_unauthenticated, profile};
use crate::support::{TestApp, tampered};
use doorward_domain::Span;
use serde_json::json;

const ADA: &str = "ada@example.com";

/// The routes that only a token opens.
const PROTECTED: [(&str, &str); 4] = [
    ("GET", "/api/v1/users/profile"),
    ("POST", "/api/v1/users/upload-file"),
    ("GET", "/api/v1/users/download-file/a.txt"),
    ("DELETE", "/api/v1/users/delete-file/a.txt"),
];

#[tokio::test]
async fn the_profile_is_the_user() {
    let app = TestApp::start().await;
    let created = app.app.now().to_rfc3339();
    let person = app.signed_in(ADA).await;
    let answer = profile(&app, &person.access).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "id": person.id, "email": ADA, "full_name": "Ada Lovelace", "created_at": created, "is_email_verified": true,
        })
    );
}

#[tokio::test]
async fn every_protected_route_says_so_without_a_header() {
    let app = TestApp::start().await;
    for (method, path) in PROTECTED {
        app.request(method.parse().unwrap(), path)
            .send()
            .await
            .says(403, "Not authenticated");
    }
}

#[tokio::test]
async fn every_protected_route_refuses_every_token_that_is_not_good() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let other = app.signed_in("bob@example.com").await;
    let stolen = tampered(&person.access, |claims| claims["sub"] = json!(other.id));
    let over = app.signed_in("eve@example.com").await;
    app.post("/api/logout")
        .bearer(&over.access)
        .send()
        .await
        .expect(200);
    for (method, path) in PROTECTED {
        for token in ["garbage", "a.b.c", &stolen, &person.refresh, &over.access] {
            is_unauthenticated(
                app.request(method.parse().unwrap(), path)
                    .bearer(token)
                    .send()
                    .await,
            );
        }
    }
}

#[tokio::test]
async fn an_access_token_is_good_for_half_an_hour() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    app.advance(Span::seconds(1799));
    profile(&app, &person.access).await.expect(200);
    app.advance(Span::seconds(1));
    is_unauthenticated(profile(&app, &person.access).await);
}

#[tokio::test]
async fn sec_15_3_7_two_tokens_are_no_token() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let request = app
        .get("/api/v1/users/profile")
        .bearer(&person.access)
        .bearer(&person.access);
    let answer = request.send().await;
    assert!([401, 403].contains(&answer.status), "{answer}");
}
