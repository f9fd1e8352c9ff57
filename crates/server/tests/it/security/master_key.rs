//! The master key changes, and nothing that was given out under the one before is lost or revived.

use crate::support::{PASSWORD, TestApp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_crypto::Entropy;
use serde_json::json;

fn fresh_key() -> String {
    STANDARD.encode(Entropy::os().bytes::<32>())
}

/// Keys `[old, new]` and a service that was started with the old one.
async fn with_the_old_key() -> ([String; 2], TestApp) {
    let keys = [fresh_key(), fresh_key()];
    let app = TestApp::with(&[("master_key", &keys[0])]).await;
    (keys, app)
}

async fn with_both(app: &TestApp, [old, new]: &[String; 2]) -> TestApp {
    app.beside(&[("master_key", new), ("master_key_previous", old)])
        .await
}

#[tokio::test]
async fn sec_13_3_4_what_was_given_out_under_the_key_before_is_good_beside_the_new_one() {
    let (keys, app) = with_the_old_key().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.registered("bob@example.com").await;
    let code = app.code_for(&bob.email).await;
    app.post("/v1/password/forgot")
        .json(json!({"email": ada.email}))
        .send()
        .await;
    let link = app.link_token_for(&ada.email).await;
    let public = app.get("/.well-known/jwks.json").send().await.expect(200);

    let changed = with_both(&app, &keys).await;
    let verify = json!({"email": bob.email, "otp": code});
    changed
        .post("/api/v1/auth/verify-otp")
        .json(verify.clone())
        .send()
        .await
        .expect(200);
    // Once, as before.
    changed
        .post("/api/v1/auth/verify-otp")
        .json(verify.clone())
        .send()
        .await
        .expect(400);
    let refresh = json!({"refresh_token": ada.refresh});
    changed
        .post("/api/v1/auth/refresh-token")
        .json(refresh)
        .send()
        .await
        .expect(200);
    changed
        .post("/v1/password/reset")
        .json(json!({"token": link, "password": "chosen by its user"}))
        .send()
        .await
        .expect(204);
    let set = changed.get("/.well-known/jwks.json").send().await;
    assert_eq!(set.json(), public.json());
}

#[tokio::test]
async fn a_wrong_guess_of_a_code_counts_on_whichever_side_of_the_change_it_is_made() {
    let (keys, app) = with_the_old_key().await;
    let bob = app.registered("bob@example.com").await;
    let code = app.code_for(&bob.email).await;
    let guess = |app: &TestApp, otp: &str| {
        let body = json!({"email": bob.email, "otp": otp});
        app.post("/api/v1/auth/verify-otp").json(body).send()
    };
    let wrong = if code == "000001" { "000002" } else { "000001" };
    for _ in 0..3 {
        guess(&app, wrong).await.expect(400);
    }
    let changed = with_both(&app, &keys).await;
    for _ in 0..2 {
        guess(&changed, wrong).await.expect(400);
    }
    guess(&changed, &code).await.expect(400);
}

#[tokio::test]
async fn sec_13_3_4_once_all_is_sealed_anew_the_key_before_opens_nothing_and_the_new_one_all() {
    let (keys, app) = with_the_old_key().await;
    let ada = app.member("ada").await;
    app.registered("bob@example.com").await;
    let changed = with_both(&app, &keys).await;
    changed.look_after_keys().await;
    // Mail that was waiting has been sealed anew too, and goes out.
    let alone = app.beside(&[("master_key", &keys[1])]).await;
    assert_eq!(alone.mail_to("bob@example.com").await.len(), 1);
    alone
        .get("/api/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    let signing_in = json!({"login": ada.login, "password": PASSWORD});
    alone
        .post("/api/login")
        .json(signing_in)
        .send()
        .await
        .expect(200);
    let refused = app.refused(&[("master_key", &keys[0])]).await;
    assert!(refused.contains("another `master_key`"), "{refused}");
}
