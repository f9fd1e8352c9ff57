//! A real certificate authority on the loopback address: Debian's `pebble`, with the answerer of names that comes with it.

use super::super::certificates::{Certificate, KeyKind};
use super::super::folder::{Folder, free_port};
use serde_json::json;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(50);

/// Where the authority looks when it checks a name, whatever the name.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) tls: u16,
}

/// Killed when the test is done with it.
pub(super) struct Pebble {
    names: Child,
    authority: Child,
    management: u16,
    client: reqwest::Client,
}

/// The files and addresses of an authority that may not run yet.
pub(super) struct Site {
    own: Certificate,
    port: u16,
}

impl Site {
    pub(super) fn new(folder: &Folder) -> Self {
        Self {
            own: Certificate::of(folder, "pebble", KeyKind::P256),
            port: free_port(),
        }
    }

    pub(super) fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// Who signed the authority's own certificate.
    pub(super) fn ca_file(&self) -> &PathBuf {
        &self.own.authority
    }

    /// Starts the authority and waits until it answers.
    pub(super) async fn open(&self, folder: &Folder, ports: Ports) -> Pebble {
        let (dns, management) = (free_port(), free_port());
        let settings = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": self.own.chain,
            "privateKey": self.own.key,
            "httpPort": ports.http,
            "tlsPort": ports.tls,
            "externalAccountBindingRequired": false,
        }});
        let file = folder.path("pebble.json");
        std::fs::write(&file, settings.to_string()).unwrap();
        let names = start(
            Command::new("pebble-challtestsrv")
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
                .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
                .arg(format!("-dns01=127.0.0.1:{dns}"))
                .arg(format!("-management=127.0.0.1:{}", free_port())),
        );
        let authority = start(
            Command::new("pebble")
                .arg("-strict")
                .arg(format!("-dnsserver=127.0.0.1:{dns}"))
                .arg("-config")
                .arg(&file)
                .env("PEBBLE_VA_NOSLEEP", "1"),
        );
        let trusted = reqwest::Certificate::from_pem(&std::fs::read(&self.own.authority).unwrap());
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([trusted.unwrap()])
            .build()
            .unwrap();
        let pebble = Pebble {
            names,
            authority,
            management,
            client,
        };
        pebble.until_it_answers(&self.directory()).await;
        pebble
    }
}

impl Pebble {
    async fn until_it_answers(&self, directory: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.client.get(directory).send().await.is_err() {
            assert!(Instant::now() < deadline, "pebble does not answer");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The certificate that all that it issues leads up to.
    pub(super) async fn root(&self) -> reqwest::Certificate {
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        let pem = self.client.get(url).send().await.unwrap().bytes().await;
        reqwest::Certificate::from_pem(&pem.unwrap()).unwrap()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in [&mut self.authority, &mut self.names] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test needs Debian's package `pebble`")
}
