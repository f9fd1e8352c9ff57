//! The handshake. Clients are shown the pair that is shown now; an authority that checks whether a name is ours
//! (TLS-ALPN-01, RFC 8737) is shown the answer that some replica put into the database, and nothing else.

use super::pair::{DIGEST_LENGTH, Pair};
use super::{Shown, server_config};
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_service::{SharedApp, certificates};
use rustls::ServerConfig;
use rustls::server::ClientHello;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::{StartHandshake, TlsStream};

/// The protocol that only a validating authority speaks.
const VALIDATION: &[u8] = b"acme-tls/1";

/// Does handshakes. It bounds no time: whoever calls it does.
#[derive(Clone)]
pub(crate) struct Acceptor {
    config: Arc<ServerConfig>,
    answers: Option<SharedApp>,
}

impl Acceptor {
    pub(super) const fn new(config: Arc<ServerConfig>) -> Self {
        Self {
            config,
            answers: None,
        }
    }

    /// One that answers authorities too.
    pub(super) fn answering(config: Arc<ServerConfig>, app: &SharedApp) -> Self {
        Self {
            config,
            answers: Some(Arc::clone(app)),
        }
    }

    /// Does the handshake of a new connection. The error `ConnectionAborted` says that it was an authority's, which wants
    /// nothing beyond the handshake.
    pub(crate) async fn accept<IO>(&self, io: IO) -> io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let hello = tokio_rustls::LazyConfigAcceptor::new(rustls::server::Acceptor::default(), io);
        let hello = hello.await?;
        if let Some(app) = &self.answers
            && is_validation(&hello.client_hello())
        {
            // Anybody can ask for this, so that what comes of it is no event for the log of an operator.
            match validate(app, hello).await {
                Ok(()) => tracing::info!("an authority checked one of our names over TLS"),
                Err(error) => tracing::debug!("a check of a name over TLS failed: {error:#}"),
            }
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        hello.into_stream(Arc::clone(&self.config)).await
    }
}

/// An authority offers its protocol alone (RFC 8737 section 3).
fn is_validation(hello: &ClientHello<'_>) -> bool {
    hello
        .alpn()
        .is_some_and(|mut offered| offered.next() == Some(VALIDATION) && offered.next().is_none())
}

async fn validate<IO>(app: &SharedApp, hello: StartHandshake<IO>) -> Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    let name = hello.client_hello().server_name().map(str::to_owned);
    let name = name.context("a validation names no host")?;
    let answer = certificates::answer_over_tls(app, &name).await?;
    let answer = answer.context("no challenge for this name is open")?;
    let digest: [u8; DIGEST_LENGTH] = URL_SAFE_NO_PAD
        .decode(answer)?
        .try_into()
        .ok()
        .context("the answer is no digest")?;
    let shown = Arc::new(Shown::new(Pair::validating(&name, digest)?));
    let config = server_config(shown, vec![VALIDATION.to_vec()])?;
    let mut stream = hello.into_stream(config).await?;
    Ok(stream.shutdown().await?)
}
