//! Family `verified`: an address proven by a mailed code, a password, access and refresh tokens, files.

mod buckets;
mod codes;
mod files;
mod guessing;
mod limits;
mod profile;
mod refreshing;
mod registering;
mod rotating;
mod served_files;
mod signing_in;

use crate::support::{Answer, Person, TestApp};
use serde_json::json;

const WRONG_CODE: &str = "Invalid or expired OTP";
const WRONG_PASSWORD: &str = "Incorrect email or password";
const WRONG_REFRESH: &str = "Invalid refresh token";
const WRONG_TOKEN: &str = "Could not validate credentials";
const RECENTLY_SENT: &str = "OTP recently sent. Please wait before requesting again.";
const UNVERIFIED: &str = "Email not verified. Please verify your email using the OTP sent to you.";

/// The client of those who do not say where they are.
const HOME: &str = "192.0.2.1";

/// Asks for a code from an address.
async fn send_otp(app: &TestApp, ip: &str, email: &str) -> Answer {
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": email}))
        .from(ip)
        .send()
        .await
}

/// Shows a code from an address.
async fn verify_otp(app: &TestApp, ip: &str, email: &str, otp: &str) -> Answer {
    let form = json!({"email": email, "otp": otp});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .from(ip)
        .send()
        .await
}

/// Tries to sign in.
async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    let form = json!({"email": email, "password": password});
    app.post("/api/v1/auth/login").json(form).send().await
}

/// Refreshes with a token in an object.
async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": token}))
        .send()
        .await
}

/// Looks at the profile that a token opens.
async fn profile(app: &TestApp, token: &str) -> Answer {
    app.get("/api/v1/users/profile").bearer(token).send().await
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

/// Registers with nothing but what is needed.
async fn register(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/v1/users")
        .json(json!({"email": email, "password": password}))
        .send()
        .await
}

/// An access token that is not good answers so, with the challenge of RFC 6750.
#[track_caller]
fn is_unauthenticated(answer: Answer) {
    let answer = answer.says(401, WRONG_TOKEN);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

/// A refresh token that is not good answers so.
#[track_caller]
fn is_no_refresh(answer: Answer) {
    let answer = answer.says(401, WRONG_REFRESH);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

/// The name under which a person's file is told.
fn object_name(person: &Person, name: &str) -> String {
    format!("user-files/{}/{name}", person.id)
}
