//! Family `proof` beside the others: one user, one rule about first proofs.

use super::{ADA, ELSEWHERE, HOME, SHOP, mailed, proof, verify_code};
use crate::support::{PASSWORD, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

async fn login(app: &TestApp, email: &str) -> u16 {
    app.post("/api/v1/auth/login")
        .json(json!({"email": email, "password": PASSWORD}))
        .send()
        .await
        .status
}

#[tokio::test]
async fn a_user_of_verified_proves_the_address_here_and_is_verified_there() {
    let app = TestApp::start().await;
    let ada = app.registered(ADA).await;
    assert_eq!(login(&app, ADA).await, 403);
    let proof = proof(&app, HOME, ADA, SHOP).await;
    assert_eq!(proof["auth_user_id"], json!(ada.id));
    let form = json!({"email": ADA, "password": PASSWORD});
    let token = app
        .post("/api/v1/auth/login")
        .json(form)
        .send()
        .await
        .expect(200)
        .field("access_token");
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&profile["is_email_verified"], &profile["full_name"]),
        (&json!(true), &json!("Ada Lovelace"))
    );
}

#[tokio::test]
async fn a_user_who_was_verified_there_keeps_everything() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Span::minutes(1));
    let proof = proof(&app, ELSEWHERE, ADA, SHOP).await;
    assert_eq!(proof["auth_user_id"], json!(ada.id));
    let profile = app
        .get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    assert_eq!(profile.json()["full_name"], json!("Ada Lovelace"));
    assert_eq!(login(&app, ADA).await, 200);
}

#[tokio::test]
async fn sec_i16_a_first_proof_wins_over_a_squatter() {
    let app = TestApp::start().await;
    let squatter = app.registered(ADA).await;
    let otp = app.code_for(ADA).await;
    let proof = proof(&app, ELSEWHERE, ADA, SHOP).await;
    assert_eq!(
        proof["auth_user_id"],
        json!(squatter.id),
        "the id stays that of the account"
    );
    assert_eq!(login(&app, ADA).await, 400);
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(
        (user.full_name, user.has_password, user.email_proven),
        (None, false, true)
    );
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ADA, "otp": otp}))
        .send()
        .await
        .expect(400);
    assert_eq!(login(&app, ADA).await, 400);
    let mail = app.mail_to(ADA).await;
    let told = mail
        .iter()
        .find(|mail| mail.subject.contains("was confirmed"));
    let text = &told.expect("the owner is told").text;
    assert!(
        text.contains("the password") && text.contains("the profile"),
        "{text}"
    );
}

#[tokio::test]
async fn sec_i16_a_code_that_a_squatter_asked_for_and_the_owner_used_drops_it_too() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    verify_code(&app, ELSEWHERE, ADA, SHOP, &code)
        .await
        .expect(200);
    assert_eq!(login(&app, ADA).await, 400);
}

#[tokio::test]
async fn an_address_that_was_proven_here_is_taken_there() {
    let app = TestApp::start().await;
    proof(&app, HOME, ADA, SHOP).await;
    let form = json!({"email": ADA, "password": PASSWORD});
    app.post("/api/v1/users")
        .json(form)
        .send()
        .await
        .says(400, "Email already registered");
    assert_eq!(login(&app, ADA).await, 400, "there is no password yet");
}

#[tokio::test]
async fn an_account_that_was_made_by_a_proof_is_not_removed_for_its_age() {
    let app = TestApp::start().await;
    let first = proof(&app, HOME, ADA, SHOP).await;
    app.advance(Span::days(400));
    app.clean().await;
    assert_eq!(
        proof(&app, HOME, ADA, SHOP).await["auth_user_id"],
        first["auth_user_id"]
    );
}

#[tokio::test]
async fn a_wrong_method_is_405_with_what_the_path_allows() {
    let app = TestApp::start().await;
    for (path, wrong, allowed) in [
        ("/api/v1/auth/send-code", "GET", "POST"),
        ("/api/v1/auth/verify-code", "PUT", "POST"),
        ("/api/v1/auth/send-otp", "DELETE", "POST"),
        ("/api/v1/health", "POST", "GET,HEAD"),
    ] {
        let answer = app
            .request(wrong.parse().unwrap(), path)
            .send()
            .await
            .says(405, "Method Not Allowed");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
        let options = app
            .request(http::Method::OPTIONS, path)
            .send()
            .await
            .expect(204);
        assert_eq!(options.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn proof_and_verified_share_their_base_and_stay_apart() {
    for (on, here, gone) in [
        ("proof", "send-code", "send-otp"),
        ("verified", "send-otp", "send-code"),
    ] {
        let app = TestApp::with(&[("api.families", on), ("api.v1_prefix", "/identity")]).await;
        app.post(&format!("/identity/auth/{here}"))
            .json(json!({}))
            .send()
            .await
            .expect(422);
        app.post(&format!("/identity/auth/{gone}"))
            .json(json!({}))
            .send()
            .await
            .says(404, "Not Found");
        app.post(&format!("/api/v1/auth/{here}"))
            .json(json!({}))
            .send()
            .await
            .says(404, "Not Found");
        let health = app.get("/identity/health").send().await;
        assert_eq!(health.status, if on == "proof" { 200 } else { 404 });
        app.get("/health").send().await.expect(200);
    }
}
