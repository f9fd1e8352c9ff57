//! Family `proof`: a mailed code becomes a signed statement that its reader holds the address.

mod across;
mod guessing;
mod jws;
mod limits;
mod proving;
mod races;
mod sending;
mod signature;

use crate::support::{Answer, TestApp};
use doorward_domain::Span;
use serde_json::{Value, json};

const WRONG_CODE: &str = "Invalid or expired verification code";
const TOO_MANY: &str = "Too many requests. Please try again later.";

const ADA: &str = "ada@example.com";
const SHOP: &str = "shop";

/// The client of those who do not say where they are, and one of another network.
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "203.0.113.5";

/// What consumers share in tests that check a signature.
const KEY: &str = "nY4vK8wQ2zT6rB1xM5cL9pD3gH7jF0sA";

/// Asks for a code from an address.
async fn send_code(app: &TestApp, ip: &str, email: &str, project: &str) -> Answer {
    let form = json!({"email": email, "project_id": project});
    app.post("/api/v1/auth/send-code")
        .json(form)
        .from(ip)
        .send()
        .await
}

/// Shows a code from an address.
async fn verify_code(app: &TestApp, ip: &str, email: &str, project: &str, code: &str) -> Answer {
    let form = json!({"email": email, "project_id": project, "code": code});
    app.post("/api/v1/auth/verify-code")
        .json(form)
        .from(ip)
        .send()
        .await
}

/// A code that was asked for and read. The newest mail is known by its time.
async fn mailed(app: &TestApp, ip: &str, email: &str, project: &str) -> String {
    app.advance(Span::millis(1));
    send_code(app, ip, email, project).await.expect(200);
    app.code_for(email).await
}

/// A proof, all the way from asking for its code.
async fn proof(app: &TestApp, ip: &str, email: &str, project: &str) -> Value {
    let code = mailed(app, ip, email, project).await;
    verify_code(app, ip, email, project, &code)
        .await
        .expect(200)
        .json()
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
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
