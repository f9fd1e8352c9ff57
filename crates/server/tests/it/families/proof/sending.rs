//! Asking for a code.

use super::{ADA, ELSEWHERE, HOME, SHOP, mailed, proof, send_code, verify_code};
use crate::support::TestApp;
use doorward_service::users;
use serde_json::json;

#[tokio::test]
async fn asking_for_a_code_answers_verification_code_sent_successfully() {
    let app = TestApp::start().await;
    let answer = send_code(&app, HOME, ADA, SHOP).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({"message": "Verification code sent successfully"})
    );
}

#[tokio::test]
async fn a_code_has_6_digits_and_says_what_it_is_for() {
    let app = TestApp::start().await;
    assert_eq!(mailed(&app, HOME, ADA, SHOP).await.len(), 6);
    let text = app.mail_to(ADA).await.remove(0).text;
    assert!(
        text.contains("proves this address") && text.contains("5 minutes"),
        "{text}"
    );
}

#[tokio::test]
async fn sec_s17_a_code_goes_to_mail_alone() {
    let app = TestApp::start().await;
    let answer = send_code(&app, HOME, ADA, SHOP).await.expect(200);
    let code = app.code_for(ADA).await;
    let headers = format!("{:?}", answer.headers);
    assert!(!answer.text().contains(&code) && !headers.contains(&code));
}

#[tokio::test]
async fn sec_i38_a_code_goes_to_the_address_as_its_account_has_it() {
    let app = TestApp::start().await;
    app.verified("Ada@Example.com").await;
    for (n, spelling) in [
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        "\u{ff41}da@example.com",
    ]
    .into_iter()
    .enumerate()
    {
        send_code(&app, &super::stranger(n), spelling, SHOP)
            .await
            .expect(200);
        let mail = app.mail_to(ADA).await.remove(0);
        assert_eq!(mail.to, "Ada@Example.com", "{spelling}");
    }
    assert_eq!(app.mail_to(ADA).await.len(), 4);
}

#[tokio::test]
async fn sec_i28_users_strangers_and_the_suspended_are_answered_alike() {
    let app = TestApp::start().await;
    for name in ["known", "suspended", "banned"] {
        app.verified(&format!("{name}@example.com")).await;
    }
    users::suspend(&app.app, &app.operator(), "suspended@example.com")
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "banned@example.com")
        .await
        .unwrap();
    let mut answers = Vec::new();
    for name in ["unknown", "known", "suspended", "banned"] {
        answers.push(
            send_code(&app, ELSEWHERE, &format!("{name}@example.com"), SHOP)
                .await
                .expect(200),
        );
    }
    for answer in &answers {
        assert_eq!(answer.outside(), answers[0].outside());
    }
}

#[tokio::test]
async fn whoever_may_have_no_proof_gets_no_code() {
    let app = TestApp::start().await;
    for name in ["suspended", "banned"] {
        app.verified(&format!("{name}@example.com")).await;
    }
    users::suspend(&app.app, &app.operator(), "suspended@example.com")
        .await
        .unwrap();
    users::ban(&app.app, &app.operator(), "banned@example.com")
        .await
        .unwrap();
    for name in ["suspended", "banned"] {
        let email = format!("{name}@example.com");
        let before = app.codes_sent_to(&email).await;
        send_code(&app, HOME, &email, SHOP).await.expect(200);
        assert_eq!(app.codes_sent_to(&email).await, before, "{name}");
    }
}

#[tokio::test]
async fn a_second_code_takes_the_place_of_the_first() {
    let app = TestApp::start().await;
    let first = mailed(&app, HOME, ADA, SHOP).await;
    let second = mailed(&app, HOME, ADA, SHOP).await;
    if first != second {
        verify_code(&app, HOME, ADA, SHOP, &first).await.expect(401);
    }
    verify_code(&app, HOME, ADA, SHOP, &second)
        .await
        .expect(200);
}

#[tokio::test]
async fn the_wait_between_two_codes_is_a_setting() {
    let app = TestApp::with(&[("codes.proof.cooldown", "60s")]).await;
    send_code(&app, HOME, ADA, SHOP).await.expect(200);
    let refused = send_code(&app, HOME, ADA, SHOP)
        .await
        .says(429, super::TOO_MANY);
    assert_eq!(refused.number("retry-after"), 60);
    app.advance(doorward_domain::Span::minutes(1));
    send_code(&app, HOME, ADA, SHOP).await.expect(200);
}

#[tokio::test]
async fn sec_s17_a_project_has_1_to_64_characters_and_no_control_characters() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let too_long = "x".repeat(65);
    let cases = [
        ("", "String should have at least 1 character"),
        (&too_long, "String should have at most 64 characters"),
        (
            "shop\r\nBcc: eve@example.com",
            "a project id has no control characters",
        ),
        ("shop\n", "a project id has no control characters"),
        ("\t", "a project id has no control characters"),
        ("shop\0", "a project id has no control characters"),
        ("\u{7f}", "a project id has no control characters"),
        ("\u{85}", "a project id has no control characters"),
    ];
    for (project, sentence) in cases {
        send_code(&app, HOME, ADA, project)
            .await
            .complains("project_id", sentence);
        verify_code(&app, HOME, ADA, project, "123456")
            .await
            .complains("project_id", sentence);
    }
    for (n, project) in [
        " ",
        "é",
        &"é".repeat(64),
        "a|b:c/d\\e\"f'g{h}",
        "🔑",
        "../../etc/passwd",
    ]
    .into_iter()
    .enumerate()
    {
        let proof = proof(&app, &super::stranger(n), ADA, project).await;
        assert_eq!(proof["project_id"], json!(project));
    }
}

#[tokio::test]
async fn where_projects_are_listed_others_get_422() {
    let app = TestApp::with(&[("proof.projects", "shop,Мой магазин")]).await;
    for project in ["blog", "Shop", "shop ", "sho", "shop,Мой магазин"] {
        let unknown = "This project is not known here.";
        send_code(&app, HOME, ADA, project)
            .await
            .complains("project_id", unknown);
        verify_code(&app, HOME, ADA, project, "123456")
            .await
            .complains("project_id", unknown);
    }
    for project in ["shop", "Мой магазин"] {
        let proof = proof(&app, HOME, ADA, project).await;
        assert_eq!(proof["project_id"], json!(project));
    }
    assert_eq!(
        app.codes_sent_to(ADA).await,
        2,
        "for no other a code was sent"
    );
}

#[tokio::test]
async fn all_faults_of_a_form_are_told_at_once() {
    let app = TestApp::start().await;
    let answer = app
        .post("/api/v1/auth/verify-code")
        .json(json!({"email": "ada", "project_id": 7}))
        .send()
        .await
        .expect(422);
    let places: Vec<_> = answer
        .faults()
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, ["body.email", "body.project_id", "body.code"]);
}
