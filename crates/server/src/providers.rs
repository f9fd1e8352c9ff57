//! How the documents of identity providers are had: small ones, in little time, from the address itself.

use bytes::Bytes;
use doorward_service::ports::{FetchError, Fetcher};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::ACCEPT;
use reqwest::{Client, StatusCode};
use std::error::Error;
use std::time::Duration;
use url::{Host, Url};

/// For one document, from the look-up of the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Discovery documents and key sets have a few KiB.
const LONGEST: usize = 256 * 1024;

/// Asks providers over the one HTTP client, which follows no redirect.
pub(crate) struct ProviderDocuments(Client);

impl ProviderDocuments {
    pub(crate) const fn new(client: Client) -> Self {
        Self(client)
    }

    async fn read(&self, url: &Url) -> Result<Bytes, FetchError> {
        if !may_be_asked(url) {
            return Err(FetchError::Address);
        }
        let request = self.0.get(url.clone()).header(ACCEPT, "application/json");
        let mut answer = request.timeout(PATIENCE).send().await.map_err(broken)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

impl Fetcher for ProviderDocuments {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Bytes, FetchError>> {
        self.read(url).boxed()
    }
}

/// https, or http that does not leave this machine.
pub(crate) fn may_be_asked(url: &Url) -> bool {
    let bears_no_password = url.username().is_empty() && url.password().is_none();
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    bears_no_password && (url.scheme() == "https" || url.scheme() == "http" && is_here)
}

/// The whole chain of causes; reqwest's own words are only the outermost of them.
fn broken(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    FetchError::Transport(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_testkit::identity_provider::{IdentityProvider, Manner};

    async fn ask(url: &str) -> Result<Bytes, FetchError> {
        let documents = ProviderDocuments::new(crate::http_client::build().unwrap());
        documents.get(&Url::parse(url).unwrap()).await
    }

    #[tokio::test]
    async fn a_document_is_had_from_this_machine() {
        let provider = IdentityProvider::start().await;
        let document = ask(&provider.keys_url()).await.unwrap();
        assert!(document.starts_with(b"{\"keys\":[{"));
    }

    #[tokio::test]
    async fn sec_15_3_2_a_redirect_is_no_document() {
        let provider = IdentityProvider::start().await;
        provider.behave(Manner::Redirecting);
        let refusal = ask(&provider.keys_url()).await.unwrap_err();
        assert!(matches!(refusal, FetchError::Status(302)), "{refusal}");
    }

    #[tokio::test]
    async fn a_long_document_and_a_fault_are_none() {
        let provider = IdentityProvider::start().await;
        provider.behave(Manner::Verbose);
        let refusal = ask(&provider.keys_url()).await.unwrap_err();
        assert!(matches!(refusal, FetchError::TooLarge), "{refusal}");
        provider.behave(Manner::Broken);
        let refusal = ask(&provider.keys_url()).await.unwrap_err();
        assert!(matches!(refusal, FetchError::Status(500)), "{refusal}");
    }

    #[tokio::test]
    async fn nobody_there_is_a_failure_of_transport() {
        let gone = IdentityProvider::start().await.keys_url();
        let refusal = ask(&gone).await.unwrap_err();
        assert!(matches!(refusal, FetchError::Transport(_)), "{refusal}");
        assert!(!refusal.to_string().contains("127.0.0.1"), "{refusal}");
    }

    #[tokio::test]
    async fn sec_15_3_2_nothing_is_asked_in_plain_text_beyond_this_machine() {
        for url in [
            "http://192.0.2.1/keys",
            "http://example.com/keys",
            "http://localhost.example.com/keys",
            "http://127.0.0.1.example.com/keys",
            "http://[2001:db8::1]/keys",
            "http://ada:secret@127.0.0.1/keys",
            "https://ada@example.com/keys",
            "ftp://127.0.0.1/keys",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            let refusal = ask(url).await.unwrap_err();
            assert!(matches!(refusal, FetchError::Address), "{url}: {refusal}");
        }
    }
}
