//! Refresh tokens that need no session, where an operator asks for them: what still ends them.

use super::at_once;
use crate::cli::folder::on_postgres;
use crate::support::{Answer, Person, TestApp, claims};
use doorward_domain::{Email, Span, Timestamp};
use doorward_service::tokens::Tokens;
use doorward_service::{sessions as service_sessions, users};
use doorward_store::{Options, Store, sessions};
use doorward_testkit::postgres;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

const ADA: &str = "ada@example.com";

const STATELESS: (&str, &str) = ("tokens.refresh", "stateless");

/// A database that the test can look into.
struct Place {
    folder: TempDir,
    url: String,
    _database: Option<postgres::TestDatabase>,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = if on_postgres() {
            Some(postgres::database().await)
        } else {
            None
        };
        let url = database.as_ref().map_or_else(
            || format!("sqlite:{}", folder.path().join("doorward.db").display()),
            |database| database.url.clone(),
        );
        Self {
            folder,
            url,
            _database: database,
        }
    }

    fn settings<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let folder = self.folder.path().to_str().unwrap();
        let mut settings = vec![
            ("data_dir", folder),
            ("database.url", self.url.as_str()),
            ("rate_limit.enabled", "false"),
        ];
        settings.extend_from_slice(more);
        settings
    }

    async fn app(&self, more: &[(&str, &str)]) -> TestApp {
        TestApp::with(&self.settings(more)).await
    }

    /// A replica that has never seen what the first one has, but in the database.
    async fn replica(&self, app: &TestApp, more: &[(&str, &str)]) -> TestApp {
        app.beside(&self.settings(more)).await
    }

    /// Loses every row of a session, as a backup does from before they were opened.
    async fn lose_sessions(&self) {
        let store = Store::open(Options::new(self.url.parse().unwrap()))
            .await
            .unwrap();
        let mut tx = store.write().await.unwrap();
        let never = Timestamp::from_seconds(i64::from(u32::MAX));
        assert!(sessions::purge(&mut tx, never, 1_000).await.unwrap() > 0);
        tx.commit().await.unwrap();
        store.close().await;
    }
}

/// Another session of somebody, through the native API.
async fn native(app: &TestApp, person: &Person) -> Person {
    let command = service_sessions::SignIn {
        identifier: Email::parse(&person.email).unwrap().into(),
        password: person.password.clone().into(),
    };
    let tokens: Tokens = service_sessions::sign_in(&app.app, &app.operator(), command)
        .await
        .unwrap();
    Person {
        access: tokens.access_token.expose_secret().to_owned(),
        refresh: tokens.refresh.unwrap().token.expose_secret().to_owned(),
        ..person.clone()
    }
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/v1/tokens/refresh")
        .json(json!({"refresh_token": token}))
        .send()
        .await
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.get("/v1/me").bearer(token).send().await
}

#[track_caller]
fn is_refused(answer: &Answer, code: &str) {
    assert_eq!(answer.json()["code"], code, "{answer}");
}

#[tokio::test]
async fn the_same_token_serves_until_it_expires() {
    let app = TestApp::with(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    for _ in 0..6 {
        app.advance(Span::days(1));
        for _ in 0..2 {
            let again = refresh(&app, &ada.refresh).await.expect(200);
            assert_eq!(again.field("refresh_token"), ada.refresh);
            me(&app, &again.field("access_token")).await.expect(200);
        }
    }
    app.advance(Span::seconds(86_399));
    let last = refresh(&app, &ada.refresh).await.expect(200).json();
    assert_eq!(
        (&last["refresh_token_expires_in"], &last["expires_in"]),
        (&json!(1), &json!(1))
    );
    app.advance(Span::seconds(1));
    is_refused(&refresh(&app, &ada.refresh).await, "token_expired");
}

#[tokio::test]
async fn a_replica_that_has_never_seen_the_session_accepts_the_token() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    place.lose_sessions().await;
    let (one, other) = (
        place.replica(&app, &[STATELESS]).await,
        place.replica(&app, &[STATELESS]).await,
    );
    let again = refresh(&one, &ada.refresh).await.expect(200);
    assert_eq!(again.field("refresh_token"), ada.refresh);
    let access = again.field("access_token");
    assert_eq!(claims(&access)["sid"], claims(&ada.access)["sid"]);
    for replica in [&one, &other] {
        assert_eq!(me(replica, &access).await.expect(200).field("id"), ada.id);
    }
    refresh(&other, &ada.refresh).await.expect(200);
}

#[tokio::test]
async fn by_default_a_token_whose_session_is_lost_is_refused() {
    let place = Place::new().await;
    let app = place.app(&[]).await;
    let ada = app.signed_in(ADA).await;
    let rotating = native(&app, &ada).await;
    place.lose_sessions().await;
    for settings in [&[] as &[_], &[STATELESS]] {
        let replica = place.replica(&app, settings).await;
        for token in [&ada.refresh, &rotating.refresh] {
            is_refused(&refresh(&replica, token).await, "token_revoked");
        }
    }
}

#[tokio::test]
async fn tokens_from_before_the_switch_keep_their_rules() {
    let app = TestApp::start().await;
    let ada = app.signed_in(ADA).await;
    let rotating = native(&app, &ada).await;
    let switched = app.beside(&[STATELESS]).await;
    refresh(&switched, &ada.refresh).await.expect(200);
    let next = refresh(&switched, &rotating.refresh).await.expect(200);
    let next = next.field("refresh_token");
    assert_ne!(next, rotating.refresh);
    assert_eq!(claims(&next).get("epoch"), None);
    app.advance(Span::seconds(10));
    is_refused(
        &refresh(&switched, &rotating.refresh).await,
        "token_revoked",
    );
    is_refused(&refresh(&switched, &next).await, "token_revoked");
}

#[tokio::test]
async fn tokens_from_before_the_switch_back_need_their_session() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    let back = place.replica(&app, &[]).await;
    for _ in 0..2 {
        let again = refresh(&back, &ada.refresh).await.expect(200);
        assert_eq!(again.field("refresh_token"), ada.refresh);
    }
    place.lose_sessions().await;
    let back = place.replica(&app, &[]).await;
    is_refused(&refresh(&back, &ada.refresh).await, "token_revoked");
}

#[tokio::test]
async fn sec_7_4_1_an_ended_session_refuses_its_token() {
    let app = TestApp::with(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    app.post("/v1/sign-out")
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    let replica = app.beside(&[STATELESS]).await;
    for app in [&app, &replica] {
        is_refused(&refresh(app, &ada.refresh).await, "token_revoked");
        me(app, &ada.access).await.expect(401);
    }
}

#[tokio::test]
async fn sec_7_4_1_signing_out_of_a_session_without_a_row_ends_its_token() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    place.lose_sessions().await;
    let replica = place.replica(&app, &[STATELESS]).await;
    let body = json!({"refresh_token": ada.refresh});
    replica
        .post("/v1/sign-out")
        .json(body)
        .send()
        .await
        .expect(204);
    is_refused(&refresh(&replica, &ada.refresh).await, "token_revoked");
}

#[tokio::test]
async fn sec_s12_signing_out_everywhere_ends_sessions_that_have_no_row() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let (desk, phone) = (native(&app, &ada).await, native(&app, &ada).await);
    place.lose_sessions().await;
    let replica = place.replica(&app, &[STATELESS]).await;
    let access = refresh(&replica, &desk.refresh)
        .await
        .expect(200)
        .field("access_token");
    replica
        .delete("/v1/sessions?all=true")
        .bearer(&access)
        .send()
        .await
        .expect(204);
    for person in [&desk, &phone, &ada] {
        is_refused(&refresh(&replica, &person.refresh).await, "token_revoked");
    }
    let again = native(&replica, &ada).await;
    refresh(&replica, &again.refresh).await.expect(200);
}

#[tokio::test]
async fn sec_s12_an_operators_sign_out_ends_sessions_that_have_no_row() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    place.lose_sessions().await;
    users::sign_out(&app.app, &app.operator(), ADA)
        .await
        .unwrap();
    let replica = place.replica(&app, &[STATELESS]).await;
    is_refused(&refresh(&replica, &ada.refresh).await, "token_revoked");
}

#[tokio::test]
async fn sec_s12_a_new_password_ends_sessions_that_have_no_row() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    place.lose_sessions().await;
    let replica = place.replica(&app, &[STATELESS]).await;
    // The newest mail is the newest by the clock.
    app.advance(Span::seconds(1));
    replica
        .post("/v1/password/forgot")
        .json(json!({"email": ADA}))
        .send()
        .await
        .expect(202);
    let code = replica.code_for(ADA).await;
    let form = json!({"email": ADA, "code": code, "password": "another-Horse-8-Staple"});
    replica
        .post("/v1/password/reset")
        .json(form)
        .send()
        .await
        .expect(204);
    is_refused(&refresh(&replica, &ada.refresh).await, "token_revoked");
}

#[tokio::test]
async fn sec_i14_a_suspended_banned_or_deleted_user_refreshes_without_a_row_neither() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let people = ["ada@example.com", "bob@example.com", "eve@example.com"];
    let mut tokens = Vec::new();
    for email in people {
        let person = app.signed_in(email).await;
        tokens.push(native(&app, &person).await.refresh);
    }
    place.lose_sessions().await;
    let ctx = app.operator();
    users::suspend(&app.app, &ctx, people[0]).await.unwrap();
    users::ban(&app.app, &ctx, people[1]).await.unwrap();
    users::delete(&app.app, &ctx, people[2]).await.unwrap();
    let replica = place.replica(&app, &[STATELESS]).await;
    let states = ["account_suspended", "account_banned", "account_deleted"];
    for (token, state) in tokens.iter().zip(states) {
        is_refused(&refresh(&replica, token).await, state);
    }
}

#[tokio::test]
async fn an_access_token_bears_no_epoch_and_a_refresh_token_opens_nothing() {
    let app = TestApp::with(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(claims(&ada.access).get("epoch"), None);
    assert_eq!(claims(&ada.refresh)["epoch"], json!(0));
    is_refused(&me(&app, &ada.refresh).await, "token_wrong_kind");
    is_refused(&refresh(&app, &ada.access).await, "token_wrong_kind");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_parallel_refreshes_without_a_row_all_are_answered_and_one_session_is_there() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let ada = native(&app, &ada).await;
    place.lose_sessions().await;
    let (one, other) = (
        place.replica(&app, &[STATELESS]).await,
        place.replica(&app, &[STATELESS]).await,
    );
    let requests = (0..200).map(|n| {
        let replica = if n % 2 == 0 { &one } else { &other };
        replica
            .post("/v1/tokens/refresh")
            .json(json!({"refresh_token": ada.refresh}))
    });
    let answers = at_once(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let access = answers[0].field("access_token");
    let list = one.get("/v1/sessions").bearer(&access).send().await;
    let list: Value = list.expect(200).json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s12_of_refreshes_beside_a_sign_out_everywhere_none_leaves_a_session() {
    let place = Place::new().await;
    let app = place.app(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    let others: Vec<Person> = [native(&app, &ada).await, native(&app, &ada).await].into();
    place.lose_sessions().await;
    let replica = place.replica(&app, &[STATELESS]).await;
    let access = refresh(&replica, &ada.refresh)
        .await
        .expect(200)
        .field("access_token");
    let refreshes = (0..60).map(|n| {
        replica
            .post("/v1/tokens/refresh")
            .json(json!({"refresh_token": others[n % 2].refresh}))
    });
    let out = replica.delete("/v1/sessions?all=true").bearer(&access);
    let answers = at_once(refreshes.chain([out])).await;
    answers.last().unwrap().clone().expect(204);
    let fresh = place.replica(&app, &[STATELESS]).await;
    for person in &others {
        is_refused(&refresh(&fresh, &person.refresh).await, "token_revoked");
    }
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        me(&fresh, &answer.field("access_token")).await.expect(401);
    }
}

#[tokio::test]
async fn through_verified_the_token_stays_the_same_too() {
    let app = TestApp::with(&[STATELESS]).await;
    let ada = app.signed_in(ADA).await;
    for _ in 0..3 {
        let body = json!({"refresh_token": ada.refresh});
        let answer = app
            .post("/api/v1/auth/refresh-token")
            .json(body)
            .send()
            .await;
        me(&app, &answer.expect(200).field("access_token"))
            .await
            .expect(200);
        app.advance(Span::days(1));
    }
}

#[test]
fn sec_10_4_5_the_strict_profile_has_no_refresh_token_that_needs_no_session() {
    let strict = [
        ("profile", "strict"),
        ("tokens.audience", "https://api.example.com"),
    ];
    assert!(TestApp::accepts(&strict));
    assert!(!TestApp::accepts(&[strict[0], strict[1], STATELESS]));
}
