//! Many at once: what may happen once happens once.

use super::{
    ADA, DEAD_CODE, EAGER, HOME, PHONE, TOO_MANY_CODES, WRONG_CODE, adopt, ask, count, other_than,
    profile, refresh, shown, sign_in, stranger, update,
};
use crate::support::{Answer, Person, TestApp, claims};
use doorward_domain::Span;
use doorward_service::users;
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

/// Nobody loses patience on a busy machine.
const PATIENT: [(&str, &str); 3] = [
    ("rate_limit.enabled", "false"),
    ("server.request_timeout", "5m"),
    ("database.pool_timeout", "5m"),
];

fn eager() -> Vec<(&'static str, &'static str)> {
    [&EAGER[..2], &PATIENT[..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i07_of_200_parallel_right_codes_one_signs_in() {
    for identifier in [ADA, PHONE] {
        let app = TestApp::with(&eager()).await;
        let code = app.sign_in_code(identifier).await;
        let answers = join_all((0..200).map(|_| sign_in(&app, identifier, &code))).await;
        assert_eq!((count(&answers, 200), count(&answers, 401)), (1, 199));
        for late in answers.into_iter().filter(|answer| answer.status == 401) {
            late.says(401, DEAD_CODE);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s03_of_200_parallel_wrong_codes_no_more_are_looked_at_than_allowed() {
    let app = TestApp::with(&PATIENT).await;
    let code = app.sign_in_code(ADA).await;
    let wrong = other_than(&code);
    let answers = join_all((0..200).map(|_| sign_in(&app, ADA, &wrong))).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (3, 197));
    for answer in answers {
        match answer.status {
            401 => drop(answer.says(401, WRONG_CODE)),
            _ => super::waits(answer, TOO_MANY_CODES, 60),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s19_of_200_parallel_requests_from_everywhere_one_account_is_made() {
    let app = TestApp::with(&PATIENT).await;
    let spellings = [ADA, "Ada@Example.com", "ADA@EXAMPLE.COM"];
    let asked = (0..200).map(|n| {
        let (ip, email) = (stranger(n), spellings[n % spellings.len()]);
        let app = &app;
        async move { ask(app, &ip, email).await }
    });
    let answers = join_all(asked).await;
    assert_eq!(count(&answers, 200), 200);
    let page = users::Page {
        status: None,
        after: None,
        limit: 10,
    };
    assert_eq!(users::list(&app.app, &page).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i09_of_200_parallel_refreshes_all_are_answered_with_one_successor() {
    let app = TestApp::with(&PATIENT).await;
    let ada = app.by_code(ADA).await;
    app.advance(Span::minutes(1));
    let answers = join_all((0..200).map(|_| refresh(&app, &ada.refresh))).await;
    let tokens = |answer: Answer| {
        let answer = answer.expect(200);
        let (access, refresh) = (answer.field("JWT"), answer.field("RT"));
        (
            claims(&access).to_string(),
            claims(&refresh).to_string(),
            refresh,
        )
    };
    let successors: BTreeSet<_> = answers.into_iter().map(tokens).collect();
    assert_eq!(successors.len(), 1, "one successor, though signed anew");
    app.advance(Span::minutes(1));
    for (_, _, successor) in successors {
        refresh(&app, &successor).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_2_3_4_of_200_parallel_claims_to_a_nickname_one_user_wins() {
    let app = TestApp::with(&eager()).await;
    let mut people: Vec<Person> = Vec::new();
    for n in 0..10 {
        people.push(app.by_code(&format!("ada{n}@example.com")).await);
    }
    let spellings = ["Countess", "COUNTESS", "countess"];
    let claims = (0..200).map(|n| {
        let (person, app) = (&people[n % people.len()], &app);
        let form = json!({"nickname": spellings[n % spellings.len()]});
        async move { (person, update(app, &person.access, form).await) }
    });
    let mut winners = BTreeSet::new();
    for (person, answer) in join_all(claims).await {
        match answer.status {
            200 => drop(winners.insert(person.id.clone())),
            _ => drop(answer.says(409, "Nickname already exists")),
        }
    }
    assert_eq!(winners.len(), 1);
    let mut holders = BTreeSet::new();
    for person in &people {
        let told = profile(&app, &person.access).await.expect(200).json();
        if !told["nickname"].is_null() {
            holders.insert(person.id.clone());
        }
    }
    assert_eq!(holders, winners);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i07_of_100_parallel_claims_to_a_phone_with_one_code_one_wins() {
    let app = TestApp::with(&eager()).await;
    let (ada, bob) = (app.by_code(ADA).await, app.by_code("bob@example.com").await);
    let code = app.sign_in_code(PHONE).await;
    let claims = (0..100).map(|n| {
        let person = if n % 2 == 0 { &ada } else { &bob };
        let (app, form) = (&app, shown(PHONE, &code));
        async move { (person, adopt(app, &person.access, form).await) }
    });
    let mut winners = BTreeSet::new();
    for (person, answer) in join_all(claims).await {
        // Whoever has it already reads the profile, whatever the code.
        match answer.status {
            200 => drop(winners.insert(person.id.clone())),
            _ => drop(answer.says(401, DEAD_CODE)),
        }
    }
    assert_eq!(winners.len(), 1);
    let holder = users::find(&app.app, PHONE).await.unwrap();
    assert!(winners.contains(&holder.id.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_the_account_it_was_asked_for_move_together_or_not_at_all() {
    let app = TestApp::with(&eager()).await;
    for n in 0..10 {
        let (old, new) = (format!("a{n}@example.com"), format!("b{n}@example.com"));
        let ada = app.by_code(&old).await;
        let code = app.sign_in_code(&new).await;
        let (moved, entered) = futures_util::future::join(
            adopt(&app, &ada.access, shown(&new, &code)),
            sign_in(&app, &new, &code),
        )
        .await;
        let mut both = [moved.status, entered.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401], "{moved} {entered}");
        let holder = users::find(&app.app, &new).await.unwrap().id.to_string();
        assert_eq!(holder == ada.id, moved.status == 200);
        ask(&app, HOME, &new).await.expect(200);
    }
}
