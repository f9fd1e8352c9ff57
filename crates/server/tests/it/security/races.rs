//! Many at once: what may happen once happens once, and what may be tried N times is tried N times.

use super::{QUICK, at_once, count, stranger};
use crate::support::TestApp;
use serde_json::json;

/// Wrong passwords in a row before strangers have to wait.
const PASSWORD_TRIES: usize = 10;

/// `codes.verify.attempts`.
const CODE_TRIES: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn sec_i05_of_500_parallel_wrong_passwords_no_more_are_tried_than_allowed() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.verified("ada@example.com").await;
    let guesses = (0..500).map(|n| {
        let body = json!({"email": ada.email, "password": format!("wrong guess {n}")});
        app.post("/api/v1/auth/login").json(body).from(&stranger(n))
    });
    let answers = at_once(guesses).await;
    assert_eq!(
        (count(&answers, 400), count(&answers, 429)),
        (PASSWORD_TRIES, 500 - PASSWORD_TRIES)
    );
    for answer in answers.iter().filter(|answer| answer.status == 429) {
        assert!(
            answer
                .header("retry-after")
                .unwrap()
                .parse::<u32>()
                .unwrap()
                > 0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i05_an_unknown_account_has_as_many_tries_as_a_known_one() {
    let app = TestApp::with(&QUICK).await;
    let guesses = (0..100).map(|n| {
        let body = json!({"login": "nobody-at-all", "password": format!("Wrong guess {n}")});
        app.post("/api/login").json(body).from(&stranger(n))
    });
    let answers = at_once(guesses).await;
    assert_eq!(
        (count(&answers, 401), count(&answers, 429)),
        (PASSWORD_TRIES, 100 - PASSWORD_TRIES)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i05_spellings_of_one_address_share_their_tries() {
    let app = TestApp::with(&QUICK).await;
    app.verified("ada@example.com").await;
    let spellings = [
        "ada@example.com",
        "ADA@example.com",
        "Ada@Example.COM",
        " ada@EXAMPLE.com ",
    ];
    let guesses = (0..60).map(|n| {
        let body = json!({"email": spellings[n % spellings.len()], "password": "wrong guess"});
        app.post("/api/v1/auth/login").json(body).from(&stranger(n))
    });
    let answers = at_once(guesses).await;
    assert_eq!(
        (count(&answers, 400), count(&answers, 429)),
        (PASSWORD_TRIES, 60 - PASSWORD_TRIES)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i07_of_200_parallel_right_codes_one_proves_the_address() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    // The same network as the registration, in which each client has a limit of its own.
    let shown = (0..200).map(|n| {
        let body = json!({"email": ada.email, "otp": code});
        app.post("/api/v1/auth/verify-otp")
            .json(body)
            .from(&format!("192.0.2.{}", n + 2))
    });
    let answers = at_once(shown).await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 199));
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.password}))
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s15_of_40_parallel_wrong_codes_no_more_are_tried_than_allowed() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    let wrong = wrong_code(&code);
    let guesses = (0..40).map(|n| {
        let body = json!({"email": ada.email, "otp": wrong});
        app.post("/api/v1/auth/verify-otp")
            .json(body)
            .from(&format!("192.0.2.{}", n + 2))
    });
    let answers = at_once(guesses).await;
    assert_eq!(count(&answers, 400), 40);
    // All of its tries are used up: the right code comes too late.
    let late = app
        .post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await;
    assert_eq!(
        late.expect(400).json(),
        json!({"detail": "Invalid or expired OTP"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_2_3_2_the_last_guess_that_a_code_has_may_be_the_right_one() {
    let app = TestApp::with(&QUICK).await;
    let ada = app.registered("ada@example.com").await;
    let code = app.code_for(&ada.email).await;
    let wrong = wrong_code(&code);
    let guesses = (1..CODE_TRIES).map(|n| {
        let body = json!({"email": ada.email, "otp": wrong});
        app.post("/api/v1/auth/verify-otp")
            .json(body)
            .from(&format!("192.0.2.{}", n + 2))
    });
    assert_eq!(count(&at_once(guesses).await, 400), CODE_TRIES - 1);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": code}))
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_2_3_4_of_200_parallel_registrations_of_a_login_one_wins() {
    let app = TestApp::with(&QUICK).await;
    let spellings = [
        "Ada.Lovelace",
        "ada.lovelace",
        "ADA.LOVELACE",
        "ada\u{FF0E}lovelace",
    ];
    let registrations = (0..200).map(|n| {
        let body = json!({"login": spellings[n % spellings.len()], "password": "Correct horse 1"});
        app.post("/api/register").json(body).from(&stranger(n))
    });
    let answers = at_once(registrations).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 199));
    app.post("/api/login")
        .json(json!({"login": "ada.lovelace", "password": "Correct horse 1"}))
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s19_of_200_parallel_registrations_of_an_address_one_wins() {
    let app = TestApp::with(&QUICK).await;
    let spellings = ["ada@example.com", "Ada@Example.com", "ADA@EXAMPLE.COM"];
    let registrations = (0..200).map(|n| {
        let body = json!({"email": spellings[n % spellings.len()], "password": "correct horse"});
        app.post("/api/v1/users").json(body).from(&stranger(n))
    });
    let answers = at_once(registrations).await;
    assert_eq!((count(&answers, 201), count(&answers, 400)), (1, 199));
    assert_eq!(app.mail_to("ada@example.com").await.len(), 1);
}

/// A code of the same length that is another one.
pub(super) fn wrong_code(code: &str) -> String {
    code.chars()
        .map(|c| {
            if c == '9' {
                '0'
            } else {
                char::from(c as u8 + 1)
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s06_of_two_who_take_each_others_address_at_once_one_does() {
    let mut settings = QUICK.to_vec();
    settings.extend([
        ("codes.sign_in.cooldown", "0s"),
        ("api.code.token_cooldown", "0s"),
        ("rate_limit.enabled", "false"),
    ]);
    let app = TestApp::with(&settings).await;
    let mut moves = Vec::new();
    for pair in 0..10 {
        let addresses = ["ada", "bob"].map(|name| format!("{name}-{pair}@example.com"));
        let people = [
            app.by_code(&addresses[0]).await,
            app.by_code(&addresses[1]).await,
        ];
        for (person, wanted) in people.iter().zip(addresses.iter().rev()) {
            let form = json!({"email": wanted, "code": app.sign_in_code(wanted).await});
            let request = app.request(http::Method::PATCH, "/user/credentials");
            moves.push(request.header("JWT", &person.access).json(form));
        }
    }
    let answers = at_once(moves).await;
    for (pair, answers) in answers.chunks(2).enumerate() {
        let mut statuses = [answers[0].status, answers[1].status];
        statuses.sort_unstable();
        assert!(
            statuses[0] == 200 && [401, 403].contains(&statuses[1]),
            "{statuses:?}"
        );
        let mut held = 0;
        for name in ["ada", "bob"] {
            let address = format!("{name}-{pair}@example.com");
            held += usize::from(
                doorward_service::users::find(&app.app, &address)
                    .await
                    .is_ok(),
            );
        }
        assert_eq!(
            held, 1,
            "the winner has one address, and who lost theirs is gone"
        );
    }
}
