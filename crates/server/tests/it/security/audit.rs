//! The audit trail: who, what, when, from where, with which outcome.

use crate::cli::folder::on_postgres;
use crate::support::TestApp;
use doorward_domain::UserId;
use doorward_service::{keys, users};
use doorward_store::audit::{self, Event};
use doorward_store::{Options, Store};
use doorward_testkit::postgres::{self, TestDatabase};
use serde_json::json;

/// A service with a second way into its database.
struct Watched {
    app: TestApp,
    store: Store,
    _folder: tempfile::TempDir,
    _database: Option<TestDatabase>,
}

impl Watched {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = if on_postgres() {
            Some(postgres::database().await)
        } else {
            None
        };
        let url = match &database {
            Some(database) => database.url.clone(),
            None => format!("sqlite:{}", folder.path().join("doorward.db").display()),
        };
        let mut all = vec![
            ("data_dir", folder.path().to_str().unwrap()),
            ("database.url", &url),
        ];
        all.extend_from_slice(settings);
        let app = TestApp::with(&all).await;
        let store = Store::open(Options {
            create: false,
            ..Options::new(url.parse().unwrap())
        })
        .await
        .unwrap();
        Self {
            app,
            store,
            _folder: folder,
            _database: database,
        }
    }

    async fn events(&self, user: Option<&str>) -> Vec<Event> {
        let user = user.map(|id| id.parse::<UserId>().unwrap());
        audit::list(&mut self.store.read().await.unwrap(), user, 1000)
            .await
            .unwrap()
    }

    async fn words(&self, user: &str) -> Vec<String> {
        let mut events = self.events(Some(user)).await;
        events.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        events.into_iter().map(|event| event.event).collect()
    }
}

#[tokio::test]
async fn sec_16_3_1_every_change_of_an_account_and_every_counted_try_leaves_an_event() {
    let watched = Watched::start(&[]).await;
    let app = &watched.app;
    let ada = app.registered("ada@example.com").await;
    let show = |otp: &str| {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": ada.email, "otp": otp}))
    };
    show("wrong").send().await.expect(400);
    show(&app.code_for(&ada.email).await)
        .send()
        .await
        .expect(200);
    let login = |password: &str| {
        app.post("/api/v1/auth/login")
            .json(json!({"email": ada.email, "password": password}))
    };
    login("wrong guess").send().await.expect(400);
    let tokens = login(&ada.password).send().await.expect(200);
    app.post("/api/logout")
        .bearer(&tokens.field("access_token"))
        .send()
        .await
        .expect(200);
    for change in [
        "suspend", "restore", "ban", "restore", "sign out", "reset", "delete",
    ] {
        let ctx = app.operator();
        match change {
            "suspend" => drop(users::suspend(&app.app, &ctx, &ada.id).await.unwrap()),
            "ban" => drop(users::ban(&app.app, &ctx, &ada.id).await.unwrap()),
            "restore" => drop(users::restore(&app.app, &ctx, &ada.id).await.unwrap()),
            "sign out" => drop(users::sign_out(&app.app, &ctx, &ada.id).await.unwrap()),
            "reset" => drop(
                users::reset(&app.app, &ctx, &ada.id, users::Handover::Print)
                    .await
                    .unwrap(),
            ),
            _ => users::delete(&app.app, &ctx, &ada.id).await.unwrap(),
        }
        app.advance(doorward_domain::Span::seconds(1));
    }
    let words = watched.words(&ada.id).await;
    for word in [
        "signed_up",
        "code_refused",
        "address_proven",
        "password_tried",
        "signed_in",
        "signed_out",
        "suspended",
        "banned",
        "restored",
        "signed_out_everywhere",
        "reset_started",
        "deleted",
    ] {
        assert!(
            words.iter().any(|event| event == word),
            "{word} is not in {words:?}"
        );
    }
    assert_eq!(
        words
            .iter()
            .filter(|word| *word == "password_tried")
            .count(),
        2,
        "{words:?}"
    );
    keys::rotate(&app.app, &app.operator(), keys::Rotation::AtOnce)
        .await
        .unwrap();
    assert!(
        watched
            .events(None)
            .await
            .iter()
            .any(|event| event.event == "key_rotated")
    );
}

#[tokio::test]
async fn sec_16_2_1_an_event_says_who_what_when_and_from_where() {
    let watched = Watched::start(&[]).await;
    let app = &watched.app;
    let ada = app.verified("ada@example.com").await;
    let login = json!({"email": ada.email, "password": ada.password});
    let answer = app
        .post("/api/v1/auth/login")
        .json(login)
        .from("198.51.100.7")
        .send()
        .await
        .expect(200);
    let events = watched.events(Some(&ada.id)).await;
    let event = events
        .iter()
        .find(|event| event.event == "signed_in")
        .unwrap();
    assert_eq!(event.at, app.clock.now());
    assert_eq!(event.user_id.unwrap().to_string(), ada.id);
    assert_eq!(
        event.session_id.unwrap().to_string(),
        crate::support::claims(&answer.field("access_token"))["sid"]
            .as_str()
            .unwrap()
    );
    assert_eq!(event.address.as_deref(), Some("198.51.100.7"));
    assert_eq!(event.request_id.as_deref(), answer.header("x-request-id"));
    assert_eq!(
        (event.family.as_str(), event.outcome.is_empty()),
        ("verified", false)
    );
}

#[tokio::test]
async fn sec_i27_the_trail_names_the_peer_and_not_what_it_claims() {
    let watched = Watched::start(&[("server.trusted_proxies", "10.0.0.0/8")]).await;
    let app = &watched.app;
    let ada = app.verified("ada@example.com").await;
    let login = |from: &str| {
        let request = app
            .post("/api/v1/auth/login")
            .json(json!({"email": ada.email, "password": ada.password}))
            .from(from);
        request
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-real-ip", "203.0.113.8")
    };
    login("198.51.100.7").send().await.expect(200);
    login("10.0.0.1").send().await.expect(200);
    let addresses: Vec<_> = watched
        .events(Some(&ada.id))
        .await
        .into_iter()
        .filter(|event| event.event == "signed_in")
        .filter_map(|event| event.address)
        .collect();
    assert_eq!(addresses.len(), 2);
    assert!(
        addresses.contains(&"198.51.100.7".to_owned())
            && addresses.contains(&"203.0.113.7".to_owned()),
        "{addresses:?}"
    );
}

#[tokio::test]
async fn sec_16_2_5_the_trail_holds_no_secret() {
    let watched = Watched::start(&[]).await;
    let ada = watched.app.signed_in("ada@example.com").await;
    watched
        .app
        .post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": "canary-Wrong-1"}))
        .send()
        .await
        .expect(400);
    for event in watched.events(None).await {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            event.event, event.outcome, event.address, event.detail
        );
        for secret in [
            &ada.password,
            &ada.access,
            &ada.refresh,
            "canary-Wrong-1",
            "ada@example.com",
        ] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn sec_14_2_7_the_trail_and_all_else_has_an_end() {
    let watched = Watched::start(&[]).await;
    let app = &watched.app;
    for n in 0..10 {
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": format!("nobody{n}@example.com")}))
            .from(&super::stranger(n))
            .send()
            .await
            .expect(200);
    }
    app.work().await;
    assert!(!watched.events(None).await.is_empty());
    app.advance(doorward_domain::Span::days(800));
    app.clean().await;
    assert!(watched.events(None).await.is_empty());
    let stats =
        doorward_store::jobs::stats(&mut watched.store.read().await.unwrap(), app.clock.now())
            .await
            .unwrap();
    assert_eq!((stats.ready, stats.held, stats.dead), (0, 0, 0));
}
