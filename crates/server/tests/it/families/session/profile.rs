use super::{login, profile};
use crate::support::{PASSWORD, TestApp, claims, tampered};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn the_profile_has_its_four_fields() {
    let app = TestApp::start().await;
    let member = app.member("Ada").await;
    let now = app.app.now().to_rfc3339();
    let answer = profile(&app, &member.access).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"id": member.id, "login": "Ada", "created_at": now, "last_login": now})
    );
}

#[tokio::test]
async fn the_last_login_moves_with_each() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let created = app.app.now().to_rfc3339();
    app.advance(Span::hours(2));
    let token = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let body = profile(&app, &token).await.expect(200).json();
    assert_eq!(body["created_at"], created);
    assert_eq!(body["last_login"], app.app.now().to_rfc3339());
    assert_eq!(body["id"], member.id);
}

#[tokio::test]
async fn without_a_header_it_is_403_not_authenticated() {
    let app = TestApp::start().await;
    app.get("/api/profile")
        .send()
        .await
        .says(403, "Not authenticated");
    app.get("/api/profile")
        .header("authorization", "Basic YWRhOmFkYQ==")
        .send()
        .await
        .says(403, "Not authenticated");
}

#[tokio::test]
async fn a_token_lives_24_hours() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let claims = claims(&member.access);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        86_400
    );
    app.advance(Span::seconds(86_399));
    profile(&app, &member.access).await.expect(200);
    app.advance(Span::seconds(1));
    profile(&app, &member.access)
        .await
        .says(401, "Token has expired");
}

#[tokio::test]
async fn the_lifetime_of_a_token_is_a_setting() {
    let app = TestApp::with(&[("api.session.access_lifetime", "1h")]).await;
    let member = app.member("ada").await;
    app.advance(Span::seconds(3599));
    profile(&app, &member.access).await.expect(200);
    app.advance(Span::seconds(1));
    profile(&app, &member.access)
        .await
        .says(401, "Token has expired");
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_invalid() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let elsewhere = TestApp::start().await;
    let foreign = elsewhere.member("ada").await;
    let (head, signature) = member.access.rsplit_once('.').unwrap();
    let cut = format!("{head}.{}", &signature[..signature.len() - 4]);
    let unsigned = format!("{head}.");
    let other_user = tampered(&member.access, |claims| claims["sub"] = json!(foreign.id));
    let garbage = "garbage".to_owned();
    let long = "a".repeat(9000);
    for token in [
        garbage,
        "a.b.c".to_owned(),
        "..".to_owned(),
        long,
        cut,
        unsigned,
        other_user,
        foreign.access.clone(),
    ] {
        let answer = profile(&app, &token).await;
        answer.says(401, "Invalid token");
    }
}

#[tokio::test]
async fn a_refresh_token_has_the_wrong_payload_for_a_bearer() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    profile(&app, &person.refresh)
        .await
        .says(401, "Invalid token payload");
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_not_found_or_expired() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    profile(&app, &member.access).await.expect(200);
    app.post("/api/logout")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    profile(&app, &member.access)
        .await
        .says(401, "Token not found or expired");
}

#[tokio::test]
async fn sec_i14_suspending_banning_and_deleting_end_every_session_at_once() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (
        app.member("ada").await,
        app.member("bob").await,
        app.member("eve").await,
    );
    for member in [&ada, &bob, &eve] {
        profile(&app, &member.access).await.expect(200);
    }
    users::suspend(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "bob").await.unwrap();
    users::delete(&app.app, &app.operator(), "eve")
        .await
        .unwrap();
    for member in [&ada, &bob, &eve] {
        profile(&app, &member.access)
            .await
            .says(401, "Token not found or expired");
    }
    users::restore(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    profile(&app, &ada.access)
        .await
        .says(401, "Token not found or expired");
}

#[tokio::test]
async fn an_operator_signs_a_user_out_everywhere() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let second = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    let ended = users::sign_out(&app.app, &app.operator(), "ada")
        .await
        .unwrap();
    assert_eq!(ended, 2);
    for token in [&member.access, &second] {
        profile(&app, token)
            .await
            .says(401, "Token not found or expired");
    }
}

#[tokio::test]
async fn this_family_has_no_refresh() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let answer = app
        .post("/api/v1/auth/refresh-token")
        .body("text/plain", member.access.clone())
        .send()
        .await;
    answer.says(401, "Invalid refresh token");
}
