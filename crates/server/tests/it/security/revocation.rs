//! What was ended stays ended: sessions, accounts, tokens, codes.

use crate::cli::folder::Folder;
use crate::support::{Person, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

async fn access_works(app: &TestApp, token: &str) -> [u16; 2] {
    let verified = app
        .get("/api/v1/users/profile")
        .bearer(token)
        .send()
        .await
        .status;
    let session = app.get("/api/profile").bearer(token).send().await.status;
    [verified, session]
}

async fn refresh_works(app: &TestApp, person: &Person) -> u16 {
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": person.refresh}))
        .send()
        .await
        .status
}

async fn sign_in_works(app: &TestApp, person: &Person) -> u16 {
    app.post("/api/v1/auth/login")
        .json(json!({"email": person.email, "password": person.password}))
        .send()
        .await
        .status
}

#[tokio::test]
async fn sec_7_4_1_signing_out_ends_access_and_refresh_at_once() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(
        (
            access_works(&app, &ada.access).await,
            refresh_works(&app, &ada).await
        ),
        ([200, 200], 200)
    );
    app.post("/api/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            access_works(&app, &ada.access).await,
            refresh_works(&app, &ada).await
        ),
        ([401, 401], 401)
    );
    app.post("/api/logout")
        .bearer(&ada.access)
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn sec_7_4_1_signing_out_ends_one_session_and_no_other() {
    let app = TestApp::start().await;
    let here = app.signed_in("ada@example.com").await;
    let there = app
        .post("/api/v1/auth/login")
        .json(json!({"email": here.email, "password": here.password}))
        .send()
        .await
        .expect(200)
        .json();
    app.post("/api/logout")
        .bearer(&here.access)
        .send()
        .await
        .expect(200);
    assert_eq!(
        access_works(&app, there["access_token"].as_str().unwrap()).await,
        [200, 200]
    );
}

#[tokio::test]
async fn sec_i14_suspending_and_banning_end_every_use_of_every_token_at_once() {
    let app = TestApp::start().await;
    for (email, banned) in [("ada@example.com", false), ("eve@example.com", true)] {
        let person = app.signed_in(email).await;
        assert_eq!(access_works(&app, &person.access).await, [200, 200]);
        let ctx = app.operator();
        if banned {
            users::ban(&app.app, &ctx, email).await.unwrap();
        } else {
            users::suspend(&app.app, &ctx, email).await.unwrap();
        }
        assert_eq!(
            access_works(&app, &person.access).await,
            [401, 401],
            "{email}"
        );
        assert_eq!(
            (
                refresh_works(&app, &person).await,
                sign_in_works(&app, &person).await
            ),
            (401, 400),
            "{email}"
        );
        app.post("/api/logout")
            .bearer(&person.access)
            .send()
            .await
            .expect(400);
        let upload = app
            .post("/api/v1/users/upload-file")
            .bearer(&person.access)
            .send()
            .await;
        assert_eq!(upload.status, 401);
        // Restored, the account signs in again, and what was ended stays ended.
        users::restore(&app.app, &ctx, email).await.unwrap();
        assert_eq!(
            access_works(&app, &person.access).await,
            [401, 401],
            "{email}"
        );
        assert_eq!(
            (
                refresh_works(&app, &person).await,
                sign_in_works(&app, &person).await
            ),
            (401, 200),
            "{email}"
        );
    }
}

#[tokio::test]
async fn sec_7_4_2_deleting_ends_every_session_and_token() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob").await;
    users::delete(&app.app, &app.operator(), &ada.email)
        .await
        .unwrap();
    assert_eq!(
        (
            access_works(&app, &ada.access).await,
            refresh_works(&app, &ada).await,
            sign_in_works(&app, &ada).await
        ),
        ([401, 401], 401, 400)
    );
    app.post("/api/delete")
        .json(json!({"login": bob.login, "password": bob.password}))
        .send()
        .await
        .expect(200);
    assert_eq!(access_works(&app, &bob.access).await, [401, 401]);
    app.post("/api/login")
        .json(json!({"login": bob.login, "password": bob.password}))
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_i14_a_suspended_account_gets_no_code_and_proves_nothing() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    users::suspend(&app.app, &app.operator(), &ada.email)
        .await
        .unwrap();
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(400);
    app.advance(Span::seconds(61));
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": ada.email}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        app.mail_to(&ada.email).await.len(),
        1,
        "the code of the registration alone"
    );
}

#[tokio::test]
async fn sec_7_4_3_a_reset_that_an_operator_began_ends_every_session_once_it_is_done() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.advance(Span::seconds(1));
    users::reset(&app.app, &app.operator(), &ada.email, users::Handover::Mail)
        .await
        .unwrap();
    // Until its user has chosen another password, nothing is different.
    assert_eq!(refresh_works(&app, &ada).await, 200);
    let token = app.link_token_for(&ada.email).await;
    app.post("/v1/password/reset")
        .json(json!({"token": token, "password": "chosen by its user"}))
        .send()
        .await
        .expect(204);
    assert_eq!(
        (
            access_works(&app, &ada.access).await,
            refresh_works(&app, &ada).await,
            sign_in_works(&app, &ada).await
        ),
        ([401, 401], 401, 400)
    );
}

#[tokio::test]
async fn sec_7_3_2_activity_never_moves_the_end_of_a_session() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for day in 0..6 {
        app.advance(Span::days(1));
        assert_eq!(refresh_works(&app, &ada).await, 200, "day {day}");
    }
    app.advance(Span::seconds(86_398));
    let last = app
        .post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": ada.refresh}))
        .send()
        .await
        .expect(200)
        .json();
    assert!(
        last["access_token_expires_in"].as_i64().unwrap() <= 2,
        "no token outlives its session"
    );
    app.advance(Span::seconds(3));
    assert_eq!(refresh_works(&app, &ada).await, 401);
    assert_eq!(
        access_works(&app, last["access_token"].as_str().unwrap()).await,
        [401, 401]
    );
}

#[tokio::test]
async fn sec_10_4_8_a_refresh_token_has_an_end() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.advance(Span::days(7));
    assert_eq!(refresh_works(&app, &ada).await, 401);
}

#[tokio::test]
async fn sec_7_3_2_a_session_of_family_session_ends_with_its_token() {
    let app = TestApp::start().await;
    let bob = app.member("bob").await;
    app.advance(Span::hours(23));
    assert_eq!(access_works(&app, &bob.access).await, [200, 200]);
    app.advance(Span::hours(2));
    assert_eq!(access_works(&app, &bob.access).await, [401, 401]);
    app.clean().await;
    assert_eq!(access_works(&app, &bob.access).await, [401, 401]);
}

#[tokio::test]
async fn sec_i10_what_was_spent_or_revoked_stays_so_when_the_process_is_killed_and_started_again() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let out = serving.sign_up("out@example.com", "correct horse").await;
    let kept = serving.sign_up("kept@example.com", "correct horse").await;
    let gone = serving.sign_up("gone@example.com", "correct horse").await;
    let spent = {
        let (status, _) = serving
            .post(
                "/api/v1/users",
                &json!({"email": "code@example.com", "password": "correct horse"}),
            )
            .await;
        assert_eq!(status, 201);
        let code = serving.code_for("code@example.com").await;
        let (status, _) = serving
            .post(
                "/api/v1/auth/verify-otp",
                &json!({"email": "code@example.com", "otp": code}),
            )
            .await;
        assert_eq!(status, 200);
        code
    };
    let token = |tokens: &serde_json::Value| tokens["access_token"].as_str().unwrap().to_owned();
    let refresh = |tokens: &serde_json::Value| json!({"refresh_token": tokens["refresh_token"]});
    let signed_out = serving
        .request(reqwest::Method::POST, "/api/logout")
        .bearer_auth(token(&out))
        .send()
        .await
        .unwrap();
    assert_eq!(signed_out.status(), 200);
    folder
        .run(&["users", "delete", "gone@example.com", "--yes"])
        .done();
    serving.kill();

    let serving = folder.serve().await;
    assert_eq!(serving.profile(&token(&kept)).await, 200);
    assert_eq!(
        serving
            .post("/api/v1/auth/refresh-token", &refresh(&kept))
            .await
            .0,
        200
    );
    for ended in [&out, &gone] {
        assert_eq!(serving.profile(&token(ended)).await, 401);
        assert_eq!(
            serving
                .post("/api/v1/auth/refresh-token", &refresh(ended))
                .await
                .0,
            401
        );
    }
    let replay = json!({"email": "code@example.com", "otp": spent});
    assert_eq!(
        serving.post("/api/v1/auth/verify-otp", &replay).await.0,
        400
    );
}
