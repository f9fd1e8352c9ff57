//! The password as the second step: after the code, and at the price of the account for whoever guesses it.

use super::{
    ADA, EAGER, ELSEWHERE, HOME, NO_PASSWORD, PHONE, SUSPENDED, WRONG_CODE, WRONG_PASSWORD, adopt,
    ask, both, delete, guarded, other_than, password, profile, refresh, shown, sign_in, token,
};
use crate::support::{Answer, PASSWORD, TestApp};
use doorward_domain::{Span, Status};
use doorward_service::users;
use serde_json::json;

const WRONG: &str = "not-The-1-password";

/// Signs in with a fresh code and this password.
async fn try_password(app: &TestApp, password: &str) -> Answer {
    let code = app.sign_in_code(ADA).await;
    token(app, HOME, both(ADA, &code, password)).await
}

async fn status(app: &TestApp) -> Status {
    users::find(&app.app, ADA).await.unwrap().status
}

#[tokio::test]
async fn a_password_that_is_set_is_needed_and_its_absence_spends_nothing() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    sign_in(&app, ADA, &code).await.says(400, NO_PASSWORD);
    let form = json!({"email": ADA, "code": code, "password": null});
    token(&app, HOME, form).await.says(400, NO_PASSWORD);
    let answer = token(&app, HOME, both(ADA, &code, PASSWORD)).await;
    let access = answer.expect(200).field("JWT");
    let told = profile(&app, &access).await.expect(200).json();
    assert_eq!(told["password"], json!(true));
}

#[tokio::test]
async fn a_wrong_password_does_not_spend_the_code() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..2 {
        token(&app, HOME, both(ADA, &code, WRONG))
            .await
            .says(403, WRONG_PASSWORD);
    }
    token(&app, HOME, both(ADA, &code, PASSWORD))
        .await
        .expect(200);
}

#[tokio::test]
async fn wrong_passwords_use_up_no_guess_of_the_code() {
    let settings = [&EAGER[..], &[("password.attempts", "10")]].concat();
    let app = TestApp::with(&settings).await;
    guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..6 {
        token(&app, HOME, both(ADA, &code, WRONG))
            .await
            .says(403, WRONG_PASSWORD);
    }
    token(&app, HOME, both(ADA, &code, PASSWORD))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_password_is_not_asked_for_where_none_is_set() {
    let app = TestApp::with(&EAGER).await;
    app.by_code(ADA).await;
    try_password(&app, WRONG).await.expect(200);
    assert_eq!(status(&app).await, Status::Active);
}

#[tokio::test]
async fn three_wrong_passwords_in_a_row_suspend_the_account() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..3 {
        assert_eq!(status(&app).await, Status::Active);
        token(&app, HOME, both(ADA, &code, WRONG))
            .await
            .says(403, WRONG_PASSWORD);
    }
    assert_eq!(status(&app).await, Status::Suspended);
    ask(&app, HOME, ADA).await.says(403, SUSPENDED);
    token(&app, HOME, both(ADA, &code, PASSWORD))
        .await
        .says(403, SUSPENDED);
    profile(&app, &ada.access).await.says(403, SUSPENDED);
    refresh(&app, &ada.refresh).await.says(403, SUSPENDED);
}

#[tokio::test]
async fn the_owner_is_told_of_the_suspension_and_an_operator_restores() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    for _ in 0..3 {
        try_password(&app, WRONG).await.expect(403);
    }
    let told = app.mail_to(ADA).await;
    let told = told
        .iter()
        .filter(|mail| mail.subject.contains("suspended"));
    assert_eq!(told.count(), 1);
    users::restore(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    for _ in 0..2 {
        try_password(&app, WRONG).await.says(403, WRONG_PASSWORD);
    }
    try_password(&app, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn wrong_passwords_are_counted_in_a_row() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    for _ in 0..3 {
        for _ in 0..2 {
            try_password(&app, WRONG).await.says(403, WRONG_PASSWORD);
        }
        try_password(&app, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn how_many_suspend_is_a_setting() {
    let settings = [&EAGER[..], &[("password.attempts", "1")]].concat();
    let app = TestApp::with(&settings).await;
    guarded(&app, ADA).await;
    try_password(&app, WRONG).await.expect(403);
    assert_eq!(status(&app).await, Status::Suspended);
}

#[tokio::test]
async fn wrong_passwords_at_the_profile_count_too() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    try_password(&app, WRONG).await.says(403, WRONG_PASSWORD);
    delete(&app, &ada.access, json!({"password": WRONG}))
        .await
        .says(403, WRONG_PASSWORD);
    let form = json!({"old_password": WRONG, "password": "another-Horse-8-Staple"});
    password(&app, &ada.access, form).await.expect(403);
    assert_eq!(status(&app).await, Status::Suspended);
}

#[tokio::test]
async fn wrong_passwords_for_new_credentials_count_too() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    for _ in 0..3 {
        let code = app.sign_in_code(PHONE).await;
        let form = both(PHONE, &code, WRONG);
        adopt(&app, &ada.access, form).await.expect(403);
    }
    assert_eq!(status(&app).await, Status::Suspended);
}

#[tokio::test]
async fn sec_s04_without_the_code_no_password_is_looked_at() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    for n in 0..30 {
        let form = both(ADA, &other_than(&code), WRONG);
        let stranger = super::stranger(n);
        token(&app, &stranger, form).await;
    }
    assert_eq!(status(&app).await, Status::Active);
    token(&app, HOME, both(ADA, &code, PASSWORD))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_wrong_code_is_told_before_a_wrong_password() {
    let app = TestApp::with(&EAGER).await;
    guarded(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    let wrong = other_than(&code);
    for form in [both(ADA, &wrong, WRONG), shown(ADA, &wrong)] {
        token(&app, HOME, form).await.says(401, WRONG_CODE);
    }
}

#[tokio::test]
async fn wrong_passwords_of_other_families_suspend_nobody() {
    let app = TestApp::with(&EAGER).await;
    app.verified(ADA).await;
    for _ in 0..5 {
        app.post("/api/v1/auth/login")
            .json(json!({"email": ADA, "password": WRONG}))
            .send()
            .await
            .expect(400);
    }
    assert_eq!(status(&app).await, Status::Active);
    try_password(&app, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_i16_an_unproven_password_falls_away_before_whoever_proves_the_address() {
    let app = TestApp::with(&EAGER).await;
    let squatter = app.registered(ADA).await;
    app.advance(Span::millis(1));
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    let code = app.code_for(ADA).await;
    let answer = token(&app, ELSEWHERE, shown(ADA, &code)).await;
    let told = profile(&app, &answer.expect(200).field("JWT")).await;
    assert_eq!(told.expect(200).json()["password"], json!(false));
    app.post("/api/v1/auth/login")
        .json(json!({"email": ADA, "password": squatter.password}))
        .send()
        .await
        .expect(400);
    let mail = app.mail_to(ADA).await;
    assert!(mail.iter().any(|mail| mail.text.contains("- the password")));
}

#[tokio::test]
async fn an_unproven_password_that_is_sent_rightly_stays() {
    let app = TestApp::with(&EAGER).await;
    app.registered(ADA).await;
    app.advance(Span::millis(1));
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    let code = app.code_for(ADA).await;
    let answer = token(&app, ELSEWHERE, both(ADA, &code, PASSWORD)).await;
    let told = profile(&app, &answer.expect(200).field("JWT")).await;
    assert_eq!(told.expect(200).json()["password"], json!(true));
    app.post("/api/v1/auth/login")
        .json(json!({"email": ADA, "password": PASSWORD}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn an_unproven_password_is_needed_from_the_network_that_set_it() {
    let app = TestApp::with(&EAGER).await;
    app.registered(ADA).await;
    let code = app.sign_in_code(ADA).await;
    sign_in(&app, ADA, &code).await.says(400, NO_PASSWORD);
    token(&app, HOME, both(ADA, &code, PASSWORD))
        .await
        .expect(200);
}
