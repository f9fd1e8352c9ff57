//! The user of a token, and how tokens that are not good are told apart.

use super::{
    ADA, EXPIRED_TOKEN, NO_HEADER, OTHER_SCHEME, WRONG_TOKEN, is_unauthenticated, member,
    registered, signed_in_again, user,
};
use crate::support::{TestApp, tampered};
use doorward_domain::Span;
use http::Method;
use serde_json::json;

/// Every route that takes an access token.
const ROUTES: [(Method, &str); 5] = [
    (Method::GET, "/users"),
    (Method::PUT, "/users"),
    (Method::DELETE, "/users"),
    (Method::PUT, "/users/email"),
    (Method::PUT, "/users/password"),
];

#[tokio::test]
async fn the_user_has_the_documented_fields() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    assert_eq!(
        user(&app, &person.access).await.expect(200).json(),
        json!({
            "uuid": person.id, "email": ADA, "first_name": "Ada", "last_name": "Lovelace",
            "is_active": true,
        })
    );
}

#[tokio::test]
async fn a_user_is_active_once_the_address_is_confirmed() {
    let app = TestApp::start().await;
    let person = registered(&app, ADA).await;
    let person = signed_in_again(&app, &person).await;
    assert!(!super::is_active(&app, &person.access).await);
    let link = super::link_to(&app, ADA).await;
    app.get(&link).send().await.expect(200);
    assert!(super::is_active(&app, &person.access).await);
}

#[tokio::test]
async fn what_a_user_of_another_family_lacks_is_null() {
    let app = TestApp::start().await;
    let other = app.member("ada").await;
    assert_eq!(
        user(&app, &other.access).await.expect(200).json(),
        json!({
            "uuid": other.id, "email": null, "first_name": null, "last_name": null,
            "is_active": false,
        })
    );
}

#[tokio::test]
async fn a_missing_header_another_scheme_an_expired_and_a_wrong_token_are_told_apart() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let person = member(&app, ADA).await;
    let stolen = tampered(&person.access, |claims| claims["sub"] = json!("x"));
    for (method, path) in ROUTES {
        let request = || app.request(method.clone(), path).json(json!({}));
        is_unauthenticated(request().send().await, NO_HEADER);
        for scheme in ["Basic YTpi", "abc", "Token abc", "Bearer"] {
            let answer = request().header("authorization", scheme).send().await;
            is_unauthenticated(answer, OTHER_SCHEME);
        }
        for token in ["abc", "a.b.c", &stolen, &person.refresh] {
            is_unauthenticated(request().bearer(token).send().await, WRONG_TOKEN);
        }
    }
    app.advance(Span::minutes(30));
    for (method, path) in ROUTES {
        let request = app.request(method, path).json(json!({}));
        is_unauthenticated(request.bearer(&person.access).send().await, EXPIRED_TOKEN);
    }
}

#[tokio::test]
async fn sec_i14_a_session_that_ended_opens_nothing() {
    let app = TestApp::start().await;
    let person = member(&app, ADA).await;
    app.post("/api/logout")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    is_unauthenticated(user(&app, &person.access).await, WRONG_TOKEN);
}
