//! What a squatter prepares on an address before its owner comes, played through the families together; and what people
//! do who have done nothing wrong, and lose nothing.

use crate::support::{PASSWORD, Person, TestApp, named};
use doorward_domain::Span;
use http::Method;
use serde_json::{Value, json};

const SQUATTER: &str = "203.0.113.5";
const OWNER: &str = "198.51.100.9";
const ADDRESS: &str = "ada@example.com";
const NUMBER: &str = "+442079460018";

async fn send(
    app: &TestApp,
    from: &str,
    method: Method,
    path: &str,
    form: Value,
) -> crate::support::Answer {
    app.request(method, path).json(form).from(from).send().await
}

/// Somebody registers the address through `confirm`, and signs in at once, as that family allows.
async fn registered(app: &TestApp, from: &str) -> Person {
    let form = json!({"email": ADDRESS, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
    let answer = send(app, from, Method::POST, "/users", form)
        .await
        .expect(200);
    let form = json!({"email": ADDRESS, "password": PASSWORD});
    let tokens = send(app, from, Method::POST, "/auth/login", form)
        .await
        .expect(200);
    Person {
        email: ADDRESS.to_owned(),
        password: PASSWORD.to_owned(),
        id: answer.field("uuid"),
        access: tokens.field("access_token"),
        refresh: tokens.field("refresh_token"),
    }
}

async fn ask(app: &TestApp, from: &str, identifier: &str) -> String {
    app.advance(Span::minutes(1));
    send(app, from, Method::POST, "/auth/code", named(identifier))
        .await
        .expect(200);
    app.code_for(identifier).await
}

async fn by_code(
    app: &TestApp,
    from: &str,
    identifier: &str,
    password: Option<&str>,
) -> crate::support::Answer {
    let mut form = named(identifier);
    form["code"] = ask(app, from, identifier).await.into();
    form["password"] = password.into();
    send(app, from, Method::PUT, "/auth/token", form).await
}

async fn by_password(app: &TestApp, from: &str) -> u16 {
    let form = json!({"email": ADDRESS, "password": PASSWORD});
    send(app, from, Method::POST, "/auth/login", form)
        .await
        .status
}

async fn user(app: &TestApp, access: &str) -> crate::support::Answer {
    app.get("/v1/me").bearer(access).send().await
}

async fn adopt_number(app: &TestApp, from: &str, person: &Person) -> crate::support::Answer {
    let mut form = named(NUMBER);
    form["code"] = ask(app, from, NUMBER).await.into();
    form["password"] = PASSWORD.into();
    app.request(Method::PATCH, "/user/credentials")
        .header("JWT", &person.access)
        .json(form)
        .from(from)
        .send()
        .await
}

#[tokio::test]
async fn sec_i16_a_live_session_of_a_squatter_ends_with_the_owners_first_proof() {
    let app = TestApp::start().await;
    let squatter = registered(&app, SQUATTER).await;
    let owner = by_code(&app, OWNER, ADDRESS, None).await.expect(200);
    user(&app, &squatter.access).await.expect(401);
    let form = json!({"refresh_token": squatter.refresh});
    send(&app, SQUATTER, Method::POST, "/auth/refresh", form)
        .await
        .expect(401);
    assert_eq!(by_password(&app, SQUATTER).await, 401);
    assert_eq!(
        user(&app, &owner.field("JWT")).await.expect(200).json()["first_name"],
        Value::Null
    );
}

#[tokio::test]
async fn sec_i16_a_trojan_number_keeps_its_own_account_and_nothing_of_the_owners() {
    let app = TestApp::start().await;
    let squatter = registered(&app, SQUATTER).await;
    adopt_number(&app, SQUATTER, &squatter).await.expect(200);
    let owner = by_code(&app, OWNER, ADDRESS, None).await.expect(200);
    let owners = user(&app, &owner.field("JWT")).await.expect(200).json();
    assert_ne!(owners["id"], json!(squatter.id));
    assert_eq!(
        (owners["email"].as_str(), &owners["phone"]),
        (Some(ADDRESS), &Value::Null)
    );
    // The number still leads to the squatter's account, which has lost the address.
    let back = by_code(&app, SQUATTER, NUMBER, Some(PASSWORD))
        .await
        .expect(200);
    let squatters = user(&app, &back.field("JWT")).await.expect(200).json();
    assert_eq!(
        (squatters["id"].as_str(), &squatters["email"]),
        (Some(squatter.id.as_str()), &Value::Null)
    );
    assert_eq!(by_password(&app, SQUATTER).await, 401);
}

#[tokio::test]
async fn sec_i16_an_expired_code_that_is_asked_for_again_at_home_costs_nothing() {
    let app = TestApp::start().await;
    let person = registered(&app, OWNER).await;
    ask(&app, OWNER, ADDRESS).await;
    app.advance(Span::minutes(6));
    let tokens = by_code(&app, OWNER, ADDRESS, Some(PASSWORD))
        .await
        .expect(200);
    let me = user(&app, &tokens.field("JWT")).await.expect(200).json();
    assert_eq!(
        (me["id"].as_str(), me["first_name"].as_str()),
        (Some(person.id.as_str()), Some("Ada"))
    );
    user(&app, &person.access).await.expect(200);
    assert_eq!(by_password(&app, OWNER).await, 200);
}

#[tokio::test]
async fn sec_i16_the_right_password_beside_the_code_makes_its_sender_no_stranger() {
    let app = TestApp::start().await;
    let person = registered(&app, OWNER).await;
    by_code(&app, "198.18.0.1", ADDRESS, Some(PASSWORD))
        .await
        .expect(200);
    user(&app, &person.access).await.expect(200);
    assert_eq!(by_password(&app, OWNER).await, 200);
}

#[tokio::test]
async fn sec_i16_a_second_identifier_that_is_added_while_signed_in_costs_nothing() {
    let app = TestApp::start().await;
    let person = registered(&app, OWNER).await;
    let link = app.link_token_for(ADDRESS).await;
    app.get(&format!("/users/confirm/{link}"))
        .from(OWNER)
        .send()
        .await
        .expect(200);
    adopt_number(&app, "198.18.0.1", &person).await.expect(200);
    let me = user(&app, &person.access).await.expect(200).json();
    assert_eq!(
        (me["email"].as_str(), me["phone"].as_str()),
        (Some(ADDRESS), Some(NUMBER))
    );
    assert_eq!(by_password(&app, OWNER).await, 200);
    by_code(&app, "198.18.0.1", NUMBER, Some(PASSWORD))
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i16_a_proof_to_a_project_at_home_before_the_confirmation_costs_nothing() {
    let app = TestApp::start().await;
    let person = registered(&app, OWNER).await;
    let link = app.link_token_for(ADDRESS).await;
    app.advance(Span::seconds(1));
    let form = json!({"email": ADDRESS, "project_id": "shop"});
    send(&app, OWNER, Method::POST, "/api/v1/auth/send-code", form)
        .await
        .expect(200);
    let code = app.code_for(ADDRESS).await;
    let form = json!({"email": ADDRESS, "project_id": "shop", "code": code});
    let proof = send(&app, OWNER, Method::POST, "/api/v1/auth/verify-code", form)
        .await
        .expect(200);
    assert_eq!(proof.field("auth_user_id"), person.id);
    user(&app, &person.access).await.expect(200);
    assert_eq!(by_password(&app, OWNER).await, 200);
    // The link is still the registration's own, and finds everything done.
    let status = app
        .get(&format!("/users/confirm/{link}"))
        .from(OWNER)
        .send()
        .await
        .status;
    assert!(matches!(status, 200 | 400), "{status}");
    assert_eq!(by_password(&app, OWNER).await, 200);
}
