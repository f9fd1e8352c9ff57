//! Who may get what on which path: every state of an account on every way to a token.

use crate::support::{Person, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

/// The states that an account can be in, for somebody who knows its password and holds its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Unproven,
    Suspended,
    Banned,
    Deleted,
    Restored,
}

const STATES: [State; 6] = [
    State::Good,
    State::Unproven,
    State::Suspended,
    State::Banned,
    State::Deleted,
    State::Restored,
];

async fn in_state(app: &TestApp, state: State) -> Person {
    let email = format!("{state:?}@example.com").to_lowercase();
    if state == State::Unproven {
        let person = app.registered(&email).await;
        return Person {
            access: "no.token.given".to_owned(),
            refresh: "no.token.given".to_owned(),
            ..person
        };
    }
    let person = app.signed_in(&email).await;
    let ctx = app.operator();
    match state {
        State::Good | State::Unproven => {}
        State::Suspended => drop(users::suspend(&app.app, &ctx, &email).await.unwrap()),
        State::Banned => drop(users::ban(&app.app, &ctx, &email).await.unwrap()),
        State::Deleted => users::delete(&app.app, &ctx, &email).await.unwrap(),
        State::Restored => {
            users::suspend(&app.app, &ctx, &email).await.unwrap();
            users::restore(&app.app, &ctx, &email).await.unwrap();
        }
    }
    person
}

#[tokio::test]
async fn sec_i12_state_decides_on_every_path_to_a_token() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for state in STATES {
        let person = in_state(&app, state).await;
        let login = app
            .post("/api/v1/auth/login")
            .json(json!({"email": person.email, "password": person.password}))
            .send()
            .await;
        let refresh = app
            .post("/api/v1/auth/refresh-token")
            .json(json!({"refresh_token": person.refresh}))
            .send()
            .await;
        let profile = app
            .get("/api/v1/users/profile")
            .bearer(&person.access)
            .send()
            .await;
        let other = app.get("/api/profile").bearer(&person.access).send().await;
        let found = (login.status, refresh.status, profile.status, other.status);
        let expected = match state {
            State::Good => (200, 200, 200, 200),
            // No token was ever given; what is shown in its place is none.
            State::Unproven => (403, 401, 401, 401),
            State::Suspended | State::Banned | State::Deleted => (400, 401, 401, 401),
            State::Restored => (200, 401, 401, 401),
        };
        assert_eq!(found, expected, "{state:?}");
    }
}

#[tokio::test]
async fn sec_i12_state_decides_for_family_session_too() {
    let app = TestApp::start().await;
    for (login, status) in [("suspended", 401), ("banned", 401), ("restored", 200)] {
        let member = app.member(login).await;
        let ctx = app.operator();
        match login {
            "banned" => drop(users::ban(&app.app, &ctx, login).await.unwrap()),
            _ => drop(users::suspend(&app.app, &ctx, login).await.unwrap()),
        }
        if login == "restored" {
            users::restore(&app.app, &ctx, login).await.unwrap();
        }
        let body = json!({"login": member.login, "password": member.password});
        app.post("/api/login")
            .json(body.clone())
            .send()
            .await
            .expect(status);
        app.get("/api/profile")
            .bearer(&member.access)
            .send()
            .await
            .expect(401);
        // A stopped account is not deleted by whoever knows its password.
        app.post("/api/delete")
            .json(body)
            .send()
            .await
            .expect(status);
        assert_eq!(
            users::find(&app.app, &member.id).await.unwrap().status
                == doorward_domain::Status::Deleted,
            status == 200
        );
    }
}

#[tokio::test]
async fn sec_6_3_4_a_demanded_proof_holds_on_every_path() {
    let app = TestApp::with(&[("accounts.require_verified_email", "true")]).await;
    let ada = app.registered("ada@example.com").await;
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}))
        .send()
        .await
        .expect(403);
    // Who has no address has none to prove.
    app.member("bob").await;
}

#[tokio::test]
async fn sec_6_5_4_a_code_has_six_digits() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let person = app.registered(&format!("user{n}@example.com")).await;
        let code = app.code_for(&person.email).await;
        assert!(
            code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()),
            "{} characters",
            code.len()
        );
    }
}

#[tokio::test]
async fn sec_6_6_3_a_new_code_ends_the_old_one_and_never_sooner_than_it_may() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    let old = app.code_for(&ada.email).await;
    let send = || {
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": ada.email}))
    };
    app.advance(Span::seconds(59));
    let refused = send().send().await.expect(429);
    assert_eq!(refused.number("retry-after"), 1);
    app.advance(Span::seconds(1));
    send().send().await.expect(200);
    let new = app.code_for(&ada.email).await;
    let show = |otp: &str| {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": ada.email, "otp": otp}))
    };
    if old != new {
        show(&old).send().await.expect(400);
    }
    show(&new).send().await.expect(200);
}
