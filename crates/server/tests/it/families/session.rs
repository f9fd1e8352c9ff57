//! Family `session`: a login and a password, sessions that can be ended, and the gateway in front.

mod deleting;
mod gateway;
mod profile;
mod registering;
mod signing_in;
mod signing_out;

use crate::support::{Answer, TestApp};
use serde_json::json;

/// Registers, wherever that leads.
async fn register(app: &TestApp, login: &str, password: &str) -> Answer {
    let form = json!({"login": login, "password": password});
    app.post("/api/register").json(form).send().await
}

/// Tries to sign in.
async fn login(app: &TestApp, login: &str, password: &str) -> Answer {
    let form = json!({"login": login, "password": password});
    app.post("/api/login").json(form).send().await
}

/// Looks at the profile that a token opens.
async fn profile(app: &TestApp, token: &str) -> Answer {
    app.get("/api/profile").bearer(token).send().await
}

/// The answer to whoever shows a wrong login or password.
#[track_caller]
fn is_wrong(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer}");
    assert_eq!(answer.json(), json!({"message": "Invalid credentials"}));
}

/// Passwords that break a rule of this family, each with the first complaint about it.
const UNFIT: [(&str, &str); 6] = [
    ("Abc1", "Password must be at least 8 characters long"),
    (
        "abcdefgh",
        "Password must contain at least one uppercase letter",
    ),
    (
        "abcdefg1",
        "Password must contain at least one uppercase letter",
    ),
    (
        "ABCDEFGH",
        "Password must contain at least one lowercase letter",
    ),
    (
        "ABCDEFG1",
        "Password must contain at least one lowercase letter",
    ),
    ("Abcdefgh", "Password must contain at least one digit"),
];
