//! The native API and its pages, sentence by sentence of `docs/native.md`.

mod escalation;
mod forgetting;
mod limits;
mod me;
mod problems;
mod refreshing;
mod reset_page;
mod resetting;
mod rotation;
mod sessions;
mod signing_out;

use crate::support::{Answer, Person, TestApp};
use doorward_domain::Email;
use doorward_service::sessions as service_sessions;
use doorward_service::tokens::Tokens;
use secrecy::ExposeSecret;
use serde_json::json;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// The client of those who do not say where they are.
const HOME: &str = "192.0.2.1";
/// A client in a network that nobody has signed in from.
const ELSEWHERE: &str = "203.0.113.5";

const NEW_PASSWORD: &str = "another-Horse-8-Staple";

/// Looks at whoever a token belongs to.
async fn me(app: &TestApp, token: &str) -> Answer {
    app.get("/v1/me").bearer(token).send().await
}

/// Asks for the way back in.
async fn forgot(app: &TestApp, ip: &str, email: &str) -> Answer {
    app.post("/v1/password/forgot")
        .json(json!({"email": email}))
        .from(ip)
        .send()
        .await
}

/// Sets a new password with a code.
async fn reset_by_code(app: &TestApp, ip: &str, email: &str, code: &str, password: &str) -> Answer {
    let form = json!({"email": email, "code": code, "password": password});
    app.post("/v1/password/reset")
        .json(form)
        .from(ip)
        .send()
        .await
}

/// Sets a new password with the secret of a link.
async fn reset_by_link(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post("/v1/password/reset")
        .json(json!({"token": token, "password": password}))
        .send()
        .await
}

/// Tries to sign in, through family `verified`.
async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/login")
        .json(json!({"email": email, "password": password}))
        .send()
        .await
}

/// Spends a refresh token.
async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/v1/tokens/refresh")
        .json(json!({"refresh_token": token}))
        .send()
        .await
}

/// A session that rotates, opened beneath the surfaces.
async fn rotating_session(app: &TestApp, person: &Person) -> Person {
    let command = service_sessions::SignIn {
        identifier: Email::parse(&person.email).unwrap().into(),
        password: person.password.clone().into(),
    };
    let tokens: Tokens = service_sessions::sign_in(&app.app, &app.operator(), command)
        .await
        .unwrap();
    Person {
        access: tokens.access_token.expose_secret().to_owned(),
        refresh: tokens.refresh.unwrap().token.expose_secret().to_owned(),
        ..person.clone()
    }
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

/// The answer is a problem document with this code (RFC 9457).
#[track_caller]
fn is_problem(answer: Answer, status: u16, code: &str) -> Answer {
    let answer = answer.expect(status);
    let body = answer.json();
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{answer}"
    );
    assert_eq!(body["code"], code, "{answer}");
    assert_eq!(body["status"], json!(status), "{answer}");
    assert_eq!(
        body["type"],
        format!("urn:doorward:problem:{code}"),
        "{answer}"
    );
    assert!(
        body["title"]
            .as_str()
            .is_some_and(|title| title.ends_with('.')),
        "{answer}"
    );
    answer
}

/// The input is refused, and for exactly these fields.
#[track_caller]
fn finds_fault_with(answer: Answer, fields: &[&str]) {
    let answer = is_problem(answer, 422, "field_invalid");
    let body = answer.json();
    let errors = body["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no list of faults: {answer}"));
    let found: Vec<_> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(found, fields, "{answer}");
    assert!(
        errors.iter().all(|error| error["detail"].is_string()),
        "{answer}"
    );
}
