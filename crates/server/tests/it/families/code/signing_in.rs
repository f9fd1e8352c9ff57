//! Signing in with a code alone.

use super::{
    ADA, AMBIGUOUS, BOB, DEAD_CODE, EAGER, ELSEWHERE, HOME, PHONE, TOO_MANY_CODES, TOO_MANY_TOKENS,
    WRONG_CODE, ask, both, other_than, profile, shown, sign_in, token, waits,
};
use crate::support::{PASSWORD, TestApp, claims, header_of};
use doorward_domain::{Span, Status};
use doorward_service::users;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

#[tokio::test]
async fn a_right_code_answers_two_tokens_and_activates_the_account() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    let temporary = users::find(&app.app, ADA).await.unwrap();
    let answer = sign_in(&app, ADA, &code).await.expect(200);
    assert_eq!(answer.members(), ["JWT", "RT"]);
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(
        (user.id, user.status, user.email_proven),
        (temporary.id, Status::Active, true)
    );
    profile(&app, &answer.field("JWT")).await.expect(200);
}

#[tokio::test]
async fn post_signs_in_like_put() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    let answer = app
        .post("/auth/token")
        .json(shown(ADA, &code))
        .send()
        .await
        .expect(200);
    assert_eq!(answer.members(), ["JWT", "RT"]);
    app.post("/auth/token")
        .json(shown(ADA, &code))
        .send()
        .await
        .says(401, DEAD_CODE);
}

#[tokio::test]
async fn both_tokens_verify_with_the_public_key_and_name_the_user() {
    let app = TestApp::start().await;
    let person = app.by_code(ADA).await;
    let pem = app.get("/utils/public_key").send().await.expect(200);
    let key = DecodingKey::from_rsa_pem(pem.field("public_key").as_bytes()).unwrap();
    for (token, kind, lifetime) in [
        (&person.access, "access", 1800),
        (&person.refresh, "refresh", 604_800),
    ] {
        let verified =
            jsonwebtoken::decode::<Value>(token, &key, &Validation::new(Algorithm::RS256));
        let claims = verified.unwrap().claims;
        assert_eq!(claims["id"], json!(person.id));
        assert_eq!(claims["sub"], json!(person.id));
        assert_eq!(claims["type"], json!(kind));
        let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        assert_eq!(issued.unwrap() + lifetime, expires.unwrap());
        assert_eq!(header_of(token)["kid"], json!("1"));
    }
    assert_eq!(
        claims(&person.access)["sid"],
        claims(&person.refresh)["sid"]
    );
}

#[tokio::test]
async fn the_lifetimes_of_the_familys_tokens_are_settings() {
    let settings = [
        ("api.code.access_lifetime", "60s"),
        ("api.code.refresh_lifetime", "120s"),
    ];
    let app = TestApp::with(&settings).await;
    let person = app.by_code(ADA).await;
    for (token, lifetime) in [(&person.access, 60), (&person.refresh, 120)] {
        let claims = claims(token);
        let issued = claims["iat"].as_i64().unwrap();
        assert_eq!(claims["exp"], json!(issued + lifetime));
    }
}

#[tokio::test]
async fn a_wrong_code_is_invalid_and_leaves_the_right_one_good() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..2 {
        sign_in(&app, ADA, &other_than(&code))
            .await
            .says(401, WRONG_CODE);
    }
    sign_in(&app, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn a_code_that_was_never_asked_for_has_expired() {
    let app = TestApp::start().await;
    sign_in(&app, ADA, "123456").await.says(401, DEAD_CODE);
    app.registered(BOB).await;
    sign_in(&app, BOB, "123456").await.says(401, DEAD_CODE);
}

#[tokio::test]
async fn a_code_lives_for_five_minutes() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    app.advance(Span::seconds(300));
    sign_in(&app, ADA, &code).await.says(401, DEAD_CODE);
    let code = app.sign_in_code(ADA).await;
    app.advance(Span::seconds(299));
    sign_in(&app, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn sec_6_5_1_a_spent_code_signs_nobody_in() {
    let app = TestApp::with(&EAGER).await;
    let code = app.sign_in_code(ADA).await;
    sign_in(&app, ADA, &code).await.expect(200);
    sign_in(&app, ADA, &code).await.says(401, DEAD_CODE);
}

#[tokio::test]
async fn after_three_wrong_guesses_the_code_is_dead_until_its_cool_down_is_over() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..3 {
        sign_in(&app, ADA, &other_than(&code))
            .await
            .says(401, WRONG_CODE);
    }
    waits(sign_in(&app, ADA, &code).await, TOO_MANY_CODES, 60);
    app.advance(Span::seconds(18));
    waits(sign_in(&app, ADA, &code).await, TOO_MANY_CODES, 42);
    app.advance(Span::seconds(42));
    sign_in(&app, ADA, &code).await.says(401, DEAD_CODE);
    let fresh = app.sign_in_code(ADA).await;
    sign_in(&app, ADA, &fresh).await.expect(200);
}

#[tokio::test]
async fn sec_6_6_2_a_code_fits_its_own_identifier_alone() {
    let app = TestApp::with(&EAGER).await;
    let code = app.sign_in_code(ADA).await;
    sign_in(&app, BOB, &code).await.says(401, DEAD_CODE);
    let other = app.sign_in_code(BOB).await;
    if code != other {
        sign_in(&app, BOB, &code).await.says(401, WRONG_CODE);
    }
    sign_in(&app, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn sec_6_5_1_a_code_of_another_purpose_signs_nobody_in() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = app.code_for(ADA).await;
    sign_in(&app, ADA, &code).await.says(401, DEAD_CODE);
}

#[tokio::test]
async fn sec_i15_a_stranger_cannot_use_up_the_owners_guesses() {
    let app = TestApp::with(&EAGER).await;
    let code = app.sign_in_code(ADA).await;
    for _ in 0..20 {
        let form = shown(ADA, &other_than(&code));
        token(&app, ELSEWHERE, form).await;
    }
    sign_in(&app, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn the_form_is_read_as_everywhere_in_the_family() {
    let app = TestApp::start().await;
    let read = |form: Value| token(&app, HOME, form);
    read(json!({"code": "123456"})).await.says(400, AMBIGUOUS);
    read(json!({"email": ADA, "phone": PHONE, "code": "123456"}))
        .await
        .says(400, AMBIGUOUS);
    for (form, sentence) in [
        (json!({"email": ADA}), "Field required"),
        (
            json!({"email": ADA, "code": 123_456}),
            "Input should be a valid string",
        ),
        (
            json!({"email": ADA, "code": null}),
            "Input should be a valid string",
        ),
        (
            json!({"email": ADA, "code": "123456", "password": 7}),
            "Input should be a valid string",
        ),
        (
            json!({"email": "ada", "code": "123456"}),
            "value is not a valid email address",
        ),
    ] {
        read(form).await.says(422, sentence);
    }
    let long = "1".repeat(10_000);
    for code in ["", "1", "abcdef", "１２３４５６", "12345\0", &long] {
        sign_in(&app, ADA, code).await.says(401, DEAD_CODE);
    }
}

#[tokio::test]
async fn tokens_are_given_once_a_minute_and_a_right_code_is_kept_meanwhile() {
    let app = TestApp::start().await;
    let code = app.sign_in_code(ADA).await;
    app.advance(Span::seconds(59));
    sign_in(&app, ADA, &code).await.expect(200);
    app.advance(Span::seconds(18));
    let code = app.sign_in_code(ADA).await;
    let wrong = other_than(&code);
    sign_in(&app, ADA, &wrong).await.says(401, WRONG_CODE);
    waits(sign_in(&app, ADA, &code).await, TOO_MANY_TOKENS, 42);
    app.advance(Span::seconds(42));
    sign_in(&app, ADA, &code).await.expect(200);
}

#[tokio::test]
async fn the_cool_down_of_tokens_is_a_setting_and_can_be_off() {
    let app = TestApp::with(&[
        ("codes.sign_in.cooldown", "0s"),
        ("api.code.token_cooldown", "10s"),
    ])
    .await;
    app.by_code(ADA).await;
    let code = app.sign_in_code(ADA).await;
    waits(sign_in(&app, ADA, &code).await, TOO_MANY_TOKENS, 10);
    let app = app.beside(&EAGER).await;
    for _ in 0..3 {
        app.by_code(ADA).await;
    }
}

#[tokio::test]
async fn the_cool_down_holds_for_one_account_alone() {
    let app = TestApp::start().await;
    app.by_code(ADA).await;
    app.by_code(BOB).await;
}

#[tokio::test]
async fn every_account_with_a_proven_address_signs_in_by_code() {
    let app = TestApp::start().await;
    let person = app.verified(ADA).await;
    let code = app.sign_in_code(ADA).await;
    let answer = token(&app, HOME, both(ADA, &code, PASSWORD)).await;
    let access = answer.expect(200).field("JWT");
    assert_eq!(claims(&access)["sub"], json!(person.id));
    let told = profile(&app, &access).await.expect(200).json();
    assert_eq!(
        (&told["email"], &told["password"]),
        (&json!(ADA), &json!(true))
    );
}

#[tokio::test]
async fn a_token_of_the_family_works_at_every_other() {
    let app = TestApp::start().await;
    let person = app.by_code(ADA).await;
    for path in ["/api/profile", "/api/v1/users/profile", "/v1/me"] {
        let answer = app.get(path).bearer(&person.access).send().await;
        assert_eq!(answer.expect(200).field("id"), person.id, "{path}");
    }
}

#[tokio::test]
async fn a_guess_meets_the_code_that_its_own_network_asked_for() {
    let app = TestApp::start().await;
    let home = app.sign_in_code(ADA).await;
    app.advance(Span::millis(1));
    ask(&app, ELSEWHERE, ADA).await.expect(200);
    let elsewhere = app.code_for(ADA).await;
    if home != elsewhere {
        sign_in(&app, ADA, &elsewhere).await.says(401, WRONG_CODE);
    }
    sign_in(&app, ADA, &home).await.expect(200);
    token(&app, ELSEWHERE, shown(ADA, &elsewhere))
        .await
        .says(401, DEAD_CODE);
}
