//! `health`: asks the server on this machine, for container health checks.

use crate::config::Config;
use anyhow::{Context, Result, bail};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &Config) -> Result<()> {
    let (address, scheme) = match config.operations_bind() {
        Some(address) => (address, "http"),
        None if config.tls().is_some() => (config.bind(), "https"),
        None => (config.bind(), "http"),
    };
    let url = format!("{scheme}://{}/health", reachable(address));
    // The pair may be for another name or signed by itself: whom it asks is this machine.
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .context("no request can be made")?;
    let answer = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("no answer from `{url}`; is `doorward serve` running?"))?;
    if !answer.status().is_success() {
        bail!(
            "`{url}` answered {}; `doorward doctor` tells why",
            answer.status()
        );
    }
    Ok(())
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
