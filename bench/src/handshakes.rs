//! TLS: how many connections a second begin, from nothing and resumed, beside the same handshakes without any network.

use std::io::Cursor;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::load::CONNECTIONS;
use crate::report::{Engine, Figure, Report, Unit};
use crate::scenarios::Pace;
use crate::server::{Installation, Purpose};

/// What each connection asks, so that the session ticket behind the handshake arrives too.
const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Measures both kinds of handshake.
pub(crate) async fn run(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let pair = Pair::make()?;
    let installation = Installation::new(binary, engine).await?;
    pair.write(&installation.data())?;
    let folder = installation.data();
    let doorward = installation.start(Purpose::Encrypted(&folder)).await?;
    for (name, kind) in [
        ("TLS 1.3 connection, full", Kind::Full),
        ("TLS 1.3 connection, resumed", Kind::Resumed),
    ] {
        eprintln!("{engine}: {name}");
        let limit = pair.without_network(kind, pace.scenario())?;
        let rate = connections(doorward.address, &pair, kind, pace.scenario()).await?;
        let figure = Figure::new(engine, name, rate, Unit::PerSecond)
            .beside("both ends in memory, all cores", limit, None)
            .note("each connects, asks for /livez and closes; P-256".to_owned());
        report.add(figure);
    }
    doorward.stop().await
}

/// Whether a handshake may use what an earlier one left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    Resumed,
}

/// A self-signed pair on P-256.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn make() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        Ok(Self {
            certificate: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        })
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::write(folder.join("certificate.pem"), &self.certificate)?;
        std::fs::write(folder.join("key.pem"), &self.key)?;
        Ok(())
    }

    fn client(&self, kind: Kind) -> anyhow::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.certificate.as_bytes())?)?;
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        if kind == Kind::Full {
            config.resumption = Resumption::disabled();
        }
        Ok(Arc::new(config))
    }

    fn server(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Arc::new(config))
    }

    /// Handshakes a second between two ends that hand each other their bytes, on every core.
    fn without_network(&self, kind: Kind, time: Duration) -> anyhow::Result<f64> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let rate = || -> anyhow::Result<f64> {
            let (client, server) = (self.client(kind)?, self.server()?);
            shake(&client, &server)?;
            let (start, mut done) = (Instant::now(), 0_u32);
            while start.elapsed() < time {
                shake(&client, &server)?;
                done += 1;
            }
            Ok(f64::from(done) / start.elapsed().as_secs_f64())
        };
        tokio::task::block_in_place(|| {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..cores).map(|_| scope.spawn(rate)).collect();
                threads
                    .into_iter()
                    .map(|thread| match thread.join() {
                        Ok(rate) => rate,
                        Err(_) => bail!("a thread broke off"),
                    })
                    .sum()
            })
        })
    }
}

/// One handshake and the ticket behind it.
fn shake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> anyhow::Result<()> {
    let mut client = ClientConnection::new(Arc::clone(client), ServerName::try_from("localhost")?)?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    let mut wire = Vec::new();
    loop {
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire)?;
        }
        let quiet = wire.is_empty();
        let mut read = Cursor::new(&wire);
        while read.position() < wire.len() as u64 {
            server.read_tls(&mut read)?;
            server.process_new_packets()?;
        }
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire)?;
        }
        if quiet && wire.is_empty() {
            ensure!(!client.is_handshaking(), "the two ends wait for each other");
            return Ok(());
        }
        let mut read = Cursor::new(&wire);
        while read.position() < wire.len() as u64 {
            client.read_tls(&mut read)?;
            client.process_new_packets()?;
        }
    }
}

/// Connections a second by as many clients as every scenario has, each one after the other.
async fn connections(
    address: SocketAddr,
    pair: &Pair,
    kind: Kind,
    time: Duration,
) -> anyhow::Result<f64> {
    let connector = TlsConnector::from(pair.client(kind)?);
    // The first one leaves a ticket.
    connect(&connector, address).await?;
    let (done, start) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (connector, done) = (connector.clone(), Arc::clone(&done));
        clients.spawn(async move {
            while start.elapsed() < time {
                connect(&connector, address).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(f64::from(done.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64())
}

async fn connect(connector: &TlsConnector, address: SocketAddr) -> anyhow::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut stream = connector
        .connect(ServerName::try_from("localhost")?, stream)
        .await
        .context("the handshake failed")?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "/livez answers {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}
