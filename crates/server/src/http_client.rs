//! The one HTTP client that asks others: providers of SMS and of identities, the service that keeps files.
//!
//! It goes to the address that was configured and to no other: it follows no redirect, which would take what is sent to
//! whoever answers, and knows no proxy but what the configuration says, which has none.

use anyhow::{Context, Result};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use std::time::Duration;

/// From the look-up of the name to the handshake.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// From the first byte sent to the last one read; a request may ask for less.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// How long a stream of any length may stand still.
const GOES_ON_WITHIN: Duration = Duration::from_secs(20);

/// A client; its clones share their connections.
pub(crate) fn build() -> Result<Client> {
    let client = bare().timeout(ANSWERED_WITHIN);
    client.build().context("no HTTP request can be made")
}

/// A client that trusts these authorities and no others.
pub(crate) fn trusting(authorities: Vec<Certificate>) -> Result<Client> {
    let client = bare().timeout(ANSWERED_WITHIN).tls_certs_only(authorities);
    client.build().context("no HTTP request can be made")
}

/// A client for bodies that take their time.
pub(crate) fn streaming() -> Result<Client> {
    let client = bare().read_timeout(GOES_ON_WITHIN);
    client.build().context("no HTTP request can be made")
}

fn bare() -> ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECTED_WITHIN)
        .user_agent("doorward")
}

/// What went wrong at the bottom: a refused connection, an unknown certificate, a name that is none.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
