//! Nobody who does not hold an identifier learns whether it has an account: known, unproven, suspended, deleted and
//! unknown ones are answered alike, in status, body and headers.

use crate::support::{Answer, PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};

const STATES: [&str; 6] = [
    "proven",
    "unproven",
    "suspended",
    "banned",
    "deleted",
    "unknown",
];

fn address(state: &str) -> String {
    format!("{state}@example.com")
}

async fn everybody() -> TestApp {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for state in ["proven", "suspended", "banned", "deleted"] {
        app.verified(&address(state)).await;
        let form = json!({"login": state, "password": PASSWORD});
        app.post("/api/register")
            .json(form)
            .send()
            .await
            .expect(201);
    }
    app.registered(&address("unproven")).await;
    for name in [address("suspended"), "suspended".to_owned()] {
        users::suspend(&app.app, &app.operator(), &name)
            .await
            .unwrap();
    }
    for name in [address("banned"), "banned".to_owned()] {
        users::ban(&app.app, &app.operator(), &name).await.unwrap();
    }
    for name in [address("deleted"), "deleted".to_owned()] {
        users::delete(&app.app, &app.operator(), &name)
            .await
            .unwrap();
    }
    app.advance(Span::minutes(2));
    app
}

/// Sends `form(state)` for every state, from a network that nobody knows.
async fn answers(app: &TestApp, path: &str, form: impl Fn(&str) -> Value) -> Vec<Answer> {
    let mut answers = Vec::new();
    for state in STATES {
        answers.push(
            app.post(path)
                .json(form(state))
                .from("203.0.113.5")
                .send()
                .await,
        );
    }
    answers
}

#[track_caller]
fn are_alike(answers: &[Answer]) {
    for (answer, state) in answers.iter().zip(STATES) {
        assert_eq!(
            answer.outside(),
            answers[0].outside(),
            "{state} differs from {}",
            STATES[0]
        );
    }
}

#[tokio::test]
async fn sec_i28_asking_for_a_code_tells_nothing() {
    let app = everybody().await;
    let form = |state: &str| json!({"email": address(state)});
    let first = answers(&app, "/api/v1/auth/send-otp", form).await;
    are_alike(&first);
    assert_eq!(first[0].status, 200);
    let second = answers(&app, "/api/v1/auth/send-otp", form).await;
    are_alike(&second);
    assert_eq!(second[0].status, 429);
}

#[tokio::test]
async fn sec_i28_showing_a_wrong_code_tells_nothing() {
    let app = everybody().await;
    let send = |state: &str| json!({"email": address(state)});
    let show = |state: &str| json!({"email": address(state), "otp": "abcdef"});
    are_alike(&answers(&app, "/api/v1/auth/verify-otp", show).await);
    answers(&app, "/api/v1/auth/send-otp", send).await;
    for _ in 0..7 {
        let shown = answers(&app, "/api/v1/auth/verify-otp", show).await;
        are_alike(&shown);
        assert_eq!(shown[0].status, 400);
    }
}

#[tokio::test]
async fn sec_i28_a_wrong_password_tells_nothing() {
    let app = everybody().await;
    let verified = |state: &str| json!({"email": address(state), "password": "Wrong-7-Password"});
    let session = |state: &str| json!({"login": state, "password": "Wrong-7-Password"});
    for attempt in 0..12 {
        are_alike(&answers(&app, "/api/v1/auth/login", verified).await);
        let path = if attempt % 2 == 0 {
            "/api/login"
        } else {
            "/api/delete"
        };
        are_alike(&answers(&app, path, session).await);
    }
}

#[tokio::test]
async fn sec_i28_an_address_without_an_account_leaves_the_same_rows_and_gets_no_mail() {
    let app = everybody().await;
    for email in ["unproven@example.com", "unknown@example.com"] {
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": email}))
            .from("203.0.113.5")
            .send()
            .await
            .expect(200);
    }
    assert_eq!(app.codes_sent_to("unproven@example.com").await, 2);
    assert_eq!(app.mail_to("unknown@example.com").await.len(), 0);
}

/// Where neither existence nor state is told, whatever the family's default.
async fn everybody_unseen() -> TestApp {
    let told = everybody().await;
    told.beside(&[
        ("rate_limit.enabled", "false"),
        ("api.code.disclose_state", "false"),
        ("api.confirm.disclose_existence", "false"),
        ("api.session.open_registration", "false"),
        ("api.verified.disclose_existence", "false"),
    ])
    .await
}

#[tokio::test]
async fn sec_s05_family_code_tells_nothing_where_states_are_not_told() {
    let app = everybody_unseen().await;
    let form = |state: &str| json!({"email": address(state)});
    for status in [200, 429] {
        let asked = answers(&app, "/auth/code", form).await;
        are_alike(&asked);
        assert_eq!(asked[0].status, status);
    }
    let guess = |state: &str| json!({"email": address(state), "code": "wrong"});
    for status in [401, 401, 401, 429] {
        let shown = answers(&app, "/auth/token", guess).await;
        are_alike(&shown);
        assert_eq!(shown[0].status, status);
    }
}

#[tokio::test]
async fn sec_i28_family_proof_tells_nothing() {
    let app = everybody().await;
    let form = |state: &str| json!({"email": address(state), "project_id": "shop"});
    let asked = answers(&app, "/api/v1/auth/send-code", form).await;
    are_alike(&asked);
    assert_eq!(asked[0].status, 200);
    let guess =
        |state: &str| json!({"email": address(state), "project_id": "shop", "code": "wrong"});
    for _ in 0..7 {
        let shown = answers(&app, "/api/v1/auth/verify-code", guess).await;
        are_alike(&shown);
        assert_eq!(shown[0].status, 401);
    }
}

#[tokio::test]
async fn sec_i28_a_wrong_password_at_confirm_tells_nothing() {
    let app = everybody().await;
    let form = |state: &str| json!({"email": address(state), "password": "Wrong-7-Password"});
    for _ in 0..12 {
        are_alike(&answers(&app, "/auth/login", form).await);
    }
}

#[tokio::test]
async fn sec_i28_a_forgotten_password_tells_nothing() {
    let app = everybody().await;
    let form = |state: &str| json!({"email": address(state)});
    for _ in 0..2 {
        let asked = answers(&app, "/v1/password/forgot", form).await;
        are_alike(&asked);
        assert_eq!(asked[0].status, 202);
    }
    let reset =
        |state: &str| json!({"email": address(state), "code": "wrong", "password": PASSWORD});
    for _ in 0..7 {
        are_alike(&answers(&app, "/v1/password/reset", reset).await);
    }
}

/// Every answer carries an id of its own, and that is all in which they differ.
#[tokio::test]
async fn sec_i28_registering_tells_nothing_where_existence_is_not_told() {
    let app = everybody_unseen().await;
    let by_link = |state: &str| json!({"email": address(state), "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
    let by_code = |state: &str| json!({"email": address(state), "password": PASSWORD});
    let by_login = |state: &str| json!({"login": state, "password": PASSWORD});
    for (path, status) in [
        ("/users", 200),
        ("/api/v1/users", 201),
        ("/api/register", 201),
    ] {
        let mut registered = match path {
            "/users" => answers(&app, path, by_link).await,
            "/api/v1/users" => answers(&app, path, by_code).await,
            _ => answers(&app, path, by_login).await,
        };
        for (answer, state) in registered.iter_mut().zip(STATES) {
            assert_eq!(answer.status, status, "{path} {state}: {answer}");
            let mut body = answer.json();
            for own in ["id", "uuid", "email"] {
                if let Some(member) = body.get_mut(own) {
                    *member = Value::Null;
                }
            }
            answer.body = body.to_string().into();
            answer.headers.remove("content-length");
        }
        are_alike(&registered);
    }
}
