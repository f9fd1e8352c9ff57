//! First proofs at once: however many there are, they make one user.

use super::{ADA, ELSEWHERE, HOME, SHOP, mailed, stranger, verify_code};
use crate::support::{PASSWORD, TestApp};
use doorward_service::users;
use futures_util::future::{join, join_all};
use serde_json::json;
use std::collections::BTreeSet;

async fn unlimited() -> TestApp {
    TestApp::with(&[("rate_limit.enabled", "false")]).await
}

async fn count_of_users(app: &TestApp) -> usize {
    let all = users::Page {
        status: None,
        after: None,
        limit: 100,
    };
    users::list(&app.app, &all).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s19_parallel_first_proofs_and_case_variants_make_one_user() {
    let app = unlimited().await;
    let spellings = [ADA, "ADA@example.com", "Ada@Example.COM", "aDa@eXample.com"];
    let mut shown = Vec::new();
    for n in 0..20 {
        let (network, project) = (stranger(n), format!("project {n}"));
        let email = spellings[n % spellings.len()];
        let code = mailed(&app, &network, email, &project).await;
        shown.push((network, email, project, code));
    }
    let proofs =
        join_all(shown.iter().map(|(network, email, project, code)| {
            verify_code(&app, network, email, project, code)
        }))
        .await;
    let proofs: Vec<_> = proofs
        .into_iter()
        .map(|answer| answer.expect(200))
        .collect();
    let users: BTreeSet<_> = proofs
        .iter()
        .map(|proof| proof.field("auth_user_id"))
        .collect();
    let addresses: BTreeSet<_> = proofs.iter().map(|proof| proof.field("email")).collect();
    assert_eq!(
        (users.len(), addresses.len(), count_of_users(&app).await),
        (1, 1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s19_a_registration_in_the_same_moment_keeps_nothing() {
    let app = unlimited().await;
    for n in 0..20 {
        let email = format!("ada{n}@example.com");
        let code = mailed(&app, HOME, &email, SHOP).await;
        let form = json!({"email": email, "full_name": "Eve", "password": PASSWORD});
        let register = app.post("/api/v1/users").json(form).from(ELSEWHERE).send();
        let (proof, _) = join(verify_code(&app, HOME, &email, SHOP, &code), register).await;
        let proof = proof.expect(200);
        let login = json!({"email": email, "password": PASSWORD});
        app.post("/api/v1/auth/login")
            .json(login)
            .from(ELSEWHERE)
            .send()
            .await
            .expect(400);
        let user = users::find(&app.app, &email).await.unwrap();
        assert_eq!(
            (
                user.id.to_string(),
                user.email_proven,
                user.has_password,
                user.full_name
            ),
            (proof.field("auth_user_id"), true, false, None)
        );
    }
}
