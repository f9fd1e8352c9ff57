//! One person registers through each family and signs in through every family that takes one of their identifiers.

use crate::support::{Answer, PASSWORD, TestApp, claims, named};
use doorward_domain::Span;
use http::Method;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";

/// The documented families, as their clients know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Code,
    Confirm,
    Proof,
    Session,
    Verified,
}

const DOORS: [Door; 5] = [
    Door::Code,
    Door::Confirm,
    Door::Proof,
    Door::Session,
    Door::Verified,
];

/// A person who has an address and a password, proven, whichever door they came through; with their id.
async fn registered(app: &TestApp, door: Door) -> String {
    match door {
        Door::Code => {
            let person = app.by_code(EMAIL).await;
            set_password(app, &person.access).await;
            person.id
        }
        Door::Confirm => {
            let form = json!({"email": EMAIL, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
            let answer = app.post("/users").json(form).send().await.expect(200);
            let link = app.link_token_for(EMAIL).await;
            let path = format!("/users/confirm/{link}");
            app.get(&path).send().await.expect(200);
            answer.field("uuid")
        }
        Door::Proof => {
            let id = proof(app).await.field("auth_user_id");
            let person = app.by_code(EMAIL).await;
            assert_eq!(person.id, id);
            set_password(app, &person.access).await;
            id
        }
        Door::Session => {
            let member = app.member("ada").await;
            let mut form = named(EMAIL);
            form["code"] = app.sign_in_code(EMAIL).await.into();
            form["password"] = PASSWORD.into();
            app.request(Method::PATCH, "/user/credentials")
                .header("JWT", &member.access)
                .json(form)
                .send()
                .await
                .expect(200);
            member.id
        }
        Door::Verified => app.verified(EMAIL).await.id,
    }
}

async fn set_password(app: &TestApp, access: &str) {
    app.post("/user/password")
        .header("JWT", access)
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200);
}

async fn proof(app: &TestApp) -> Answer {
    let project = "shop";
    app.advance(Span::minutes(1));
    let form = json!({"email": EMAIL, "project_id": project});
    app.post("/api/v1/auth/send-code")
        .json(form)
        .send()
        .await
        .expect(200);
    let code = app.code_for(EMAIL).await;
    let form = json!({"email": EMAIL, "project_id": project, "code": code});
    app.post("/api/v1/auth/verify-code")
        .json(form)
        .send()
        .await
        .expect(200)
}

/// What a family gives to this person: an access token, or the id in a proof.
enum Entry {
    Token(String),
    Proof(String),
}

impl Entry {
    fn user(&self) -> String {
        match self {
            Self::Token(token) => claims(token)["sub"].as_str().unwrap().to_owned(),
            Self::Proof(id) => id.clone(),
        }
    }
}

/// Signs in through a family with the address, or with the login where the family knows no other identifier.
async fn enter(app: &TestApp, door: Door, login: Option<&str>) -> Option<Entry> {
    let post = async |path: &str, form: Value| app.post(path).json(form).send().await;
    let token = match door {
        Door::Code => {
            app.advance(Span::minutes(1));
            let code = app.sign_in_code(EMAIL).await;
            let form = json!({"email": EMAIL, "code": code, "password": PASSWORD});
            post("/auth/token", form).await.expect(200).field("JWT")
        }
        Door::Confirm => {
            let form = json!({"email": EMAIL, "password": PASSWORD});
            let answer = post("/auth/login", form).await.expect(200);
            answer.field("access_token")
        }
        Door::Proof => return Some(Entry::Proof(proof(app).await.field("auth_user_id"))),
        Door::Session => {
            let form = json!({"login": login?, "password": PASSWORD});
            let answer = post("/api/login", form).await.expect(200);
            answer.field("access_token")
        }
        Door::Verified => {
            let form = json!({"email": EMAIL, "password": PASSWORD});
            let answer = post("/api/v1/auth/login", form).await.expect(200);
            answer.field("access_token")
        }
    };
    Some(Entry::Token(token))
}

/// What each family with tokens says to one, by status.
async fn shown_everywhere(app: &TestApp, token: &str) -> Vec<u16> {
    let code = app
        .request(Method::PUT, "/user/profile")
        .header("JWT", token)
        .json(json!({}));
    let mut statuses = vec![code.send().await.status];
    for path in ["/users", "/api/profile", "/api/v1/users/profile", "/v1/me"] {
        statuses.push(app.get(path).bearer(token).send().await.status);
    }
    statuses
}

async fn tour(door: Door) {
    let app = TestApp::start().await;
    let id = registered(&app, door).await;
    let login = (door == Door::Session).then_some("ada");
    let mut tokens = Vec::new();
    for through in DOORS {
        let Some(entry) = enter(&app, through, login).await else {
            continue;
        };
        assert_eq!(
            entry.user(),
            id,
            "registered through {door:?}, signed in through {through:?}"
        );
        if let Entry::Token(token) = entry {
            assert_eq!(
                shown_everywhere(&app, &token).await,
                [200; 5],
                "{door:?} {through:?}"
            );
            tokens.push((through, token));
        }
    }
    assert_eq!(tokens.len(), if login.is_some() { 4 } else { 3 });
    // Each session is ended through a family that did not open it, and no family takes its token any more.
    for (through, token) in &tokens {
        app.post("/api/logout")
            .bearer(token)
            .send()
            .await
            .expect(200);
        let refused = shown_everywhere(&app, token).await;
        assert_eq!(refused, [401; 5], "{door:?} {through:?}");
    }
}

#[tokio::test]
async fn who_came_through_code_gets_in_everywhere_and_is_out_everywhere() {
    tour(Door::Code).await;
}

#[tokio::test]
async fn who_came_through_confirm_gets_in_everywhere_and_is_out_everywhere() {
    tour(Door::Confirm).await;
}

#[tokio::test]
async fn who_came_through_proof_gets_in_everywhere_and_is_out_everywhere() {
    tour(Door::Proof).await;
}

#[tokio::test]
async fn who_came_through_session_gets_in_everywhere_and_is_out_everywhere() {
    tour(Door::Session).await;
}

#[tokio::test]
async fn who_came_through_verified_gets_in_everywhere_and_is_out_everywhere() {
    tour(Door::Verified).await;
}

/// An operator's word holds for every family at once.
#[tokio::test]
async fn sec_i14_who_is_suspended_gets_in_nowhere() {
    for (door, says) in [(Door::Code, "code"), (Door::Confirm, "confirm")] {
        let app = TestApp::start().await;
        let id = registered(&app, door).await;
        let mut tokens = Vec::new();
        for through in [Door::Code, Door::Confirm, Door::Verified] {
            if let Some(Entry::Token(token)) = enter(&app, through, None).await {
                tokens.push(token);
            }
        }
        doorward_service::users::suspend(&app.app, &app.operator(), &id)
            .await
            .unwrap();
        for token in &tokens {
            let refused = shown_everywhere(&app, token).await;
            assert_eq!(refused, [403, 401, 401, 401, 403], "{says}");
        }
        app.advance(Span::minutes(2));
        let suspended = "Account is suspended. Please contact support";
        let asked = app.post("/auth/code").json(named(EMAIL)).send().await;
        asked.says(403, suspended);
        let form = json!({"email": EMAIL, "password": PASSWORD});
        let refused = app.post("/auth/login").json(form.clone()).send().await;
        refused.says(401, "Invalid credentials");
        let refused = app.post("/api/v1/auth/login").json(form).send().await;
        refused.says(400, "Incorrect email or password");
    }
}
