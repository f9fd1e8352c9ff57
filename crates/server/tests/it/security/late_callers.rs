//! Who was let in by a session that has ended since changes nothing any more, however narrow the gap; and what somebody who
//! is thrown out had begun comes to nothing.

use crate::support::{Answer, PASSWORD, TestApp, named};
use doorward_domain::{Email, PasswordRules, Span};
use doorward_service::confirmations;
use doorward_service::credentials::{self, Move, PasswordChange};
use doorward_service::passwords::NewPassword;
use doorward_service::profiles::{self, Change, Update};
use doorward_service::tokens::{self, Caller};
use doorward_service::{Ctx, Error, accounts, users};
use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

const SQUATTER: &str = "203.0.113.5";
const OWNER: &str = "198.51.100.9";
const ADDRESS: &str = "ada@example.com";

/// Somebody registers the address and signs in; gives their tokens.
async fn squat(app: &TestApp) -> Answer {
    let form = json!({"email": ADDRESS, "first_name": "Eve", "last_name": "Mallory", "password": PASSWORD});
    let registered = app.post("/users").json(form).from(SQUATTER).send().await;
    registered.expect(200);
    let form = json!({"email": ADDRESS, "password": PASSWORD});
    let tokens = app
        .post("/auth/login")
        .json(form)
        .from(SQUATTER)
        .send()
        .await;
    tokens.expect(200)
}

async fn first_proof(app: &TestApp) -> Answer {
    app.advance(Span::minutes(1));
    let asked = app
        .post("/auth/code")
        .json(named(ADDRESS))
        .from(OWNER)
        .send();
    asked.await.expect(200);
    let mut form = named(ADDRESS);
    form["code"] = app.code_for(ADDRESS).await.into();
    app.request(Method::PUT, "/auth/token")
        .json(form)
        .from(OWNER)
        .send()
        .await
}

/// A caller as a request has it that was let in and has not gone on yet.
async fn let_in(app: &TestApp, token: &str) -> (Ctx, Caller) {
    let ctx = app.operator();
    let caller = tokens::authenticate(&app.app, &ctx, token).await.unwrap();
    (ctx, caller)
}

fn new_password() -> NewPassword {
    let rules = PasswordRules {
        min: 6,
        max: 128,
        mixed: false,
    };
    NewPassword::parse(SecretString::from("the squatter's own"), &rules).unwrap()
}

#[track_caller]
fn refused<T>(outcome: Result<T, Error>) {
    let rejection = match outcome {
        Ok(_) => panic!("it was done"),
        Err(Error::Rejected(refusal)) => refusal.rejection.code(),
        Err(Error::Fault(fault)) => panic!("{fault}"),
    };
    assert_eq!(rejection, "token_revoked");
}

#[tokio::test]
async fn sec_i16_who_was_let_in_before_the_first_proof_changes_nothing_after_it() {
    let app = TestApp::start().await;
    let squatter = squat(&app).await;
    let (ctx, caller) = let_in(&app, &squatter.field("access_token")).await;
    let owner = first_proof(&app).await.expect(200);

    let added = PasswordChange {
        old: None,
        new: Some(new_password()),
    };
    refused(credentials::set_password(&app.app, &ctx, &caller, added).await);
    let elsewhere = Email::parse("eve@example.com").unwrap();
    refused(confirmations::change_address(&app.app, &ctx, &caller, &elsewhere).await);
    let renamed = Update {
        first_name: Change::Set("Eve".to_owned()),
        ..Update::default()
    };
    refused(profiles::update(&app.app, &ctx, &caller, renamed).await);
    app.advance(Span::minutes(1));
    let asked = app
        .post("/auth/code")
        .json(named("eve@example.com"))
        .from(SQUATTER)
        .send();
    asked.await.expect(200);
    let code = SecretString::from(app.code_for("eve@example.com").await);
    let moved = Move {
        identifier: elsewhere.into(),
        code,
        password: None,
    };
    refused(credentials::adopt(&app.app, &ctx, &caller, moved).await);
    refused(accounts::delete(&app.app, &ctx, &caller, None).await);
    refused(accounts::delete_by_token(&app.app, &ctx, &caller).await);

    let me = app
        .get("/v1/me")
        .bearer(&owner.field("JWT"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (me["email"].as_str(), &me["first_name"]),
        (Some(ADDRESS), &Value::Null)
    );
}

#[tokio::test]
async fn sec_i15_a_squatter_who_keeps_refreshing_does_not_keep_the_owner_waiting() {
    let app = TestApp::start().await;
    let squatter = squat(&app).await;
    app.advance(Span::minutes(1));
    let asked = app
        .post("/auth/code")
        .json(named(ADDRESS))
        .from(OWNER)
        .send();
    asked.await.expect(200);
    let refresh = app.request(Method::PATCH, "/auth/refresh");
    let refreshed = refresh
        .header("RT", &squatter.field("refresh_token"))
        .from(SQUATTER)
        .send();
    refreshed.await.expect(200);
    let mut form = named(ADDRESS);
    form["code"] = app.code_for(ADDRESS).await.into();
    let signed_in = app
        .request(Method::PUT, "/auth/token")
        .json(form)
        .from(OWNER)
        .send();
    signed_in.await.expect(200);
}

async fn confirmed(app: &TestApp) -> Answer {
    let tokens = squat(app).await;
    let link = app.link_token_for(ADDRESS).await;
    let confirmed = app.get(&format!("/users/confirm/{link}")).send();
    confirmed.await.expect(200);
    tokens
}

/// Begins to move the account elsewhere; gives the link's token.
async fn move_elsewhere(app: &TestApp, tokens: &Answer) -> String {
    app.advance(Span::seconds(1));
    let begun = app
        .request(Method::PUT, "/users/email")
        .bearer(&tokens.field("access_token"))
        .json(json!({"new_email": "eve@example.com"}))
        .send();
    begun.await.expect(200);
    app.link_token_for("eve@example.com").await
}

async fn confirms(app: &TestApp, link: &str) -> u16 {
    app.get(&format!("/users/confirm/{link}"))
        .send()
        .await
        .status
}

#[tokio::test]
async fn sec_7_4_1_signing_out_everywhere_ends_a_change_of_address_that_was_begun() {
    let app = TestApp::start().await;
    let tokens = confirmed(&app).await;
    let link = move_elsewhere(&app, &tokens).await;
    let ended = app
        .delete("/v1/sessions?all=true")
        .bearer(&tokens.field("access_token"))
        .send();
    ended.await.expect(204);
    assert_eq!(confirms(&app, &link).await, 400);
}

#[tokio::test]
async fn sec_7_4_1_an_account_that_is_stopped_and_restored_moves_to_no_address_from_before() {
    let app = TestApp::start().await;
    let tokens = confirmed(&app).await;
    let link = move_elsewhere(&app, &tokens).await;
    users::suspend(&app.app, &app.operator(), ADDRESS)
        .await
        .unwrap();
    users::restore(&app.app, &app.operator(), ADDRESS)
        .await
        .unwrap();
    assert_eq!(confirms(&app, &link).await, 400);
}

#[tokio::test]
async fn sec_i21_who_asks_for_the_address_that_they_have_wants_no_other() {
    let app = TestApp::start().await;
    let tokens = confirmed(&app).await;
    let link = move_elsewhere(&app, &tokens).await;
    for _ in 0..30 {
        let written_back = app
            .request(Method::PUT, "/users")
            .bearer(&tokens.field("access_token"))
            .json(json!({"email": ADDRESS, "first_name": "Ada"}))
            .send();
        written_back.await.expect(200);
    }
    assert_eq!(confirms(&app, &link).await, 400);
}

#[tokio::test]
async fn sec_2_4_1_an_account_has_mail_sent_to_ten_new_addresses_an_hour() {
    let app = TestApp::start().await;
    let tokens = confirmed(&app).await;
    let begin = async |number: usize| {
        app.request(Method::PUT, "/users/email")
            .bearer(&tokens.field("access_token"))
            .json(json!({"new_email": format!("eve-{number}@example.com")}))
            .send()
            .await
    };
    for number in 0..10 {
        begin(number).await.expect(200);
    }
    let refused = begin(10).await.expect(429);
    assert!(refused.number("retry-after") > 0);
}

#[tokio::test]
async fn an_account_whose_tries_ran_out_is_restored_though_nobody_suspended_it() {
    let app = TestApp::start().await;
    let person = app.by_code(ADDRESS).await;
    let restore = async || users::restore(&app.app, &app.operator(), &person.id).await;
    assert!(restore().await.is_err());
    let form = json!({"password": PASSWORD});
    let set = app
        .post("/user/password")
        .header("JWT", &person.access)
        .json(form)
        .send();
    set.await.expect(200);
    let wrong = json!({"old_password": "wrong horse", "password": PASSWORD});
    let tried = app
        .post("/user/password")
        .header("JWT", &person.access)
        .json(wrong)
        .send();
    tried.await.expect(403);
    assert!(restore().await.is_ok());
}
