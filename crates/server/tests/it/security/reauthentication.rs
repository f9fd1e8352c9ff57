//! What a token alone may change, and what asks for a fresh sign-in where that is demanded.

use crate::support::{Answer, PASSWORD, Person, TestApp, named};
use doorward_domain::Span;
use http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const PHONE: &str = "+442079460018";
const FRESH: [(&str, &str); 3] = [
    ("accounts.reauthenticate", "fresh"),
    ("api.code.token_cooldown", "0s"),
    ("codes.sign_in.cooldown", "0s"),
];

/// Somebody without a password, who signed in a while ago.
async fn long_signed_in(app: &TestApp) -> Person {
    let ada = app.by_code(ADA).await;
    app.advance(Span::minutes(16));
    ada
}

async fn call(app: &TestApp, method: Method, path: &str, person: &Person, form: Value) -> Answer {
    let request = app.request(method, path).bearer(&person.access);
    request.json(form).send().await
}

async fn add_password(app: &TestApp, person: &Person) -> Answer {
    let form = json!({"password": PASSWORD});
    call(app, Method::POST, "/user/password", person, form).await
}

async fn adopt_phone(app: &TestApp, person: &Person) -> Answer {
    let mut form = named(PHONE);
    form["code"] = app.sign_in_code(PHONE).await.into();
    call(app, Method::PATCH, "/user/credentials", person, form).await
}

async fn delete(app: &TestApp, person: &Person, form: Value) -> Answer {
    call(app, Method::DELETE, "/user/profile", person, form).await
}

async fn delete_at_confirm(app: &TestApp, person: &Person) -> Answer {
    app.delete("/users").bearer(&person.access).send().await
}

#[tokio::test]
async fn as_documented_a_token_alone_changes_contacts_adds_a_password_and_deletes() {
    let app = TestApp::start().await;
    let ada = long_signed_in(&app).await;
    adopt_phone(&app, &ada).await.expect(200);
    add_password(&app, &ada).await.expect(200);
    delete_at_confirm(&app, &ada).await.expect(200);
}

#[tokio::test]
async fn sec_7_5_1_where_that_is_demanded_what_matters_needs_a_fresh_sign_in() {
    let app = TestApp::with(&FRESH).await;
    let ada = long_signed_in(&app).await;
    adopt_phone(&app, &ada).await.expect(401);
    add_password(&app, &ada).await.expect(401);
    delete(&app, &ada, json!({})).await.expect(401);
    delete_at_confirm(&app, &ada).await.expect(401);
    let user = doorward_service::users::find(&app.app, ADA).await.unwrap();
    assert_eq!((user.phone, user.has_password), (None, false));
    let again = app.by_code(ADA).await;
    adopt_phone(&app, &again).await.expect(200);
    add_password(&app, &again).await.expect(200);
    delete_at_confirm(&app, &again).await.expect(200);
}

#[tokio::test]
async fn sec_7_5_1_a_password_at_hand_is_as_good_as_a_fresh_sign_in() {
    let app = TestApp::with(&FRESH).await;
    let ada = app.by_code(ADA).await;
    add_password(&app, &ada).await.expect(200);
    app.advance(Span::minutes(16));
    let changed = json!({"old_password": PASSWORD, "password": "another-Horse-8-Staple"});
    let changed = call(&app, Method::POST, "/user/password", &ada, changed).await;
    changed.expect(200);
    delete_at_confirm(&app, &ada).await.expect(401);
    let form = json!({"password": "another-Horse-8-Staple"});
    delete(&app, &ada, form).await.expect(200);
}

#[tokio::test]
async fn sec_7_5_1_a_sign_in_is_fresh_for_a_quarter_of_an_hour() {
    let app = TestApp::with(&FRESH).await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::minutes(15));
    add_password(&app, &ada).await.expect(200);
}
