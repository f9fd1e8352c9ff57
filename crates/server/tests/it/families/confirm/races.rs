//! Many at once: of every link and every address, one wins.

use super::{
    ADA, GRACE, TAKEN, WRONG_LINK, answer, link_to, member, put, refresh, register, registered,
    user,
};
use crate::support::{Answer, TestApp};
use doorward_service::users;
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

/// For tests that hash much: each hash is cheap, and nobody loses patience on a busy machine.
const QUICK: [(&str, &str); 5] = [
    ("rate_limit.enabled", "false"),
    ("password.argon2_memory_kib", "64"),
    ("password.argon2_iterations", "1"),
    ("server.request_timeout", "5m"),
    ("database.pool_timeout", "5m"),
];

/// The answers but one, which must be 200.
#[track_caller]
fn losers(answers: Vec<Answer>) -> Vec<Answer> {
    let all = answers.len();
    let lost: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.status != 200)
        .collect();
    assert_eq!(lost.len(), all - 1, "one wins");
    lost
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s09_of_200_parallel_uses_of_a_link_one_wins() {
    let app = TestApp::with(&QUICK).await;
    registered(&app, ADA).await;
    let link = link_to(&app, ADA).await;
    let uses = (0..200).map(|n| match n % 2 {
        0 => app.get(&link).send(),
        _ => answer(&app, &link, "confirm").send(),
    });
    for lost in losers(join_all(uses).await) {
        lost.says(400, WRONG_LINK);
    }
    assert!(users::find(&app.app, ADA).await.unwrap().email_proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s09_of_yes_and_no_at_once_one_counts() {
    let app = TestApp::with(&QUICK).await;
    for n in 0..10 {
        let email = format!("ada{n}@example.com");
        registered(&app, &email).await;
        let link = link_to(&app, &email).await;
        let answers = ["confirm", "not_me"].map(|said| answer(&app, &link, said).send());
        let [yes, no]: [Answer; 2] = join_all(answers).await.try_into().unwrap();
        assert_ne!(yes.status, no.status);
        let found = users::find(&app.app, &email).await;
        assert_eq!(found.is_ok_and(|user| user.email_proven), yes.status == 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_parallel_uses_of_a_changes_link_one_wins() {
    let app = TestApp::with(&QUICK).await;
    let ada = member(&app, ADA).await;
    put(
        &app,
        "/users/email",
        &ada.access,
        json!({"new_email": GRACE}),
    )
    .await
    .expect(200);
    let link = link_to(&app, GRACE).await;
    let uses = (0..200).map(|_| app.get(&link).send());
    for lost in losers(join_all(uses).await) {
        lost.says(400, WRONG_LINK);
    }
    assert_eq!(user(&app, &ada.access).await.field("email"), GRACE);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_parallel_registrations_of_an_address_one_wins() {
    let app = TestApp::with(&QUICK).await;
    let spellings = [ADA, "ADA@example.com", "Ada@Example.Com"];
    let all = (0..40).map(|n| register(&app, spellings[n % 3]));
    for lost in losers(join_all(all).await) {
        lost.says(400, TAKEN);
    }
    assert_eq!(app.mail_to(ADA).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i09_of_200_parallel_refreshes_all_get_one_successor() {
    let app = TestApp::with(&QUICK).await;
    let ada = member(&app, ADA).await;
    let answers = join_all((0..200).map(|_| refresh(&app, &ada.refresh))).await;
    let successors: BTreeSet<_> = answers
        .into_iter()
        .map(|answer| answer.expect(200).field("refresh_token"))
        .collect();
    assert_eq!(successors.len(), 1);
}
