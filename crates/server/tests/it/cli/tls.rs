//! TLS on the port itself: with which pairs and versions, and what happens when the files change.

use super::certificates::{Certificate, KeyKind};
use super::folder::Folder;
use super::pem::sh;
use super::serving::Serving;
use reqwest::{Client, ClientBuilder, Version, tls};
use std::path::Path;

/// Where the configuration says that the pair lies.
const CHAIN: &str = "served.pem";
const KEY: &str = "served.key";

/// A client that trusts this authority and no other.
fn trusting(authority: &Path) -> ClientBuilder {
    let pem = std::fs::read(authority).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    Client::builder().no_proxy().tls_certs_only([authority])
}

/// The version of HTTP that `/livez` is answered by, if it is.
async fn asked(client: &Client, serving: &Serving) -> Option<Version> {
    let url = format!("https://127.0.0.1:{}/livez", serving.port);
    let answer = client.get(url).send().await.ok()?;
    assert_eq!(answer.status(), 200);
    Some(answer.version())
}

/// Whether a new connection is answered with a certificate of this authority.
async fn shows_one_of(authority: &Path, serving: &Serving) -> bool {
    let client = trusting(authority).build().unwrap();
    asked(&client, serving).await.is_some()
}

/// Puts a file in place as a whole, so that nobody reads half of it.
fn put(folder: &Folder, file: &Path, name: &str) {
    let beside = folder.path("beside");
    std::fs::copy(file, &beside).unwrap();
    std::fs::rename(&beside, folder.path(name)).unwrap();
}

fn put_pair(folder: &Folder, certificate: &Certificate) {
    put(folder, &certificate.chain, CHAIN);
    put(folder, &certificate.key, KEY);
}

fn with_tls() -> Folder {
    Folder::sqlite()
        .set("server.tls.cert_file", CHAIN)
        .set("server.tls.key_file", KEY)
}

async fn serve(folder: &Folder, certificate: &Certificate) -> Serving {
    put_pair(folder, certificate);
    let mut serving = folder.start(&[]);
    let ready = async |serving: &Serving| shows_one_of(&certificate.authority, serving).await;
    serving.until("it answers over TLS", ready).await;
    serving
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_of_every_kind_serve_tls_1_2_and_1_3_and_http_2_by_alpn() {
    for kind in KeyKind::ALL {
        let folder = with_tls();
        let certificate = Certificate::of(&folder, "door", kind);
        let serving = serve(&folder, &certificate).await;
        for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
            let client = || {
                trusting(&certificate.authority)
                    .tls_version_min(version)
                    .tls_version_max(version)
            };
            let both = client().build().unwrap();
            assert_eq!(
                asked(&both, &serving).await,
                Some(Version::HTTP_2),
                "{kind:?} with {version:?}"
            );
            let old = client().http1_only().build().unwrap();
            assert_eq!(
                asked(&old, &serving).await,
                Some(Version::HTTP_11),
                "{kind:?} with {version:?}"
            );
        }
        assert_eq!(
            serving.status("/livez").await,
            None,
            "nothing is said in the clear"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchanged_certificate_is_shown_to_new_connections_while_open_ones_go_on() {
    let folder = with_tls();
    let old = Certificate::of(&folder, "old", KeyKind::P256);
    let new = Certificate::of(&folder, "new", KeyKind::Ed25519);
    let mut serving = serve(&folder, &old).await;
    let open = trusting(&old.authority).build().unwrap();
    assert_eq!(asked(&open, &serving).await, Some(Version::HTTP_2));
    assert!(!shows_one_of(&new.authority, &serving).await);
    put_pair(&folder, &new);
    let exchanged = async |serving: &Serving| shows_one_of(&new.authority, serving).await;
    serving.until("the new one is shown", exchanged).await;
    assert!(!shows_one_of(&old.authority, &serving).await);
    // A new connection of this client would be one to a server that it does not trust.
    assert_eq!(asked(&open, &serving).await, Some(Version::HTTP_2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_pair_never_replaces_one_that_works() {
    let folder = with_tls();
    let old = Certificate::of(&folder, "old", KeyKind::P256);
    let new = Certificate::of(&folder, "new", KeyKind::P256);
    let mut serving = serve(&folder, &old).await;
    std::fs::write(folder.path("broken"), "no certificate").unwrap();
    // No certificate at all, and then one that the key does not belong to.
    for (n, chain) in [folder.path("broken"), new.chain.clone()]
        .iter()
        .enumerate()
    {
        put(&folder, chain, CHAIN);
        serving.signal("HUP");
        let kept = async |serving: &Serving| serving.log().matches("the old one stays").count() > n;
        serving.until("the new pair is refused", kept).await;
        assert!(shows_one_of(&old.authority, &serving).await);
    }
    put_pair(&folder, &new);
    serving.signal("HUP");
    let exchanged = async |serving: &Serving| shows_one_of(&new.authority, serving).await;
    serving.until("the mended pair is shown", exchanged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_certificate_is_a_metric_that_changes_with_it() {
    let operations = super::folder::free_port();
    let folder = with_tls().set("server.operations_bind", &format!("127.0.0.1:{operations}"));
    let (old, new) = (
        Certificate::of(&folder, "old", KeyKind::P256),
        Certificate::of(&folder, "new", KeyKind::P256),
    );
    let mut serving = serve(&folder, &old).await;
    let url = format!("http://127.0.0.1:{operations}/metrics");
    let measured = async || {
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("doorward_certificate_expires_at_seconds "));
        line.map(|seconds| seconds.parse::<f64>().unwrap())
    };
    let first = measured().await.unwrap();
    let days = (first - now_in_seconds()) / 86_400.0;
    assert!((1.9..2.1).contains(&days), "{days} days");
    // Both were made for two days, the new one to a second of its own.
    sh(
        &folder,
        "openssl x509 -req -in new.csr -CA new-authority.pem -CAkey new-authority.key -days 30 -extfile new.ext -out new.pem",
    );
    put_pair(&folder, &new);
    serving.signal("HUP");
    let later = async |_: &Serving| measured().await.unwrap() > first + 86_400.0;
    serving.until("the new end is measured", later).await;
}

fn now_in_seconds() -> f64 {
    let seconds = doorward_service::Clock::system().now().as_seconds();
    f64::from(u32::try_from(seconds).unwrap())
}
