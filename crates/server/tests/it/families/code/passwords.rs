//! Setting, changing and removing the password.

use super::{ADA, EAGER, PHONE, WRONG_PASSWORD, guarded, is_over, password, profile, refresh};
use crate::support::{PASSWORD, TestApp};
use serde_json::{Value, json};

const NEXT: &str = "another-Horse-8-Staple";
const NO_OLD: &str = "Old password is required";

async fn has_one(app: &TestApp, token: &str) -> Value {
    let told = profile(app, token).await.expect(200).json();
    told["password"].clone()
}

async fn login(app: &TestApp, password: &str) -> u16 {
    let form = json!({"email": ADA, "password": password});
    let answer = app.post("/api/v1/auth/login").json(form).send().await;
    answer.status
}

#[tokio::test]
async fn the_first_password_needs_no_other() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    assert_eq!(has_one(&app, &ada.access).await, json!(false));
    let answer = password(&app, &ada.access, json!({"password": PASSWORD})).await;
    assert_eq!(
        answer.expect(200).json(),
        json!({"detail": "Password was set successfully"})
    );
    assert_eq!(has_one(&app, &ada.access).await, json!(true));
    assert_eq!(login(&app, PASSWORD).await, 200);
}

#[tokio::test]
async fn changing_needs_the_old_one() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    for form in [
        json!({"password": NEXT}),
        json!({"password": NEXT, "old_password": null}),
        json!({"password": null}),
    ] {
        password(&app, &ada.access, form).await.says(400, NO_OLD);
    }
    let wrong = json!({"old_password": "wrong password", "password": NEXT});
    password(&app, &ada.access, wrong)
        .await
        .says(403, WRONG_PASSWORD);
    assert_eq!(login(&app, PASSWORD).await, 200);
    let right = json!({"old_password": PASSWORD, "password": NEXT});
    password(&app, &ada.access, right)
        .await
        .says(200, "Password was set successfully");
    assert_eq!(
        (login(&app, PASSWORD).await, login(&app, NEXT).await),
        (400, 200)
    );
}

#[tokio::test]
async fn null_removes_it_with_the_right_old_one() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    let wrong = json!({"old_password": "wrong password", "password": null});
    password(&app, &ada.access, wrong)
        .await
        .says(403, WRONG_PASSWORD);
    let right = json!({"old_password": PASSWORD, "password": null});
    password(&app, &ada.access, right).await.expect(200);
    assert_eq!(has_one(&app, &ada.access).await, json!(false));
    assert_eq!(login(&app, PASSWORD).await, 400);
    app.by_code(ADA).await;
}

#[tokio::test]
async fn it_has_6_to_128_characters() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    for (form, sentence) in [
        (
            json!({"password": "12345"}),
            "String should have at least 6 characters",
        ),
        (
            json!({"password": ""}),
            "String should have at least 6 characters",
        ),
        (
            json!({"password": "é".repeat(129)}),
            "String should have at most 128 characters",
        ),
        (
            json!({"password": 1_234_567}),
            "Input should be a valid string",
        ),
        (json!({}), "Field required"),
        (
            json!({"password": PASSWORD, "old_password": 7}),
            "Input should be a valid string",
        ),
    ] {
        password(&app, &ada.access, form).await.says(422, sentence);
    }
    assert_eq!(has_one(&app, &ada.access).await, json!(false));
    for (old, new) in [
        (None, "é".repeat(128)),
        (Some("é".repeat(128)), "ñandú!".to_owned()),
    ] {
        let form = json!({"old_password": old, "password": new});
        password(&app, &ada.access, form).await.expect(200);
    }
    assert_eq!(login(&app, "ñandú!").await, 200);
}

#[tokio::test]
async fn its_length_is_a_setting() {
    let settings = [&EAGER[..], &[("api.code.password_length", "10-12")]].concat();
    let app = TestApp::with(&settings).await;
    let ada = app.by_code(ADA).await;
    for (length, status) in [(9, 422), (13, 422), (10, 200)] {
        let form = json!({"password": "7".repeat(length)});
        password(&app, &ada.access, form).await.expect(status);
    }
}

#[tokio::test]
async fn sec_s07_a_new_password_ends_the_other_sessions_and_is_told() {
    let app = TestApp::with(&EAGER).await;
    let other = app.by_code(ADA).await;
    let ada = app.by_code(ADA).await;
    let before = app.mail_to(ADA).await.len();
    password(&app, &ada.access, json!({"password": PASSWORD}))
        .await
        .expect(200);
    is_over(profile(&app, &other.access).await);
    is_over(refresh(&app, &other.refresh).await);
    profile(&app, &ada.access).await.expect(200);
    refresh(&app, &ada.refresh).await.expect(200);
    assert_eq!(app.mail_to(ADA).await.len(), before + 1);
}

#[tokio::test]
async fn sec_6_3_7_who_has_a_phone_alone_is_told_by_phone() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, PHONE).await;
    assert_eq!(app.mail_to(PHONE).await.len(), 2, "the code and the notice");
    let form = json!({"old_password": PASSWORD, "password": NEXT});
    password(&app, &ada.access, form).await.expect(200);
    assert_eq!(app.mail_to(PHONE).await.len(), 3);
}
