//! An account moves to another address: only who reads the mail there can finish it, and nothing from before survives
//! it.

use super::{
    ADA, HOME, SQUATTER, VICTIM, confirm, disown, is_dead, recover, register, sign_in, squat, user,
};
use crate::security::{QUICK, at_once, count, stranger};
use crate::support::{Answer, PASSWORD, TestApp};
use doorward_domain::Span;
use http::Method;
use serde_json::json;

const NEW: &str = "lovelace@example.com";
const SQUATTERS: &str = "squatter@example.com";

async fn change(app: &TestApp, token: &str, email: &str) -> Answer {
    app.advance(Span::seconds(1));
    app.request(Method::PUT, "/users/email")
        .json(json!({"new_email": email}))
        .bearer(token)
        .send()
        .await
}

/// Somebody registered, confirmed and signed in; gives the access token.
async fn settled(app: &TestApp, from: &str, email: &str) -> String {
    register(app, from, email).await.expect(200);
    let token = app.link_token_for(email).await;
    confirm(app, &token).from(from).send().await.expect(200);
    let signed_in = sign_in(app, from, email).await.expect(200);
    signed_in.field("access_token")
}

#[tokio::test]
async fn sec_s11_a_new_address_waits_for_its_proof_by_either_route() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    let asked = change(&app, &access, NEW).await.expect(200).json();
    let put = app
        .request(Method::PUT, "/users")
        .json(json!({"email": "third@example.com", "is_active": false}));
    let put = put.bearer(&access).send().await.expect(200).json();
    for shown in [asked, put, user(&app, &access).await] {
        assert_eq!(
            (&shown["email"], &shown["is_active"]),
            (&json!(ADA), &json!(true))
        );
    }
    // The later change is the one that waits.
    let (first, second) = (
        app.link_token_for(NEW).await,
        app.link_token_for("third@example.com").await,
    );
    is_dead(confirm(&app, &first).send().await);
    confirm(&app, &second).send().await.expect(200);
    let shown = user(&app, &access).await;
    assert_eq!(
        (&shown["email"], &shown["is_active"]),
        (&json!("third@example.com"), &json!(true))
    );
}

#[tokio::test]
async fn sec_6_3_7_the_old_address_is_told_before_and_after() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    change(&app, &access, NEW).await.expect(200);
    let before = app.mail_to(ADA).await;
    assert_eq!(before.len(), 2);
    assert!(!before[0].text.contains(NEW) && !before[0].text.contains("http"));
    app.advance(Span::seconds(1));
    let token = app.link_token_for(NEW).await;
    confirm(&app, &token).send().await.expect(200);
    let after = app.mail_to(ADA).await;
    assert_eq!(after.len(), 3);
    assert!(
        after[0].subject.contains("was changed"),
        "{}",
        after[0].subject
    );
    assert!(!after[0].text.contains(NEW), "{}", after[0].text);
}

#[tokio::test]
async fn sec_i21_a_change_voids_every_link_and_code_of_the_account() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    app.advance(Span::minutes(1));
    app.post("/v1/password/forgot")
        .json(json!({"email": ADA}))
        .send()
        .await
        .expect(202);
    let (reset_link, reset_code) = (app.link_token_for(ADA).await, app.code_for(ADA).await);
    change(&app, &access, NEW).await.expect(200);
    let token = app.link_token_for(NEW).await;
    confirm(&app, &token).send().await.expect(200);
    let password = "whoever reads the old mail";
    for way in [
        json!({"token": reset_link, "password": password}),
        json!({"email": ADA, "code": reset_code, "password": password}),
        json!({"email": NEW, "code": reset_code, "password": password}),
    ] {
        let answer = app.post("/v1/password/reset").json(way).send().await;
        assert!((400..500).contains(&answer.status), "{answer}");
    }
    is_dead(confirm(&app, &token).send().await);
    sign_in(&app, HOME, NEW).await.expect(200);
    sign_in(&app, HOME, ADA).await.expect(401);
    // The session that asked for the change stays.
    assert_eq!(user(&app, &access).await["email"], json!(NEW));
}

#[tokio::test]
async fn sec_i21_codes_that_were_sent_to_the_new_address_before_are_void() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    app.post("/auth/code")
        .json(json!({"email": NEW}))
        .from(SQUATTER)
        .send()
        .await
        .expect(200);
    let code = app.code_for(NEW).await;
    change(&app, &access, NEW).await.expect(200);
    let token = app.link_token_for(NEW).await;
    // The account that asking for a code made gives way.
    confirm(&app, &token).send().await.expect(200);
    assert_eq!(user(&app, &access).await["email"], json!(NEW));
    let late = app
        .post("/auth/token")
        .json(json!({"email": NEW, "code": code}))
        .from(SQUATTER)
        .send()
        .await;
    assert!((400..500).contains(&late.status), "{late}");
}

#[tokio::test]
async fn sec_i16_a_pending_change_does_not_outlive_the_first_proof() {
    let app = TestApp::start().await;
    let squatters = squat(&app, ADA).await;
    change(&app, &squatters, SQUATTERS).await.expect(200);
    let trojan = app.link_token_for(SQUATTERS).await;
    recover(&app, VICTIM, ADA).await;
    is_dead(confirm(&app, &trojan).from(SQUATTER).send().await);
    app.post("/auth/login")
        .json(json!({"email": ADA, "password": "the owner's own words"}))
        .send()
        .await
        .expect(200);
    sign_in(&app, SQUATTER, SQUATTERS).await.expect(401);
}

#[tokio::test]
async fn sec_i16_a_change_that_was_begun_before_the_address_was_confirmed_comes_to_nothing() {
    let app = TestApp::start().await;
    let squatters = squat(&app, ADA).await;
    let own = app.link_token_for(ADA).await;
    change(&app, &squatters, SQUATTERS).await.expect(200);
    let trojan = app.link_token_for(SQUATTERS).await;
    confirm(&app, &own).from(VICTIM).send().await.expect(200);
    is_dead(confirm(&app, &trojan).from(SQUATTER).send().await);
}

#[tokio::test]
async fn sec_i21_a_new_password_drops_the_pending_change() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    change(&app, &access, SQUATTERS).await.expect(200);
    let trojan = app.link_token_for(SQUATTERS).await;
    app.request(Method::PUT, "/users/password")
        .json(json!({"old_password": PASSWORD, "new_password": "the owner's own words"}))
        .bearer(&access)
        .send()
        .await
        .expect(200);
    is_dead(confirm(&app, &trojan).from(SQUATTER).send().await);
}

#[tokio::test]
async fn sec_i16_an_address_that_an_account_is_to_have_is_still_free() {
    let app = TestApp::start().await;
    let squatters = settled(&app, SQUATTER, SQUATTERS).await;
    change(&app, &squatters, ADA).await.expect(200);
    let trojan = app.link_token_for(ADA).await;
    app.advance(Span::seconds(1));
    let victims = settled(&app, VICTIM, ADA).await;
    // Clicking on everything in the mailbox does not join the two.
    is_dead(confirm(&app, &trojan).from(VICTIM).send().await);
    assert_eq!(user(&app, &squatters).await["email"], json!(SQUATTERS));
    assert_eq!(user(&app, &victims).await["email"], json!(ADA));
    // And the change stays dropped when the address is free again.
    app.request(Method::DELETE, "/users")
        .bearer(&victims)
        .send()
        .await
        .expect(200);
    is_dead(confirm(&app, &trojan).from(VICTIM).send().await);
}

#[tokio::test]
async fn sec_i16_who_disowns_a_change_drops_the_change_alone() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    change(&app, &access, NEW).await.expect(200);
    let token = app.link_token_for(NEW).await;
    disown(&app, &token).from(VICTIM).send().await.expect(200);
    is_dead(confirm(&app, &token).send().await);
    let ada = user(&app, &access).await;
    assert_eq!(
        (&ada["email"], &ada["is_active"]),
        (&json!(ADA), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_2_3_2_of_200_parallel_answers_to_a_change_one_counts() {
    let app = TestApp::with(&QUICK).await;
    let access = settled(&app, HOME, ADA).await;
    change(&app, &access, NEW).await.expect(200);
    let token = app.link_token_for(NEW).await;
    let answers = at_once((0..200).map(|n| confirm(&app, &token).from(&stranger(n)))).await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 199));
    assert_eq!(user(&app, &access).await["email"], json!(NEW));
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_2_3_4_of_many_accounts_that_move_to_one_address_one_gets_it() {
    let app = TestApp::with(&QUICK).await;
    let mut accounts = Vec::new();
    for n in 0..8 {
        let (from, email) = (stranger(n), format!("owner-{n}@example.com"));
        let access = settled(&app, &from, &email).await;
        change(&app, &access, NEW).await.expect(200);
        accounts.push((access, app.link_token_for(NEW).await));
    }
    let confirmed = accounts
        .iter()
        .enumerate()
        .map(|(n, (_, token))| confirm(&app, token).from(&stranger(n)));
    let answers = at_once(confirmed).await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 7));
    let mut movers = 0;
    for (access, _) in &accounts {
        movers += usize::from(user(&app, access).await["email"] == json!(NEW));
    }
    assert_eq!(movers, 1);
}

#[tokio::test]
async fn sec_i28_a_taken_new_address_looks_like_a_free_one_where_that_is_not_told() {
    let app = TestApp::with(&[("api.confirm.disclose_existence", "false")]).await;
    let access = settled(&app, HOME, ADA).await;
    settled(&app, VICTIM, "taken@example.com").await;
    let free = change(&app, &access, NEW).await;
    let notices = app.mail_to(ADA).await.len();
    let refused = change(&app, &access, "taken@example.com").await;
    assert_eq!(refused.outside(), free.outside());
    assert_eq!(app.mail_to(ADA).await.len(), notices + 1);
    let told = app.mail_to("taken@example.com").await;
    assert_eq!(told.len(), 2);
    assert!(!told[0].text.contains("http"), "{}", told[0].text);
    // What was begun before is void in both cases.
    let link = app.link_token_for(NEW).await;
    is_dead(confirm(&app, &link).send().await);
}

#[tokio::test]
async fn sec_6_3_8_a_taken_new_address_is_told_where_taken_addresses_are() {
    let app = TestApp::start().await;
    let access = settled(&app, HOME, ADA).await;
    settled(&app, VICTIM, "taken@example.com").await;
    for spelling in ["taken@example.com", "Taken@Example.COM"] {
        change(&app, &access, spelling)
            .await
            .says(400, "Email already registered");
    }
    assert_eq!(app.mail_to("taken@example.com").await.len(), 1);
    assert_eq!(app.mail_to(ADA).await.len(), 1);
}

#[tokio::test]
async fn sec_7_5_1_a_session_that_is_not_fresh_moves_no_account_where_that_is_asked() {
    let app = TestApp::with(&[("accounts.reauthenticate", "fresh")]).await;
    let access = settled(&app, HOME, ADA).await;
    app.advance(Span::minutes(16));
    let refused = change(&app, &access, NEW).await;
    assert!(matches!(refused.status, 401 | 403), "{refused}");
    assert!(app.mail_to(NEW).await.is_empty());
    let signed_in = sign_in(&app, HOME, ADA).await.expect(200);
    change(&app, &signed_in.field("access_token"), NEW)
        .await
        .expect(200);
}
