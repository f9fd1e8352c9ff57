use super::{login, register, verify_otp};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn registering_answers_201_with_the_user() {
    let app = TestApp::start().await;
    let form =
        json!({"email": "Ada@Example.com", "full_name": "Ada Lovelace", "password": PASSWORD});
    let answer = app
        .post("/api/v1/users")
        .json(form)
        .send()
        .await
        .expect(201);
    let id = answer.field("id");
    assert_eq!(
        answer.json(),
        json!({
            "id": id, "email": "Ada@Example.com", "full_name": "Ada Lovelace",
            "created_at": app.app.now().to_rfc3339(), "is_email_verified": false,
        })
    );
    assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
}

#[tokio::test]
async fn a_full_name_is_optional() {
    let app = TestApp::start().await;
    let answer = register(&app, "ada@example.com", PASSWORD)
        .await
        .expect(201);
    assert_eq!(answer.json()["full_name"], Value::Null);
    let form = json!({"email": "bob@example.com", "full_name": null, "password": PASSWORD});
    let answer = app
        .post("/api/v1/users")
        .json(form)
        .send()
        .await
        .expect(201);
    assert_eq!(answer.json()["full_name"], Value::Null);
}

#[tokio::test]
async fn a_password_has_6_to_512_characters() {
    let app = TestApp::start().await;
    let short = register(&app, "ada@example.com", "12345").await;
    short.complains("password", "String should have at least 6 characters");
    let long = register(&app, "ada@example.com", &"x".repeat(513)).await;
    long.complains("password", "String should have at most 512 characters");
    register(&app, "ada@example.com", "123456")
        .await
        .expect(201);
    register(&app, "bob@example.com", &"x".repeat(512))
        .await
        .expect(201);
    register(&app, "eve@example.com", "пароль")
        .await
        .expect(201);
}

#[tokio::test]
async fn the_length_of_a_password_is_a_setting() {
    let app = TestApp::with(&[("api.verified.password_length", "10-20")]).await;
    register(&app, "ada@example.com", "123456789")
        .await
        .finds_fault_at("body.password");
    register(&app, "ada@example.com", &"x".repeat(21))
        .await
        .finds_fault_at("body.password");
    register(&app, "ada@example.com", "1234567890")
        .await
        .expect(201);
}

#[tokio::test]
async fn a_taken_address_is_400() {
    let app = TestApp::start().await;
    app.verified("ada@example.com").await;
    register(&app, "ada@example.com", PASSWORD)
        .await
        .says(400, "Email already registered");
}

#[tokio::test]
async fn sec_i29_an_address_is_compared_whole_without_case_and_its_domain_by_idna() {
    let app = TestApp::start().await;
    register(&app, "Ada@B\u{fc}cher.example", PASSWORD)
        .await
        .expect(201);
    for twin in [
        "ada@b\u{fc}cher.example",
        "ADA@B\u{dc}CHER.EXAMPLE",
        "ada@xn--bcher-kva.example",
    ] {
        register(&app, twin, PASSWORD)
            .await
            .says(400, "Email already registered");
    }
    register(&app, "ada@bucher.example", PASSWORD)
        .await
        .expect(201);
}

#[tokio::test]
async fn an_unproven_registration_keeps_its_address_against_others() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    register(&app, "ada@example.com", "other-password")
        .await
        .says(400, "Email already registered");
}

#[tokio::test]
async fn sec_i28_undisclosed_a_taken_address_answers_201_with_a_fresh_id_and_the_owner_is_told() {
    let app = TestApp::with(&[("api.verified.disclose_existence", "false")]).await;
    let owner = app.verified("ada@example.com").await;
    let before = app.mail_to("ada@example.com").await.len();
    app.advance(Span::seconds(1));
    let taken = register(&app, "ada@example.com", "other-password")
        .await
        .expect(201);
    let free = register(&app, "bob@example.com", "other-password")
        .await
        .expect(201);
    assert_eq!(taken.members(), free.members());
    assert_ne!(taken.field("id"), owner.id);
    for name in ["full_name", "created_at", "is_email_verified"] {
        assert_eq!(taken.json()[name], free.json()[name], "{name}");
    }
    let mail = app.mail_to("ada@example.com").await;
    assert_eq!(mail.len(), before + 1);
    assert!(
        mail[0].subject.contains("tried to register"),
        "{}",
        mail[0].subject
    );
    login(&app, "ada@example.com", "other-password")
        .await
        .expect(400);
    login(&app, "ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn registering_sends_the_code_at_once() {
    let app = TestApp::start().await;
    app.registered("ada@example.com").await;
    let mail = app.mail_to("ada@example.com").await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].to, "ada@example.com");
    let code = app.code_for("ada@example.com").await;
    assert_eq!(code.len(), 6);
    assert!(mail[0].html.contains(&code));
    verify_otp(&app, "192.0.2.1", "ada@example.com", &code)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_mail_failure_does_not_fail_the_registration() {
    let nowhere = [
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", "1"),
        ("mail.tls", "none"),
        ("mail.from", "noreply@example.com"),
    ];
    let app = TestApp::with(&nowhere).await;
    register(&app, "ada@example.com", PASSWORD)
        .await
        .expect(201);
    app.work().await;
    login(&app, "ada@example.com", PASSWORD).await.expect(403);
}

#[tokio::test]
async fn mail_that_could_not_go_out_is_tried_again_within_30_seconds() {
    let nowhere = [
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", "1"),
        ("mail.tls", "none"),
        ("mail.from", "noreply@example.com"),
    ];
    let app = TestApp::with(&nowhere).await;
    register(&app, "ada@example.com", PASSWORD)
        .await
        .expect(201);
    app.work().await;
    let mended = app.beside(&[("mail.transport", "inbox")]).await;
    mended.advance(Span::seconds(30));
    let code = mended.code_for("ada@example.com").await;
    verify_otp(&mended, "192.0.2.1", "ada@example.com", &code)
        .await
        .expect(200);
}

#[tokio::test]
async fn exactly_one_of_many_parallel_registrations_of_an_address_wins() {
    let app = TestApp::start().await;
    let spellings = ["ada@example.com", "ADA@example.com", "Ada@Example.Com"];
    let all = (0..20).map(|n| register(&app, spellings[n % 3], PASSWORD));
    let answers = join_all(all).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    for lost in answers.into_iter().filter(|answer| answer.status != 201) {
        lost.says(400, "Email already registered");
    }
    assert_eq!(app.mail_to("ada@example.com").await.len(), 1);
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let app = TestApp::start().await;
    let long = format!("{}@example.com", "a".repeat(300));
    for email in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@example.com\nx",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada\0@example.com",
        "ada@example.com,eve@example.com",
        "Ada <ada@example.com>",
        &long,
    ] {
        register(&app, email, PASSWORD)
            .await
            .finds_fault_at("body.email");
    }
}

#[tokio::test]
async fn blanks_around_an_address_are_no_part_of_it() {
    let app = TestApp::start().await;
    let answer = register(&app, " ada@example.com\n", PASSWORD)
        .await
        .expect(201);
    assert_eq!(answer.field("email"), "ada@example.com");
    register(&app, "ada@example.com", PASSWORD)
        .await
        .says(400, "Email already registered");
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    for (form, place) in [
        (json!({"password": PASSWORD}), "body.email"),
        (json!({"email": "ada@example.com"}), "body.password"),
        (json!({"email": 7, "password": PASSWORD}), "body.email"),
        (
            json!({"email": "ada@example.com", "password": 1_234_567}),
            "body.password",
        ),
        (
            json!({"email": "ada@example.com", "password": PASSWORD, "full_name": 7}),
            "body.full_name",
        ),
        (
            json!({"email": "ada@example.com", "password": PASSWORD, "full_name": "a\0b"}),
            "body.full_name",
        ),
    ] {
        app.post("/api/v1/users")
            .json(form)
            .send()
            .await
            .finds_fault_at(place);
    }
}

#[tokio::test]
async fn faults_are_told_in_fastapis_shape() {
    let app = TestApp::start().await;
    let answer = app
        .post("/api/v1/users")
        .json(json!({"email": "ada@example.com"}))
        .send()
        .await
        .expect(422);
    assert_eq!(
        answer.json(),
        json!({"detail": [{"loc": ["body", "password"], "msg": "Field required", "type": "missing"}]})
    );
}

#[tokio::test]
async fn nul_in_a_password_counts() {
    let app = TestApp::start().await;
    register(&app, "ada@example.com", "secret\0tail")
        .await
        .expect(201);
    let code = app.code_for("ada@example.com").await;
    verify_otp(&app, "192.0.2.1", "ada@example.com", &code)
        .await
        .expect(200);
    login(&app, "ada@example.com", "secret\0liat")
        .await
        .expect(400);
    login(&app, "ada@example.com", "secret").await.expect(400);
    login(&app, "ada@example.com", "secret\0tail")
        .await
        .expect(200);
}

#[tokio::test]
async fn names_of_any_script_come_back_as_they_were_given() {
    let app = TestApp::start().await;
    for (email, name) in [
        ("a@example.com", "Жанна д’Арк"),
        ("b@example.com", "{{ 7*7 }} <b>"),
        ("c@example.com", "😀"),
    ] {
        let form = json!({"email": email, "full_name": name, "password": PASSWORD});
        let answer = app
            .post("/api/v1/users")
            .json(form)
            .send()
            .await
            .expect(201);
        assert_eq!(answer.field("full_name"), name);
    }
}

#[tokio::test]
async fn sec_i20_no_field_of_the_form_makes_a_user_proven() {
    let app = TestApp::start().await;
    let form = json!({
        "email": "ada@example.com", "password": PASSWORD, "is_email_verified": true, "email_proven_at": 1, "status": "active",
        "id": "0190a0a0-0000-7000-8000-000000000000", "login": "ada",
    });
    let answer = app
        .post("/api/v1/users")
        .json(form)
        .send()
        .await
        .expect(201);
    assert_eq!(answer.json()["is_email_verified"], json!(false));
    assert_ne!(answer.field("id"), "0190a0a0-0000-7000-8000-000000000000");
    login(&app, "ada@example.com", PASSWORD).await.expect(403);
    app.post("/api/login")
        .json(json!({"login": "ada", "password": PASSWORD}))
        .send()
        .await
        .expect(401);
}
