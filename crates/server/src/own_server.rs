//! Asks the server on this machine, at the address that it is configured to listen on.

use crate::config::Config;
use crate::http_client::root_cause;
use anyhow::{Context, Result, anyhow};
use reqwest::Response;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// Where `path` is asked for: on the operators' listener where there is one.
pub(crate) fn url(config: &Config, path: &str) -> String {
    let (address, scheme) = match config.operations_bind() {
        Some(address) => (address, "http"),
        None if config.tls().is_some() => (config.bind(), "https"),
        None => (config.bind(), "http"),
    };
    format!("{scheme}://{}{path}", reachable(address))
}

/// The answer to a GET of `path`.
pub(crate) async fn ask(config: &Config, path: &str) -> Result<Response> {
    // The pair may be for another name or signed by itself: whom it asks is this machine.
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .context("no request can be made")?;
    let url = url(config, path);
    let answer = client.get(&url).send().await;
    answer.map_err(|error| {
        anyhow!(
            "no answer from `{url}`: {}; is `doorward serve` running?",
            root_cause(&error)
        )
    })
}

/// Where an address that stands for all interfaces is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
