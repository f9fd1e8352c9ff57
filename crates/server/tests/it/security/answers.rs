//! What answers tell: the documented fields, and nothing of the inside.

use crate::support::TestApp;
use doorward_domain::Span;
use serde_json::{Value, json};

#[tokio::test]
async fn sec_15_3_1_answers_carry_the_documented_fields_alone() {
    const USER: [&str; 5] = [
        "created_at",
        "email",
        "full_name",
        "id",
        "is_email_verified",
    ];
    let app = TestApp::start().await;
    let post = async |path: &str, body: Value| app.post(path).json(body).send().await;
    let body = json!({"email": "ada@example.com", "password": "correct horse", "full_name": "Ada Lovelace"});
    let made = post("/api/v1/users", body).await.expect(201);
    assert_eq!(made.members(), USER);
    let code = app.code_for("ada@example.com").await;
    let proof = json!({"email": "ada@example.com", "otp": code});
    let proven = post("/api/v1/auth/verify-otp", proof).await.expect(200);
    assert_eq!(proven.members(), ["message"]);
    let login = json!({"email": "ada@example.com", "password": "correct horse"});
    let tokens = post("/api/v1/auth/login", login).await.expect(200);
    let fields = ["access_token", "access_token_expires_in", "expires_at"];
    let of_refresh = ["refresh_token", "refresh_token_expires_in"];
    assert_eq!(
        tokens.members(),
        [&fields[..], &of_refresh, &["token_type"]].concat()
    );
    let refresh = json!({"refresh_token": tokens.field("refresh_token")});
    let refreshed = post("/api/v1/auth/refresh-token", refresh)
        .await
        .expect(200);
    assert_eq!(refreshed.members(), [&fields[..], &["token_type"]].concat());
    let read = async |path: &str| {
        let token = tokens.field("access_token");
        app.get(path)
            .bearer(&token)
            .send()
            .await
            .expect(200)
            .members()
    };
    assert_eq!(read("/api/v1/users/profile").await, USER);
    assert_eq!(
        read("/api/profile").await,
        ["created_at", "id", "last_login", "login"]
    );
}

#[tokio::test]
async fn sec_15_3_1_answers_of_family_session_carry_the_documented_fields_alone() {
    let app = TestApp::start().await;
    let body = json!({"login": "bob", "password": "Correct horse 1"});
    let made = app.post("/api/register").json(body.clone()).send().await;
    assert_eq!(made.expect(201).members(), ["id"]);
    let tokens = app.post("/api/login").json(body).send().await;
    assert_eq!(tokens.expect(200).members(), ["access_token", "token_type"]);
}

fn members(value: &Value) -> Vec<&str> {
    let mut members: Vec<_> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    members
}

#[tokio::test]
async fn sec_15_3_1_a_token_carries_the_documented_claims_alone() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob").await;
    let (header, claims) = super::forgery::open(&ada.access);
    assert_eq!(members(&header), ["alg", "kid", "typ"]);
    assert_eq!(
        members(&claims),
        ["exp", "iat", "iss", "jti", "sid", "sub", "type"]
    );
    let (_, claims) = super::forgery::open(&bob.access);
    assert_eq!(
        members(&claims),
        ["exp", "iat", "iss", "jti", "sid", "sub", "type", "user_id"]
    );
}

#[tokio::test]
async fn sec_i03_a_code_is_in_its_message_and_nowhere_else() {
    let app = TestApp::start().await;
    let mut answers = Vec::new();
    let body = json!({"email": "ada@example.com", "password": "correct horse"});
    answers.push(
        app.post("/api/v1/users")
            .json(body)
            .send()
            .await
            .expect(201),
    );
    let code = app.code_for("ada@example.com").await;
    app.advance(Span::seconds(1));
    answers.push(
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": "ada@example.com"}))
            .from("198.51.100.1")
            .send()
            .await
            .expect(200),
    );
    let second = app.code_for("ada@example.com").await;
    assert_ne!(code, second);
    answers.push(
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": "ada@example.com"}))
            .send()
            .await
            .expect(429),
    );
    let show = |otp: &str| {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": "ada@example.com", "otp": otp}))
    };
    answers.push(show("wrong").send().await.expect(400));
    answers.push(show(&code).send().await.expect(200));
    answers.push(show(&code).send().await.expect(400));
    for path in [
        "/",
        "/health",
        "/health?full",
        "/readyz",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/.well-known/jwks.json",
        "/nowhere",
    ] {
        answers.push(app.get(path).send().await);
    }
    for answer in answers {
        let seen = format!("{:?} {}", answer.headers, answer.text());
        for secret in [&code, &second] {
            assert!(!is_a_word_of(secret, &seen), "a code in {seen}");
        }
    }
}

#[tokio::test]
async fn sec_i35_no_answer_repeats_what_was_secret_in_the_request() {
    let app = TestApp::start().await;
    let canary = "canary-Password-1-never-to-be-seen";
    let fields = [
        ("/api/register", json!({"login": "x", "password": canary})),
        ("/api/register", json!({"login": "ada", "password": canary})),
        ("/api/register", json!({"login": "ada", "password": canary})),
        (
            "/api/login",
            json!({"login": "ada", "password": format!("{canary}x")}),
        ),
        (
            "/api/delete",
            json!({"login": "ada", "password": format!("{canary}x")}),
        ),
        (
            "/api/v1/users",
            json!({"email": "no address", "password": canary}),
        ),
        (
            "/api/v1/users",
            json!({"email": "ada@example.com", "password": canary.repeat(20)}),
        ),
        (
            "/api/v1/users",
            json!({"email": "ada@example.com", "password": [canary]}),
        ),
        (
            "/api/v1/auth/login",
            json!({"email": "ada@example.com", "password": canary}),
        ),
        (
            "/api/v1/auth/verify-otp",
            json!({"email": "ada@example.com", "otp": canary}),
        ),
        (
            "/api/v1/auth/refresh-token",
            json!({"refresh_token": canary}),
        ),
        ("/api/v1/auth/refresh-token", json!(canary)),
    ];
    for (path, body) in fields {
        let answer = app.post(path).json(body).send().await;
        assert!(
            !answer.text().contains(canary) && !format!("{:?}", answer.headers).contains(canary),
            "{path}: {}",
            answer.text()
        );
    }
    for token in [canary, &format!("{canary}.{canary}.{canary}")] {
        let answer = app
            .get("/api/profile")
            .bearer(token)
            .send()
            .await
            .expect(401);
        assert!(!answer.text().contains(canary));
    }
    let broken = app
        .post("/api/login")
        .body(
            "application/json",
            format!("{{\"password\": \"{canary}\",,}}"),
        )
        .send()
        .await
        .expect(422);
    assert!(!broken.text().contains(canary), "{}", broken.text());
}

#[tokio::test]
async fn sec_16_5_1_refusals_of_broken_input_tell_nothing_of_the_inside() {
    let app = TestApp::start().await;
    for body in [
        "",
        "{",
        "[1,2",
        "nul",
        "\"\\ud800\"",
        "{\"email\": 1e999}",
        "\u{0}",
    ] {
        let answer = app
            .post("/api/v1/auth/login")
            .body("application/json", body.to_owned())
            .send()
            .await
            .expect(422)
            .text();
        for inside in [
            "serde", "sqlx", "panicked", ".rs", "axum", "src/", "doorward",
        ] {
            assert!(
                !answer.to_lowercase().contains(inside),
                "{body:?}: {answer}"
            );
        }
    }
}

/// Whether a text of digits stands somewhere with no digit or letter beside it, so that a part of a longer number is no find.
fn is_a_word_of(word: &str, text: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
