//! Secrets: none is known beforehand, none is shown, none is a sample from a document.

use crate::cli::folder::Folder;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o777
}

#[tokio::test]
async fn sec_6_3_2_a_new_database_has_no_user_and_no_known_secret() {
    let (one, other) = (Folder::sqlite(), Folder::sqlite());
    for folder in [&one, &other] {
        folder.serve().await.stop().await;
        assert_eq!(
            folder.run(&["users", "list", "--json"]).done().json(),
            serde_json::json!([])
        );
    }
    assert_ne!(
        one.read("doorward-data/master.key"),
        other.read("doorward-data/master.key")
    );
    let key = async |folder: &Folder| {
        let serving = folder.serve().await;
        serving
            .get("/utils/public_key")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    assert_ne!(key(&one).await, key(&other).await);
}

#[tokio::test]
async fn sec_13_3_2_files_that_hold_secrets_are_for_their_owner_alone() {
    let folder = Folder::sqlite();
    folder.run(&["init"]).done();
    let serving = folder.serve().await;
    serving.stop().await;
    assert_eq!(
        mode(&std::fs::metadata(folder.path("doorward.toml")).unwrap()),
        0o600
    );
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.path("doorward-data")).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        // The lock names a process, and no secret.
        let lock = entry.path().extension().is_some_and(|end| end == "lock");
        if metadata.is_file() && !lock {
            assert_eq!(mode(&metadata) & 0o077, 0, "{:?}", entry.path());
            seen += 1;
        }
    }
    assert!(seen >= 1, "the database at least");
}

#[tokio::test]
async fn sec_13_3_2_the_development_secrets_are_for_their_owner_alone() {
    let folder = Folder::sqlite();
    folder.serve().await.stop().await;
    for name in ["doorward-data/master.key", "doorward-data/doorward.db"] {
        assert_eq!(
            mode(&std::fs::metadata(folder.path(name)).unwrap()),
            0o600,
            "{name}"
        );
    }
    assert_eq!(
        mode(&std::fs::metadata(folder.path("doorward-data")).unwrap()) & 0o077,
        0
    );
}

#[tokio::test]
async fn sec_13_3_2_the_effective_settings_are_printed_without_their_secrets() {
    let master = crate::cli::folder::master_key();
    let folder = Folder::sqlite()
        .set("master_key", &master)
        .set("mail.host", "127.0.0.1")
        .set("mail.from", "noreply@example.com")
        .set("mail.username", "postman")
        .set("mail.password", "canary-mail-password")
        .set(
            "database.url",
            "postgres://door:canary-database-password@db.example.com/door",
        )
        .set(
            "redis.url",
            "redis://:canary-redis-password@redis.example.com/0",
        );
    let printed = folder.run(&["config", "print"]);
    for secret in [
        &*master,
        "canary-mail-password",
        "canary-database-password",
        "canary-redis-password",
    ] {
        assert!(
            !printed.stdout.contains(secret) && !printed.stderr.contains(secret),
            "{printed:?}"
        );
    }
    assert!(printed.stdout.contains("mail.password"), "{printed:?}");
}

#[tokio::test]
async fn sec_s20_sample_secrets_stop_the_start_in_production() {
    for (setting, sample) in [
        ("mail.password", "your_smtp_password"),
        ("mail.password", "your-app-password"),
        ("mail.password", "password"),
        ("proof.secret_key", "your-secret-key-here"),
        ("proof.secret_key", "your-super-secret-key"),
        ("proof.secret_key", "changeme"),
        ("proof.secret_key", "too short to be a key"),
        ("master_key", "secret"),
        ("tokens.hs256_key", "your-very-secure-secret-key-here"),
        (
            "database.url",
            "postgres://postgres:postgres@localhost/door",
        ),
        ("database.url", "postgres://door:password@localhost/door"),
        ("redis.url", "redis://:changeme@localhost/0"),
    ] {
        let folder = Folder::sqlite()
            .set("mode", "production")
            .set("server.public_url", "https://auth.example.com")
            .set("mail.host", "mail.example.com")
            .set("mail.from", "noreply@example.com")
            .set("mail.transport", "smtp")
            .set("mail.username", "postman")
            .set("mail.password", "a real one, long enough")
            .set(setting, sample);
        for command in [&["config", "check"][..], &["serve"]] {
            let outcome = folder.run(command);
            assert_eq!(outcome.code, 1, "{setting} = {sample}: {outcome:?}");
            let name = setting.to_uppercase().replace('.', "__");
            assert!(
                outcome.stderr.contains(setting) || outcome.stderr.contains(&name),
                "{outcome:?}"
            );
            if sample.contains('-') || sample.contains(' ') {
                assert!(!outcome.stderr.contains(sample), "{outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn sec_s14_the_documents_sample_environments_do_not_start_in_production() {
    for (name, value) in [
        ("SECRET_KEY", "your-secret-key"),
        ("SECRET_KEY", "your_super_secret_key_here"),
        ("SMTP_PASSWORD", "your_password"),
        ("POSTGRES_PASSWORD", "postgres"),
        ("DB_PASSWORD", "admin"),
        (
            "PRIVATE_KEY",
            "-----BEGIN PRIVATE KEY-----...-----END PRIVATE KEY-----",
        ),
    ] {
        let folder = Folder::sqlite()
            .set("mode", "production")
            .set("server.public_url", "https://auth.example.com")
            .set("mail.transport", "none")
            .environment("POSTGRES_SERVER", "db.example.com")
            .environment("POSTGRES_USER", "door")
            .environment("POSTGRES_DB", "door")
            .environment(name, value);
        let folder = if name == "DB_PASSWORD" {
            folder.environment("DB_HOST", "db.example.com")
        } else {
            folder
        };
        let outcome = folder.run(&["config", "check"]);
        assert_eq!(outcome.code, 1, "{name}={value}: {outcome:?}");
    }
}

#[tokio::test]
async fn sec_13_4_2_production_names_every_problem_at_once() {
    let folder = Folder::sqlite()
        .set("mode", "production")
        .set("proof.secret_key", "changeme")
        .set("server.bind", "nonsense");
    let outcome = folder.run(&["serve"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    for part in ["server.public_url", "mail", "proof", "SERVER__BIND"] {
        assert!(
            outcome.stderr.contains(part)
                || outcome.stderr.contains(&part.to_uppercase())
                || outcome
                    .stderr
                    .to_lowercase()
                    .contains(&part.to_lowercase().replace("__", ".")),
            "{part}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn sec_15_3_5_the_word_false_is_not_true() {
    for (word, value) in [
        ("true", true),
        ("TRUE", true),
        ("1", true),
        ("yes", true),
        ("Yes", true),
        ("false", false),
        ("False", false),
        ("FALSE", false),
        ("0", false),
        ("no", false),
    ] {
        let folder = Folder::sqlite().set("api.docs", word);
        let serving = folder.serve().await;
        let status = serving.status("/docs").await.unwrap();
        assert_eq!(status == 200, value, "{word}: {status}");
    }
    for word in ["2", "on?", "tru", "null", "None"] {
        let outcome = Folder::sqlite()
            .set("api.docs", word)
            .run(&["config", "check"]);
        assert_eq!(outcome.code, 1, "{word:?}: {outcome:?}");
    }
}
