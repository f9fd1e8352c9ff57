//! TLS in front of the sink.

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// How a sink protects what it is sent.
#[derive(Clone)]
pub(super) enum Protection {
    /// Not at all.
    None,
    /// From STARTTLS on (RFC 3207), without which it takes no mail.
    StartTls(TlsAcceptor),
    /// From the first byte on (RFC 8314).
    Implicit(TlsAcceptor),
}

/// What shakes hands with a certificate chain and its key, both PEM.
pub(super) fn acceptor(chain: &Path, key: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(chain)
        .expect("the chain can be read")
        .collect::<Result<Vec<_>, _>>()
        .expect("the chain is one of certificates");
    let key = PrivateKeyDer::from_pem_file(key).expect("the key can be read");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows both versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("chain and key are a pair");
    TlsAcceptor::from(Arc::new(config))
}

/// Talks in the clear until the client asks for TLS; whatever else it wants is refused.
pub(super) async fn until_starttls(mut stream: TcpStream) -> io::Result<TcpStream> {
    let mut lines = BufReader::new(&mut stream).lines();
    lines.get_mut().write_all(super::GREETING).await?;
    loop {
        let line = lines.next_line().await?;
        let line = line.ok_or(io::ErrorKind::UnexpectedEof)?;
        let reply: &[u8] = match line.to_ascii_uppercase().as_str() {
            "STARTTLS" => break,
            hello if hello.starts_with("EHLO") => b"250-sink\r\n250 STARTTLS\r\n",
            "QUIT" => b"221 Bye\r\n",
            _ => b"530 5.7.0 Must issue a STARTTLS command first\r\n",
        };
        lines.get_mut().write_all(reply).await?;
    }
    // The client is silent until it has read this, so nothing of its handshake is left in the buffer.
    stream.write_all(b"220 Go ahead\r\n").await?;
    Ok(stream)
}
