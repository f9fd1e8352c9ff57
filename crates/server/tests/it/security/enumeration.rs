//! Whoever does not hold an identifier does not learn whether it has an account.

use super::stranger;
use crate::support::{PASSWORD, Request, TestApp};
use doorward_domain::Span;
use doorward_service::users;
use serde_json::json;
use std::collections::BTreeMap;

async fn assert_alike(requests: Vec<Request>) {
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.send().await.outside());
    }
    for answer in &answers[1..] {
        assert_eq!(answer, &answers[0]);
    }
}

#[tokio::test]
async fn sec_i28_sign_in_answers_alike_whoever_is_asked_for() {
    let app = TestApp::start().await;
    app.verified("proven@example.com").await;
    app.registered("unproven@example.com").await;
    let suspended = app.verified("suspended@example.com").await;
    users::suspend(&app.app, &app.operator(), &suspended.email)
        .await
        .unwrap();
    let addresses = [
        "nobody@example.com",
        "proven@example.com",
        "unproven@example.com",
        "suspended@example.com",
    ];
    let requests = addresses.iter().enumerate().map(|(n, email)| {
        app.post("/api/v1/auth/login")
            .json(json!({"email": email, "password": "wrong guess"}))
            .from(&stranger(n))
    });
    assert_alike(requests.collect()).await;
}

#[tokio::test]
async fn sec_i28_a_login_answers_alike_whether_or_not_it_exists() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let banned = app.member("banned").await;
    users::ban(&app.app, &app.operator(), &banned.login)
        .await
        .unwrap();
    for path in ["/api/login", "/api/delete"] {
        let wrong = ["nobody", &ada.login, &banned.login]
            .into_iter()
            .enumerate()
            .map(|(n, login)| {
                app.post(path)
                    .json(json!({"login": login, "password": "Wrong guess 1"}))
                    .from(&stranger(n))
            });
        assert_alike(wrong.collect()).await;
    }
    // Who knows the password of a banned account reads no more than who guesses.
    let right = app
        .post("/api/login")
        .json(json!({"login": banned.login, "password": banned.password}))
        .from(&stranger(7))
        .send()
        .await;
    let wrong = app
        .post("/api/login")
        .json(json!({"login": "nobody", "password": banned.password}))
        .from(&stranger(8))
        .send()
        .await;
    assert_eq!(right.outside(), wrong.outside());
}

#[tokio::test]
async fn sec_i28_asking_for_a_code_answers_alike_whoever_is_asked_for() {
    let app = TestApp::start().await;
    app.verified("proven@example.com").await;
    app.registered("unproven@example.com").await;
    let addresses = [
        "nobody@example.com",
        "proven@example.com",
        "unproven@example.com",
    ];
    for status in [200, 429] {
        let requests: Vec<_> = addresses
            .iter()
            .enumerate()
            .map(|(n, email)| {
                app.post("/api/v1/auth/send-otp")
                    .json(json!({"email": email}))
                    .from(&stranger(n))
            })
            .collect();
        let mut answers = Vec::new();
        for request in requests {
            answers.push(request.send().await.expect(status));
        }
        assert!(
            answers
                .iter()
                .all(|answer| answer.outside() == answers[0].outside()),
            "{status}"
        );
    }
    assert!(app.mail_to("nobody@example.com").await.is_empty());
    assert_eq!(
        app.mail_to("proven@example.com").await.len(),
        1,
        "the code of the registration alone"
    );
}

#[tokio::test]
async fn sec_i28_showing_a_code_answers_alike_whoever_it_is_for() {
    let app = TestApp::start().await;
    app.verified("proven@example.com").await;
    app.registered("unproven@example.com").await;
    let addresses = [
        "nobody@example.com",
        "proven@example.com",
        "unproven@example.com",
    ];
    let requests = addresses.iter().enumerate().map(|(n, email)| {
        app.post("/api/v1/auth/verify-otp")
            .json(json!({"email": email, "otp": "not it"}))
            .from(&stranger(n))
    });
    assert_alike(requests.collect()).await;
}

#[tokio::test]
async fn sec_6_3_8_where_existence_is_not_disclosed_a_taken_address_registers_like_a_free_one() {
    let app = TestApp::with(&[("api.verified.disclose_existence", "false")]).await;
    let ada = app.verified("ada@example.com").await;
    let register = |email: &str, n| {
        app.post("/api/v1/users")
            .json(json!({"email": email, "password": "another one"}))
            .from(&stranger(n))
    };
    let taken = register(&ada.email, 1).send().await.expect(201).json();
    let free = register("eve@example.com", 2)
        .send()
        .await
        .expect(201)
        .json();
    for (answer, email) in [(&taken, "ada@example.com"), (&free, "eve@example.com")] {
        assert_eq!(answer["email"], email);
        assert_eq!(answer["is_email_verified"], false);
        assert_eq!(answer["full_name"], json!(null));
    }
    assert_eq!(
        taken.as_object().unwrap().keys().collect::<Vec<_>>(),
        free.as_object().unwrap().keys().collect::<Vec<_>>()
    );
    assert_ne!(taken["id"], json!(ada.id));
    // The owner is told, and nothing of theirs has changed.
    assert_eq!(app.mail_to(&ada.email).await.len(), 2);
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}))
        .send()
        .await
        .expect(200);
}

/// What registering brings about is the same, too: a cool-down, and a code that a guess meets.
#[tokio::test]
async fn sec_i28_what_follows_a_registration_does_not_tell_whether_it_came_to_be() {
    let app = TestApp::with(&[("api.verified.disclose_existence", "false")]).await;
    let ada = app.verified("ada@example.com").await;
    app.advance(Span::minutes(10));
    let mut followed = Vec::new();
    for email in [ada.email.as_str(), "eve@example.com"] {
        let form = json!({"email": email, "password": "another one"});
        let request = app.post("/api/v1/users").json(form).from(&stranger(1));
        request.send().await.expect(201);
        let guess = json!({"email": email, "otp": "not it"});
        let guess = app.post("/api/v1/auth/verify-otp").json(guess);
        let guessed = guess.from(&stranger(1)).send().await;
        let again = app
            .post("/api/v1/auth/send-otp")
            .json(json!({"email": email}));
        let again = again.from(&stranger(1)).send().await.expect(429);
        followed.push((guessed.outside(), again.outside()));
    }
    assert_eq!(followed[0], followed[1]);
}

/// How many rows there are in each table.
async fn row_counts(app: &TestApp) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in app.stored().await.lines() {
        let table = line.split([' ', '|']).next().unwrap_or_default();
        *counts.entry(table.to_owned()).or_default() += 1;
    }
    counts
}

/// What a request leaves: how many rows more each table has after it.
async fn left_by(app: &TestApp, request: Request) -> BTreeMap<String, usize> {
    let before = row_counts(app).await;
    let status = request.send().await.status;
    assert!((200..300).contains(&status), "{status}");
    let mut after = row_counts(app).await;
    for (table, rows) in &mut after {
        *rows -= before.get(table).copied().unwrap_or_default();
    }
    after.retain(|_, rows| *rows > 0);
    after
}

#[tokio::test]
async fn sec_i28_known_and_unknown_identifiers_leave_the_same_rows() {
    let app = TestApp::with(&[
        ("api.confirm.disclose_existence", "false"),
        ("api.session.open_registration", "false"),
        ("api.verified.disclose_existence", "false"),
        ("rate_limit.enabled", "false"),
    ])
    .await;
    app.verified("known@example.com").await;
    app.member("known").await;
    app.advance(Span::minutes(10));
    let about = |name: &str| {
        let email = format!("{name}@example.com");
        let names = json!({"email": email, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
        [
            (
                "/api/register",
                json!({"login": name, "password": PASSWORD}),
            ),
            (
                "/api/v1/users",
                json!({"email": email, "password": PASSWORD}),
            ),
            ("/users", names),
            ("/auth/code", json!({"email": email})),
            (
                "/api/v1/auth/send-code",
                json!({"email": email, "project_id": "shop"}),
            ),
            ("/api/v1/auth/send-otp", json!({"email": email})),
            ("/v1/password/forgot", json!({"email": email})),
        ]
    };
    for (n, (path, known)) in about("known").into_iter().enumerate() {
        // Each is asked of somebody whom nothing before has made known, and from a network that has asked for nothing.
        let (_, unknown) = about(&format!("unknown{n}")).into_iter().nth(n).unwrap();
        let left = left_by(&app, app.post(path).json(known).from(&stranger(n))).await;
        let other = left_by(&app, app.post(path).json(unknown).from(&stranger(n))).await;
        assert_eq!(left, other, "{path}");
        assert!(!left.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn nobody_comes_to_the_accounts_that_hide_others_and_they_go_when_there_is_cleaning() {
    let app = TestApp::with(&[("api.session.open_registration", "false")]).await;
    let ada = app.member("ada").await;
    let form = json!({"login": ada.login, "password": PASSWORD});
    let taken = app.post("/api/register").json(form).send().await;
    let id = taken.expect(201).field("id");
    assert_ne!(id, ada.id);
    let everybody = users::Page {
        limit: 100,
        ..users::Page::default()
    };
    assert_eq!(users::list(&app.app, &everybody).await.unwrap().len(), 1);
    let left = users::find(&app.app, &id).await.unwrap();
    assert!(left.login.is_none() && left.email.is_none() && !left.has_password);
    app.clean().await;
    assert!(users::find(&app.app, &id).await.is_err());
}

#[tokio::test]
async fn sec_i28_a_token_of_a_deleted_user_reads_like_any_other_that_is_not_good() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    users::delete(&app.app, &app.operator(), &ada.email)
        .await
        .unwrap();
    let profile = |token: &str| app.get("/api/v1/users/profile").bearer(token);
    let (gone, garbled) = (
        profile(&ada.access).send().await,
        profile("not.a.token").send().await,
    );
    assert_eq!(gone.outside(), garbled.outside());
    let refresh = |token: &str| {
        app.post("/api/v1/auth/refresh-token")
            .json(json!({"refresh_token": token}))
    };
    let (gone, garbled) = (
        refresh(&ada.refresh).send().await,
        refresh("not.a.token").send().await,
    );
    assert_eq!(gone.outside(), garbled.outside());
}
