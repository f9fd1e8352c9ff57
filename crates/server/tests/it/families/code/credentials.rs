//! Another address, another phone: proven with a code, and moved where somebody else has it.

use super::{
    ADA, AMBIGUOUS, BOB, DEAD_CODE, DELETED, EAGER, HOME, NO_PASSWORD, PHONE, WRONG_CODE,
    WRONG_PASSWORD, adopt, both, guarded, other_than, profile, refresh, shown, sign_in, token,
};
use crate::support::{PASSWORD, Person, TestApp, named};
use doorward_domain::{Span, Status};
use doorward_service::users;
use serde_json::json;

const NEW: &str = "countess@example.com";

/// Takes an identifier with a code that was sent to it.
async fn take(app: &TestApp, person: &Person, identifier: &str) {
    let code = app.sign_in_code(identifier).await;
    let form = if person.password.is_empty() {
        shown(identifier, &code)
    } else {
        both(identifier, &code, &person.password)
    };
    adopt(app, &person.access, form).await.expect(200);
}

#[tokio::test]
async fn the_same_value_as_before_returns_the_profile() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    let mut told = profile(&app, &ada.access).await.expect(200).json();
    for spelling in [ADA, "ADA@example.com"] {
        let answer = adopt(&app, &ada.access, shown(spelling, "000000")).await;
        assert_eq!(answer.expect(200).json(), told);
    }
    take(&app, &ada, PHONE).await;
    told["phone"] = json!(PHONE);
    let form = shown("+44 20 7946 0018", "000000");
    assert_eq!(
        adopt(&app, &ada.access, form).await.expect(200).json(),
        told
    );
}

#[tokio::test]
async fn a_phone_is_added_beside_the_address_and_both_sign_in() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    let answer = adopt(&app, &ada.access, shown(PHONE, &code)).await;
    let told = answer.expect(200).json();
    assert_eq!(
        (&told["email"], &told["phone"]),
        (&json!(ADA), &json!(PHONE))
    );
    for identifier in [ADA, PHONE] {
        assert_eq!(app.by_code(identifier).await.id, ada.id, "{identifier}");
    }
}

#[tokio::test]
async fn a_new_address_takes_the_place_of_the_old_which_is_free_again() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    take(&app, &ada, NEW).await;
    let told = profile(&app, &ada.access).await.expect(200);
    assert_eq!(told.field("email"), NEW);
    assert_eq!(app.by_code(NEW).await.id, ada.id);
    assert_ne!(app.by_code(ADA).await.id, ada.id);
}

#[tokio::test]
async fn sec_6_3_7_the_old_address_is_told_of_the_new_one() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let before = app.mail_to(ADA).await.len();
    take(&app, &ada, NEW).await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.len(), before + 1);
    assert!(!mail.iter().any(|mail| mail.text.contains(NEW)));
}

#[tokio::test]
async fn control_of_the_new_one_is_proven_by_its_own_code_alone() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let own = app.sign_in_code(ADA).await;
    adopt(&app, &ada.access, shown(PHONE, &own))
        .await
        .says(401, DEAD_CODE);
    let code = app.sign_in_code(PHONE).await;
    adopt(&app, &ada.access, shown(PHONE, &other_than(&code)))
        .await
        .says(401, WRONG_CODE);
    let told = profile(&app, &ada.access).await.expect(200).json();
    assert_eq!(told["phone"], json!(null));
    adopt(&app, &ada.access, shown(PHONE, &code))
        .await
        .expect(200);
    adopt(&app, &ada.access, json!({"code": code}))
        .await
        .says(400, AMBIGUOUS);
    adopt(&app, &ada.access, named(NEW))
        .await
        .says(422, "Field required");
}

#[tokio::test]
async fn sec_6_5_1_the_code_works_once_and_signs_nobody_in_afterwards() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    let form = shown(PHONE, &code);
    adopt(&app, &ada.access, form).await.expect(200);
    sign_in(&app, PHONE, &code).await.says(401, DEAD_CODE);
}

#[tokio::test]
async fn the_password_is_needed_where_one_is_set_and_its_absence_spends_nothing() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, ADA).await;
    let code = app.sign_in_code(PHONE).await;
    adopt(&app, &ada.access, shown(PHONE, &code))
        .await
        .says(400, NO_PASSWORD);
    adopt(&app, &ada.access, both(PHONE, &code, "wrong password"))
        .await
        .says(403, WRONG_PASSWORD);
    adopt(&app, &ada.access, both(PHONE, &code, PASSWORD))
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_s06_what_another_account_held_moves_and_that_account_is_told() {
    let app = TestApp::with(&EAGER).await;
    let bob = app.by_code(BOB).await;
    take(&app, &bob, PHONE).await;
    let before = app.mail_to(BOB).await.len();
    let ada = app.by_code(ADA).await;
    take(&app, &ada, PHONE).await;
    let told = profile(&app, &bob.access).await.expect(200).json();
    assert_eq!(
        (&told["email"], &told["phone"]),
        (&json!(BOB), &json!(null)),
        "it keeps its session"
    );
    refresh(&app, &bob.refresh).await.expect(200);
    assert_eq!(app.mail_to(BOB).await.len(), before + 1);
    assert_eq!(app.by_code(PHONE).await.id, ada.id);
}

#[tokio::test]
async fn the_loser_of_an_address_is_told_by_phone() {
    let app = TestApp::with(&EAGER).await;
    let bob = app.by_code(PHONE).await;
    take(&app, &bob, BOB).await;
    let before = app.mail_to(PHONE).await.len();
    let ada = app.by_code(ADA).await;
    take(&app, &ada, BOB).await;
    assert_eq!(app.mail_to(PHONE).await.len(), before + 1);
    let told = profile(&app, &bob.access).await.expect(200).json();
    assert_eq!(
        (&told["email"], &told["phone"]),
        (&json!(null), &json!(PHONE))
    );
}

#[tokio::test]
async fn an_account_without_an_identifier_left_is_deleted() {
    let app = TestApp::with(&EAGER).await;
    let bob = app.by_code(BOB).await;
    let ada = app.by_code(ADA).await;
    take(&app, &ada, BOB).await;
    let status = users::find(&app.app, &bob.id).await.unwrap().status;
    assert_eq!(status, Status::Deleted);
    profile(&app, &bob.access).await.says(403, DELETED);
    refresh(&app, &bob.refresh).await.says(403, DELETED);
    assert_eq!(app.by_code(BOB).await.id, ada.id, "a live account holds it");
}

#[tokio::test]
async fn an_account_that_has_a_login_left_stays() {
    let app = TestApp::with(&EAGER).await;
    let create = users::Create {
        email: Some(doorward_domain::Email::parse(BOB).unwrap()),
        login: Some(doorward_domain::Login::parse("bob").unwrap()),
        phone: None,
        full_name: None,
        password: None,
    };
    let bob = users::create(&app.app, &app.operator(), create)
        .await
        .unwrap();
    let ada = app.by_code(ADA).await;
    take(&app, &ada, BOB).await;
    let user = users::find(&app.app, "bob").await.unwrap();
    assert_eq!(
        (user.id, user.status, user.email),
        (bob.id, Status::Active, None)
    );
}

#[tokio::test]
async fn a_temporary_account_that_held_it_is_removed() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    let temporary = users::find(&app.app, PHONE).await.unwrap();
    adopt(&app, &ada.access, shown(PHONE, &code))
        .await
        .expect(200);
    let holder = users::find(&app.app, PHONE).await.unwrap();
    assert_eq!(holder.id.to_string(), ada.id);
    let gone = users::find(&app.app, &temporary.id.to_string()).await;
    assert!(gone.is_err());
}

#[tokio::test]
async fn sec_i21_a_moved_address_voids_what_was_sent_to_the_old_one() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::millis(1));
    app.post("/v1/password/forgot")
        .json(named(ADA))
        .send()
        .await
        .expect(202);
    let reset = app.link_token_for(ADA).await;
    take(&app, &ada, NEW).await;
    app.post("/v1/password/reset")
        .json(json!({"token": reset, "password": PASSWORD}))
        .send()
        .await
        .expect(400);
    let told = profile(&app, &ada.access).await.expect(200).json();
    assert_eq!(told["password"], json!(false));
}

#[tokio::test]
async fn sec_i21_a_code_that_was_sent_before_the_move_is_dead_after_it() {
    let app = TestApp::with(&EAGER).await;
    let bob = app.by_code(BOB).await;
    take(&app, &bob, PHONE).await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::millis(1));
    super::ask(&app, super::ELSEWHERE, PHONE).await.expect(200);
    let elsewhere = app.code_for(PHONE).await;
    take(&app, &ada, PHONE).await;
    token(&app, super::ELSEWHERE, shown(PHONE, &elsewhere))
        .await
        .says(401, DEAD_CODE);
}

#[tokio::test]
async fn sec_s06_where_accounts_are_guarded_one_with_a_password_keeps_what_it_has() {
    let settings = [&EAGER[..], &[("api.code.move_identifier", "guarded")]].concat();
    let app = TestApp::with(&settings).await;
    let bob = guarded(&app, BOB).await;
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(BOB).await;
    adopt(&app, &ada.access, shown(BOB, &code))
        .await
        .expect(409);
    let told = profile(&app, &bob.access).await.expect(200);
    assert_eq!(told.field("email"), BOB);
    let told = profile(&app, &ada.access).await.expect(200);
    assert_eq!(told.field("email"), ADA);
    // Who has no password has nothing that guards it.
    app.by_code(PHONE).await;
    take(&app, &ada, PHONE).await;
}

#[tokio::test]
async fn what_was_taken_is_proven_and_signs_in_at_verified() {
    let app = TestApp::with(&EAGER).await;
    let ada = guarded(&app, PHONE).await;
    take(&app, &ada, ADA).await;
    let answer = app
        .post("/api/v1/auth/login")
        .json(json!({"email": ADA, "password": PASSWORD}))
        .from(HOME)
        .send()
        .await;
    answer.expect(200);
}
