//! Signing in by one-time code: the traps of its document, and what keeps clear of them.

use super::{QUICK, at_once, count, stranger};
use crate::cli::folder::on_postgres;
use crate::support::{PASSWORD, Person, Request, TestApp, claims, header_of, named};
use doorward_domain::{Span, Status};
use doorward_service::users;
use http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const PHONE: &str = "+442079460018";

/// Nothing has to be waited for, no client is limited, and hashing is cheap.
const EAGER: [(&str, &str); 3] = [
    ("codes.sign_in.cooldown", "0s"),
    ("api.code.token_cooldown", "0s"),
    ("rate_limit.enabled", "false"),
];

fn eager() -> Vec<(&'static str, &'static str)> {
    [&EAGER[..], &QUICK[..]].concat()
}

fn ask(app: &TestApp, identifier: &str) -> Request {
    app.post("/auth/code").json(named(identifier))
}

fn show(app: &TestApp, identifier: &str, code: &str, more: &Value) -> Request {
    let mut form = named(identifier);
    form["code"] = code.into();
    if let Some(more) = more.as_object() {
        form.as_object_mut().unwrap().extend(more.clone());
    }
    app.request(Method::PUT, "/auth/token").json(form)
}

fn user(app: &TestApp, method: Method, path: &str, token: &str) -> Request {
    app.request(method, path).header("JWT", token)
}

async fn with_password(app: &TestApp, identifier: &str) -> Person {
    let person = app.by_code(identifier).await;
    user(app, Method::POST, "/user/password", &person.access)
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200);
    Person {
        password: PASSWORD.to_owned(),
        ..person
    }
}

fn other_than(code: &str) -> String {
    super::races::wrong_code(code)
}

#[tokio::test]
async fn sec_s02_every_code_has_its_different_digits_and_no_digit_is_rare() {
    let app = TestApp::with(&eager()).await;
    let mut seen = [0_u32; 10];
    for n in 0..60 {
        let code = app.sign_in_code(&format!("ada{n}@example.com")).await;
        let mut digits: Vec<usize> = code.bytes().map(|byte| usize::from(byte - b'0')).collect();
        for digit in &digits {
            seen[*digit] += 1;
        }
        digits.sort_unstable();
        digits.dedup();
        assert!(digits.len() >= 4);
    }
    // 36 of each are expected; how even they really are is measured beside the generator.
    assert!(
        seen.iter().all(|times| (10..=75).contains(times)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn sec_s03_the_first_success_spends_a_code_for_every_network() {
    let app = TestApp::with(&eager()).await;
    let code = app.sign_in_code(ADA).await;
    let mut codes = vec![(stranger(0), code.clone())];
    for n in 1..4 {
        app.advance(Span::millis(1));
        ask(&app, ADA).from(&stranger(n)).send().await.expect(200);
        codes.push((stranger(n), app.code_for(ADA).await));
    }
    show(&app, ADA, &code, &json!({})).send().await.expect(200);
    for (ip, code) in codes {
        show(&app, ADA, &code, &json!({}))
            .from(&ip)
            .send()
            .await
            .says(401, "Code has expired");
    }
}

#[tokio::test]
async fn sec_s03_a_code_of_the_family_rests_as_a_keyed_hash_alone() {
    if on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    // Ten digits: no number that a file holds by chance.
    let app = TestApp::with(&[("data_dir", data), ("codes.sign_in.length", "10")]).await;
    for identifier in [ADA, PHONE] {
        let code = app.sign_in_code(identifier).await;
        assert_eq!(code.len(), 10);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let found = bytes.windows(10).any(|window| window == code.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn sec_s03_sending_again_keeps_the_count_of_the_identifier() {
    let app = TestApp::with(&eager()).await;
    app.by_code(ADA).await;
    for n in 0..10 {
        app.advance(Span::millis(1));
        ask(&app, ADA).from(&stranger(n)).send().await.expect(200);
        let code = app.code_for(ADA).await;
        assert_eq!(code.len(), 6);
        for _ in 0..3 {
            show(&app, ADA, &other_than(&code), &json!({}))
                .from(&stranger(n))
                .send()
                .await
                .says(401, "Invalid code");
        }
    }
    app.advance(Span::millis(1));
    ask(&app, ADA).from(&stranger(99)).send().await.expect(200);
    assert_eq!(app.code_for(ADA).await.len(), 8, "for unknown networks");
    assert_eq!(app.sign_in_code(ADA).await.len(), 6, "the owner's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s04_a_thousand_requests_of_strangers_leave_the_owners_sign_in_as_it_was() {
    let app = TestApp::with(&eager()).await;
    let ada = with_password(&app, ADA).await;
    let code = app.sign_in_code(ADA).await;
    let wrong = other_than(&code);
    for wave in 0..10 {
        let requests = (0..100).map(|n| {
            let ip = stranger(wave * 100 + n);
            let guess = json!({"password": format!("guess {wave} {n}")});
            match n % 4 {
                0 => ask(&app, ADA).from(&ip),
                _ => show(&app, ADA, &wrong, &guess).from(&ip),
            }
        });
        let answers = at_once(requests).await;
        assert_eq!(count(&answers, 200), 25, "codes alone");
        assert_eq!(count(&answers, 403), 0, "no password was looked at");
    }
    let owner = users::find(&app.app, ADA).await.unwrap();
    assert_eq!(owner.status, Status::Active);
    show(&app, ADA, &code, &json!({"password": ada.password}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_s05_strangers_learn_of_no_state_that_a_setting_keeps_to_itself() {
    let settings = [&eager()[..], &[("api.code.disclose_state", "false")]].concat();
    let app = TestApp::with(&settings).await;
    let ctx = app.operator();
    for state in ["suspended", "banned", "deleted"] {
        let email = format!("{state}@example.com");
        app.by_code(&email).await;
        match state {
            "suspended" => drop(users::suspend(&app.app, &ctx, &email).await.unwrap()),
            "banned" => drop(users::ban(&app.app, &ctx, &email).await.unwrap()),
            _ => users::delete(&app.app, &ctx, &email).await.unwrap(),
        }
    }
    app.by_code("active@example.com").await;
    let mut answers = Vec::new();
    for (n, state) in ["nobody", "active", "suspended", "banned", "deleted"]
        .into_iter()
        .enumerate()
    {
        let (email, ip) = (format!("{state}@example.com"), stranger(n));
        let asked = ask(&app, &email).from(&ip).send().await.expect(200);
        let shown = show(&app, &email, "000000", &json!({}));
        let shown = shown.from(&ip).send().await.expect(401);
        answers.push((asked.outside(), shown.outside()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn sec_s06_an_address_that_moves_is_never_anybodys_twice_and_its_loser_is_told() {
    let app = TestApp::with(&eager()).await;
    let bob = app.by_code("bob@example.com").await;
    let code = app.sign_in_code(PHONE).await;
    let take = |person: &Person, code: &str| {
        user(&app, Method::PATCH, "/user/credentials", &person.access)
            .json(json!({"phone": PHONE, "code": code}))
    };
    take(&bob, &code).send().await.expect(200);
    let told = app.mail_to("bob@example.com").await.len();
    let ada = app.by_code(ADA).await;
    let code = app.sign_in_code(PHONE).await;
    take(&ada, &code).send().await.expect(200);
    let profile =
        |person: &Person| user(&app, Method::PUT, "/user/profile", &person.access).json(json!({}));
    let (hers, his) = (
        profile(&ada).send().await.expect(200).json(),
        profile(&bob).send().await.expect(200).json(),
    );
    assert_eq!(
        (&hers["phone"], &his["phone"]),
        (&json!(PHONE), &json!(null))
    );
    assert_eq!(app.mail_to("bob@example.com").await.len(), told + 1);
}

#[tokio::test]
async fn sec_s07_a_new_password_ends_other_sessions_and_refresh_turns_over() {
    let app = TestApp::with(&eager()).await;
    let other = app.by_code(ADA).await;
    let ada = app.by_code(ADA).await;
    for token in [&ada.access, &ada.refresh] {
        let (header, claims) = (header_of(token), claims(token));
        assert!(header["kid"].is_string());
        for name in ["iss", "jti", "sub", "sid", "iat", "exp", "type"] {
            assert!(!claims[name].is_null(), "{name}");
        }
    }
    let told = app.mail_to(ADA).await.len();
    user(&app, Method::POST, "/user/password", &ada.access)
        .json(json!({"password": PASSWORD}))
        .send()
        .await
        .expect(200);
    assert_eq!(app.mail_to(ADA).await.len(), told + 1);
    let refresh = |token: &str| {
        app.request(Method::PATCH, "/auth/refresh")
            .header("RT", token)
    };
    refresh(&other.refresh).send().await.expect(401);
    let successor = refresh(&ada.refresh).send().await.expect(200).field("RT");
    assert_ne!(successor, ada.refresh);
    app.advance(Span::seconds(10));
    refresh(&ada.refresh)
        .send()
        .await
        .says(401, "Token has expired");
}

#[tokio::test]
async fn sec_s08_anonymous_requests_for_codes_leave_a_bounded_number_of_rows_and_messages() {
    let app = TestApp::start().await;
    let mut sent = 0;
    for n in 0..400 {
        let email = format!("nobody{n}@example.com");
        // Four clients, each with twenty codes a minute.
        let answer = ask(&app, &email).from(&stranger(n % 4)).send().await;
        sent += usize::from(answer.status == 200);
    }
    let accounts = async || {
        let page = users::Page {
            status: None,
            after: None,
            limit: 1000,
        };
        users::list(&app.app, &page).await.unwrap().len()
    };
    if TestApp::limits_follow_the_clock() {
        assert_eq!(sent, 80);
    }
    assert_eq!(accounts().await, sent);
    app.advance(Span::seconds(301));
    app.clean().await;
    assert_eq!(accounts().await, 0);
}

#[tokio::test]
async fn sec_i29_the_spellings_of_an_address_are_one_account() {
    let app = TestApp::with(&eager()).await;
    let ada = app.by_code(ADA).await;
    for spelling in ["ADA@example.com", "Ada@Example.Com"] {
        assert_eq!(app.by_code(spelling).await.id, ada.id, "{spelling}");
    }
    app.post("/api/v1/users")
        .json(json!({"email": ADA, "password": PASSWORD}))
        .send()
        .await
        .says(400, "Email already registered");
}
