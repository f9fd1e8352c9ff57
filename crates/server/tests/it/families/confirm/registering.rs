//! Registering with a password.

use super::{
    ADA, GRACE, NEW_PASSWORD, OWN, TAKEN, WRONG_PASSWORD, confirmed, is_active, link_to, login,
    register, registered, registration, signed_in_again,
};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::{Value, json};

async fn register_with(app: &TestApp, changes: Value) -> crate::support::Answer {
    let mut form = registration(ADA);
    let (Value::Object(form), Value::Object(changes)) = (&mut form, changes) else {
        panic!("forms are objects");
    };
    form.extend(changes);
    app.post("/users").json(json!(form)).send().await
}

#[tokio::test]
async fn registering_answers_200_with_the_uuid_alone() {
    let app = TestApp::start().await;
    let answer = register(&app, ADA).await.expect(200);
    assert_eq!(answer.members(), ["uuid"]);
    let uuid = answer.field("uuid");
    assert_eq!(uuid.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    assert_eq!(uuid, uuid.to_lowercase());
}

#[tokio::test]
async fn registering_mails_a_link_and_nothing_else() {
    let app = TestApp::start().await;
    registered(&app, ADA).await;
    let mail = app.mail_to(ADA).await;
    assert_eq!((mail.len(), mail[0].to.as_str()), (1, ADA));
    let link = link_to(&app, ADA).await;
    assert!(mail[0].text.contains(&format!("{OWN}{link}")));
    let secret = link.rsplit('/').next().unwrap();
    assert!(mail[0].html.contains(secret));
}

#[tokio::test]
async fn sec_i02_the_link_starts_with_the_public_url_whatever_the_host_says() {
    let app = TestApp::with(&[("server.public_url", "https://door.example.com")]).await;
    for (n, (name, value)) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-forwarded-proto", "http"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{n}@example.com");
        let request = app.post("/users").json(registration(&email));
        request.header(name, value).send().await.expect(200);
        let mail = app.mail_to(&email).await;
        let link = format!("https://door.example.com{}", link_to(&app, &email).await);
        assert!(mail[0].text.contains(&link), "{name}");
        assert!(!mail[0].text.contains("evil") && !mail[0].html.contains("evil"));
    }
}

#[tokio::test]
async fn a_taken_address_is_400() {
    let app = TestApp::start().await;
    confirmed(&app, ADA).await;
    register(&app, ADA).await.says(400, TAKEN);
    register(&app, "ADA@Example.com").await.says(400, TAKEN);
}

#[tokio::test]
async fn an_unproven_registration_keeps_its_address_against_others() {
    let app = TestApp::start().await;
    let first = registered(&app, ADA).await;
    register(&app, ADA).await.says(400, TAKEN);
    let first = signed_in_again(&app, &first).await;
    assert!(!is_active(&app, &first.access).await);
}

#[tokio::test]
async fn an_address_that_another_family_has_is_taken_too() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    register(&app, ADA).await.says(400, TAKEN);
    registered(&app, GRACE).await;
    let form = json!({"email": GRACE, "password": PASSWORD});
    let answer = app.post("/api/v1/users").json(form).send().await;
    answer.says(400, TAKEN);
}

#[tokio::test]
async fn sec_i28_undisclosed_a_taken_address_answers_200_with_a_fresh_uuid_and_the_owner_is_told() {
    let app = TestApp::with(&[("api.confirm.disclose_existence", "false")]).await;
    let owner = confirmed(&app, ADA).await;
    let before = app.mail_to(ADA).await.len();
    app.advance(Span::seconds(1));
    let taken = register_with(&app, json!({"password": NEW_PASSWORD})).await;
    let free = register(&app, GRACE).await.expect(200);
    assert_eq!((taken.status, taken.members()), (200, free.members()));
    assert_ne!(taken.field("uuid"), owner.id);
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.len(), before + 1);
    assert!(
        mail[0].subject.contains("tried to register"),
        "{}",
        mail[0].subject
    );
    assert!(!mail[0].text.contains("/users/confirm/"));
    login(&app, ADA, NEW_PASSWORD)
        .await
        .says(401, WRONG_PASSWORD);
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn neither_password_nor_third_party_is_400() {
    let app = TestApp::start().await;
    let names = json!({"email": ADA, "first_name": "Ada", "last_name": "Lovelace"});
    let provider = json!({"password": null, "auth_provider": "google", "id_token": "a.b.c"});
    for (what, form) in [
        ("absent", names),
        ("null", json!({"password": null})),
        ("no id", provider),
    ] {
        let answer = if what == "absent" {
            app.post("/users").json(form).send().await
        } else {
            register_with(&app, form).await
        };
        answer.says(400, "Password or third-party ID must be provided");
    }
    assert!(users::find(&app.app, ADA).await.is_err());
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_400() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    for provider in ["google", "apple", "nobody", "Google", "../google", ""] {
        let form = json!({
            "password": null, "auth_provider": provider, "third_party_id": "1001", "id_token": "a.b.c",
        });
        let answer = register_with(&app, form).await;
        answer.says(400, "Unsupported third-party provider");
        let login = json!({"provider": provider, "id_token": "a.b.c"});
        if !provider.is_empty() {
            let answer = app.post("/auth/login").json(login).send().await;
            answer.says(400, "Unsupported third-party provider");
        }
    }
    for provider in ["google", "no%00body", "%FF", "a%2Fb"] {
        let answer = app
            .post(&format!("/federation/{provider}/nonce"))
            .send()
            .await;
        answer.says(400, "Unsupported third-party provider");
    }
    assert!(users::find(&app.app, ADA).await.is_err());
}

#[tokio::test]
async fn a_password_has_8_to_128_code_points_and_no_other_rule() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let short = register_with(&app, json!({"password": "1234567"})).await;
    short.complains("password", "String should have at least 8 characters");
    let long = register_with(&app, json!({"password": "é".repeat(129)})).await;
    long.complains("password", "String should have at most 128 characters");
    for (n, password) in [
        "12345678",
        "        ",
        "пароль!!",
        &"é".repeat(128),
        "seven\0seven",
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{n}@example.com");
        let form = json!({"email": email, "password": password});
        register_with(&app, form).await.expect(200);
        login(&app, &email, password).await.expect(200);
    }
}

#[tokio::test]
async fn the_length_of_a_password_is_a_setting() {
    let app = TestApp::with(&[("api.confirm.password_length", "4-10")]).await;
    for (password, status) in [("abc", 422), ("abcdefghijk", 422), ("abcd", 200)] {
        let answer = register_with(&app, json!({"password": password})).await;
        assert_eq!(answer.status, status, "{answer}");
    }
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let answer = app.post("/users").json(json!({})).send().await.expect(422);
    let places: Vec<_> = answer.faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(places, ["body.email", "body.first_name", "body.last_name"]);
    for (name, value) in [
        ("email", json!("ada")),
        ("email", json!(7)),
        ("email", json!(null)),
        ("first_name", json!(7)),
        ("first_name", json!(null)),
        ("first_name", json!("a\0b")),
        ("last_name", json!("x".repeat(256))),
        ("password", json!(12_345_678)),
        ("auth_provider", json!(["google"])),
        ("third_party_id", json!(1001)),
        ("id_token", json!({})),
    ] {
        let answer = register_with(&app, json!({name: value})).await;
        answer.finds_fault_at(&format!("body.{name}"));
    }
    assert!(users::find(&app.app, ADA).await.is_err());
}

#[tokio::test]
async fn sec_s11_registering_sets_no_field_of_the_servers() {
    let app = TestApp::start().await;
    let form = json!({
        "is_active": true, "email_proven": true, "status": "banned", "is_superuser": true,
        "uuid": "0190a0a0-0000-7000-8000-000000000000", "id": 1, "login": "root",
    });
    let uuid = register_with(&app, form).await.expect(200).field("uuid");
    assert_ne!(uuid, "0190a0a0-0000-7000-8000-000000000000");
    let token = login(&app, ADA, PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    assert!(!is_active(&app, &token).await);
    let found = users::find(&app.app, ADA).await.unwrap();
    assert_eq!((found.login, found.email_proven), (None, false));
}
