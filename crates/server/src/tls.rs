//! The certificate pair of `server.tls`: TLS 1.2 and 1.3 with forward secrecy, HTTP/2 and HTTP/1.1 by ALPN, read again when
//! the files change. A pair that cannot be read never replaces one that works.

use crate::config::Tls;
use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Makes aws-lc-rs what all TLS of this process computes with. Calling it again does nothing.
pub(crate) fn install_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Reads the pair and checks that its halves belong together.
pub(crate) fn load(tls: &Tls) -> Result<Arc<ServerConfig>> {
    let certificates = read_certificates(&tls.cert_file)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file).with_context(|| {
        format!(
            "`server.tls.key_file`: no private key can be read from `{}`",
            tls.key_file.display()
        )
    })?;
    let mut config = ServerConfig::builder_with_protocol_versions(&[
        &rustls::version::TLS13,
        &rustls::version::TLS12,
    ])
    .with_no_client_auth()
    .with_single_cert(certificates, key)
    .with_context(|| {
        format!(
            "`{}` and `{}` are no pair",
            tls.cert_file.display(),
            tls.key_file.display()
        )
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let context = || {
        format!(
            "`server.tls.cert_file`: no certificate can be read from `{}`",
            path.display()
        )
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .with_context(context)?
        .collect::<Result<_, _>>()
        .with_context(context)?;
    anyhow::ensure!(!certificates.is_empty(), context());
    Ok(certificates)
}

/// Reads the pair again, and keeps the old one where that fails.
pub(crate) fn reload(tls: &Tls, current: &RustlsConfig) {
    match load(tls) {
        Ok(config) => {
            current.reload_from_config(config);
            tracing::info!("the certificate pair was read again");
        }
        Err(error) => {
            tracing::error!("the certificate pair cannot be read and the old one stays: {error:#}");
        }
    }
}

/// Reads the pair again whenever one of its files changes.
pub(crate) async fn watch(tls: Tls, current: RustlsConfig) {
    let mut known = changed_at(&tls).await;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = changed_at(&tls).await;
        if now != known {
            known = now;
            reload(&tls, &current);
        }
    }
}

async fn changed_at(tls: &Tls) -> [Option<SystemTime>; 2] {
    let time = async |path: &Path| tokio::fs::metadata(path).await.ok()?.modified().ok();
    [time(&tls.cert_file).await, time(&tls.key_file).await]
}
