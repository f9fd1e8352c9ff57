use super::{UNFIT, login, profile, register};
use crate::support::{PASSWORD, TestApp};
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn registering_answers_201_with_the_id_alone() {
    let app = TestApp::start().await;
    let answer = register(&app, "ada", PASSWORD).await.expect(201);
    assert_eq!(answer.members(), ["id"]);
}

#[tokio::test]
async fn an_id_is_a_uuid_of_version_7_in_lower_case() {
    let app = TestApp::start().await;
    let id = register(&app, "ada", PASSWORD)
        .await
        .expect(201)
        .field("id");
    let uuid: uuid::Uuid = id.parse().unwrap();
    assert_eq!(
        (uuid.get_version_num(), uuid.hyphenated().to_string()),
        (7, id)
    );
}

#[tokio::test]
async fn a_login_has_3_to_100_characters() {
    let app = TestApp::start().await;
    let short = register(&app, "ab", PASSWORD).await;
    short.complains("login", "Login must be at least 3 characters long");
    register(&app, "abc", PASSWORD).await.expect(201);
    register(&app, &"a".repeat(100), PASSWORD).await.expect(201);
    register(&app, &"a".repeat(101), PASSWORD)
        .await
        .finds_fault_at("body.login");
}

#[tokio::test]
async fn a_login_may_be_of_any_script_and_counts_its_characters() {
    let app = TestApp::start().await;
    for name in ["аня", "明日香", "αδα", "😀😀😀"] {
        register(&app, name, PASSWORD).await.expect(201);
    }
    register(&app, "明日", PASSWORD)
        .await
        .finds_fault_at("body.login");
}

#[tokio::test]
async fn sec_i29_logins_are_compared_in_nfkc_and_without_case_and_shown_as_given_first() {
    let app = TestApp::start().await;
    register(&app, "Ａｄａ", PASSWORD).await.expect(201);
    for spelling in ["ada", "ADA", "Ａｄａ", " ada "] {
        register(&app, spelling, PASSWORD)
            .await
            .says(409, "Login already exists");
        let token = login(&app, spelling, PASSWORD)
            .await
            .expect(200)
            .field("access_token");
        assert_eq!(profile(&app, &token).await.json()["login"], "Ａｄａ");
    }
}

#[tokio::test]
async fn complaints_about_a_password_come_in_the_documented_order() {
    let app = TestApp::start().await;
    for (password, sentence) in UNFIT {
        register(&app, "ada", password)
            .await
            .complains("password", sentence);
    }
    register(&app, "ada", "Abcdefg1").await.expect(201);
}

#[tokio::test]
async fn a_password_has_8_to_128_characters() {
    let app = TestApp::start().await;
    register(&app, "ada", "Abcdef1")
        .await
        .finds_fault_at("body.password");
    register(&app, "ada", &"Ab1".repeat(43))
        .await
        .finds_fault_at("body.password");
    register(&app, "ada", &format!("Ab{}", "1".repeat(126)))
        .await
        .expect(201);
    register(&app, "bob", "Жанна123").await.expect(201);
}

#[tokio::test]
async fn a_taken_login_is_409() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    register(&app, "ada", "Another-7-Password")
        .await
        .says(409, "Login already exists");
    login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn exactly_one_of_many_parallel_registrations_of_a_login_wins() {
    let app = TestApp::start().await;
    let all = (0..20).map(|_| register(&app, "ada", PASSWORD));
    let answers = join_all(all).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 1);
    for lost in answers.into_iter().filter(|answer| answer.status != 201) {
        lost.says(409, "Login already exists");
    }
}

#[tokio::test]
async fn a_login_that_looks_like_an_address_is_a_login_and_gets_no_mail() {
    let app = TestApp::start().await;
    let member = app.member("ada@example.com").await;
    assert_eq!(app.mail_to("ada@example.com").await.len(), 0);
    let user = app
        .get("/api/v1/users/profile")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&user.json()["email"], &user.json()["is_email_verified"]),
        (&json!(null), &json!(false))
    );
}

#[tokio::test]
async fn a_login_that_looks_like_an_address_leaves_the_address_to_its_owner() {
    let app = TestApp::start().await;
    app.member("ada@example.com").await;
    let person = app.signed_in("ada@example.com").await;
    let form = json!({"email": "ada@example.com", "password": "Wrong-7-Password"});
    app.post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(400);
    let user = app
        .get("/api/v1/users/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    assert_eq!(user.field("id"), person.id);
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    for (form, place) in [
        (json!({"password": PASSWORD}), "body.login"),
        (json!({"login": "ada"}), "body.password"),
        (json!({"login": 123, "password": PASSWORD}), "body.login"),
        (json!({"login": null, "password": PASSWORD}), "body.login"),
        (
            json!({"login": "ada", "password": 12_345_678}),
            "body.password",
        ),
        (
            json!({"login": ["ada"], "password": PASSWORD}),
            "body.login",
        ),
    ] {
        app.post("/api/register")
            .json(form)
            .send()
            .await
            .finds_fault_at(place);
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_form_is_told_at_once() {
    let app = TestApp::start().await;
    let answer = register(&app, "ab", "short")
        .await
        .finds_fault_at("body.login");
    answer.finds_fault_at("body.password");
}

#[tokio::test]
async fn nul_is_refused_in_a_login_and_counts_in_a_password() {
    let app = TestApp::start().await;
    register(&app, "ada\0lovelace", PASSWORD)
        .await
        .finds_fault_at("body.login");
    register(&app, "ada", "Abcdefg1\0tail").await.expect(201);
    login(&app, "ada", "Abcdefg1\0tail").await.expect(200);
    super::is_wrong(&login(&app, "ada", "Abcdefg1\0liat").await);
}

#[tokio::test]
async fn sec_6_2_8_byte_73_of_a_password_counts() {
    let app = TestApp::start().await;
    let password = format!("Ab1{}", "x".repeat(97));
    register(&app, "ada", &password).await.expect(201);
    login(&app, "ada", &password).await.expect(200);
    let twin = format!("{}y", &password[..99]);
    super::is_wrong(&login(&app, "ada", &twin).await);
}

#[tokio::test]
async fn sec_i30_no_hash_ignores_bytes_with_bcrypt_either() {
    let app = TestApp::with(&[
        ("password.algorithm", "bcrypt"),
        ("password.bcrypt_cost", "4"),
    ])
    .await;
    let password = format!("Ab1{}", "x".repeat(97));
    register(&app, "ada", &password).await.expect(201);
    login(&app, "ada", &password).await.expect(200);
    super::is_wrong(&login(&app, "ada", &format!("{}y", &password[..99])).await);
}

#[tokio::test]
async fn the_same_password_typed_on_two_keyboards_is_the_same() {
    let app = TestApp::start().await;
    register(&app, "ada", "Caf\u{e9}-1234").await.expect(201);
    login(&app, "ada", "Cafe\u{301}-1234").await.expect(200);
}

#[tokio::test]
async fn sec_15_3_3_fields_that_the_form_does_not_have_set_nothing() {
    let app = TestApp::start().await;
    let id = "0190a0a0-0000-7000-8000-000000000000";
    let form = json!({
        "login": "ada", "password": PASSWORD, "id": id, "status": "banned", "email": "ada@example.com",
        "is_email_verified": true, "created_at": "2000-01-01T00:00:00Z", "epoch": 9,
    });
    let answer = app
        .post("/api/register")
        .json(form)
        .send()
        .await
        .expect(201);
    assert_ne!(answer.field("id"), id);
    let token = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let user = app
        .get("/api/v1/users/profile")
        .bearer(&token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&user["email"], &user["is_email_verified"]),
        (&json!(null), &json!(false))
    );
    assert_ne!(user["created_at"], "2000-01-01T00:00:00Z");
}
