use super::{UNFIT, is_wrong, login, profile, register};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::{Login, Span};
use doorward_service::passwords::NewPassword;
use doorward_service::users;
use serde_json::json;

/// A user of this login whose password this family would not have taken.
async fn operator_creates(app: &TestApp, login: &str, password: &str) {
    let create = users::Create {
        email: None,
        login: Some(Login::parse(login).unwrap()),
        phone: None,
        full_name: None,
        password: Some(NewPassword::parse(password.into(), &users::OPERATORS_RULES).unwrap()),
    };
    users::create(&app.app, &app.operator(), create)
        .await
        .unwrap();
}

#[tokio::test]
async fn signing_in_answers_a_token_and_its_type_alone() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    let answer = login(&app, "ada", PASSWORD).await.expect(200);
    assert_eq!(answer.members(), ["access_token", "token_type"]);
    assert_eq!(answer.field("token_type"), "bearer");
    profile(&app, &answer.field("access_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_are_one_answer() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    let wrong = login(&app, "ada", "Wrong-7-Password").await;
    let unknown = login(&app, "bob", "Wrong-7-Password").await;
    is_wrong(&wrong);
    assert_eq!(wrong.outside(), unknown.outside());
}

#[tokio::test]
async fn a_login_that_is_too_short_is_refused_before_anything_is_looked_up() {
    let app = TestApp::start().await;
    for _ in 0..15 {
        let answer = login(&app, "ab", PASSWORD).await;
        answer.complains("login", "Login must be at least 3 characters long");
    }
}

#[tokio::test]
async fn an_empty_password_is_refused_before_anything_is_looked_up() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for _ in 0..15 {
        let answer = login(&app, "ada", "").await;
        answer.complains("password", "Password must be at least 8 characters long");
    }
    login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_that_breaks_a_rule_is_told_which_in_place_of_the_401() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for (password, sentence) in UNFIT {
        login(&app, "ada", password)
            .await
            .complains("password", sentence);
        login(&app, "nobody", password)
            .await
            .complains("password", sentence);
    }
}

#[tokio::test]
async fn a_right_password_signs_in_whatever_it_is_made_of() {
    let app = TestApp::start().await;
    operator_creates(&app, "ada", "onlylowercase").await;
    login(&app, "ada", "onlylowercase").await.expect(200);
}

#[tokio::test]
async fn a_complaint_counts_as_a_failed_try() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for _ in 0..10 {
        login(&app, "ada", "abcdefgh").await.expect(422);
    }
    let answer = login(&app, "ada", PASSWORD).await.expect(429);
    assert!(answer.number("retry-after") > 0);
}

#[tokio::test]
async fn sec_6_1_1_after_ten_wrong_passwords_strangers_wait_half_a_minute_and_then_longer() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for _ in 0..10 {
        is_wrong(&login(&app, "ada", "Wrong-7-Password").await);
    }
    let blocked = login(&app, "ada", "Wrong-7-Password").await.expect(429);
    assert_eq!(blocked.number("retry-after"), 30);
    app.advance(Span::seconds(29));
    assert_eq!(
        login(&app, "ada", PASSWORD)
            .await
            .expect(429)
            .number("retry-after"),
        1
    );
    app.advance(Span::seconds(1));
    is_wrong(&login(&app, "ada", "Wrong-7-Password").await);
    assert_eq!(
        login(&app, "ada", PASSWORD)
            .await
            .expect(429)
            .number("retry-after"),
        60
    );
}

#[tokio::test]
async fn sec_6_1_1_the_wait_of_strangers_never_exceeds_an_hour() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    register(&app, "ada", PASSWORD).await.expect(201);
    let mut longest = 0;
    for _ in 0..25 {
        let answer = login(&app, "ada", "Wrong-7-Password").await;
        if answer.status == 429 {
            longest = longest.max(answer.number("retry-after"));
            app.advance(Span::seconds(
                u32::try_from(answer.number("retry-after")).unwrap(),
            ));
        }
    }
    app.advance(Span::hours(1));
    login(&app, "ada", PASSWORD).await.expect(200);
    assert!((1800..=3600).contains(&longest), "{longest}");
}

#[tokio::test]
async fn an_unknown_login_is_blocked_like_a_known_one() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for _ in 0..10 {
        login(&app, "ada", "Wrong-7-Password").await.expect(401);
        login(&app, "bob", "Wrong-7-Password").await.expect(401);
    }
    let known = login(&app, "ada", "Wrong-7-Password").await.expect(429);
    let unknown = login(&app, "bob", "Wrong-7-Password").await.expect(429);
    assert_eq!(known.outside(), unknown.outside());
}

#[tokio::test]
async fn sec_i15_the_owner_signs_in_from_a_known_network_while_a_stranger_guesses() {
    let app = TestApp::start().await;
    app.member("ada").await;
    for _ in 0..12 {
        let guess = json!({"login": "ada", "password": "Wrong-7-Password"});
        app.post("/api/login")
            .json(guess)
            .from("203.0.113.66")
            .send()
            .await;
    }
    let right = json!({"login": "ada", "password": PASSWORD});
    app.post("/api/login")
        .json(right.clone())
        .from("203.0.113.66")
        .send()
        .await
        .expect(429);
    app.post("/api/login").json(right).send().await.expect(200);
}

#[tokio::test]
async fn success_takes_back_its_own_count_and_not_that_of_strangers() {
    let app = TestApp::start().await;
    app.member("ada").await;
    let guess = |ip: &'static str| {
        let form = json!({"login": "ada", "password": "Wrong-7-Password"});
        app.post("/api/login").json(form).from(ip).send()
    };
    for _ in 0..9 {
        guess("203.0.113.66").await.expect(401);
        guess("192.0.2.1").await.expect(401);
    }
    login(&app, "ada", PASSWORD).await.expect(200);
    guess("192.0.2.1").await.expect(401);
    guess("192.0.2.1").await.expect(401);
    guess("203.0.113.66").await.expect(401);
    guess("203.0.113.66").await.expect(429);
}

#[tokio::test]
async fn a_suspended_or_banned_user_reads_like_a_wrong_password() {
    let app = TestApp::start().await;
    app.member("ada").await;
    app.member("bob").await;
    users::suspend(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "bob").await.unwrap();
    is_wrong(&login(&app, "ada", PASSWORD).await);
    is_wrong(&login(&app, "bob", PASSWORD).await);
    users::restore(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_suspended_users_unfit_guess_is_complained_about_like_any_other() {
    let app = TestApp::start().await;
    app.member("ada").await;
    users::suspend(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    for (password, sentence) in UNFIT {
        login(&app, "ada", password)
            .await
            .complains("password", sentence);
    }
}

#[tokio::test]
async fn every_sign_in_opens_a_session_of_its_own() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let again = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    assert_ne!(member.access, again);
    app.post("/api/logout")
        .bearer(&again)
        .send()
        .await
        .expect(200);
    profile(&app, &member.access).await.expect(200);
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    for path in ["/api/login", "/api/delete"] {
        for (form, place) in [
            (json!({"password": PASSWORD}), "body.login"),
            (json!({"login": "ada"}), "body.password"),
            (json!({"login": true, "password": PASSWORD}), "body.login"),
            (json!({"login": "ada", "password": null}), "body.password"),
        ] {
            app.post(path).json(form).send().await.finds_fault_at(place);
        }
    }
}
