//! Family `confirm`: a mailed link confirms an address, a password gives tokens, and a refresh token gives the next.

mod changing;
mod deleting;
mod form;
mod limits;
mod links;
mod page;
mod passwords;
mod races;
mod refreshing;
mod registering;
mod signing_in;
mod strictly;
mod user;

use crate::support::{Answer, PASSWORD, Person, Request, TestApp};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const NEW_PASSWORD: &str = "Another-Horse-8-Battery";

const TAKEN: &str = "Email already registered";
const WRONG_LINK: &str = "Invalid or expired token";
const WRONG_PASSWORD: &str = "Invalid credentials";
const WRONG_REFRESH: &str = "Invalid or expired refresh token";
const WRONG_TOKEN: &str = "Invalid token.";
const EXPIRED_TOKEN: &str = "Token has expired.";
const NO_HEADER: &str =
    "Authorization header is missing. Please include a valid 'Authorization' header.";
const OTHER_SCHEME: &str = "Invalid authorization header format. Expected 'Bearer <token>'.";

/// What a browser asks for.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// How a browser sends a form.
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Where the service is, as far as its own pages know.
const OWN: &str = "http://127.0.0.1:8000";

/// What registering sends.
fn registration(email: &str) -> Value {
    json!({"email": email, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD})
}

/// Tries to register.
async fn register(app: &TestApp, email: &str) -> Answer {
    app.post("/users").json(registration(email)).send().await
}

/// Somebody who has registered and not looked at their mail.
async fn registered(app: &TestApp, email: &str) -> Person {
    Person {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        id: register(app, email).await.expect(200).field("uuid"),
        access: String::new(),
        refresh: String::new(),
    }
}

/// Somebody who has registered and confirmed their address.
async fn confirmed(app: &TestApp, email: &str) -> Person {
    let person = registered(app, email).await;
    let link = link_to(app, email).await;
    app.get(&link).send().await.expect(200);
    person
}

/// Somebody who has registered, confirmed their address and signed in.
async fn member(app: &TestApp, email: &str) -> Person {
    let person = confirmed(app, email).await;
    signed_in_again(app, &person).await
}

/// The same person in one more session.
async fn signed_in_again(app: &TestApp, person: &Person) -> Person {
    let answer = login(app, &person.email, &person.password)
        .await
        .expect(200);
    Person {
        access: answer.field("access_token"),
        refresh: answer.field("refresh_token"),
        ..person.clone()
    }
}

/// The path of the link in the newest mail to an address.
async fn link_to(app: &TestApp, email: &str) -> String {
    format!("/users/confirm/{}", app.link_token_for(email).await)
}

/// Opens a link as a browser does.
fn open(app: &TestApp, link: &str) -> Request {
    app.get(link).header("accept", BROWSER)
}

/// Answers a link as a program does.
fn answer(app: &TestApp, link: &str, answer: &str) -> Request {
    app.post(link).body(URLENCODED, format!("answer={answer}"))
}

/// Tries to sign in.
async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    let form = json!({"email": email, "password": password});
    app.post("/auth/login").json(form).send().await
}

/// Shows a refresh token.
async fn refresh(app: &TestApp, token: &str) -> Answer {
    let form = json!({"refresh_token": token});
    app.post("/auth/refresh").json(form).send().await
}

/// Looks at the user that a token opens.
async fn user(app: &TestApp, token: &str) -> Answer {
    app.get("/users").bearer(token).send().await
}

/// Changes something.
async fn put(app: &TestApp, path: &str, token: &str, form: Value) -> Answer {
    let request = app.request(http::Method::PUT, path).bearer(token);
    request.json(form).send().await
}

/// Whether the user of a token counts as active.
async fn is_active(app: &TestApp, token: &str) -> bool {
    user(app, token).await.expect(200).json()["is_active"] == json!(true)
}

/// A 401 says so with the challenge of RFC 6750.
#[track_caller]
fn is_unauthenticated(answer: Answer, sentence: &str) {
    let answer = answer.says(401, sentence);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

/// What was done is told to a program.
#[track_caller]
fn succeeds(answer: Answer, message: &str) {
    let answer = answer.expect(200);
    assert_eq!(
        answer.json(),
        json!({"type": "Success", "message": message})
    );
}
