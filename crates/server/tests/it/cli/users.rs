//! `users`, beside a running server.

use super::folder::Folder;
use super::serving::Serving;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

const PASSWORD: &str = "correct horse 1";

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

/// Whether a session stays good, once the time is over for which a replica may believe what it has read.
async fn within_a_second(serving: &mut Serving, token: &str, status: u16) {
    serving
        .until("the session has ended", async |serving| {
            serving.profile(token).await == status
        })
        .await;
}

async fn sign_in(serving: &Serving, email: &str, password: &str) -> u16 {
    serving
        .post(
            "/api/v1/auth/login",
            &json!({"email": email, "password": password}),
        )
        .await
        .0
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_shown_and_listed() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    assert_eq!(
        folder.run(&["users", "list", "--json"]).done().json(),
        json!([])
    );
    let made = folder
        .run(&[
            "users",
            "create",
            "--email",
            "Ada@Example.com",
            "--full-name",
            "Ada Lovelace",
            "--json",
        ])
        .done()
        .json();
    assert_eq!(
        (
            &made["status"],
            &made["email"],
            &made["email_proven"],
            &made["has_password"]
        ),
        (
            &json!("active"),
            &json!("Ada@Example.com"),
            &json!(true),
            &json!(false)
        )
    );
    folder.run(&["users", "create", "--login", "bob"]).done();
    let listed = folder.run(&["users", "list", "--json"]).done().json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let id = made["id"].as_str().unwrap();
    for name in ["ada@example.com", "ADA@EXAMPLE.COM", id] {
        let shown = folder.run(&["users", "show", name, "--json"]).done().json();
        assert_eq!(shown["id"], made["id"], "{name}");
    }
    let table = folder.run(&["users", "list"]).done().stdout;
    assert!(
        table.contains("Ada@Example.com") && table.contains("bob") && table.contains("EMAIL"),
        "{table}"
    );
    assert!(!table.contains("argon2"), "{table}");
    let pages = folder
        .run(&["users", "list", "--limit", "1", "--json"])
        .done()
        .json();
    let first = pages[0]["id"].as_str().unwrap();
    let rest = folder
        .run(&["users", "list", "--after", first, "--json"])
        .done()
        .json();
    assert_eq!(rest.as_array().unwrap().len(), 1);
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_read_from_standard_input_and_signs_in() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let mut child = folder
        .command(&[
            "users",
            "create",
            "--email",
            "ada@example.com",
            "--password",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{PASSWORD}\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(PASSWORD));
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_banning_and_restoring_reach_a_running_server() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    for (word, email) in [("suspend", "ada@example.com"), ("ban", "bob@example.com")] {
        let tokens = serving.sign_up(email, PASSWORD).await;
        assert_eq!(serving.profile(access(&tokens)).await, 200);
        let changed = folder.run(&["users", word, email, "--json"]).done().json();
        assert_eq!(
            changed["status"],
            if word == "ban" { "banned" } else { "suspended" }
        );
        within_a_second(&mut serving, access(&tokens), 401).await;
        assert_eq!(sign_in(&serving, email, PASSWORD).await, 400);
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        assert_eq!(
            serving.post("/api/v1/auth/refresh-token", &refresh).await.0,
            401
        );
        folder.run(&["users", "restore", email]).done();
        assert_eq!(sign_in(&serving, email, PASSWORD).await, 200);
        assert_eq!(
            serving.profile(access(&tokens)).await,
            401,
            "what was ended stays ended"
        );
    }
    let listed = folder
        .run(&["users", "list", "--status", "suspended", "--json"])
        .done()
        .json();
    assert_eq!(listed, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_every_session() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    let one = serving.sign_up("ada@example.com", PASSWORD).await;
    let other = serving.sign_in("ada@example.com", PASSWORD).await;
    let ended = folder
        .run(&["users", "sign-out", "ada@example.com", "--json"])
        .done()
        .json();
    assert_eq!(ended, json!({"sessions_ended": 2}));
    for tokens in [&one, &other] {
        within_a_second(&mut serving, access(tokens), 401).await;
    }
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
}

/// Sets a new password with a link that an operator made.
async fn use_link(serving: &Serving, link: &str, password: &str) -> u16 {
    let (_, token) = link
        .split_once("/account/reset/")
        .expect("a link to the page");
    let form = json!({"token": token, "password": password});
    serving.post("/v1/password/reset", &form).await.0
}

/// The link in the newest of some messages; empty where it has none.
fn link_in(messages: &Value) -> String {
    let text = messages[0]["text"].as_str().unwrap_or_default();
    let mut words = text.split_whitespace();
    let link = words.find(|word| word.contains("/account/reset/"));
    link.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_prints_a_link_and_changes_nothing_by_itself() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    let tokens = serving.sign_up("ada@example.com", PASSWORD).await;
    let printed = folder
        .run(&["users", "reset", "ada@example.com", "--json"])
        .done()
        .json();
    let link = printed["link"].as_str().unwrap();
    assert_eq!(serving.profile(access(&tokens)).await, 200);
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 200);
    assert_eq!(use_link(&serving, link, "another horse 2").await, 204);
    within_a_second(&mut serving, access(&tokens), 401).await;
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD).await, 400);
    assert_eq!(
        sign_in(&serving, "ada@example.com", "another horse 2").await,
        200
    );
    assert_eq!(
        use_link(&serving, link, PASSWORD).await,
        400,
        "it works once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_mails_the_link_to_a_proven_address_alone() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    serving.sign_up("ada@example.com", PASSWORD).await;
    let mailed = folder
        .run(&["users", "reset", "ada@example.com", "--mail", "--json"])
        .done();
    assert_eq!(mailed.json(), json!({"mailed": true}));
    let mut link = String::new();
    serving
        .until("the mail is there", async |serving| {
            let inbox = serving.get("/dev/inbox?to=ada%40example.com");
            link = link_in(&super::serving::answer(inbox).await.1);
            !link.is_empty()
        })
        .await;
    assert_eq!(use_link(&serving, &link, "another horse 2").await, 204);
    folder
        .run(&["users", "create", "--login", "nobody-with-mail"])
        .done();
    let refused = folder
        .run(&["users", "reset", "nobody-with-mail", "--mail"])
        .refused();
    assert!(refused.complaint().contains("--mail"), "{refused:?}");
    let printed = folder.run(&["users", "reset", "nobody-with-mail", "--json"]);
    let link = printed.done().json()["link"].as_str().unwrap().to_owned();
    assert_eq!(use_link(&serving, &link, PASSWORD).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_asks_unless_it_is_told_not_to() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    let tokens = serving.sign_up("ada@example.com", PASSWORD).await;
    let refused = folder
        .run(&["users", "delete", "ada@example.com"])
        .refused();
    assert!(refused.complaint().contains("--yes"), "{refused:?}");
    assert_eq!(serving.profile(access(&tokens)).await, 200);
    folder
        .run(&["users", "delete", "ada@example.com", "--yes"])
        .done();
    within_a_second(&mut serving, access(&tokens), 401).await;
    folder.run(&["users", "show", "ada@example.com"]).refused();
    // The address is free again.
    serving.sign_up("ada@example.com", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_in_one_line_with_status_1() {
    let folder = Folder::new().await;
    folder.run(&["migrate"]).done();
    folder.serve().await.stop().await;
    folder.run(&["users", "create", "--login", "ada"]).done();
    for (arguments, word) in [
        (&["users", "show", "nobody@example.com"][..], "users list"),
        (&["users", "suspend", "nobody"], "users list"),
        (&["users", "delete", "nobody", "--yes"], "users list"),
        (&["users", "create", "--login", "ADA"], "login"),
        (&["users", "create", "--login", "x"], "--login"),
        (&["users", "create", "--email", "no address"], "--email"),
        (&["users", "create", "--phone", "12"], "--phone"),
    ] {
        let outcome = folder.run(arguments).refused();
        assert!(
            outcome.complaint().starts_with("doorward: ") && outcome.complaint().contains(word),
            "{arguments:?}: {outcome:?}"
        );
    }
}
