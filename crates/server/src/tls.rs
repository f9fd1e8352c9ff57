//! TLS on `server.bind`: 1.2 and 1.3 with forward secrecy, HTTP/2 and HTTP/1.1 by ALPN, with a pair from files or by ACME.
//!
//! One `ServerConfig` lives as long as the listener; what changes is the pair that it shows to new connections, so that
//! open ones go on. A pair that cannot be used never replaces one that can.

mod acceptor;
mod files;
mod pair;
mod shown;

pub(crate) use acceptor::Acceptor;
pub(crate) use files::load;
pub(crate) use pair::{Facts, Pair};
pub(crate) use shown::Shown;

use crate::acme;
use crate::config::{self, Config};
use anyhow::{Context, Result};
use doorward_service::SharedApp;
use files::Watched;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use std::sync::Arc;

/// Makes aws-lc-rs what all TLS of this process computes with. Calling it again does nothing.
pub(crate) fn install_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The pair that is shown, and where the next one comes from.
#[derive(Clone)]
pub(crate) struct Front {
    shown: Arc<Shown>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Files(Arc<Watched>),
    Acme(config::Acme),
}

/// What a front needs to be in use.
pub(crate) struct Open {
    /// Does the handshakes.
    pub(crate) acceptor: Acceptor,
    /// Looks for new pairs for as long as it is polled.
    pub(crate) upkeep: BoxFuture<'static, ()>,
}

impl Front {
    /// Reads the pair of files, or makes one to show until an authority has issued a better one; nothing where
    /// `server.bind` speaks no TLS.
    pub(crate) fn new(config: &Config) -> Result<Option<Self>> {
        let (pair, source) = match config.tls() {
            None => return Ok(None),
            Some(config::Tls::Files(files)) => {
                let (pair, watched) = Watched::open(files)?;
                (pair, Source::Files(Arc::new(watched)))
            }
            Some(config::Tls::Acme(acme)) => {
                (Pair::self_signed(&acme.domains)?, Source::Acme(acme))
            }
        };
        let shown = Arc::new(Shown::new(pair));
        Ok(Some(Self { shown, source }))
    }

    /// Reads the files again, where the pair comes from files.
    pub(crate) fn read_again(&self) {
        if let Source::Files(watched) = &self.source {
            watched.read_again(&self.shown);
        }
    }

    /// Shows what the database has, and gives what serves and renews it.
    pub(crate) async fn open(self, app: &SharedApp) -> Result<Open> {
        self.shown.measure();
        let protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = server_config(Arc::clone(&self.shown), protocols)?;
        Ok(match self.source {
            Source::Files(watched) => Open {
                acceptor: Acceptor::new(config),
                upkeep: async move { watched.watch(&self.shown).await }.boxed(),
            },
            Source::Acme(acme) => {
                let keeper = acme::Keeper::new(acme, app, Some(self.shown)).await?;
                Open {
                    acceptor: Acceptor::answering(config, app),
                    upkeep: keeper.keep().boxed(),
                }
            }
        })
    }
}

/// TLS 1.2 and 1.3 that show the pair of `shown`. Sessions are resumed by tickets, which take no memory here and whose
/// keys turn over every six hours.
fn server_config(shown: Arc<Shown>, protocols: Vec<Vec<u8>>) -> Result<Arc<ServerConfig>> {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let mut config = ServerConfig::builder_with_protocol_versions(&versions)
        .with_no_client_auth()
        .with_cert_resolver(shown);
    config.alpn_protocols = protocols;
    // A client that prefers a weaker suite is given the strongest that it has.
    config.ignore_client_order = true;
    config.ticketer = Ticketer::new().context("no keys for session tickets can be made")?;
    Ok(Arc::new(config))
}
