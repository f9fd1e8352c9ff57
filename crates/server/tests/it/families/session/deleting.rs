use super::{UNFIT, is_wrong, login, profile, register};
use crate::support::{Answer, PASSWORD, TestApp};
use doorward_domain::{Email, Login, Span};
use doorward_service::passwords::NewPassword;
use doorward_service::users;
use serde_json::json;

async fn delete(app: &TestApp, login: &str, password: &str) -> Answer {
    let form = json!({"login": login, "password": password});
    app.post("/api/delete").json(form).send().await
}

async fn delete_with(app: &TestApp, login: &str, token: &str) -> Answer {
    let form = json!({"login": login, "password": PASSWORD});
    app.post("/api/delete")
        .json(form)
        .bearer(token)
        .send()
        .await
}

#[tokio::test]
async fn a_user_is_deleted_with_login_and_password() {
    let app = TestApp::start().await;
    app.member("ada").await;
    let answer = delete(&app, "ada", PASSWORD).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"message": "User deleted successfully"})
    );
    is_wrong(&login(&app, "ada", PASSWORD).await);
    is_wrong(&delete(&app, "ada", PASSWORD).await);
}

#[tokio::test]
async fn deleting_ends_every_session_of_the_user_and_of_nobody_else() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let second = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    profile(&app, &second).await.expect(200);
    delete(&app, "ada", PASSWORD).await.expect(200);
    for token in [&ada.access, &second] {
        profile(&app, token)
            .await
            .says(401, "Token not found or expired");
    }
    profile(&app, &bob.access).await.expect(200);
}

#[tokio::test]
async fn deleting_ends_what_the_user_has_through_other_families_too() {
    let app = TestApp::start().await;
    let create = users::Create {
        email: Some(Email::parse("ada@example.com").unwrap()),
        login: Some(Login::parse("ada").unwrap()),
        phone: None,
        full_name: None,
        password: Some(NewPassword::parse(PASSWORD.into(), &users::OPERATORS_RULES).unwrap()),
    };
    users::create(&app.app, &app.operator(), create)
        .await
        .unwrap();
    let form = json!({"email": "ada@example.com", "password": PASSWORD});
    let tokens = app.post("/api/v1/auth/login").json(form).send().await;
    let tokens = tokens.expect(200);
    delete(&app, "ada", PASSWORD).await.expect(200);
    let access = tokens.field("access_token");
    let profile = app.get("/api/v1/users/profile").bearer(&access);
    profile.send().await.expect(401);
    let refresh = json!({"refresh_token": tokens.field("refresh_token")});
    let refresh = app.post("/api/v1/auth/refresh-token").json(refresh);
    refresh.send().await.says(401, "Invalid refresh token");
    app.registered("ada@example.com").await;
}

#[tokio::test]
async fn a_deleted_login_is_free_for_somebody_new() {
    let app = TestApp::start().await;
    let old = app.member("ada").await;
    delete(&app, "ada", PASSWORD).await.expect(200);
    let new = register(&app, "ada", "Another-7-Password")
        .await
        .expect(201)
        .field("id");
    assert_ne!(old.id, new);
    profile(&app, &old.access).await.expect(401);
    is_wrong(&login(&app, "ada", PASSWORD).await);
    let token = login(&app, "ada", "Another-7-Password")
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(profile(&app, &token).await.field("id"), new);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_delete_nothing_and_read_alike() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let wrong = delete(&app, "ada", "Wrong-7-Password").await;
    is_wrong(&wrong);
    assert_eq!(
        wrong.outside(),
        delete(&app, "bob", "Wrong-7-Password").await.outside()
    );
    profile(&app, &member.access).await.expect(200);
}

#[tokio::test]
async fn a_live_token_of_the_same_user_may_come_along() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    delete_with(&app, "ada", &member.access).await.expect(200);
    profile(&app, &member.access).await.expect(401);
}

#[tokio::test]
async fn any_other_token_that_comes_along_is_401_and_deletes_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let over = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    app.post("/api/logout")
        .bearer(&over)
        .send()
        .await
        .expect(200);
    delete_with(&app, "ada", &bob.access).await.expect(401);
    delete_with(&app, "ada", &over)
        .await
        .says(401, "Token not found or expired");
    delete_with(&app, "ada", "garbage")
        .await
        .says(401, "Invalid token");
    profile(&app, &ada.access).await.expect(200);
    profile(&app, &bob.access).await.expect(200);
    app.advance(Span::hours(24));
    delete_with(&app, "ada", &ada.access)
        .await
        .says(401, "Token has expired");
    login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn deleting_complains_as_signing_in_does() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    let short = delete(&app, "ab", PASSWORD).await;
    short.complains("login", "Login must be at least 3 characters long");
    let empty = delete(&app, "ada", "").await;
    empty.complains("password", "Password must be at least 8 characters long");
    for (password, sentence) in UNFIT {
        delete(&app, "ada", password)
            .await
            .complains("password", sentence);
    }
    login(&app, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_s25_wrong_passwords_count_whether_they_would_sign_in_or_delete() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    for _ in 0..5 {
        is_wrong(&login(&app, "ada", "Wrong-7-Password").await);
        is_wrong(&delete(&app, "ada", "Wrong-7-Password").await);
    }
    delete(&app, "ada", PASSWORD).await.expect(429);
    login(&app, "ada", PASSWORD).await.expect(429);
}

#[tokio::test]
async fn deleting_twice_at_once_deletes_once() {
    let app = TestApp::start().await;
    register(&app, "ada", PASSWORD).await.expect(201);
    let both =
        futures_util::future::join(delete(&app, "ada", PASSWORD), delete(&app, "ada", PASSWORD))
            .await;
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}
