//! Changing the password.

use super::{
    ADA, NEW_PASSWORD, WRONG_PASSWORD, WRONG_REFRESH, WRONG_TOKEN, is_unauthenticated, login,
    member, put, refresh, signed_in_again, user,
};
use crate::support::{Answer, PASSWORD, TestApp};
use serde_json::json;

async fn change(app: &TestApp, token: &str, old: &str, new: &str) -> Answer {
    let form = json!({"old_password": old, "new_password": new});
    put(app, "/users/password", token, form).await
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    let done = change(&app, &ada.access, PASSWORD, NEW_PASSWORD)
        .await
        .expect(200);
    assert_eq!(
        done.json(),
        json!({"message": "Password updated successfully"})
    );
    login(&app, ADA, PASSWORD).await.says(401, WRONG_PASSWORD);
    login(&app, ADA, NEW_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_wrong_old_password_is_400_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    for wrong in ["wrong-password", "", NEW_PASSWORD] {
        change(&app, &ada.access, wrong, NEW_PASSWORD)
            .await
            .says(400, "Current password is incorrect");
    }
    login(&app, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn sec_7_4_3_a_password_change_ends_every_other_session() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    let elsewhere = signed_in_again(&app, &ada).await;
    change(&app, &ada.access, PASSWORD, NEW_PASSWORD)
        .await
        .expect(200);
    is_unauthenticated(user(&app, &elsewhere.access).await, WRONG_TOKEN);
    is_unauthenticated(refresh(&app, &elsewhere.refresh).await, WRONG_REFRESH);
    user(&app, &ada.access).await.expect(200);
    refresh(&app, &ada.refresh).await.expect(200);
}

#[tokio::test]
async fn sec_6_3_7_a_password_change_is_told_to_the_address() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    let before = app.mail_to(ADA).await.len();
    change(&app, &ada.access, PASSWORD, NEW_PASSWORD)
        .await
        .expect(200);
    assert_eq!(app.mail_to(ADA).await.len(), before + 1);
}

#[tokio::test]
async fn a_new_password_keeps_the_familys_rules() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    change(&app, &ada.access, PASSWORD, "1234567")
        .await
        .complains("new_password", "String should have at least 8 characters");
    change(&app, &ada.access, PASSWORD, &"x".repeat(129))
        .await
        .complains("new_password", "String should have at most 128 characters");
    change(&app, &ada.access, PASSWORD, "12345678")
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_missing_or_no_text_is_named() {
    let app = TestApp::start().await;
    let ada = member(&app, ADA).await;
    for (form, place) in [
        (json!({"new_password": NEW_PASSWORD}), "body.old_password"),
        (json!({"old_password": PASSWORD}), "body.new_password"),
        (
            json!({"old_password": null, "new_password": NEW_PASSWORD}),
            "body.old_password",
        ),
        (
            json!({"old_password": PASSWORD, "new_password": 12_345_678}),
            "body.new_password",
        ),
    ] {
        put(&app, "/users/password", &ada.access, form)
            .await
            .finds_fault_at(place);
    }
}

#[tokio::test]
async fn sec_i05_old_passwords_are_tried_only_so_often() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let ada = member(&app, ADA).await;
    let mut answers = Vec::new();
    for _ in 0..15 {
        answers.push(
            change(&app, &ada.access, "wrong-password", NEW_PASSWORD)
                .await
                .status,
        );
    }
    assert!(answers.contains(&429), "{answers:?}");
}
