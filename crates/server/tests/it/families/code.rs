//! Family `code`: a one-time code signs in, and the password is the second step.

mod asking;
mod cleaning;
mod credentials;
mod deleting;
mod limits;
mod passwords;
mod profile;
mod races;
mod refreshing;
mod second_step;
mod signing_in;
mod sms;
mod states;

use crate::support::{Answer, PASSWORD, Person, Request, TestApp, named};
use http::Method;
use serde_json::{Value, json};

const AMBIGUOUS: &str = "Either email or phone must be provided";
const WRONG_CODE: &str = "Invalid code";
const DEAD_CODE: &str = "Code has expired";
const TOO_MANY_CODES: &str = "Too many code attempts";
const TOO_MANY_TOKENS: &str = "Too many token attempts";
const WRONG_PASSWORD: &str = "Invalid password";
const NO_PASSWORD: &str = "Password is required";
const SUSPENDED: &str = "Account is suspended. Please contact support";
const BANNED: &str = "Account is banned";
const DELETED: &str = "Account is deleted";
const DEAD_TOKEN: &str = "Token has expired";

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const PHONE: &str = "+442079460018";

/// The client of those who do not say where they are, and one of another network.
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "203.0.113.5";

/// Nothing has to be waited for: neither codes nor tokens, and no client is limited.
const EAGER: [(&str, &str); 3] = [
    ("codes.sign_in.cooldown", "0s"),
    ("api.code.token_cooldown", "0s"),
    ("rate_limit.enabled", "false"),
];

/// Asks for a code from an address.
async fn ask(app: &TestApp, ip: &str, identifier: &str) -> Answer {
    app.post("/auth/code")
        .json(named(identifier))
        .from(ip)
        .send()
        .await
}

/// The form that shows a code.
fn shown(identifier: &str, code: &str) -> Value {
    let mut form = named(identifier);
    form["code"] = code.into();
    form
}

/// The form that shows a code and a password.
fn both(identifier: &str, code: &str, password: &str) -> Value {
    let mut form = shown(identifier, code);
    form["password"] = password.into();
    form
}

/// Asks for tokens.
async fn token(app: &TestApp, ip: &str, form: Value) -> Answer {
    app.request(Method::PUT, "/auth/token")
        .json(form)
        .from(ip)
        .send()
        .await
}

/// Asks for tokens with a code alone, from home.
async fn sign_in(app: &TestApp, identifier: &str, code: &str) -> Answer {
    token(app, HOME, shown(identifier, code)).await
}

/// Spends a refresh token.
async fn refresh(app: &TestApp, token: &str) -> Answer {
    let request = app.request(Method::PATCH, "/auth/refresh");
    request.header("RT", token).send().await
}

/// A request that shows an access token.
fn call(app: &TestApp, method: &str, path: &str, token: &str) -> Request {
    let method = method.parse().expect("a method");
    app.request(method, path).header("JWT", token)
}

/// Changes the profile.
async fn update(app: &TestApp, token: &str, form: Value) -> Answer {
    let request = call(app, "PUT", "/user/profile", token);
    request.json(form).send().await
}

/// Reads the profile.
async fn profile(app: &TestApp, token: &str) -> Answer {
    update(app, token, json!({})).await
}

/// Sets, changes or removes the password.
async fn password(app: &TestApp, token: &str, form: Value) -> Answer {
    let request = call(app, "POST", "/user/password", token);
    request.json(form).send().await
}

/// Takes an address or a phone.
async fn adopt(app: &TestApp, token: &str, form: Value) -> Answer {
    let request = call(app, "PATCH", "/user/credentials", token);
    request.json(form).send().await
}

/// Deletes the account.
async fn delete(app: &TestApp, token: &str, form: Value) -> Answer {
    let request = call(app, "DELETE", "/user/profile", token);
    request.json(form).send().await
}

/// Somebody who has signed in with a code and set a password.
async fn guarded(app: &TestApp, identifier: &str) -> Person {
    let person = app.by_code(identifier).await;
    let form = json!({"password": PASSWORD});
    password(app, &person.access, form).await.expect(200);
    Person {
        password: PASSWORD.to_owned(),
        ..person
    }
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

/// The answer asks to wait for so long, in the sentence and in the header alike.
#[track_caller]
fn waits(answer: Answer, sentence: &str, seconds: i64) {
    let answer = answer.says(429, &format!("{sentence}, cooldown: {seconds}"));
    assert_eq!(answer.number("retry-after"), seconds);
}

/// A token that is over answers so, with the challenge of RFC 6750.
#[track_caller]
fn is_over(answer: Answer) {
    let answer = answer.says(401, DEAD_TOKEN);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

/// The address of the `n`th stranger: each in a network of their own.
fn stranger(n: usize) -> String {
    format!("10.{}.{}.7", n / 256 % 256, n % 256)
}

/// How many answers have this status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}
