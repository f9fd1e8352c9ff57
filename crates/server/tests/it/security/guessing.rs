//! Guessers: what they can try in a day, and that their victim does not notice.

use super::races::wrong_code;
use super::{QUICK, at_once, count, stranger};
use crate::support::TestApp;
use doorward_domain::Span;
use serde_json::json;

/// How far the clock moves between two waves of an attack.
const WAVE: Span = Span::minutes(10);
const WAVES_A_DAY: usize = 144;

#[tokio::test]
async fn sec_i15_a_day_of_guessed_passwords_never_stops_the_owner() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.signed_in("ada@example.com").await;
    let mut tried = 0;
    for wave in 0..WAVES_A_DAY {
        let guesses = (0..4).map(|n| {
            let body = json!({"email": ada.email, "password": format!("guess {wave} {n}")});
            app.post("/api/v1/auth/login")
                .json(body)
                .from(&stranger(wave * 4 + n))
        });
        tried += count(&at_once(guesses).await, 400);
        if wave % 12 == 5 {
            let body = json!({"email": ada.email, "password": ada.password});
            // A neighbour of the address that signed in before: the same network, another client.
            let home = format!("192.0.2.{}", 20 + wave);
            app.post("/api/v1/auth/login")
                .json(body)
                .from(&home)
                .send()
                .await
                .expect(200);
        }
        app.advance(WAVE);
    }
    // Ten at first, then waits of 30 s that double up to an hour.
    assert!(
        (20..=60).contains(&tried),
        "{tried} guesses were tried in a day"
    );
}

#[tokio::test]
async fn sec_i15_the_owner_may_mistype_while_strangers_guess() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.signed_in("ada@example.com").await;
    let login = |password: &str, from: &str| {
        app.post("/api/v1/auth/login")
            .json(json!({"email": ada.email, "password": password}))
            .from(from)
    };
    at_once((0..30).map(|n| login("wrong guess", &stranger(n)))).await;
    login(&ada.password, &stranger(99)).send().await.expect(429);
    for host in 10..19 {
        login("mistyped it", &format!("192.0.2.{host}"))
            .send()
            .await
            .expect(400);
    }
    login(&ada.password, "192.0.2.20").send().await.expect(200);
}

#[tokio::test]
async fn sec_6_1_1_strangers_wait_longer_each_time_and_at_most_an_hour() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.verified("ada@example.com").await;
    let guess = |n: usize| {
        app.post("/api/v1/auth/login")
            .json(json!({"email": ada.email, "password": "wrong guess"}))
            .from(&stranger(n))
    };
    for n in 0..10 {
        guess(n).send().await.expect(400);
    }
    let mut waits = Vec::new();
    for n in 10..20 {
        let refused = guess(n).send().await.expect(429);
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        waits.push(wait);
        app.advance(Span::seconds(wait));
        guess(100 + n).send().await.expect(400);
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
}

#[tokio::test]
async fn sec_i15_strangers_guesses_leave_the_owners_code_alive() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    let wrong = wrong_code(&code);
    let guesses = (0..60).map(|n| {
        let body = json!({"email": ada.email, "otp": wrong});
        app.post("/api/v1/auth/verify-otp")
            .json(body)
            .from(&stranger(n))
    });
    assert_eq!(count(&at_once(guesses).await, 400), 60);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i15_codes_that_strangers_ask_for_leave_the_owners_code_alive() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    let asked = (0..4).map(|n| {
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": ada.email}))
            .from(&stranger(n))
    });
    assert_eq!(count(&at_once(asked).await, 200), 4);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i15_codes_that_strangers_ask_for_do_not_keep_the_owner_from_asking() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    app.work().await;
    app.advance(Span::seconds(61));
    let asked = (0..20).map(|n| {
        app.post("/api/v1/auth/send-otp")
            .json(json!({"email": ada.email}))
            .from(&stranger(n))
    });
    at_once(asked).await;
    app.work().await;
    app.advance(Span::seconds(1));
    app.post("/api/v1/auth/send-otp")
        .json(json!({"email": ada.email}))
        .send()
        .await
        .expect(200);
    let code = app.code_for(&ada.email).await;
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_6_6_2_a_code_fits_the_address_that_it_was_mailed_to_alone() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    let eve = app.registered("eve@example.com").await;
    let hers = app.code_for(&ada.email).await;
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": eve.email, "otp": hers}))
        .send()
        .await
        .expect(400);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": hers}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_6_5_1_a_code_works_once() {
    let app = TestApp::start().await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    let show = || {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": ada.email, "otp": code}))
    };
    show().send().await.expect(200);
    show().send().await.expect(400);
}

#[tokio::test]
async fn sec_6_5_5_a_code_ends_after_ten_minutes() {
    let app = TestApp::start().await;
    for (email, age, status) in [("ada@example.com", 599, 200), ("eve@example.com", 600, 400)] {
        let person = app.registered(email).await;
        let code = app.code_for(email).await;
        app.advance(Span::seconds(age));
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": person.email, "otp": code}))
            .send()
            .await
            .expect(status);
    }
}
