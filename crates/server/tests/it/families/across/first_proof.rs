//! First proof wins: whoever proves an address from elsewhere gets the account, and nothing that was set before.

use crate::support::{Form, PASSWORD, TestApp};
use doorward_domain::Span;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "203.0.113.5";

async fn send_otp(app: &TestApp, ip: &str) {
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": ADA}))
        .from(ip)
        .send()
        .await
        .expect(200);
}

async fn verify(app: &TestApp, ip: &str, code: &str) {
    let form = json!({"email": ADA, "otp": code});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .from(ip)
        .send()
        .await
        .expect(200);
}

async fn login(app: &TestApp) -> u16 {
    app.post("/api/v1/auth/login")
        .json(json!({"email": ADA, "password": PASSWORD}))
        .send()
        .await
        .status
}

#[tokio::test]
async fn sec_i16_a_strangers_proof_drops_the_password_that_was_set_before() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.advance(Span::minutes(1));
    send_otp(&app, ELSEWHERE).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    assert_eq!(login(&app).await, 400);
}

#[tokio::test]
async fn sec_i16_the_registrations_own_code_used_from_another_network_drops_it_too() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    assert_eq!(login(&app).await, 400);
}

#[tokio::test]
async fn sec_i16_a_code_asked_for_elsewhere_and_used_at_home_drops_it_too() {
    let app = TestApp::with(&[("codes.verify.lifetime", "1h")]).await;
    app.registered(ADA).await;
    app.advance(Span::minutes(61));
    send_otp(&app, ELSEWHERE).await;
    let code = app.code_for(ADA).await;
    verify(&app, HOME, &code).await;
    assert_eq!(login(&app).await, 400);
}

#[tokio::test]
async fn a_code_asked_for_and_used_from_the_network_that_registered_keeps_everything() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    app.advance(Span::minutes(1));
    send_otp(&app, "192.0.2.200").await;
    let code = app.code_for(ADA).await;
    verify(&app, "192.0.2.201", &code).await;
    assert_eq!(login(&app).await, 200);
    assert_eq!(
        app.codes_sent_to(ADA).await,
        app.mail_to(ADA).await.len(),
        "nothing was dropped, and nothing told"
    );
}

#[tokio::test]
async fn sec_i16_a_mail_to_the_address_says_what_was_dropped() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    app.advance(Span::seconds(1));
    verify(&app, ELSEWHERE, &code).await;
    let mail = &app.mail_to(ADA).await[0];
    assert!(mail.subject.contains("was confirmed"), "{}", mail.subject);
    for thing in ["the password", "the profile"] {
        assert!(mail.text.contains(thing), "{}", mail.text);
    }
}

#[tokio::test]
async fn sec_i16_the_profile_that_was_set_before_is_dropped() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    let user = doorward_service::users::find(&app.app, ADA).await.unwrap();
    assert_eq!(
        (user.full_name, user.has_password, user.email_proven),
        (None, false, true)
    );
}

#[tokio::test]
async fn sec_i16_who_proved_an_address_before_is_dropped_by_no_later_proof() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    send_otp(&app, ELSEWHERE).await;
    let form = json!({"email": ADA, "otp": "123456"});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .from(ELSEWHERE)
        .send()
        .await
        .expect(400);
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    assert_eq!(profile.json()["full_name"], json!("Ada Lovelace"));
    assert_eq!(login(&app).await, 200);
}

#[tokio::test]
async fn sec_i16_files_that_were_kept_before_are_dropped() {
    let app = TestApp::start().await;
    let person = app.signed_in(ADA).await;
    let form = Form::file("planted.txt", "text/plain", b"x");
    app.post("/api/v1/users/upload-file")
        .bearer(&person.access)
        .form(form)
        .send()
        .await
        .expect(200);
    let other = app.registered("bob@example.com").await;
    let code = app.code_for("bob@example.com").await;
    let form = json!({"email": "bob@example.com", "otp": code});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .from(ELSEWHERE)
        .send()
        .await
        .expect(200);
    assert_eq!(
        doorward_service::users::find(&app.app, &other.id)
            .await
            .unwrap()
            .full_name,
        None::<String>
    );
    let path = "/api/v1/users/download-file/planted.txt";
    app.get(path)
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn the_id_stays_that_of_the_account() {
    let app = TestApp::start().await;
    let person = app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    let user = doorward_service::users::find(&app.app, ADA).await.unwrap();
    assert_eq!(Value::String(user.id.to_string()), json!(person.id));
}

const PHONE: &str = "+442079460018";

/// Somebody who registered with Ada's address, signs in, and adds a number of their own, which they prove.
async fn squatter_with_a_number(app: &TestApp) -> String {
    let form = json!({"email": ADA, "first_name": "Set", "last_name": "By-a-squatter", "password": PASSWORD});
    app.post("/users")
        .json(form)
        .from(HOME)
        .send()
        .await
        .expect(200);
    let form = json!({"email": ADA, "password": PASSWORD});
    let login = app.post("/auth/login").json(form).from(HOME).send().await;
    let access = login.expect(200).field("access_token");
    let ask = app.post("/auth/code").json(json!({"phone": PHONE}));
    ask.from(HOME).send().await.expect(200);
    let code = app.code_for(PHONE).await;
    let form = json!({"phone": PHONE, "code": code, "password": PASSWORD});
    let request = app.request(http::Method::PATCH, "/user/credentials");
    request
        .header("JWT", &access)
        .json(form)
        .from(HOME)
        .send()
        .await
        .expect(200);
    access
}

#[tokio::test]
async fn sec_i16_an_address_leaves_an_account_that_has_proven_something_else() {
    let app = TestApp::start().await;
    let access = squatter_with_a_number(&app).await;
    app.advance(Span::minutes(1));
    send_otp(&app, ELSEWHERE).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    let ada = doorward_service::users::find(&app.app, ADA).await.unwrap();
    let other = doorward_service::users::find(&app.app, PHONE)
        .await
        .unwrap();
    assert_ne!(ada.id, other.id);
    assert_eq!(
        (
            ada.email_proven,
            ada.has_password,
            ada.first_name,
            ada.phone
        ),
        (true, false, None, None)
    );
    assert_eq!(
        (other.email, other.has_password, other.first_name.as_deref()),
        (None, true, Some("Set"))
    );
    let me = app.get("/v1/me").bearer(&access).send().await.expect(200);
    assert_eq!(
        me.json()["email"],
        Value::Null,
        "the account is shown as it is now"
    );
    assert_eq!(login(&app).await, 400);
}

#[tokio::test]
async fn sec_6_3_7_the_account_that_an_address_leaves_is_told_by_what_it_has_left() {
    let app = TestApp::start().await;
    squatter_with_a_number(&app).await;
    app.advance(Span::minutes(1));
    send_otp(&app, ELSEWHERE).await;
    let code = app.code_for(ADA).await;
    app.advance(Span::seconds(1));
    verify(&app, ELSEWHERE, &code).await;
    let told = &app.mail_to(PHONE).await[0];
    assert!(
        told.text.contains("lost its e-mail address"),
        "{}",
        told.text
    );
    assert!(!told.text.contains(ADA), "{}", told.text);
}

#[tokio::test]
async fn sec_i16_no_link_of_an_account_leads_in_once_its_address_has_left_it() {
    let app = TestApp::start().await;
    squatter_with_a_number(&app).await;
    app.advance(Span::seconds(1));
    let forgot = app.post("/v1/password/forgot").json(json!({"email": ADA}));
    forgot.from(HOME).send().await.expect(202);
    let token = app.link_token_for(ADA).await;
    app.advance(Span::minutes(1));
    send_otp(&app, ELSEWHERE).await;
    let code = app.code_for(ADA).await;
    verify(&app, ELSEWHERE, &code).await;
    let reset = json!({"token": token, "password": "another-Horse-8-Staple"});
    app.post("/v1/password/reset")
        .json(reset)
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn sec_i16_who_proves_the_address_from_where_the_account_registered_keeps_the_account_whole()
{
    let app = TestApp::start().await;
    squatter_with_a_number(&app).await;
    app.advance(Span::minutes(1));
    send_otp(&app, HOME).await;
    let code = app.code_for(ADA).await;
    verify(&app, HOME, &code).await;
    let ada = doorward_service::users::find(&app.app, ADA).await.unwrap();
    assert!(ada.phone.as_deref() == Some(PHONE) && ada.email_proven && ada.has_password);
}

#[tokio::test]
async fn sec_i16_a_reset_link_drops_what_was_set_before_wherever_it_is_asked_for_and_used() {
    for (asks, uses) in [(HOME, HOME), (ELSEWHERE, HOME), (HOME, ELSEWHERE)] {
        let app = TestApp::start().await;
        app.registered(ADA).await;
        app.advance(Span::seconds(1));
        let forgot = app.post("/v1/password/forgot").json(json!({"email": ADA}));
        forgot.from(asks).send().await.expect(202);
        let token = app.link_token_for(ADA).await;
        let reset = json!({"token": token, "password": "another-Horse-8-Staple"});
        let reset = app.post("/v1/password/reset").json(reset);
        reset.from(uses).send().await.expect(204);
        let user = doorward_service::users::find(&app.app, ADA).await.unwrap();
        assert!(
            user.full_name.is_none(),
            "asked from {asks}, used from {uses}"
        );
        assert!(user.email_proven && user.has_password);
    }
}

#[tokio::test]
async fn a_first_proof_that_finds_nothing_to_drop_tells_of_nothing() {
    let app = TestApp::start().await;
    let ask = app.post("/auth/code").json(json!({"email": ADA}));
    ask.from(HOME).send().await.expect(200);
    let code = app.code_for(ADA).await;
    let form = json!({"email": ADA, "code": code});
    app.post("/auth/token")
        .json(form)
        .from(ELSEWHERE)
        .send()
        .await
        .expect(200);
    assert_eq!(app.mail_to(ADA).await.len(), 1, "the code alone");
}
