//! Deleting the user of a token.

use super::{
    ADA, GRACE, WRONG_LINK, WRONG_PASSWORD, WRONG_REFRESH, WRONG_TOKEN, is_unauthenticated,
    link_to, login, member, put, refresh, registered, signed_in_again, user,
};
use crate::support::{PASSWORD, TestApp};
use serde_json::json;

#[tokio::test]
async fn deleting_ends_every_session_and_frees_the_address() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    let elsewhere = signed_in_again(&app, &ada).await;
    let done = app.delete("/users").bearer(&ada.access).send().await;
    assert_eq!(
        done.expect(200).json(),
        json!({"message": "User deleted successfully"})
    );
    for person in [&ada, &elsewhere] {
        is_unauthenticated(user(&app, &person.access).await, WRONG_TOKEN);
        is_unauthenticated(refresh(&app, &person.refresh).await, WRONG_REFRESH);
    }
    login(&app, ADA, PASSWORD).await.says(401, WRONG_PASSWORD);
    let again = registered(&app, ADA).await;
    assert_ne!(again.id, ada.id);
}

#[tokio::test]
async fn deleting_is_seen_by_every_family() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    app.delete("/users")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    app.get("/api/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(401);
    app.get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(401);
    let form = json!({"email": ADA, "password": PASSWORD});
    let answer = app.post("/api/v1/auth/login").json(form).send().await;
    answer.expect(400);
}

#[tokio::test]
async fn a_deleted_users_links_are_dead() {
    let app = TestApp::start().await;
    let person = registered(&app, ADA).await;
    let person = signed_in_again(&app, &person).await;
    let confirmation = link_to(&app, ADA).await;
    put(
        &app,
        "/users/email",
        &person.access,
        json!({"new_email": GRACE}),
    )
    .await
    .expect(200);
    let change = link_to(&app, GRACE).await;
    app.delete("/users")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    for link in [confirmation, change] {
        app.get(&link).send().await.says(400, WRONG_LINK);
    }
}

#[tokio::test]
async fn a_user_is_deleted_once() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    app.delete("/users")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    let again = app.delete("/users").bearer(&ada.access).send().await;
    is_unauthenticated(again, WRONG_TOKEN);
}
