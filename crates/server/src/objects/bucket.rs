//! A bucket of an S3 service: the one that defined the protocol, or any that speaks it.

use crate::config::{Bucket, S3};
use crate::http_client;
use anyhow::{Context, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey as Setting};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use secrecy::ExposeSecret;
use std::time::Duration;
use url::Url;

/// The least that every part of an upload but the last must have. That much of each upload is held in memory.
pub(super) const PART: usize = 5 * 1024 * 1024;

/// A person waits for the answer, and the server's own patience is 30 s.
const GIVES_UP_AFTER: Duration = Duration::from_secs(10);
const TRIES: usize = 3;

/// What the machine's role is told by, where no keys are configured. The rest of such variables would choose another
/// service than the configuration does.
const ROLE: [Setting; 9] = [
    Setting::AccessKeyId,
    Setting::SecretAccessKey,
    Setting::Token,
    Setting::WebIdentityTokenFile,
    Setting::RoleArn,
    Setting::RoleSessionName,
    Setting::ContainerCredentialsRelativeUri,
    Setting::ContainerCredentialsFullUri,
    Setting::ContainerAuthorizationTokenFile,
];

/// Opens the bucket, without asking it anything.
pub(super) fn open(bucket: &Bucket) -> Result<AmazonS3> {
    let (name, service) = (bucket.place.bucket(), &bucket.service);
    let client = Client(http_client::streaming()?);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&service.region)
        .with_retry(retries())
        .with_http_connector(client)
        // Not every service that speaks the protocol removes many at once.
        .with_disable_bulk_delete(true);
    let path_style = service
        .path_style
        .unwrap_or(service.endpoint.is_some() || name.contains('.'));
    builder = builder.with_virtual_hosted_style_request(!path_style);
    if let Some(endpoint) = &service.endpoint {
        let endpoint = if path_style {
            endpoint.clone()
        } else {
            hosting(endpoint, name)?
        };
        builder = builder
            .with_allow_http(endpoint.scheme() == "http")
            .with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    with_keys(builder, service)
        .build()
        .with_context(|| format!("`files.url`: cannot use `{}`", bucket.place))
}

/// The endpoint with the bucket's name as the first part of its host.
fn hosting(endpoint: &Url, bucket: &str) -> Result<Url> {
    let mut url = endpoint.clone();
    let host = format!("{bucket}.{}", endpoint.host_str().unwrap_or_default());
    url.set_host(Some(&host)).with_context(|| {
        format!("`files.s3.endpoint`: the bucket's name cannot stand before `{endpoint}`")
    })?;
    Ok(url)
}

fn with_keys(builder: AmazonS3Builder, service: &S3) -> AmazonS3Builder {
    if let Some((access, secret)) = &service.keys {
        return builder
            .with_access_key_id(access)
            .with_secret_access_key(secret.expose_secret());
    }
    let environment = AmazonS3Builder::from_env();
    ROLE.into_iter().fold(builder, |builder, setting| {
        match environment.get_config_value(&setting) {
            Some(value) => builder.with_config(setting, value),
            None => builder,
        }
    })
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: TRIES - 1,
        retry_timeout: GIVES_UP_AFTER,
    }
}

/// Our own HTTP client, which goes where it was told and nowhere else.
#[derive(Debug)]
struct Client(reqwest::Client);

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_may_be_the_first_part_of_the_host() {
        let hosted = |endpoint: &str| {
            hosting(&Url::parse(endpoint).unwrap(), "files").map(|url| url.to_string())
        };
        assert_eq!(
            hosted("https://s3.example.com:9000").unwrap(),
            "https://files.s3.example.com:9000/"
        );
    }
}
