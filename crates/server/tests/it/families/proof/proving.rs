//! Turning a code into a proof.

use super::{
    ADA, ELSEWHERE, HOME, SHOP, WRONG_CODE, mailed, other_than, proof, send_code, verify_code,
};
use crate::support::TestApp;
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn a_right_code_is_answered_with_the_proof() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    let answer = verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
    let members = [
        "auth_user_id",
        "email",
        "issued_at",
        "jws",
        "project_id",
        "signature",
        "verified",
    ];
    assert_eq!(answer.members(), members);
    let proof = answer.json();
    let id: uuid::Uuid = answer.field("auth_user_id").parse().unwrap();
    assert_eq!(
        (id.get_version_num(), id.to_string()),
        (7, answer.field("auth_user_id"))
    );
    assert_eq!(
        (&proof["email"], &proof["project_id"]),
        (&json!(ADA), &json!(SHOP))
    );
    assert_eq!(
        (&proof["verified"], &proof["issued_at"]),
        (&json!(true), &json!(app.app.now().as_seconds()))
    );
}

#[tokio::test]
async fn sec_6_5_1_a_code_works_once() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
    verify_code(&app, HOME, ADA, SHOP, &code)
        .await
        .says(401, WRONG_CODE);
}

#[tokio::test]
async fn sec_6_6_2_a_code_belongs_to_its_project_and_address() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    for (email, project) in [
        ("eve@example.com", SHOP),
        (ADA, "blog"),
        (ADA, "Shop"),
        (ADA, "shop "),
    ] {
        verify_code(&app, HOME, email, project, &code)
            .await
            .says(401, WRONG_CODE);
    }
    for (email, project) in [("eve@example.com", SHOP), (ADA, "blog")] {
        if mailed(&app, HOME, email, project).await != code {
            verify_code(&app, HOME, email, project, &code)
                .await
                .says(401, WRONG_CODE);
        }
    }
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(200);
}

#[tokio::test]
async fn sec_6_6_2_a_code_of_another_purpose_proves_nothing_here() {
    let app = TestApp::start().await;
    app.registered(ADA).await;
    let otp = app.code_for(ADA).await;
    verify_code(&app, HOME, ADA, SHOP, &otp)
        .await
        .says(401, WRONG_CODE);
    let code = mailed(&app, HOME, ADA, SHOP).await;
    if code != otp {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": ADA, "otp": code}))
            .send()
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn sec_6_5_5_a_code_ends_after_300_seconds() {
    let app = TestApp::start().await;
    for (email, age, status) in [(ADA, 299, 200), ("eve@example.com", 300, 401)] {
        let code = mailed(&app, HOME, email, SHOP).await;
        app.advance(Span::seconds(age));
        verify_code(&app, HOME, email, SHOP, &code)
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn length_and_lifetime_of_a_code_are_settings() {
    let app = TestApp::with(&[("codes.proof.length", "8"), ("codes.proof.lifetime", "10s")]).await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    assert_eq!(code.len(), 8);
    app.advance(Span::seconds(10));
    verify_code(&app, HOME, ADA, SHOP, &code)
        .await
        .says(401, WRONG_CODE);
}

#[tokio::test]
async fn sec_i28_wrong_spent_expired_dead_and_never_sent_codes_read_alike() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let spent = mailed(&app, HOME, "spent@example.com", SHOP).await;
    verify_code(&app, HOME, "spent@example.com", SHOP, &spent)
        .await
        .expect(200);
    let expired = mailed(&app, HOME, "expired@example.com", SHOP).await;
    app.advance(Span::minutes(6));
    let wrong = other_than(&mailed(&app, HOME, "wrong@example.com", SHOP).await);
    let dead = mailed(&app, HOME, "dead@example.com", SHOP).await;
    for _ in 0..5 {
        verify_code(&app, HOME, "dead@example.com", SHOP, &other_than(&dead))
            .await
            .expect(401);
    }
    let disgraced = mailed(&app, HOME, "suspended@example.com", SHOP).await;
    verify_code(&app, HOME, "suspended@example.com", SHOP, &disgraced)
        .await
        .expect(200);
    let disgraced = mailed(&app, HOME, "suspended@example.com", SHOP).await;
    users::suspend(&app.app, &app.operator(), "suspended@example.com")
        .await
        .unwrap();
    let mut answers = Vec::new();
    for (name, code) in [
        ("wrong", wrong.as_str()),
        ("spent", &spent),
        ("expired", &expired),
        ("dead", &dead),
        ("never", "123456"),
        ("suspended", &disgraced),
        ("wrong", ""),
        ("wrong", "not even digits"),
        ("wrong", "\u{0}"),
    ] {
        let answer = verify_code(&app, HOME, &format!("{name}@example.com"), SHOP, code).await;
        answers.push(answer.says(401, WRONG_CODE));
    }
    for answer in &answers {
        assert_eq!(answer.outside(), answers[0].outside());
    }
}

#[tokio::test]
async fn a_suspended_or_banned_user_gets_no_proof() {
    let app = TestApp::start().await;
    for (name, project) in [("suspended", "shop"), ("banned", "blog")] {
        let email = format!("{name}@example.com");
        app.verified(&email).await;
        let code = mailed(&app, HOME, &email, project).await;
        match name {
            "suspended" => users::suspend(&app.app, &app.operator(), &email)
                .await
                .unwrap(),
            _ => users::ban(&app.app, &app.operator(), &email).await.unwrap(),
        };
        verify_code(&app, HOME, &email, project, &code)
            .await
            .says(401, WRONG_CODE);
    }
}

#[tokio::test]
async fn a_first_proof_makes_a_user_with_a_proven_address_and_no_password() {
    let app = TestApp::start().await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    let user = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(proof["auth_user_id"], json!(user.id.to_string()));
    assert_eq!((user.email_proven, user.has_password), (true, false));
    assert_eq!(user.created_at, app.app.now());
}

#[tokio::test]
async fn a_wrong_code_makes_no_user() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    verify_code(&app, HOME, ADA, SHOP, &other_than(&code))
        .await
        .expect(401);
    assert!(users::find(&app.app, ADA).await.is_err());
}

#[tokio::test]
async fn a_later_proof_is_of_the_same_user_for_whatever_project() {
    let app = TestApp::start().await;
    let first = proof(&app, HOME, ADA, SHOP).await;
    for project in [SHOP, "blog"] {
        app.advance(Span::hours(1));
        let later = proof(&app, ELSEWHERE, ADA, project).await;
        assert_eq!(later["auth_user_id"], first["auth_user_id"]);
        assert_eq!(later["issued_at"], json!(app.app.now().as_seconds()));
    }
}

#[tokio::test]
async fn sec_s19_spellings_of_one_address_are_one_user_shown_as_it_was_given_first() {
    let app = TestApp::start().await;
    let first = proof(&app, HOME, "Ada@Example.com", SHOP).await;
    let second = proof(&app, HOME, "aDA@eXAMPLE.COM", SHOP).await;
    assert_eq!(first["auth_user_id"], second["auth_user_id"]);
    for proof in [&first, &second] {
        assert_eq!(proof["email"], json!("Ada@Example.com"));
    }
}

#[tokio::test]
async fn a_code_is_good_from_another_network_too() {
    let app = TestApp::start().await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    verify_code(&app, ELSEWHERE, ADA, SHOP, &code)
        .await
        .expect(200);
}

#[tokio::test]
async fn after_deletion_a_proof_makes_a_new_user() {
    let app = TestApp::start().await;
    let first = proof(&app, HOME, ADA, SHOP).await;
    users::delete(&app.app, &app.operator(), ADA).await.unwrap();
    let second = proof(&app, HOME, ADA, SHOP).await;
    assert_ne!(first["auth_user_id"], second["auth_user_id"]);
}

#[tokio::test]
async fn a_replica_takes_the_code_that_another_sent() {
    let app = TestApp::start().await;
    let other = app.beside(&[]).await;
    let code = mailed(&app, HOME, ADA, SHOP).await;
    verify_code(&other, HOME, ADA, SHOP, &code)
        .await
        .expect(200);
    verify_code(&app, HOME, ADA, SHOP, &code).await.expect(401);
}

#[tokio::test]
async fn health_is_ok() {
    let app = TestApp::start().await;
    for _ in 0..120 {
        let answer = app.get("/api/v1/health").send().await.expect(200);
        assert_eq!(answer.json(), json!({"status": "ok"}));
    }
    let head = app
        .request(http::Method::HEAD, "/api/v1/health")
        .send()
        .await
        .expect(200);
    assert_eq!(head.body.len(), 0);
}

#[tokio::test]
async fn the_root_welcomes_in_the_services_name() {
    let app = TestApp::with(&[("server.name", "Front Door")]).await;
    let answer = app.get("/").send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"status": "ok", "service": "Front Door", "message": "Welcome to Front Door"})
    );
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let app = TestApp::start().await;
    let form = json!({"email": ADA, "project_id": SHOP});
    app.post("/api/v1/auth/send-code/")
        .json(form)
        .send()
        .await
        .expect(200);
    app.get("/api/v1/health/").send().await.expect(200);
    send_code(&app, HOME, ADA, SHOP).await.expect(200);
}
