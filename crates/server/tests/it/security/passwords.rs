//! Passwords: verified whole, as they were sent.

use super::stranger;
use crate::support::TestApp;
use doorward_domain::Span;
use serde_json::json;

async fn register(app: &TestApp, email: &str, password: &str) {
    app.post("/api/v1/users")
        .json(json!({"email": email, "password": password}))
        .send()
        .await
        .expect(201);
    let code = app.code_for(email).await;
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": email, "otp": code}))
        .send()
        .await
        .expect(200);
}

async fn sign_in(app: &TestApp, email: &str, password: &str, n: usize) -> u16 {
    app.post("/api/v1/auth/login")
        .json(json!({"email": email, "password": password}))
        .from(&stranger(n))
        .send()
        .await
        .status
}

/// Passwords and the twins that careless hashing takes for the same.
fn twins() -> Vec<(String, String)> {
    let long = "x".repeat(72);
    vec![
        (format!("{long}one"), format!("{long}two")),
        (format!("{long}one"), long.clone()),
        (format!("{long}one"), format!("{long}o")),
        ("before\0after".to_owned(), "before\0other".to_owned()),
        ("before\0after".to_owned(), "before".to_owned()),
        ("Capital letters".to_owned(), "capital letters".to_owned()),
        (
            "blank at the end ".to_owned(),
            "blank at the end".to_owned(),
        ),
        (
            " blank at the start".to_owned(),
            "blank at the start".to_owned(),
        ),
        ("two  blanks".to_owned(), "two blanks".to_owned()),
        ("tab\there".to_owned(), "tab here".to_owned()),
        ("żółw-żółw".to_owned(), "zolw-zolw".to_owned()),
        ("p\u{200B}assword-1".to_owned(), "password-1".to_owned()),
        ("ﬁnger-print".to_owned(), "finger-print".to_owned()),
    ]
}

async fn assert_twins_differ(settings: &[(&str, &str)]) {
    let app = TestApp::with(settings).await;
    for (n, (password, twin)) in twins().into_iter().enumerate() {
        let email = format!("user{n}@example.com");
        // One client may show ten codes a minute.
        app.advance(Span::minutes(1));
        app.post("/api/v1/users")
            .json(json!({"email": email, "password": password}))
            .send()
            .await
            .expect(201);
        let code = app.code_for(&email).await;
        let from = format!("192.0.2.{}", n + 2);
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": email, "otp": code}))
            .from(&from)
            .send()
            .await
            .expect(200);
        assert_eq!(
            sign_in(&app, &email, &twin, n).await,
            400,
            "{twin:?} for {password:?}"
        );
        assert_eq!(
            sign_in(&app, &email, &password, n).await,
            200,
            "{password:?}"
        );
    }
}

#[tokio::test]
async fn sec_i30_no_byte_of_a_password_is_ignored() {
    assert_twins_differ(&[]).await;
}

#[tokio::test]
async fn sec_i30_no_byte_of_a_password_is_ignored_by_bcrypt_either() {
    assert_twins_differ(&[
        ("password.algorithm", "bcrypt"),
        ("password.bcrypt_cost", "4"),
    ])
    .await;
}

#[tokio::test]
async fn sec_6_2_8_two_ways_to_write_one_letter_are_one_password() {
    let app = TestApp::start().await;
    register(&app, "ada@example.com", "Cafe\u{301} noir 1").await;
    assert_eq!(
        sign_in(&app, "ada@example.com", "Caf\u{e9} noir 1", 1).await,
        200
    );
}

#[tokio::test]
async fn sec_6_2_9_64_and_128_code_points_are_accepted() {
    let app = TestApp::start().await;
    for (n, length) in [64, 128].into_iter().enumerate() {
        let password: String = "żółw 💥 Aa1".chars().cycle().take(length).collect();
        let login = format!("member{length}");
        app.post("/api/register")
            .json(json!({"login": login, "password": password}))
            .send()
            .await
            .expect(201);
        app.post("/api/login")
            .json(json!({"login": login, "password": password}))
            .send()
            .await
            .expect(200);
        let email = format!("user{length}@example.com");
        register(&app, &email, &password).await;
        assert_eq!(sign_in(&app, &email, &password, n).await, 200);
    }
    let long: String = "Aa1".chars().cycle().take(129).collect();
    app.post("/api/register")
        .json(json!({"login": "too-long", "password": long}))
        .send()
        .await
        .expect(422);
}

#[tokio::test]
async fn sec_6_2_10_no_password_grows_old() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob").await;
    app.advance(Span::days(5 * 365));
    app.clean().await;
    assert_eq!(sign_in(&app, &ada.email, &ada.password, 1).await, 200);
    app.post("/api/login")
        .json(json!({"login": bob.login, "password": bob.password}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_11_2_2_a_hash_is_renewed_at_sign_in_when_the_configuration_changes() {
    let app = TestApp::with(&[
        ("password.algorithm", "bcrypt"),
        ("password.bcrypt_cost", "4"),
    ])
    .await;
    register(&app, "ada@example.com", "correct horse 1").await;
    let later = app.beside(&[]).await;
    for n in 0..2 {
        assert_eq!(
            sign_in(&later, "ada@example.com", "correct horse 1", n).await,
            200
        );
        assert_eq!(
            sign_in(&later, "ada@example.com", "correct horse 2", 10 + n).await,
            400
        );
    }
    let back = app
        .beside(&[
            ("password.algorithm", "bcrypt"),
            ("password.bcrypt_cost", "5"),
        ])
        .await;
    assert_eq!(
        sign_in(&back, "ada@example.com", "correct horse 1", 20).await,
        200
    );
}

#[tokio::test]
async fn sec_6_2_4_under_the_strict_policy_common_passwords_are_refused() {
    let app = TestApp::with(&[("password.policy", "strict")]).await;
    for (n, common) in [
        "password",
        "12345678",
        "qwertyui",
        "iloveyou",
        "sunshine",
        "password1",
        "PASSWORD",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"email": format!("user{n}@example.com"), "password": common});
        app.post("/api/v1/users")
            .json(body)
            .from(&stranger(n))
            .send()
            .await
            .expect(422);
    }
    let body = json!({"email": "ada@example.com", "password": "correct horse battery staple"});
    app.post("/api/v1/users")
        .json(body)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn sec_6_2_1_under_the_strict_policy_eight_characters_are_the_least_and_composition_is_free()
{
    let app = TestApp::with(&[("password.policy", "strict")]).await;
    let register = |email: &str, password: &str| {
        app.post("/api/v1/users")
            .json(json!({"email": email, "password": password}))
    };
    register("ada@example.com", "7 chars")
        .send()
        .await
        .expect(422);
    register("ada@example.com", "zkqjvwxy")
        .send()
        .await
        .expect(201);
}
