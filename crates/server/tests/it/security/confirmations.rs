//! Links that confirm an address: who reads the mail decides, once, and nobody else ever does.

mod changes;

use super::{QUICK, at_once, count, stranger};
use crate::cli::folder::on_postgres;
use crate::support::{Answer, PASSWORD, Request, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use http::Method;
use serde_json::{Value, json};
use std::path::Path;

const ADA: &str = "ada@example.com";
const HOME: &str = "192.0.2.1";
const SQUATTER: &str = "203.0.113.5";
const VICTIM: &str = "198.51.100.9";

/// Registers an address through family `confirm`.
async fn register(app: &TestApp, from: &str, email: &str) -> Answer {
    app.post("/users").json(form(email)).from(from).send().await
}

fn form(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"})
}

async fn sign_in(app: &TestApp, from: &str, email: &str) -> Answer {
    app.post("/auth/login")
        .json(json!({"email": email, "password": PASSWORD}))
        .from(from)
        .send()
        .await
}

/// Registers an address, signs in without confirming it, and gives the access token.
async fn squat(app: &TestApp, email: &str) -> String {
    register(app, SQUATTER, email).await.expect(200);
    let signed_in = sign_in(app, SQUATTER, email).await.expect(200);
    signed_in.field("access_token")
}

fn confirm(app: &TestApp, token: &str) -> Request {
    app.get(&format!("/users/confirm/{token}"))
}

fn disown(app: &TestApp, token: &str) -> Request {
    let form = "application/x-www-form-urlencoded";
    app.post(&format!("/users/confirm/{token}"))
        .body(form, "answer=not_me")
}

#[track_caller]
fn is_dead(answer: Answer) {
    answer.says(400, "Invalid or expired token");
}

async fn user(app: &TestApp, token: &str) -> Value {
    let answer = app.get("/users").bearer(token).send().await;
    answer.expect(200).json()
}

/// Asks for the way back in and takes it, as only who reads the mail can.
async fn recover(app: &TestApp, from: &str, email: &str) {
    app.advance(Span::minutes(1));
    app.post("/v1/password/forgot")
        .json(json!({"email": email}))
        .from(from)
        .send()
        .await
        .expect(202);
    let code = app.code_for(email).await;
    app.post("/v1/password/reset")
        .json(json!({"email": email, "code": code, "password": "the owner's own words"}))
        .from(from)
        .send()
        .await
        .expect(204);
}

fn holds(folder: &Path, secret: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, secret);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s09_of_200_parallel_confirmations_one_confirms() {
    let app = TestApp::with(&QUICK).await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    let answers = at_once((0..200).map(|n| confirm(&app, &token).from(&stranger(n)))).await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 199));
    let access = sign_in(&app, HOME, ADA)
        .await
        .expect(200)
        .field("access_token");
    assert_eq!(user(&app, &access).await["is_active"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s09_of_the_two_answers_given_at_once_one_counts() {
    let app = TestApp::with(&QUICK).await;
    let access = squat(&app, ADA).await;
    let first = app.link_token_for(ADA).await;
    app.advance(Span::minutes(1));
    let again = json!({"new_email": ADA});
    app.request(Method::PUT, "/users/email")
        .json(again)
        .bearer(&access)
        .send()
        .await
        .expect(200);
    let second = app.link_token_for(ADA).await;
    assert_ne!(first, second);
    let mixed = (0..200).map(|n| {
        let token = if n % 4 < 2 { &first } else { &second };
        let request = if n % 2 == 0 {
            confirm(&app, token)
        } else {
            disown(&app, token)
        };
        request.from(&stranger(n))
    });
    let answers = at_once(mixed).await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 199));
    let won = answers.iter().find(|answer| answer.status == 200).unwrap();
    let confirmed = won.field("message") == "Email confirmed successfully!";
    let status = app.get("/users").bearer(&access).send().await.status;
    assert_eq!(status == 200, confirmed, "{won}");
}

#[tokio::test]
async fn sec_s09_a_link_is_good_until_its_lifetime_is_over() {
    let app = TestApp::start().await;
    register(&app, HOME, ADA).await.expect(200);
    register(&app, HOME, "late@example.com").await.expect(200);
    let (in_time, late) = (
        app.link_token_for(ADA).await,
        app.link_token_for("late@example.com").await,
    );
    app.advance(Span::seconds(24 * 60 * 60 - 1));
    confirm(&app, &in_time).send().await.expect(200);
    app.advance(Span::seconds(1));
    is_dead(confirm(&app, &late).send().await);
    is_dead(disown(&app, &late).send().await);
}

#[tokio::test]
async fn sec_s09_looking_at_a_link_spends_nothing() {
    let app = TestApp::start().await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    for _ in 0..3 {
        let looked = confirm(&app, &token)
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .send()
            .await
            .expect(200);
        assert!(looked.text().contains("not_me"), "{looked}");
        for method in [Method::HEAD, Method::OPTIONS] {
            app.request(method, &format!("/users/confirm/{token}"))
                .send()
                .await;
        }
    }
    confirm(&app, &token).send().await.expect(200);
    is_dead(confirm(&app, &token).send().await);
}

#[tokio::test]
async fn sec_s09_a_token_rests_as_a_keyed_hash_alone() {
    if on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(&[("data_dir", folder.path().to_str().unwrap())]).await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    assert!(holds(folder.path(), ADA) && !holds(folder.path(), &token));
    confirm(&app, &token).send().await.expect(200);
    assert!(!holds(folder.path(), &token));
}

#[tokio::test]
async fn sec_i04_no_token_that_was_made_up_is_good() {
    let app = TestApp::with(&QUICK).await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    let mutated = (0..token.len()).map(|n| {
        let mut forged = token.clone().into_bytes();
        forged[n] = if forged[n] == b'A' { b'Q' } else { b'A' };
        String::from_utf8(forged).unwrap()
    });
    let others = [
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        token.to_lowercase(),
        "x".repeat(4000),
        "%00".to_owned(),
        "%FF".to_owned(),
        "%2e%2e".to_owned(),
        "'%20OR%201=1--".to_owned(),
    ];
    for (n, forged) in mutated.chain(others).enumerate() {
        is_dead(confirm(&app, &forged).from(&stranger(n)).send().await);
    }
    confirm(&app, &token).send().await.expect(200);
}

#[tokio::test]
async fn sec_s14_the_link_starts_with_the_public_url_whatever_the_request_says() {
    let app = TestApp::with(&[("server.public_url", "https://door.example.com")]).await;
    let hostile = |request: Request| {
        request
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example;proto=http")
    };
    hostile(app.post("/users").json(form(ADA)))
        .send()
        .await
        .expect(200);
    let access = sign_in(&app, HOME, ADA)
        .await
        .expect(200)
        .field("access_token");
    let new = "lovelace@example.com";
    let change = app.request(Method::PUT, "/users/email");
    hostile(change.json(json!({"new_email": new})).bearer(&access))
        .send()
        .await
        .expect(200);
    for (address, expected) in [(ADA, 2), (new, 1)] {
        let mail = app.mail_to(address).await;
        assert_eq!(mail.len(), expected);
        for mail in &mail {
            for part in [&mail.subject, &mail.text, &mail.html] {
                assert!(!part.contains("evil"), "{part}");
            }
            assert!(!mail.subject.contains("door.example.com"));
        }
        let links = mail.iter().filter(|mail| {
            mail.text
                .contains("https://door.example.com/users/confirm/")
        });
        assert_eq!(links.count(), 1);
    }
}

#[tokio::test]
async fn sec_i02_the_link_follows_the_path_of_the_public_url() {
    let app = TestApp::with(&[("server.public_url", "https://example.com/door")]).await;
    register(&app, HOME, ADA).await.expect(200);
    let mail = app.mail_to(ADA).await;
    let link = mail[0]
        .text
        .split_whitespace()
        .find(|word| word.starts_with("http"));
    let link = link.unwrap();
    assert!(
        link.starts_with("https://example.com/door/users/confirm/"),
        "{link}"
    );
}

#[tokio::test]
async fn sec_i16_who_disowns_a_registration_drops_it_whole() {
    let app = TestApp::start().await;
    let squatters = squat(&app, ADA).await;
    let token = app.link_token_for(ADA).await;
    let dropped = disown(&app, &token).from(VICTIM).send().await.expect(200);
    assert_eq!(
        dropped.json(),
        json!({"type": "Success", "message": "Registration dropped"})
    );
    app.get("/users")
        .bearer(&squatters)
        .send()
        .await
        .expect(401);
    sign_in(&app, SQUATTER, ADA)
        .await
        .says(401, "Invalid credentials");
    is_dead(confirm(&app, &token).send().await);
    // The address is free, and who has it now is somebody new.
    app.advance(Span::seconds(1));
    register(&app, VICTIM, ADA).await.expect(200);
    let own = app.link_token_for(ADA).await;
    confirm(&app, &own).from(VICTIM).send().await.expect(200);
    app.get("/users")
        .bearer(&squatters)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_i16_an_account_that_its_owner_has_proven_is_not_dropped_by_an_older_link() {
    let app = TestApp::start().await;
    let squatters = squat(&app, ADA).await;
    let token = app.link_token_for(ADA).await;
    recover(&app, VICTIM, ADA).await;
    is_dead(disown(&app, &token).from(SQUATTER).send().await);
    is_dead(confirm(&app, &token).from(SQUATTER).send().await);
    app.get("/users")
        .bearer(&squatters)
        .send()
        .await
        .expect(401);
    app.post("/auth/login")
        .json(json!({"email": ADA, "password": "the owner's own words"}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i16_an_account_that_has_proven_a_telephone_loses_the_disowned_address_alone() {
    const PHONE: &str = "+442079460018";
    let app = TestApp::start().await;
    let access = squat(&app, ADA).await;
    let token = app.link_token_for(ADA).await;
    app.post("/auth/code")
        .json(json!({"phone": PHONE}))
        .from(SQUATTER)
        .send()
        .await
        .expect(200);
    let code = app.code_for(PHONE).await;
    app.request(Method::PATCH, "/user/credentials")
        .json(json!({"phone": PHONE, "code": code, "password": PASSWORD}))
        .bearer(&access)
        .from(SQUATTER)
        .send()
        .await
        .expect(200);
    // Adding a number voids what was mailed before; the link is asked for again.
    is_dead(disown(&app, &token).from(VICTIM).send().await);
    app.advance(Span::seconds(1));
    app.request(Method::PUT, "/users/email")
        .json(json!({"new_email": ADA}))
        .bearer(&access)
        .send()
        .await
        .expect(200);
    let token = app.link_token_for(ADA).await;
    disown(&app, &token).from(VICTIM).send().await.expect(200);
    assert_eq!(user(&app, &access).await["email"], Value::Null);
    register(&app, VICTIM, ADA).await.expect(200);
}

#[tokio::test]
async fn sec_i16_the_registrations_own_link_keeps_what_was_registered_wherever_it_is_opened() {
    let app = TestApp::start().await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    confirm(&app, &token).from(VICTIM).send().await.expect(200);
    let access = sign_in(&app, HOME, ADA)
        .await
        .expect(200)
        .field("access_token");
    let ada = user(&app, &access).await;
    assert_eq!(
        (&ada["first_name"], &ada["is_active"]),
        (&json!("Ada"), &json!(true))
    );
}

#[tokio::test]
async fn sec_i12_a_suspended_account_confirms_nothing() {
    let app = TestApp::start().await;
    register(&app, HOME, ADA).await.expect(200);
    let token = app.link_token_for(ADA).await;
    users::suspend(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    is_dead(confirm(&app, &token).send().await);
    is_dead(disown(&app, &token).send().await);
    users::restore(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    confirm(&app, &token).send().await.expect(200);
}

#[tokio::test]
async fn sec_i28_a_taken_address_answers_as_a_free_one_where_that_is_not_told() {
    let app = TestApp::with(&[("api.confirm.disclose_existence", "false")]).await;
    register(&app, HOME, ADA).await.expect(200);
    let link = app.link_token_for(ADA).await;
    confirm(&app, &link).send().await.expect(200);
    app.advance(Span::seconds(1));
    let (taken, free) = (
        register(&app, &stranger(1), ADA).await,
        register(&app, &stranger(2), "free@example.com").await,
    );
    let alike = |answer: &Answer| {
        let id = answer.field("uuid");
        let (status, headers, body) = answer.outside();
        (status, headers, body.replace(&id, "ID"))
    };
    assert_eq!(alike(&taken), alike(&free));
    let mail = app.mail_to(ADA).await;
    assert_eq!(
        mail.len(),
        2,
        "the link, and the notice that somebody tried"
    );
    assert!(!mail[0].text.contains("http"), "{}", mail[0].text);
}

#[tokio::test]
async fn sec_2_4_1_the_link_is_sent_again_once_a_minute() {
    let app = TestApp::start().await;
    let access = squat(&app, ADA).await;
    for _ in 0..5 {
        app.request(Method::PUT, "/users/email")
            .json(json!({"new_email": ADA}))
            .bearer(&access)
            .send()
            .await
            .expect(200);
    }
    assert_eq!(app.mail_to(ADA).await.len(), 2);
}

#[tokio::test]
async fn sec_i38_the_link_is_sent_again_to_the_address_as_it_was_registered() {
    let app = TestApp::start().await;
    let access = squat(&app, "Ada@Example.com").await;
    app.request(Method::PUT, "/users/email")
        .json(json!({"new_email": "aDA@example.com"}))
        .bearer(&access)
        .send()
        .await
        .expect(200);
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.len(), 2);
    assert!(mail.iter().all(|mail| mail.to == "Ada@Example.com"));
}
