//! Codes for those who have a phone in place of an address.

use super::{HOME, PHONE, ask, profile, shown, sign_in, token};
use crate::support::TestApp;
use doorward_domain::Status;
use doorward_service::inbox::MessageKind;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn in_development_a_text_message_is_shown_in_the_inbox() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(PHONE).await;
    let shown = app.mail_to("+44 (20) 7946-0018").await;
    let [message] = &shown[..] else {
        panic!("{} messages", shown.len());
    };
    assert_eq!(message.kind, MessageKind::Sms);
    assert_eq!((message.to.as_str(), message.subject.as_str()), (PHONE, ""));
    assert!(message.text.contains(&code) && message.html.is_empty());
    let inbox = app
        .get("/dev/inbox?to=%2B442079460018")
        .header("host", "127.0.0.1:8000")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&inbox[0]["kind"], &inbox[0]["to"]),
        (&json!("sms"), &json!(PHONE))
    );
}

#[tokio::test]
async fn a_phone_signs_in_like_an_address_in_whatever_spelling() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(PHONE).await;
    let answer = sign_in(&app, "+44 (20) 7946-0018", &code).await;
    let told = profile(&app, &answer.expect(200).field("JWT")).await;
    assert_eq!(
        told.expect(200).json(),
        json!({
            "email": null, "phone": PHONE, "first_name": null, "last_name": null, "nickname": null, "age": null,
            "password": false,
        })
    );
    let user = users::find(&app.app, PHONE).await.unwrap();
    assert_eq!(user.status, Status::Active);
}

#[tokio::test]
async fn a_number_is_international_or_none() {
    let app = TestApp::start().await;
    for phone in ["020 7946 0018", "+1", "+44abc", "phone", "+9991234"] {
        app.post("/auth/code")
            .json(json!({"phone": phone}))
            .send()
            .await
            .says(422, "value is not a valid phone number");
    }
}

#[tokio::test]
async fn without_a_provider_outside_development_there_is_no_phone_sign_in() {
    let app = TestApp::with(&[
        ("mode", "production"),
        ("server.public_url", "https://auth.example.com"),
        ("mail.transport", "none"),
    ])
    .await;
    ask(&app, HOME, PHONE)
        .await
        .says(400, "Phone sign-in is not available");
    ask(&app, HOME, "ada@example.com").await.expect(200);
    let form = shown(PHONE, "123456");
    let answer = token(&app, HOME, form).await;
    assert!([400, 401].contains(&answer.status), "{answer}");
    assert!(users::find(&app.app, PHONE).await.is_err());
}
