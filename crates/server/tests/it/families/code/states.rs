//! What the states of an account mean to the family, wherever one is met.

use super::{
    ADA, BANNED, DELETED, EAGER, HOME, SUSPENDED, adopt, ask, delete, password, profile, refresh,
    shown, sign_in, token, update,
};
use crate::support::{Answer, PASSWORD, Person, TestApp};
use doorward_domain::Status;
use doorward_service::users;
use serde_json::json;

const STOPPED: [(Status, &str); 3] = [
    (Status::Suspended, SUSPENDED),
    (Status::Banned, BANNED),
    (Status::Deleted, DELETED),
];

async fn bring_to(app: &TestApp, person: &Person, status: Status) {
    let ctx = app.operator();
    match status {
        Status::Suspended => drop(users::suspend(&app.app, &ctx, &person.id).await.unwrap()),
        Status::Banned => drop(users::ban(&app.app, &ctx, &person.id).await.unwrap()),
        Status::Deleted => users::delete(&app.app, &ctx, &person.id).await.unwrap(),
        Status::Temp | Status::Active => {}
    }
}

/// Every answer of the family to somebody with these tokens and this code.
async fn answers(app: &TestApp, person: &Person, code: &str) -> Vec<Answer> {
    let (access, email) = (&person.access, &person.email);
    vec![
        ask(app, HOME, email).await,
        sign_in(app, email, code).await,
        refresh(app, &person.refresh).await,
        profile(app, access).await,
        update(app, access, json!({"first_name": "Ada"})).await,
        password(app, access, json!({"password": PASSWORD})).await,
        adopt(app, access, shown("+442079460018", "123456")).await,
        delete(app, access, json!({})).await,
    ]
}

#[tokio::test]
async fn sec_i14_whoever_is_stopped_reads_so_at_every_route() {
    for (status, sentence) in STOPPED {
        let app = TestApp::with(&EAGER).await;
        let ada = app.by_code(ADA).await;
        let code = app.sign_in_code(ADA).await;
        bring_to(&app, &ada, status).await;
        for answer in answers(&app, &ada, &code).await {
            answer.says(403, sentence);
        }
        assert_eq!(app.codes_sent_to(ADA).await, 2, "no code is sent");
    }
}

#[tokio::test]
async fn whoever_is_restored_signs_in_anew() {
    let app = TestApp::with(&EAGER).await;
    let ada = app.by_code(ADA).await;
    bring_to(&app, &ada, Status::Suspended).await;
    users::restore(&app.app, &app.operator(), &ada.id)
        .await
        .unwrap();
    super::is_over(profile(&app, &ada.access).await);
    assert_eq!(app.by_code(ADA).await.id, ada.id);
}

#[tokio::test]
async fn sec_i28_where_states_are_not_disclosed_strangers_read_what_everybody_reads() {
    let settings = [&EAGER[..], &[("api.code.disclose_state", "false")]].concat();
    let app = TestApp::with(&settings).await;
    for (status, sentence) in STOPPED {
        let email = format!("{status}@example.com");
        let person = app.by_code(&email).await;
        bring_to(&app, &person, status).await;
        let stranger = ask(&app, HOME, "nobody@example.com").await.expect(200);
        let told = ask(&app, HOME, &email).await.expect(200);
        assert_eq!(told.outside(), stranger.outside(), "{status}");
        assert_eq!(app.codes_sent_to(&email).await, 1, "{status}");
        let form = |email: &str| shown(email, "000000");
        let stranger = token(&app, HOME, form("nobody@example.com")).await;
        let told = token(&app, HOME, form(&email)).await;
        assert_eq!(told.outside(), stranger.outside(), "{status}");
        // Whoever holds a token of the account is no stranger to it.
        profile(&app, &person.access).await.says(403, sentence);
    }
}
