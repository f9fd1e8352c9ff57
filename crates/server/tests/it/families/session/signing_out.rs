use super::{login, profile};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use serde_json::json;

#[tokio::test]
async fn logging_out_ends_the_session_and_says_so() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let answer = app
        .post("/api/logout")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.json(), json!({"message": "Successfully logged out"}));
    profile(&app, &member.access)
        .await
        .says(401, "Token not found or expired");
}

#[tokio::test]
async fn a_token_that_is_not_live_cannot_be_logged_out() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let logout = |token: String| app.post("/api/logout").bearer(&token).send();
    logout("garbage".to_owned())
        .await
        .says(400, "Failed to logout token");
    logout(member.access.clone()).await.expect(200);
    logout(member.access.clone())
        .await
        .says(400, "Failed to logout token");
    let second = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    app.advance(Span::hours(24));
    logout(second).await.says(400, "Failed to logout token");
}

#[tokio::test]
async fn a_missing_header_is_403_not_authenticated() {
    let app = TestApp::start().await;
    app.post("/api/logout")
        .send()
        .await
        .says(403, "Not authenticated");
}

#[tokio::test]
async fn logging_out_ends_no_other_session() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let second = login(&app, "ada", PASSWORD)
        .await
        .expect(200)
        .field("access_token");
    app.post("/api/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    profile(&app, &second).await.expect(200);
    profile(&app, &bob.access).await.expect(200);
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_does_not_keep_anybody_in() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let request = app
        .post("/api/logout")
        .bearer(&member.access)
        .body("text/plain", "{{{");
    request.send().await.expect(200);
}
