//! The log: every denial in it, no secret, and one line an event.

use crate::cli::folder::Folder;
use crate::cli::serving::Serving;
use reqwest::Method;
use serde_json::{Value, json};

/// The real binary at its most talkative.
async fn talkative(format: &str) -> (Folder, Serving) {
    let folder = Folder::new()
        .await
        .set("logs.level", "trace")
        .set("logs.format", format);
    let serving = folder.serve().await;
    (folder, serving)
}

#[tokio::test]
async fn sec_16_2_5_no_secret_is_in_the_log_at_its_most_talkative() {
    let (folder, serving) = talkative("json").await;
    let password = "canary-Password-7391";
    let wrong = "canary-Wrong-8264";
    let tokens = serving.sign_up("canary@example.com", password).await;
    let body = json!({"email": "canary@example.com", "password": wrong});
    assert_eq!(serving.post("/api/v1/auth/login", &body).await.0, 400);
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(serving.profile(access).await, 200);
    assert_eq!(
        serving
            .post(
                "/api/v1/auth/refresh-token",
                &json!({"refresh_token": refresh})
            )
            .await
            .0,
        200
    );
    assert_eq!(serving.profile(refresh).await, 401);
    assert_eq!(
        serving
            .post(
                "/api/v1/auth/refresh-token",
                &json!({"refresh_token": access})
            )
            .await
            .0,
        401
    );
    serving
        .post(
            "/api/v1/auth/send-otp",
            &json!({"email": "canary@example.com"}),
        )
        .await;
    let (_, inbox) = crate::cli::serving::answer(serving.get("/dev/inbox")).await;
    let code = crate::cli::serving::digits(inbox[0]["text"].as_str().unwrap());
    let out = serving
        .request(Method::POST, "/api/logout")
        .bearer_auth(access)
        .send()
        .await
        .unwrap();
    assert_eq!(out.status(), 200);
    let broken = format!("{{\"password\": \"{wrong}\"");
    let refused = serving
        .request(Method::POST, "/api/login")
        .header("content-type", "application/json")
        .body(broken)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 422);
    let in_url = serving
        .get(&format!("/api/profile?token={access}&password={wrong}"))
        .send()
        .await
        .unwrap();
    assert_eq!(in_url.status(), 403);

    let log = serving.log();
    assert!(log.lines().count() > 10, "{log}");
    for secret in [
        password,
        wrong,
        access,
        refresh,
        &access[access.len() - 40..],
        &refresh[refresh.len() - 40..],
    ] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    assert!(!is_a_word_of(&code, &log), "the code is in the log");
    assert!(
        !log.contains("canary@example.com"),
        "an address is in the log: {log}"
    );
    if folder.path("doorward-data/master.key").exists() {
        assert!(!log.contains(folder.read("doorward-data/master.key").trim()));
    }
}

#[tokio::test]
async fn sec_16_4_1_hostile_text_stays_on_its_line() {
    let (_folder, serving) = talkative("json").await;
    let before = serving.log().lines().count();
    for agent in [
        "plain",
        "tab\there",
        "\u{202E}esrever",
        "{\"level\":\"ERROR\"}",
        "a\" forged=\"yes",
    ] {
        let answer = serving
            .get("/api/profile?x=%0aERROR%20forged%0d%0a")
            .header("user-agent", agent)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 403);
    }
    let names = [
        "evil\nERROR forged line",
        "evil\r\nforged",
        "evil\u{1b}[31m",
        "evil\u{2028}forged",
    ];
    for name in names {
        serving
            .post(
                "/api/login",
                &json!({"login": name, "password": "Wrong guess 1"}),
            )
            .await;
        serving
            .post(
                "/api/v1/users",
                &json!({"email": "x", "full_name": name, "password": name}),
            )
            .await;
    }
    let path: String = "/%0a%0dERROR%20forged".to_owned();
    serving.get(&path).send().await.unwrap();
    let log = serving.log();
    assert!(log.lines().count() > before);
    for line in log.lines().skip(before) {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event.is_object(), "{line}");
        assert!(!line.starts_with("ERROR"), "{line}");
        assert!(!line.contains(['\u{202E}', '\u{2028}', '\u{1b}']), "{line}");
    }
}

#[tokio::test]
async fn sec_16_3_2_every_denial_leaves_an_event_with_its_request_id() {
    let folder = Folder::new().await.set("logs.format", "json");
    let serving = folder.serve().await;
    let mut denials = Vec::new();
    for (request, status) in [
        (serving.get("/api/profile").bearer_auth("not.a.token"), 401),
        (serving.get("/api/profile"), 403),
        (
            serving
                .request(Method::POST, "/api/login")
                .json(&json!({"login": "nobody", "password": "Wrong guess 1"})),
            401,
        ),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        denials.push(
            answer.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    for n in 0.. {
        let answer = serving
            .request(Method::POST, "/api/v1/auth/login")
            .json(&json!({"email": "nobody@example.com", "password": "wrong"}))
            .send()
            .await
            .unwrap();
        if answer.status() == 429 {
            denials.push(
                answer.headers()["x-request-id"]
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
            break;
        }
        assert!(n < 20);
    }
    let log = serving.log();
    for id in denials {
        let event = log
            .lines()
            .find(|line| line.contains(&id))
            .unwrap_or_else(|| panic!("no event for {id} in {log}"));
        let event: Value = serde_json::from_str(event).unwrap();
        assert!(
            event["timestamp"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z')),
            "{event}"
        );
        assert!(
            event.to_string().contains("127.0.0.1"),
            "it says where from: {event}"
        );
    }
}

fn is_a_word_of(word: &str, text: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
