//! The one HTTP client that asks others: providers of SMS and of identities.
//!
//! It goes to the address that was configured and to no other: it follows no redirect, which would take what is sent to
//! whoever answers, and knows no proxy but what the configuration says, which has none.

use anyhow::{Context, Result};
use reqwest::Client;
use reqwest::redirect::Policy;
use std::time::Duration;

/// From the look-up of the name to the handshake.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// From the first byte sent to the last one read; a request may ask for less.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// A client; its clones share their connections.
pub(crate) fn build() -> Result<Client> {
    let client = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECTED_WITHIN)
        .timeout(ANSWERED_WITHIN)
        .user_agent("doorward");
    client.build().context("no HTTP request can be made")
}
