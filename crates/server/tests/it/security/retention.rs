//! Everything that is kept has an end.

use super::stranger;
use crate::support::TestApp;
use doorward_domain::Span;
use doorward_service::users::{self, Page};
use serde_json::json;

async fn users_of(app: &TestApp) -> usize {
    users::list(
        &app.app,
        &Page {
            status: None,
            after: None,
            limit: 1000,
        },
    )
    .await
    .unwrap()
    .len()
}

#[tokio::test]
async fn sec_i46_what_nobody_proved_is_removed_and_what_is_used_stays() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob").await;
    for n in 0..20 {
        let body = json!({"email": format!("user{n}@example.com"), "password": "correct horse"});
        app.post("/api/v1/users")
            .json(body)
            .send()
            .await
            .expect(201);
    }
    assert_eq!(users_of(&app).await, 22);
    app.advance(Span::days(6));
    app.clean().await;
    assert_eq!(users_of(&app).await, 22);
    app.advance(Span::days(2));
    app.clean().await;
    assert_eq!(users_of(&app).await, 2);
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}))
        .send()
        .await
        .expect(200);
    app.post("/api/login")
        .json(json!({"login": bob.login, "password": bob.password}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_s08_anonymous_calls_leave_a_bounded_number_of_rows() {
    let app = TestApp::start().await;
    for n in 0..200 {
        let body = json!({"email": format!("nobody{n}@example.com")});
        app.post("/api/v1/auth/send-otp")
            .json(body.clone())
            .from(&stranger(n))
            .send()
            .await
            .expect(200);
        let otp = json!({"email": format!("nobody{n}@example.com"), "otp": "wrong"});
        app.post("/api/v1/auth/verify-otp")
            .json(otp)
            .from(&stranger(n))
            .send()
            .await
            .expect(400);
    }
    assert!(app.mail_to("nobody7@example.com").await.is_empty());
    assert_eq!(users_of(&app).await, 0);
    app.advance(Span::days(2));
    app.clean().await;
    // Nothing is left of them: each may ask again as if it had never asked.
    for n in 0..5 {
        let body = json!({"email": format!("nobody{n}@example.com")});
        app.post("/api/v1/auth/send-otp")
            .json(body)
            .from(&stranger(n))
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn sec_14_2_7_the_identifiers_of_a_deleted_user_are_free_at_once() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    users::delete(&app.app, &app.operator(), &ada.email)
        .await
        .unwrap();
    app.advance(Span::seconds(1));
    let again = app.signed_in("ada@example.com").await;
    assert_ne!(ada.id, again.id);
    app.get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(401);
    let bob = app.member("bob").await;
    app.post("/api/delete")
        .json(json!({"login": bob.login, "password": bob.password}))
        .send()
        .await
        .expect(200);
    assert_ne!(app.member("bob").await.id, bob.id);
}
