//! `init`, `config check`, `config print` and `config reference`.

use super::folder::{Folder, Outcome};
use std::os::unix::fs::PermissionsExt;

fn check(folder: &Folder) -> Outcome {
    folder.run(&["config", "check"])
}

#[test]
fn init_writes_a_file_that_is_fine_and_never_over_another() {
    let folder = Folder::sqlite();
    let outcome = folder.run(&["init"]).done();
    assert!(outcome.stderr.contains("doorward.toml"), "{outcome:?}");
    let written = folder.read("doorward.toml");
    assert!(written.contains('#'), "it is commented: {written}");
    let mode = std::fs::metadata(folder.path("doorward.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    check(&folder).done();
    let again = folder.run(&["init"]).refused();
    assert!(again.complaint().contains("doorward.toml"), "{again:?}");
    assert_eq!(folder.read("doorward.toml"), written);
}

#[test]
fn init_makes_other_secrets_each_time() {
    let texts: Vec<_> = (0..2)
        .map(|_| {
            let folder = Folder::sqlite();
            folder.run(&["init", "--production"]).done();
            folder.read("doorward.toml")
        })
        .collect();
    assert_ne!(texts[0], texts[1]);
}

#[test]
fn init_for_production_lacks_what_only_the_operator_knows() {
    let folder = Folder::sqlite();
    folder.run(&["init", "--production"]).done();
    let outcome = check(&folder);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("server.public_url"), "{outcome:?}");
    let folder = folder
        .set("server.public_url", "https://auth.example.com")
        .set("mail.host", "mail.example.com")
        .set("mail.from", "noreply@example.com");
    check(&folder).done();
}

#[test]
fn a_folder_without_any_configuration_is_fine() {
    let outcome = check(&Folder::sqlite()).done();
    assert!(outcome.stdout.contains("fine"), "{outcome:?}");
}

#[test]
fn every_problem_is_named_with_its_place_at_once() {
    let folder = Folder::sqlite()
        .with_file("doorward.toml", "mode = \"developement\"\n\n[server]\nbin = \"127.0.0.1:1\"\nbind = 7\n\n[codes.verify]\nlength = 99\n")
        .set("tokens.access_lifetime", "soon");
    let outcome = check(&folder).refused();
    for part in [
        "doorward.toml",
        "mode",
        "server.bin",
        "server.bind",
        "codes.verify.length",
        "DOORWARD_TOKENS__ACCESS_LIFETIME",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    for line in ["1", "4", "5", "8"] {
        assert!(
            outcome.stderr.contains(&format!(":{line}"))
                || outcome.stderr.contains(&format!("line {line}")),
            "line {line}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let folder = Folder::sqlite().with_file(
        "doorward.toml",
        "[server]\nname = \"From the file\"\nbind = \"127.0.0.1:7001\"\n",
    );
    let shown = |folder: &Folder| {
        folder
            .run(&["config", "print", "--json"])
            .done()
            .json()
            .to_string()
    };
    assert!(shown(&folder).contains("From the file"));
    let folder = folder.set("server.name", "From the environment");
    assert!(
        shown(&folder).contains("From the environment")
            && !shown(&folder).contains("From the file")
    );
}

#[test]
fn what_holds_is_printed_with_its_origin() {
    let folder = Folder::sqlite().with_file(".env", "SMTP_HOST=mail.example.com\nMAIL_FROM=noreply@example.com\nSMTP_USERNAME=postman\nSMTP_PASSWORD='canary password'\n").set("server.name", "Front Door");
    let rows = folder.run(&["config", "print", "--json"]).done().json();
    let row = |setting: &str| {
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["setting"] == setting)
            .unwrap_or_else(|| panic!("{setting} is not in {rows}"))
            .clone()
    };
    assert_eq!(row("server.name")["value"], "Front Door");
    assert!(
        row("server.name")["origin"]
            .as_str()
            .unwrap()
            .contains("DOORWARD_SERVER__NAME")
    );
    assert!(
        row("mail.host")["origin"]
            .as_str()
            .unwrap()
            .contains("SMTP_HOST")
    );
    assert!(!rows.to_string().contains("canary"));
    let table = folder.run(&["config", "print"]).done().stdout;
    assert!(
        table.contains("SETTING") && table.contains("Front Door") && !table.contains("canary"),
        "{table}"
    );
}

#[test]
fn a_secret_can_be_in_a_file() {
    let key = super::folder::master_key();
    let folder = Folder::sqlite()
        .with_file("key.txt", &format!("{key}\n"))
        .environment("DOORWARD_MASTER_KEY_FILE", "key.txt");
    check(&folder).done();
    let folder = Folder::sqlite().environment("DOORWARD_MASTER_KEY_FILE", "nothing.txt");
    assert!(check(&folder).refused().stderr.contains("nothing.txt"));
}

#[test]
fn the_reference_lists_every_setting() {
    let page = Folder::sqlite().run(&["config", "reference"]).done().stdout;
    for setting in [
        "server.public_url",
        "codes.verify.attempts",
        "DOORWARD_DATABASE__URL",
        "tokens.algorithm",
        "rate_limit.named.login",
    ] {
        assert!(
            page.contains(setting)
                || page.contains(&setting.replace("DOORWARD_DATABASE__URL", "database.url")),
            "{setting}"
        );
    }
    assert!(page.contains('|'), "it is a page of tables");
}
