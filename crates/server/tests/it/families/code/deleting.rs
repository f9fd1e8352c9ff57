//! Deleting the account, and what is remembered of it.

use super::{
    ADA, DELETED, EAGER, HOME, NO_PASSWORD, PHONE, WRONG_PASSWORD, ask, call, delete, guarded,
    profile, refresh, shown, sign_in, token,
};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::{Span, Status};
use doorward_service::users;
use serde_json::json;

const GONE: &str = "Profile deleted successfully";

#[tokio::test]
async fn deleting_marks_the_account_and_ends_its_sessions() {
    let app = TestApp::with(&EAGER).await;
    let other = app.by_code(ADA).await;
    let ada = app.by_code(ADA).await;
    let request = call(&app, "DELETE", "/user/profile", &ada.access);
    request.send().await.says(200, GONE);
    for person in [&ada, &other] {
        profile(&app, &person.access).await.says(403, DELETED);
        refresh(&app, &person.refresh).await.says(403, DELETED);
    }
    let user = users::find(&app.app, &ada.id).await.unwrap();
    assert_eq!((user.status, user.email), (Status::Deleted, None));
}

#[tokio::test]
async fn no_body_and_an_empty_object_are_the_same() {
    let app = TestApp::with(&EAGER).await;
    for n in 0..4 {
        let email = format!("ada{n}@example.com");
        let ada = app.by_code(&email).await;
        let request = call(&app, "DELETE", "/user/profile", &ada.access);
        let request = match n {
            0 => request,
            1 => request.body("application/json", ""),
            2 => request.json(json!({})),
            _ => request.json(json!({"password": null})),
        };
        request.send().await.says(200, GONE);
    }
    let ada = app.by_code(ADA).await;
    for text in ["[]", "null", "{", "7"] {
        let request = call(&app, "DELETE", "/user/profile", &ada.access);
        let request = request.body("application/json", text);
        request.send().await.expect(422);
    }
}

#[tokio::test]
async fn the_password_is_needed_where_one_is_set() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    let request = call(&app, "DELETE", "/user/profile", &ada.access);
    request.send().await.says(400, NO_PASSWORD);
    delete(&app, &ada.access, json!({}))
        .await
        .says(400, NO_PASSWORD);
    delete(&app, &ada.access, json!({"password": "wrong password"}))
        .await
        .says(403, WRONG_PASSWORD);
    profile(&app, &ada.access).await.expect(200);
    delete(&app, &ada.access, json!({"password": PASSWORD}))
        .await
        .says(200, GONE);
}

#[tokio::test]
async fn a_deleted_identifier_is_remembered_for_thirty_days() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let waiting = app.sign_in_code(ADA).await;
    delete(&app, &ada.access, json!({})).await.expect(200);
    ask(&app, HOME, ADA).await.says(403, DELETED);
    sign_in(&app, ADA, &waiting).await.says(403, DELETED);
    app.advance(Span::days(29));
    app.clean().await;
    ask(&app, HOME, ADA).await.says(403, DELETED);
    app.advance(Span::days(2));
    app.clean().await;
    let again = app.by_code(ADA).await;
    assert_ne!(again.id, ada.id);
}

#[tokio::test]
async fn how_long_it_is_remembered_is_a_setting() {
    let settings = [&EAGER[..], &[("accounts.retention", "1d")]].concat();
    let app = TestApp::with(&settings).await;
    let ada = app.by_code(PHONE).await;
    delete(&app, &ada.access, json!({})).await.expect(200);
    ask(&app, HOME, PHONE).await.says(403, DELETED);
    app.advance(Span::days(2));
    app.clean().await;
    app.by_code(PHONE).await;
}

#[tokio::test]
async fn a_live_account_that_holds_the_identifier_comes_before_the_memory_of_a_deleted_one() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    delete(&app, &ada.access, json!({})).await.expect(200);
    app.advance(Span::millis(1));
    let new = app.signed_in(ADA).await;
    let code = app.sign_in_code(ADA).await;
    let mut form = shown(ADA, &code);
    form["password"] = json!(PASSWORD);
    let answer = token(&app, HOME, form).await.expect(200);
    let claims = crate::support::claims(&answer.field("JWT"));
    assert_eq!(claims["sub"], json!(new.id));
}

#[tokio::test]
async fn an_account_deleted_through_another_family_is_remembered_too() {
    let app = TestApp::with(&EAGER).await;
    app.verified(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    ask(&app, HOME, ADA).await.says(403, DELETED);
}

#[tokio::test]
async fn an_address_that_nobody_proved_leaves_no_memory() {
    let app = TestApp::with(&EAGER).await;
    app.registered(ADA).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    app.by_code(ADA).await;
}
