//! `doctor`: what usually goes wrong.

mod planted;

use super::folder::{Folder, on_postgres};
use serde_json::Value;

fn checks(folder: &Folder) -> (i32, Vec<Value>) {
    let outcome = folder.run(&["doctor", "--json"]);
    let checks = outcome
        .json()
        .as_array()
        .unwrap_or_else(|| panic!("{outcome:?}"))
        .clone();
    (outcome.code, checks)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_beside_a_running_server_finds_nothing() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let bound = folder.set("server.bind", &format!("127.0.0.1:{}", serving.port));
    let (code, checks) = checks(&bound);
    let worst: Vec<_> = checks
        .iter()
        .filter(|check| check["state"] != "good")
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    // The server that tests have made for themselves has one user, who may do everything.
    let usual: &[&str] = if on_postgres() { &["database"] } else { &[] };
    assert_eq!(worst, usual, "{checks:#?}");
    assert_eq!(code, 0);
    assert!(checks.len() >= 10, "{checks:#?}");
    for check in &checks {
        assert!(
            check["name"].is_string()
                && check["words"]
                    .as_str()
                    .is_some_and(|words| !words.is_empty()),
            "{check}"
        );
    }
    let told = bound.run(&["doctor"]).done().stdout;
    assert!(told.contains("good"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_names_the_mail_server_that_is_not_there() {
    let folder = Folder::new()
        .await
        .set("mail.host", "127.0.0.1")
        .set("mail.port", "9")
        .set("mail.tls", "none")
        .set("mail.from", "noreply@example.com");
    folder.serve().await.stop().await;
    let (code, checks) = checks(&folder);
    let mail = checks
        .iter()
        .find(|check| {
            check["name"]
                .as_str()
                .is_some_and(|name| name.to_lowercase().contains("mail"))
        })
        .unwrap();
    assert_eq!(
        (code, mail["state"].as_str()),
        (1, Some("broken")),
        "{checks:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_says_that_a_database_is_missing_and_makes_none() {
    let folder = Folder::sqlite();
    let (code, checks) = checks(&folder);
    assert_eq!(code, 1, "{checks:#?}");
    assert!(
        checks.iter().any(|check| check["state"] == "broken"
            && check["words"].as_str().unwrap().contains("database")),
        "{checks:#?}"
    );
    assert_eq!(
        std::fs::read_dir(folder.root()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_tells_no_secret() {
    let folder = Folder::new()
        .await
        .set("mail.host", "127.0.0.1")
        .set("mail.port", "9")
        .set("mail.tls", "none")
        .set("mail.from", "noreply@example.com");
    let folder = folder
        .set("mail.username", "postman")
        .set("mail.password", "canary-password-1");
    let outcome = folder.run(&["doctor"]);
    assert!(
        !outcome.stdout.contains("canary") && !outcome.stderr.contains("canary"),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_names_providers_that_are_not_there() {
    let folder = Folder::sqlite()
        .set("sms.url", "http://127.0.0.1:9/send")
        .set("sms.headers", "{\"Authorization\": \"canary-1\"}")
        .set("federation.okta.issuer", "http://127.0.0.1:9/realm/")
        .set("federation.okta.client_ids", "door");
    let (code, checks) = checks(&folder);
    let found = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(code, 1);
    assert_eq!(found("SMS")["state"], "broken", "{checks:#?}");
    let provider = found("identity provider");
    assert_eq!(provider["state"], "broken");
    let words = provider["words"].as_str().unwrap();
    assert!(
        words.contains("/realm/.well-known/openid-configuration"),
        "{words}"
    );
    assert!(!format!("{checks:?}").contains("canary"), "{checks:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_says_that_phones_do_not_work_without_a_provider() {
    let words = |folder: &Folder| {
        let (_, checks) = checks(folder);
        let sms = checks.iter().find(|check| check["name"] == "SMS").unwrap();
        (
            sms["state"].as_str().unwrap().to_owned(),
            sms["words"].as_str().unwrap().to_owned(),
        )
    };
    let (state, said) = words(&Folder::sqlite());
    assert_eq!(
        (state.as_str(), said.as_str()),
        ("good", "shown in the inbox")
    );
    let production = Folder::sqlite()
        .set("mode", "production")
        .set("server.public_url", "http://127.0.0.1:9")
        .set("mail.transport", "none");
    let (state, said) = words(&production);
    assert!(state == "warning" && said.contains("sms.url"), "{said}");
    assert_eq!(words(&production.set("api.families", "session")).0, "good");
}
