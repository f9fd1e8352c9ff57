//! Faults that are planted: each is found, under its name and with its remedy, and no other beside it.

use super::checks;
use crate::cli::folder::{Folder, free_port, master_key};
use crate::cli::serving::Serving;
use crate::support::python;
use doorward_testkit::redis;
use doorward_testkit::smtp::Sink;
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// A server on the port that its folder's doctor looks at.
struct Patient {
    folder: Folder,
    serving: Serving,
}

impl Patient {
    async fn of(folder: Folder) -> Self {
        let bind = format!("127.0.0.1:{}", folder.port);
        let folder = folder.set("server.bind", &bind);
        let serving = folder.serve().await;
        Self { folder, serving }
    }

    async fn healthy() -> Self {
        Self::of(Folder::sqlite()).await
    }

    /// The same folder without its server, which has left a database behind.
    async fn stopped(self) -> Folder {
        self.serving.stop().await;
        self.folder
    }
}

/// The doctor finds this and nothing else but what is named.
#[track_caller]
fn finds(folder: &Folder, (name, state): (&str, &str), remedy: &str, beside: &[&str]) {
    let (code, checks) = checks(folder);
    let is_good = |check: &&Value| check["state"] == "good";
    let found: Vec<_> = checks.iter().filter(|check| !is_good(check)).collect();
    let planted = found.iter().find(|check| check["name"] == name);
    let planted = planted.unwrap_or_else(|| panic!("no `{name}` in {checks:#?}"));
    assert_eq!(planted["state"], state, "{planted:#}");
    let words = planted["words"].as_str().unwrap();
    assert!(words.contains(remedy), "`{remedy}` is not in `{words}`");
    let others: Vec<_> = found
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .filter(|other| *other != name && !beside.contains(other))
        .collect();
    assert!(others.is_empty(), "{others:?}: {checks:#?}");
    let broken = found.iter().any(|check| check["state"] == "broken");
    assert_eq!(code, i32::from(broken), "{found:#?}");
}

/// Changes the database with its server stopped.
fn edit(folder: &Folder, statement: &str) {
    let path = folder.path("doorward-data/doorward.db");
    let script = "import sqlite3, sys\npath, statement = sys.stdin.read().split('\\n', 1)\n\
                  with sqlite3.connect(path) as db: db.executescript(statement)\ndb.close()\n";
    python(script, &format!("{}\n{statement}", path.display()));
}

/// What a doctor says besides where no server runs.
const NOBODY: &str = "public URL";

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_that_leads_elsewhere() {
    let patient = Patient::healthy().await;
    let elsewhere = patient.serving.url("/elsewhere");
    let folder = patient.folder.set("server.public_url", &elsewhere);
    finds(&folder, (NOBODY, "warning"), "server.public_url", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_ours() {
    let strange = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = strange.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for stream in strange.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            stream.write_all(page.as_bytes()).unwrap();
        }
    });
    let folder = Patient::healthy().await.stopped().await;
    let folder = folder.set("server.bind", &address.to_string());
    finds(&folder, ("running server", "broken"), "server.bind", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_nobody_named() {
    let patient = Patient::healthy().await;
    let forwarded = patient.serving.get("/api/v1/users/profile");
    let forwarded = forwarded.header("x-forwarded-for", "198.51.100.7");
    forwarded.send().await.unwrap();
    let found = ("running server", "warning");
    finds(&patient.folder, found, "server.trusted_proxies", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_a_trusted_proxy() {
    let patient = Patient::of(Folder::sqlite().set("server.trusted_proxies", "0.0.0.0/0")).await;
    let found = ("proxies", "broken");
    finds(
        &patient.folder,
        found,
        "name the proxy alone",
        &["settings"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_ended_or_are_for_others_or_have_another_key() {
    let folder = Patient::healthy().await.stopped().await;
    let year = |year| rcgen::date_time_ymd(year, 1, 1);
    let made = |name: &str, until: i32| {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (year(2019), year(until));
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (ended, ended_key) = made("localhost", 2020);
    let (other, other_key) = made("auth.example.com", 2200);
    let folder = folder.with_file("door.pem", "").with_file("door.key", "");
    let private = Permissions::from_mode(0o600);
    std::fs::set_permissions(folder.path("door.key"), private).unwrap();
    let folder = folder
        .set("server.tls.cert_file", "door.pem")
        .set("server.tls.key_file", "door.key")
        .set("server.public_url", "https://localhost:9");
    for (pem, key, remedy) in [
        (&ended, &ended_key, "renew it"),
        (&other, &other_key, "get one for that name"),
        (&ended, &other_key, "are no pair"),
    ] {
        std::fs::write(folder.path("door.pem"), pem).unwrap();
        std::fs::write(folder.path("door.key"), key).unwrap();
        finds(&folder, ("certificate", "broken"), remedy, &[NOBODY]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_everybody_may_read() {
    let patient = Patient::healthy().await;
    let open = |name: &str, mode| {
        std::fs::set_permissions(patient.folder.path(name), Permissions::from_mode(mode)).unwrap();
    };
    open("doorward-data/master.key", 0o644);
    let (_, found) = checks(&patient.folder);
    let secrets = found.iter().find(|check| check["name"] == "secrets");
    assert_eq!(secrets.unwrap()["state"], "good", "the folder is closed");
    for folder in ["", "doorward-data"] {
        open(folder, 0o755);
    }
    let found = ("secrets", "broken");
    finds(&patient.folder, found, "chmod o-rwx", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_servers_that_take_no_mail() {
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let nobody = free_port().to_string();
    let folder = Patient::healthy().await.stopped().await;
    let folder = folder
        .set("mail.host", "127.0.0.1")
        .set("mail.from", "noreply@example.com")
        .set("sms.url", "http://127.0.0.1:9");
    let beside = [NOBODY, "settings", "SMS"];
    let found = ("mail", "broken");
    // Nobody is there.
    let closed = folder.set("mail.port", &nobody).set("mail.tls", "none");
    finds(&closed, found, "mail.port", &beside);
    // It speaks no TLS.
    let plain = closed.set("mail.port", &port).set("mail.tls", "starttls");
    finds(&plain, found, "mail.tls", &beside);
    // It knows nobody.
    let plain = plain.set("mail.tls", "none");
    let stranger = plain
        .set("mail.username", "postman")
        .set("mail.password", "a-long-password-1");
    finds(&stranger, found, "the log-in", &beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_and_one_that_forgets() {
    let server = redis::Server::private().await;
    let folder = Folder::sqlite().set("redis.url", &server.url);
    let patient = Patient::of(folder).await;
    let socket = server.url.strip_prefix("redis+unix://").unwrap();
    let forgetful = ["config", "set", "maxmemory-policy", "allkeys-lru"];
    let set = std::process::Command::new("redis-cli")
        .args(["-s", socket])
        .args(forgetful)
        .output()
        .unwrap();
    assert!(set.status.success(), "{set:?}");
    finds(&patient.folder, ("Redis", "warning"), "noeviction", &[]);
    server.stop().await;
    let beside = ["running server"];
    finds(&patient.folder, ("Redis", "warning"), "redis.url", &beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_behind_or_under_another_key() {
    let folder = Patient::healthy().await.stopped().await;
    let other = folder.set("master_key", &master_key());
    finds(&other, ("start", "broken"), "master_key", &[NOBODY]);
    edit(
        &other,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)",
    );
    let found = ("migrations", "broken");
    finds(&other, found, "doorward migrate", &[NOBODY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_too_old_or_from_the_future() {
    let folder = Patient::healthy().await.stopped().await;
    let days = |days: i64| {
        let moved = days * 86_400_000;
        edit(
            &folder,
            &format!("UPDATE signing_keys SET created_at = created_at + {moved}"),
        );
    };
    days(-100);
    let found = ("signing key", "warning");
    finds(&folder, found, "is `serve` or `worker` running", &[NOBODY]);
    days(101);
    finds(&folder, ("clock", "broken"), "set it right", &[NOBODY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_nobody_takes_and_those_that_were_given_up() {
    let folder = Folder::sqlite()
        .set("mail.host", "127.0.0.1")
        .set("mail.port", "9")
        .set("mail.tls", "none")
        .set("mail.from", "noreply@example.com");
    let patient = Patient::of(folder).await;
    let body = json!({"email": "ada@example.com", "password": "correct horse 1"});
    let (status, _) = patient.serving.post("/api/v1/users", &body).await;
    assert_eq!(status, 201);
    let folder = patient.stopped().await.set("mail.transport", "file");
    edit(
        &folder,
        "UPDATE jobs SET run_at = run_at - 600000000, holder = NULL",
    );
    let beside = [NOBODY, "settings", "SMS"];
    let found = ("queue", "warning");
    finds(&folder, found, "is `serve` or `worker` running", &beside);
    edit(&folder, "UPDATE jobs SET dead_at = 1");
    finds(&folder, found, "the log tells why", &beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_for_files_that_is_none() {
    let patient = Patient::healthy().await;
    std::fs::remove_dir(patient.folder.path("doorward-data/files")).unwrap();
    let folder = patient
        .folder
        .with_file("doorward-data/files", "in the way");
    finds(&folder, ("files", "broken"), "files.url", &["start"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_descriptors() {
    let patient = Patient::healthy().await;
    let doctor = patient.folder.command(&["doctor", "--json"]);
    let program = doctor.get_program().to_str().unwrap().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell
        .args([
            "-c",
            &format!("ulimit -n 100; exec {program} doctor --json"),
        ])
        .current_dir(patient.folder.root())
        .envs(
            doctor
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let output = shell.output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = found
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "descriptors")
        .unwrap();
    assert_eq!(check["state"], "warning", "{check}");
    assert!(
        check["words"].as_str().unwrap().contains("LimitNOFILE"),
        "{check}"
    );
}
