//! How the authority is asked: over the one HTTP client, with small answers in little time.

use crate::{http_client, providers};
use anyhow::{Context, Result};
use axum::body::{Body, to_bytes};
use axum::http;
use bytes::Bytes;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::path::Path;
use std::pin::Pin;
use url::Url;

/// Chains and problems have a few KiB.
const LONGEST: usize = 256 * 1024;

/// Its clones share their connections.
#[derive(Clone)]
pub(super) struct Client(reqwest::Client);

impl Client {
    /// Trusts whom `ca_file` holds and nobody else, or whom this machine trusts.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self> {
        let Some(path) = ca_file else {
            return Ok(Self(http_client::build()?));
        };
        let context = || {
            format!(
                "`server.acme.ca_file`: no certificate can be read from `{}`",
                path.display()
            )
        };
        let pem = std::fs::read(path).with_context(context)?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).with_context(context)?;
        anyhow::ensure!(!authorities.is_empty(), context());
        Ok(Self(http_client::trusting(authorities)?))
    }

    async fn ask(self, request: http::Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(other)?;
        // An authority names further addresses in its answers; none of them may lead into plain text.
        if !providers::may_be_asked(&url) {
            return Err(Error::Str("an address of the authority that is not https"));
        }
        let body = to_bytes(Body::new(body), LONGEST).await.map_err(other)?;
        let request = self
            .0
            .request(parts.method, url)
            .headers(parts.headers)
            .body(body);
        let mut answer = request.send().await.map_err(other)?;
        let mut kept = http::Response::builder()
            .status(answer.status())
            .version(answer.version());
        if let Some(headers) = kept.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(other)? {
            if read.len() + chunk.len() > LONGEST {
                return Err(Error::Str("an answer of the authority of bearable length"));
            }
            read.extend_from_slice(&chunk);
        }
        let kept = kept.body(BodyWrapper::from(read))?;
        Ok(BytesResponse::from(kept))
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
