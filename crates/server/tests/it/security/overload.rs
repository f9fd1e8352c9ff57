//! More than there is room for: shed with a word about when to come back, and nobody else starves.

use super::{at_once, count, stranger};
use crate::support::{Answer, TestApp};
use serde_json::json;
use std::thread;

/// As many as hash and wait at once: a thread a core, and a queue for each.
fn room() -> usize {
    thread::available_parallelism().unwrap().get() * (256 + 1)
}

/// A busy machine takes its time for so many hashes.
const PATIENT: [(&str, &str); 2] = [
    ("server.request_timeout", "10m"),
    ("database.pool_timeout", "10m"),
];

#[track_caller]
fn assert_shed(answers: &[Answer]) {
    for answer in answers.iter().filter(|answer| answer.status == 503) {
        assert!(answer.number("retry-after") >= 1, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i40_past_its_queue_hashing_is_refused_and_then_goes_on() {
    let app = TestApp::with(&PATIENT).await;
    app.expect_faults();
    let ada = app.verified("ada@example.com").await;
    let flood = room() + 300;
    let guesses = (0..flood).map(|n| {
        let body = json!({"email": format!("nobody{n}@example.com"), "password": "wrong guess"});
        app.post("/api/v1/auth/login").json(body).from(&stranger(n))
    });
    let answers = at_once(guesses).await;
    let (served, shed) = (count(&answers, 400), count(&answers, 503));
    assert_eq!(served + shed, flood);
    assert!(shed > 0 && served >= room(), "{served} served, {shed} shed");
    assert_shed(&answers);
    let login = json!({"email": ada.email, "password": ada.password});
    app.post("/api/v1/auth/login")
        .json(login)
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_15_4_4_a_flood_of_sign_ins_starves_no_other_route() {
    let app = TestApp::with(&PATIENT).await;
    let ada = app.signed_in("ada@example.com").await;
    let guesses = (0..200).map(|n| {
        let body = json!({"email": format!("nobody{n}@example.com"), "password": "wrong guess"});
        app.post("/api/v1/auth/login").json(body).from(&stranger(n))
    });
    let reads = async {
        let mut reads = 0;
        for _ in 0..50 {
            app.get("/api/v1/users/profile")
                .bearer(&ada.access)
                .send()
                .await
                .expect(200);
            app.get("/livez").send().await.expect(200);
            reads += 1;
        }
        reads
    };
    // All reads are answered while the flood is still being worked off.
    tokio::pin!(reads);
    let flood = at_once(guesses);
    tokio::pin!(flood);
    let first = tokio::select! {
        biased;
        reads = &mut reads => reads,
        _ = &mut flood => 0,
    };
    assert_eq!(first, 50, "the flood was done before the reads");
    assert_eq!(count(&flood.await, 400), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i45_a_full_pool_is_a_503_and_recovers() {
    let pool = [
        ("database.pool_size", "2"),
        ("database.max_overflow", "0"),
        ("database.pool_timeout", "1s"),
    ];
    let app = TestApp::with(&pool).await;
    app.expect_faults();
    let ada = app.signed_in("ada@example.com").await;
    let asked = (0..500).map(|n| {
        let body = json!({"email": format!("user{n}@example.com")});
        app.post("/api/v1/auth/send-otp")
            .json(body)
            .from(&stranger(n))
    });
    let answers = at_once(asked).await;
    let (served, shed) = (count(&answers, 200), count(&answers, 503));
    assert_eq!(
        served + shed,
        500,
        "{:?}",
        answers
            .iter()
            .find(|answer| !matches!(answer.status, 200 | 503))
    );
    assert!(served >= 2);
    assert_shed(&answers);
    app.get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}))
        .send()
        .await
        .expect(200);
    app.get("/readyz").send().await.expect(200);
}
