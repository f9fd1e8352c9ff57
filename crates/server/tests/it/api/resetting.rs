use super::{
    ADA, BOB, ELSEWHERE, HOME, NEW_PASSWORD, finds_fault_with, forgot, is_problem, me, other_than,
    refresh, reset_by_code, reset_by_link, rotating_session, sign_in,
};
use crate::support::{PASSWORD, Person, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use futures_util::future::join_all;
use serde_json::json;

/// Somebody who has signed in, then forgotten the password and asked for the way back in: with the code and the secret of
/// the link.
async fn forgetful(app: &TestApp) -> (Person, String, String) {
    let ada = app.signed_in(ADA).await;
    let (code, token) = asks(app, HOME).await;
    (ada, code, token)
}

async fn asks(app: &TestApp, ip: &str) -> (String, String) {
    app.advance(Span::minutes(1));
    forgot(app, ip, ADA).await.expect(202);
    (app.code_for(ADA).await, app.link_token_for(ADA).await)
}

async fn signs_in_with(app: &TestApp, password: &str) {
    sign_in(app, ADA, password).await.expect(200);
}

async fn does_not_sign_in_with(app: &TestApp, password: &str) {
    sign_in(app, ADA, password).await.expect(400);
}

#[tokio::test]
async fn the_code_sets_a_new_password_and_signs_nobody_in() {
    let app = TestApp::start().await;
    let (_, code, _) = forgetful(&app).await;
    let answer = reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    assert_eq!((answer.body.len(), answer.header("set-cookie")), (0, None));
    signs_in_with(&app, NEW_PASSWORD).await;
    does_not_sign_in_with(&app, PASSWORD).await;
}

#[tokio::test]
async fn the_link_sets_a_new_password_and_signs_nobody_in() {
    let app = TestApp::start().await;
    let (_, _, token) = forgetful(&app).await;
    let answer = reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
    assert_eq!((answer.body.len(), answer.header("set-cookie")), (0, None));
    signs_in_with(&app, NEW_PASSWORD).await;
    does_not_sign_in_with(&app, PASSWORD).await;
}

#[tokio::test]
async fn the_code_spends_itself_and_the_link() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, PASSWORD).await,
        400,
        "code_expired",
    );
    is_problem(
        reset_by_link(&app, &token, PASSWORD).await,
        400,
        "link_invalid",
    );
    signs_in_with(&app, NEW_PASSWORD).await;
}

#[tokio::test]
async fn the_link_spends_itself_and_the_code() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
    is_problem(
        reset_by_link(&app, &token, PASSWORD).await,
        400,
        "link_invalid",
    );
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, PASSWORD).await,
        400,
        "code_expired",
    );
    signs_in_with(&app, NEW_PASSWORD).await;
}

#[tokio::test]
async fn sec_i21_a_reset_voids_every_other_code_and_link_of_the_account() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let verification = app.code_for(ADA).await;
    let (_, earlier) = asks(&app, HOME).await;
    let (elsewhere, elsewheres_link) = asks(&app, ELSEWHERE).await;
    let (code, _) = asks(&app, HOME).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    is_problem(
        reset_by_code(&app, ELSEWHERE, ADA, &elsewhere, PASSWORD).await,
        400,
        "code_expired",
    );
    for link in [earlier, elsewheres_link] {
        is_problem(
            reset_by_link(&app, &link, PASSWORD).await,
            400,
            "link_invalid",
        );
    }
    let form = json!({"email": ADA, "otp": verification});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn sec_6_2_3_a_reset_ends_every_session() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let native = rotating_session(&app, &ada).await;
    let (code, _) = asks(&app, HOME).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    for person in [&ada, &native] {
        is_problem(me(&app, &person.access).await, 401, "token_revoked");
        is_problem(refresh(&app, &person.refresh).await, 401, "token_revoked");
    }
}

#[tokio::test]
async fn sec_6_3_7_a_reset_is_told_by_mail() {
    let app = TestApp::start().await;
    let (_, code, _) = forgetful(&app).await;
    app.advance(Span::seconds(1));
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    let mail = app.mail_to(ADA).await;
    assert!(
        mail[0].subject.contains("was changed"),
        "{}",
        mail[0].subject
    );
    assert!(!mail[0].text.contains(NEW_PASSWORD));
}

#[tokio::test]
async fn a_reset_proves_the_address_of_whoever_registered_from_here() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let (code, _) = asks(&app, HOME).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    let access = sign_in(&app, ADA, NEW_PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let body = me(&app, &access).await.json();
    assert_eq!(
        (&body["email_verified"], &body["full_name"]),
        (&json!(true), &json!("Ada Lovelace"))
    );
}

#[tokio::test]
async fn sec_i16_a_first_proof_from_elsewhere_drops_what_was_set_before() {
    let app = TestApp::start().await;
    let squatter = app.member("squatter").await;
    app.registered(ADA).await;
    let (code, _) = asks(&app, ELSEWHERE).await;
    reset_by_code(&app, ELSEWHERE, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    does_not_sign_in_with(&app, PASSWORD).await;
    let access = sign_in(&app, ADA, NEW_PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let body = me(&app, &access).await.json();
    assert_eq!(
        (&body["email_verified"], &body["full_name"]),
        (&json!(true), &json!(null))
    );
    me(&app, &squatter.access).await.expect(200);
}

#[tokio::test]
async fn sec_i16_a_link_used_on_an_unproven_address_is_a_first_proof_too() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let (_, token) = asks(&app, HOME).await;
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
    does_not_sign_in_with(&app, PASSWORD).await;
    signs_in_with(&app, NEW_PASSWORD).await;
}

#[tokio::test]
async fn a_refused_password_spends_neither_code_nor_link() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    for bad in ["", "seven77", &"x".repeat(129)] {
        finds_fault_with(
            reset_by_code(&app, HOME, ADA, &code, bad).await,
            &["password"],
        );
        finds_fault_with(reset_by_link(&app, &token, bad).await, &["password"]);
    }
    signs_in_with(&app, PASSWORD).await;
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn sec_6_2_1_a_password_has_8_to_128_code_points() {
    let app = TestApp::start().await;
    app.signed_in(ADA).await;
    for good in [
        "eight888".to_owned(),
        "пароль12".to_owned(),
        "🔑".repeat(128),
    ] {
        let (code, _) = asks(&app, HOME).await;
        reset_by_code(&app, HOME, ADA, &code, &good)
            .await
            .expect(204);
        signs_in_with(&app, &good).await;
    }
    let (code, _) = asks(&app, HOME).await;
    finds_fault_with(
        reset_by_code(&app, HOME, ADA, &code, &"🔑".repeat(7)).await,
        &["password"],
    );
    finds_fault_with(
        reset_by_code(&app, HOME, ADA, &code, &"🔑".repeat(129)).await,
        &["password"],
    );
}

#[tokio::test]
async fn sec_6_5_5_a_code_lives_15_minutes_and_a_link_an_hour() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    app.advance(Span::minutes(15));
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD).await,
        400,
        "code_expired",
    );
    app.advance(Span::seconds(45 * 60 - 1));
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
    let (_, token) = asks(&app, HOME).await;
    app.advance(Span::hours(1));
    is_problem(
        reset_by_link(&app, &token, PASSWORD).await,
        400,
        "link_invalid",
    );
}

#[tokio::test]
async fn the_lifetimes_are_the_operators() {
    let app = TestApp::with(&[
        ("links.reset.lifetime", "5m"),
        ("codes.reset.lifetime", "2m"),
        ("codes.reset.length", "6"),
    ])
    .await;
    let (_, code, token) = forgetful(&app).await;
    assert_eq!(code.len(), 6);
    app.advance(Span::minutes(2));
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD).await,
        400,
        "code_expired",
    );
    app.advance(Span::minutes(3));
    is_problem(
        reset_by_link(&app, &token, NEW_PASSWORD).await,
        400,
        "link_invalid",
    );
}

#[tokio::test]
async fn five_wrong_guesses_kill_a_code_and_leave_its_link_good() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    for _ in 0..5 {
        is_problem(
            reset_by_code(&app, HOME, ADA, &other_than(&code), NEW_PASSWORD).await,
            401,
            "code_invalid",
        );
    }
    let dead = is_problem(
        reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD).await,
        429,
        "code_exhausted",
    );
    assert_eq!(dead.number("retry-after"), 60);
    signs_in_with(&app, PASSWORD).await;
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn sec_6_1_1_a_strangers_guesses_do_not_use_up_the_owners() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let (_, code, _) = forgetful(&app).await;
    for _ in 0..8 {
        reset_by_code(&app, ELSEWHERE, ADA, &other_than(&code), NEW_PASSWORD).await;
    }
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
}

#[tokio::test]
async fn sec_6_3_8_an_address_without_an_account_guesses_like_one_with_an_account() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let nobody = "nobody@example.com";
    let (_, code, _) = forgetful(&app).await;
    let wrong = other_than(&code);
    let never = reset_by_code(&app, HOME, BOB, &wrong, NEW_PASSWORD).await;
    is_problem(never, 400, "code_expired");
    forgot(&app, HOME, nobody).await.expect(202);
    for _ in 0..7 {
        let known = reset_by_code(&app, HOME, ADA, &wrong, NEW_PASSWORD).await;
        let unknown = reset_by_code(&app, HOME, nobody, &wrong, NEW_PASSWORD).await;
        assert_eq!(known.outside(), unknown.outside());
    }
    let phone = json!({"phone": "+442079460018", "code": wrong, "password": NEW_PASSWORD});
    is_problem(
        app.post("/v1/password/reset").json(phone).send().await,
        400,
        "code_expired",
    );
}

#[tokio::test]
async fn sec_6_5_1_a_code_of_another_purpose_or_another_address_resets_nothing() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let verification = app.code_for(ADA).await;
    app.signed_in(BOB).await;
    let (code, _) = asks(&app, HOME).await;
    app.advance(Span::minutes(1));
    forgot(&app, HOME, BOB).await.expect(202);
    is_problem(
        reset_by_code(&app, HOME, ADA, &verification, NEW_PASSWORD).await,
        401,
        "code_invalid",
    );
    is_problem(
        reset_by_code(&app, HOME, BOB, &code, NEW_PASSWORD).await,
        401,
        "code_invalid",
    );
    let form = json!({"email": ADA, "otp": code});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .send()
        .await
        .expect(400);
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
}

#[tokio::test]
async fn sec_i14_whoever_was_suspended_meanwhile_has_no_way_back_in() {
    let app = TestApp::start().await;
    let (_, code, token) = forgetful(&app).await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD).await,
        401,
        "code_invalid",
    );
    is_problem(
        reset_by_link(&app, &token, NEW_PASSWORD).await,
        400,
        "link_invalid",
    );
    users::restore(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    signs_in_with(&app, PASSWORD).await;
}

#[tokio::test]
async fn whoever_has_no_password_yet_can_set_one() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let otp = app.code_for(ADA).await;
    // Proven from elsewhere: the password that was set before is dropped.
    let form = json!({"email": ADA, "otp": otp});
    app.post("/api/v1/auth/verify-otp")
        .json(form)
        .from(ELSEWHERE)
        .send()
        .await
        .expect(200);
    does_not_sign_in_with(&app, PASSWORD).await;
    let (code, _) = asks(&app, HOME).await;
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    signs_in_with(&app, NEW_PASSWORD).await;
}

#[tokio::test]
async fn sec_i07_of_parallel_resets_with_one_link_or_one_code_one_is_done() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let (_, code, token) = forgetful(&app).await;
    let by_link = join_all((0..8).map(|n| {
        let (app, token) = (&app, &token);
        async move {
            reset_by_link(app, token, &format!("password number {n}"))
                .await
                .status
        }
    }));
    let won = by_link
        .await
        .into_iter()
        .filter(|status| *status == 204)
        .count();
    assert_eq!(won, 1);
    is_problem(
        reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD).await,
        400,
        "code_expired",
    );
    let (code, _) = asks(&app, HOME).await;
    // As many as the code has tries: a right one that comes too late counts as one too.
    let by_code = join_all((0..5).map(|n| {
        let (app, code) = (&app, &code);
        async move {
            reset_by_code(app, HOME, ADA, code, &format!("password number {n}"))
                .await
                .status
        }
    }));
    let won = by_code
        .await
        .into_iter()
        .filter(|status| *status == 204)
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn sec_i04_nothing_but_the_whole_secret_of_a_link_is_good() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let (ada, _, token) = forgetful(&app).await;
    let flipped = format!(
        "{}{}",
        if token.starts_with('A') { 'B' } else { 'A' },
        &token[1..]
    );
    let swapped = token.chars().map(|c| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    });
    for forged in [
        &flipped,
        &token[1..],
        &format!("{token}="),
        &format!(" {token}"),
        &swapped.collect::<String>(),
        "",
        "%",
        &ada.id,
    ] {
        is_problem(
            reset_by_link(&app, forged, NEW_PASSWORD).await,
            400,
            "link_invalid",
        );
    }
    reset_by_link(&app, &token, NEW_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn a_reset_takes_a_code_with_its_address_or_a_token_and_a_password() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let send = |body| app.post("/v1/password/reset").json(body).send();
    finds_fault_with(send(json!({})).await, &["email", "code", "password"]);
    finds_fault_with(
        send(json!({"email": "ada", "code": 123, "password": 7})).await,
        &["email", "code", "password"],
    );
    finds_fault_with(
        send(json!({"email": ADA, "password": NEW_PASSWORD})).await,
        &["code"],
    );
    finds_fault_with(
        send(json!({"code": "12345678", "password": NEW_PASSWORD})).await,
        &["email"],
    );
    finds_fault_with(send(json!({"token": "x"})).await, &["password"]);
    finds_fault_with(
        send(json!({"token": 7, "password": NEW_PASSWORD})).await,
        &["token"],
    );
    finds_fault_with(
        send(json!({"token": "x", "code": "1", "password": NEW_PASSWORD})).await,
        &["code"],
    );
}

#[tokio::test]
async fn sec_6_3_1_a_reset_lets_the_owner_in_who_was_made_to_wait() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let (_, code, _) = forgetful(&app).await;
    for _ in 0..10 {
        does_not_sign_in_with(&app, "wrong-Horse-1-Guess").await;
    }
    sign_in(&app, ADA, PASSWORD).await.expect(429);
    reset_by_code(&app, HOME, ADA, &code, NEW_PASSWORD)
        .await
        .expect(204);
    signs_in_with(&app, NEW_PASSWORD).await;
}
