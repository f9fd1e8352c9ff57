//! Keys of an operator's own, made by `openssl` as the documents say.

use super::folder::Folder;
use serde_json::Value;
use std::process::Command;

/// Runs a line of a document in the folder.
#[track_caller]
pub(super) fn sh(folder: &Folder, line: &str) {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder.root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "this test needs `openssl`: {line}: {said}"
    );
}

/// PEM as it fits into one line of an environment.
pub(super) fn escaped(pem: &str) -> String {
    pem.trim_end().replace('\n', "\\n")
}

fn with_keys() -> Folder {
    let folder = Folder::sqlite();
    sh(&folder, "mkdir -p ./keys");
    sh(
        &folder,
        "openssl genpkey -algorithm RSA -out ./keys/private_key.pem",
    );
    sh(
        &folder,
        "openssl rsa -pubout -in ./keys/private_key.pem -out ./keys/public_key.pem",
    );
    folder
}

/// The server publishes this key, and a token that it signs verifies with it.
async fn signs_with(folder: &Folder, public: &str) {
    let serving = folder.serve().await;
    let published: Value = serving
        .get("/utils/public_key")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(published["public_key"].as_str(), Some(public));
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    let key = jsonwebtoken::DecodingKey::from_rsa_pem(public.as_bytes()).unwrap();
    let rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    let token = tokens["access_token"].as_str().unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_where_the_document_puts_them_are_found() {
    let folder = with_keys();
    signs_with(&folder, &folder.read("keys/public_key.pem")).await;
    let rows = folder.run(&["config", "print", "--json"]).done().json();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["setting"] == "tokens.private_key");
    assert_eq!(row.unwrap()["origin"], "file keys/private_key.pem");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_taken_from_named_files_and_from_the_environment_itself() {
    let keys = Folder::sqlite();
    sh(&keys, "openssl genrsa -out private.pem 2048");
    sh(&keys, "openssl rsa -in private.pem -pubout -out public.pem");
    let (private, public) = (keys.read("private.pem"), keys.read("public.pem"));
    let paths = format!(
        "PRIVATE_KEY_PATH={}\nPUBLIC_KEY_PATH={}\n",
        keys.path("private.pem").display(),
        keys.path("public.pem").display()
    );
    let one_line = format!(
        "PRIVATE_KEY=\"{}\"\nPUBLIC_KEY=\"{}\"\n",
        escaped(&private),
        escaped(&public)
    );
    let bare = format!(
        "PRIVATE_KEY={}\nPUBLIC_KEY={}\n",
        escaped(&private),
        escaped(&public)
    );
    let lines = format!("PRIVATE_KEY=\"{private}\"\nPUBLIC_KEY=\"{public}\"\n");
    for env in [paths, one_line, bare, lines] {
        signs_with(&Folder::sqlite().with_file(".env", &env), &public).await;
    }
    // As a container runtime passes it on, quotes and all.
    let folder = Folder::sqlite()
        .environment("PRIVATE_KEY", &format!("\"{}\"", escaped(&private)))
        .environment("PUBLIC_KEY", &format!("\"{}\"", escaped(&public)));
    signs_with(&folder, &public).await;
    // The public key follows from the private one; the older form of PEM is read too.
    sh(
        &keys,
        "openssl rsa -in private.pem -traditional -out private.pem",
    );
    let pkcs1 = keys.read("private.pem");
    assert!(
        pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----"),
        "PKCS#1"
    );
    signs_with(
        &Folder::sqlite().environment("PRIVATE_KEY", &pkcs1),
        &public,
    )
    .await;
}

#[test]
fn a_pair_that_does_not_match_or_is_too_short_stops_the_start() {
    let folder = with_keys();
    sh(
        &folder,
        "openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -out ./keys/public_key.pem",
    );
    let refused = folder.run(&["serve"]).refused().stderr;
    assert!(refused.contains("no pair"), "{refused}");
    let folder = Folder::sqlite();
    sh(&folder, "openssl genrsa -out short.pem 1024");
    let folder = folder.environment("PRIVATE_KEY_PATH", "short.pem");
    for command in ["serve", "worker"] {
        let refused = folder.run(&[command]).refused().stderr;
        assert!(
            refused.contains("too short") && refused.contains("PRIVATE_KEY_PATH"),
            "{refused}"
        );
    }
    assert!(!folder.path("doorward-data/doorward.db").exists());
}

#[test]
fn a_bad_pair_stops_the_next_start_too() {
    let folder = with_keys();
    folder.run(&["migrate"]).done();
    sh(
        &folder,
        "openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -out ./keys/public_key.pem",
    );
    assert!(
        folder
            .run(&["config", "check"])
            .refused()
            .stderr
            .contains("no pair")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_key_is_not_held_against_one_that_merely_lies_around() {
    let folder = with_keys();
    sh(&folder, "openssl genrsa -out own.pem 2048");
    sh(&folder, "openssl rsa -in own.pem -pubout -out own.pub");
    let public = folder.read("own.pub");
    signs_with(&folder.environment("PRIVATE_KEY_PATH", "own.pem"), &public).await;
}
