//! Certificates by ACME: had from a real authority, kept in the database, renewed while connections go on.

mod pebble;

use super::folder::{Folder, free_port};
use super::pem::sh;
use super::serving::{Serving, answer};
use doorward_domain::{Span, Timestamp};
use doorward_service::Clock;
use doorward_store::Store;
use doorward_store::certificates::{self, FailureRow, NewChallenge};
use pebble::{Ports, Site};
use reqwest::{Certificate, Client, Version};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Child;

const DOMAIN: &str = "door.example.com";

/// A folder whose server gets its certificate from an authority, and that authority.
struct House {
    folder: Folder,
    site: Site,
    redirect: u16,
}

impl House {
    fn new(challenge: &str) -> Self {
        let folder = Folder::sqlite();
        let (site, redirect, port) = (Site::new(&folder), free_port(), folder.port);
        let ca_file = site.ca_file().display().to_string();
        let folder = folder
            .set("server.public_url", &format!("https://{DOMAIN}:{port}"))
            .set("server.tls.redirect_bind", &format!("127.0.0.1:{redirect}"))
            .set("server.acme.domains", DOMAIN)
            .set("server.acme.contact", "ada@example.com")
            .set("server.acme.directory", &site.directory())
            .set("server.acme.ca_file", &ca_file)
            .set("server.acme.challenges", challenge);
        Self {
            folder,
            site,
            redirect,
        }
    }

    /// Where the server is, whoever asks.
    fn ports(&self) -> Ports {
        Ports {
            http: self.redirect,
            tls: self.folder.port,
        }
    }

    /// Starts the server and waits until it answers, with whatever certificate.
    async fn serve(&self) -> Serving {
        let mut serving = self.folder.start(&[]);
        let anybody = Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .resolve(DOMAIN, self.address())
            .no_proxy()
            .build()
            .unwrap();
        let url = self.url("/livez");
        let answers = async |_: &Serving| anybody.get(&url).send().await.is_ok();
        serving.until("it answers over TLS", answers).await;
        serving
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.folder.port))
    }

    fn url(&self, path: &str) -> String {
        format!("https://{DOMAIN}:{}{path}", self.folder.port)
    }

    /// A client that trusts what one authority issues and nothing else.
    fn trusting(&self, root: &Certificate) -> Client {
        Client::builder()
            .tls_certs_only([root.clone()])
            .resolve(DOMAIN, self.address())
            .no_proxy()
            .build()
            .unwrap()
    }

    /// Whether a new connection is shown a certificate for the domain that leads up to this root.
    async fn shows_one_of(&self, root: &Certificate) -> bool {
        let asked = self.trusting(root).get(self.url("/livez")).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }

    async fn notices(&self, root: Option<&Certificate>) -> Vec<Value> {
        let client = match root {
            Some(root) => self.trusting(root),
            None => Client::builder()
                .tls_danger_accept_invalid_certs(true)
                .resolve(DOMAIN, self.address())
                .build()
                .unwrap(),
        };
        let (status, body) = answer(client.get(self.url("/readyz"))).await;
        assert_eq!(status, 200, "{body}");
        body["notices"].as_array().cloned().unwrap_or_default()
    }
}

async fn issued_at(store: &Store) -> Vec<Timestamp> {
    let rows = certificates::list(&mut store.read().await.unwrap())
        .await
        .unwrap();
    rows.iter().map(|row| row.issued_at).collect()
}

/// How many orders were begun by those who wrote this log.
fn orders(log: &str) -> usize {
    log.matches("a certificate is being ordered").count()
}

async fn a_certificate_is_had_by(challenge: &str) {
    let house = House::new(challenge);
    let pebble = house.site.open(&house.folder, house.ports()).await;
    let root = pebble.root().await;
    let mut serving = house.serve().await;
    let had = async |_: &Serving| house.shows_one_of(&root).await;
    serving.until("the certificate is shown", had).await;
    let log = serving.log();
    assert!(log.contains("there is no certificate yet"), "{log}");
    assert_eq!(orders(&log), 1, "{log}");
    assert_eq!(house.notices(Some(&root)).await, [""; 0]);
    // The answers are withdrawn with the order.
    let path = format!(
        "http://127.0.0.1:{}/.well-known/acme-challenge/x",
        house.redirect
    );
    assert_eq!(reqwest::get(path).await.unwrap().status(), 404);
    assert_eq!(serving.stop().await, 0);
    // What was had is kept: the next start asks nobody.
    drop(pebble);
    let serving = house.serve().await;
    assert!(house.shows_one_of(&root).await);
    let log = serving.log();
    assert!(!log.contains("there is no certificate yet"), "{log}");
    assert_eq!(orders(&log), 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_had_over_http() {
    a_certificate_is_had_by("http-01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_had_over_tls() {
    a_certificate_is_had_by("tls-alpn-01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_connections_go_on() {
    let house = House::new("tls-alpn-01");
    let pebble = house.site.open(&house.folder, house.ports()).await;
    let root = pebble.root().await;
    let mut serving = house.serve().await;
    let had = async |_: &Serving| house.shows_one_of(&root).await;
    serving.until("the certificate is shown", had).await;
    let open = house.trusting(&root);
    let asked = open.get(house.url("/livez")).send().await.unwrap();
    assert_eq!(asked.version(), Version::HTTP_2);
    drop(pebble);
    // Another authority, which has forgotten account and roots: what shows its root was had anew.
    let other = house.site.open(&house.folder, house.ports()).await;
    let new_root = other.root().await;
    let store = house.folder.store().await;
    let first = issued_at(&store).await;
    let mut tx = store.write().await.unwrap();
    let mut row = certificates::list(&mut tx).await.unwrap().remove(0);
    assert!(row.renew_at < row.expires_at && row.renew_at > row.issued_at);
    row.renew_at = Timestamp::EPOCH;
    certificates::keep(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    let renewed = async |_: &Serving| house.shows_one_of(&new_root).await;
    serving.until("the new certificate is shown", renewed).await;
    let second = issued_at(&store).await;
    assert!(second.len() == 1 && second > first, "{first:?} {second:?}");
    // A new connection of this client would be one to a server that it does not trust.
    assert!(!house.shows_one_of(&root).await);
    let asked = open.get(house.url("/livez")).send().await.unwrap();
    assert_eq!(asked.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_is_said_everywhere_and_tried_again_later() {
    let house = House::new("http-01");
    let nowhere = Ports {
        http: free_port(),
        tls: free_port(),
    };
    let pebble = house.site.open(&house.folder, nowhere).await;
    let mut serving = house.serve().await;
    let failed = async |serving: &Serving| serving.log().contains("no certificate could be had");
    serving.until("the order fails", failed).await;
    let log = serving.log();
    assert!(log.contains("the authority is not convinced"), "{log}");
    assert!(!house.shows_one_of(&pebble.root().await).await);
    // For everybody who asks: none of the authority's words.
    assert_eq!(
        house.notices(None).await,
        ["no certificate could be had so far; the log says why"]
    );
    let doctor: Value = house.folder.run(&["doctor", "--json"]).json();
    assert!(doctor.to_string().contains("1 orders failed"), "{doctor}");
    let store = house.folder.store().await;
    let kept = certificates::failure(
        &mut store.read().await.unwrap(),
        &house.site.directory(),
        DOMAIN,
    )
    .await;
    let kept = kept.unwrap().unwrap();
    assert!(kept.problem.contains(DOMAIN), "{kept:?}");
    assert_eq!(orders(&serving.log()), 1);
    // Nobody waits for the wait: what was in the way is gone.
    drop(pebble);
    let pebble = house.site.open(&house.folder, house.ports()).await;
    let root = pebble.root().await;
    let mut tx = store.write().await.unwrap();
    certificates::forget_failures(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let had = async |_: &Serving| house.shows_one_of(&root).await;
    serving.until("the certificate is shown", had).await;
    assert_eq!(house.notices(Some(&root)).await, [""; 0]);
}

/// Puts the answer to a challenge of each kind where whichever process ordered would put it.
async fn offer(store: &Store) {
    let now = Clock::system().now();
    let mut tx = store.write().await.unwrap();
    for (kind, answer) in [
        ("http-01", "token-1.thumbprint".to_owned()),
        ("tls-alpn-01", base64_of(&[7; 32])),
    ] {
        let challenge = NewChallenge {
            kind: kind.to_owned(),
            token: "token-1".to_owned(),
            domain: DOMAIN.to_owned(),
            answer,
            offered_at: now,
            expires_at: now + Span::hours(1),
        };
        certificates::offer(&mut tx, &challenge).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_gives_the_answers_that_another_one_put_into_the_database() {
    // There is no authority: this replica orders nothing and has offered nothing.
    let house = House::new("tls-alpn-01,http-01");
    let _serving = house.serve().await;
    let store = house.folder.store().await;
    offer(&store).await;
    let path = "/.well-known/acme-challenge/token-1";
    let anybody = Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .resolve(DOMAIN, house.address())
        .build()
        .unwrap();
    let plain = format!("http://127.0.0.1:{}{path}", house.redirect);
    for url in [plain, house.url(path)] {
        let given = anybody.get(&url).send().await.unwrap();
        assert_eq!(given.status(), 200, "{url}");
        assert_eq!(given.text().await.unwrap(), "token-1.thumbprint");
        let other = anybody.get(format!("{url}2")).send().await.unwrap();
        assert_eq!(other.status(), 404, "{url}");
    }
    let shown = validated(&house, DOMAIN);
    assert!(shown.contains("1.3.6.1.5.5.7.1.31: critical"), "{shown}");
    assert!(shown.contains(&format!("DNS:{DOMAIN}")), "{shown}");
    assert_eq!(validated(&house, "other.example.com"), "");
    assert_eq!(issued_at(&store).await, []);
}

/// The certificate that an authority is shown that checks this name over TLS; nothing where the handshake fails.
fn validated(house: &House, name: &str) -> String {
    sh(
        &house.folder,
        &format!(
            "openssl s_client -connect 127.0.0.1:{} -servername {name} -alpn acme-tls/1 </dev/null >shown.pem 2>/dev/null; \
             openssl x509 -in shown.pem -noout -text >shown.txt 2>/dev/null || : >shown.txt",
            house.folder.port
        ),
    );
    house.folder.read("shown.txt")
}

/// A worker beside the server; killed when the test is done with it.
struct Worker(Child);

impl Worker {
    fn start(folder: &Folder) -> Self {
        let log = std::fs::File::create(folder.path("worker.log")).unwrap();
        let mut command = folder.command(&["worker"]);
        let command = command.stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_orders_and_the_others_show_what_it_got() {
    let house = House::new("tls-alpn-01,http-01");
    let pebble = house.site.open(&house.folder, house.ports()).await;
    let root = pebble.root().await;
    // The server has made database and secrets, and the worker is to have the duty.
    house.serve().await.stop().await;
    let store = house.folder.store().await;
    let mut tx = store.write().await.unwrap();
    let wait = FailureRow {
        directory: house.site.directory(),
        names: DOMAIN.to_owned(),
        count: 0,
        retry_at: Timestamp::from_millis(i64::MAX),
        problem: "not yet".to_owned(),
    };
    certificates::note_failure(&mut tx, &wait).await.unwrap();
    tx.commit().await.unwrap();
    let _worker = Worker::start(&house.folder);
    let has_the_duty = || {
        let log = house.folder.read("worker.log");
        log.lines()
            .any(|line| line.contains("certificates") && line.contains("from now on"))
    };
    for _ in 0..1_200 {
        if has_the_duty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(has_the_duty(), "{}", house.folder.read("worker.log"));
    let mut serving = house.serve().await;
    let mut tx = store.write().await.unwrap();
    certificates::forget_failures(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let had = async |_: &Serving| house.shows_one_of(&root).await;
    serving.until("the certificate is shown", had).await;
    assert_eq!(orders(&serving.log()), 0, "{}", serving.log());
    assert_eq!(orders(&house.folder.read("worker.log")), 1);
}
