//! Where clients come in: the public URL, the server here and what it has noticed, the proxies in front.

use super::{Check, PATIENCE};
use crate::config::{Config, Mode};
use crate::http_client::root_cause;
use crate::own_server;
use axum::http::HeaderMap;
use axum::http::header::DATE;
use doorward_domain::{Span, Timestamp};
use serde::Deserialize;

/// A clock that is further off makes tokens expire early or late.
pub(super) const CLOCK_OFF: Span = Span::seconds(60);

/// Asks the server at the address that links will begin with, and compares its clock with this machine's.
pub(super) async fn public_url(config: &Config, now: Timestamp) -> Check {
    const NAME: &str = "public URL";
    let url = config.public_url();
    let shown = url.as_str().trim_end_matches('/').to_owned();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let answer = match client {
        Ok(client) => client.get(format!("{shown}/livez")).send().await,
        Err(error) => return Check::broken(NAME, format!("no request can be made: {error}")),
    };
    match answer {
        Ok(answer) if answer.status().is_success() => {
            let off = clock_difference(answer.headers(), now);
            match off.filter(|off| *off > CLOCK_OFF) {
                Some(off) => Check::warning(
                    NAME,
                    format!(
                        "`{shown}` answers, with a clock that is {off} off from this machine's; keep both in step"
                    ),
                ),
                None => Check::good(NAME, format!("`{shown}` answers")),
            }
        }
        Ok(answer) => Check::warning(
            NAME,
            format!(
                "`{shown}/livez` answers {}; does the address lead here? Set `server.public_url` to the one that does",
                answer.status()
            ),
        ),
        Err(error) => Check::warning(
            NAME,
            format!(
                "`{shown}` cannot be reached: {}; start the server, or look at the way there",
                root_cause(&error)
            ),
        ),
    }
}

fn clock_difference(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let theirs = Timestamp::from_millis(theirs.as_millisecond());
    Some(difference(now, theirs))
}

/// How far apart two moments are.
pub(super) fn difference(one: Timestamp, other: Timestamp) -> Span {
    one.since(other).max(other.since(one))
}

/// What `/readyz` answers.
#[derive(Deserialize)]
struct Readiness {
    status: String,
    #[serde(default)]
    parts: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    notices: Vec<String>,
}

/// What the server here says of itself. Where there is none, the check of the public URL says so.
pub(super) async fn running_server(config: &Config) -> Vec<Check> {
    const NAME: &str = "running server";
    let Ok(answer) = own_server::ask(config, "/readyz").await else {
        return Vec::new();
    };
    let Ok(readiness) = answer.json::<Readiness>().await else {
        let words = format!(
            "what answers at `{}` is no Doorward; stop it, or set `server.bind` to another address",
            own_server::url(config, "/readyz")
        );
        return vec![Check::broken(NAME, words)];
    };
    let mut found = Vec::new();
    if readiness.status != "ok" {
        let parts: Vec<_> = readiness
            .parts
            .iter()
            .filter(|(_, state)| *state != "ok")
            .map(|(part, state)| format!("{part}: {state}"))
            .collect();
        found.push(Check::warning(
            NAME,
            format!("it says `{}` ({})", readiness.status, parts.join(", ")),
        ));
    }
    found.extend(
        readiness
            .notices
            .into_iter()
            .map(|notice| Check::warning(NAME, notice)),
    );
    if found.is_empty() {
        found.push(Check::good(NAME, "ready, and has noticed nothing"));
    }
    found
}

pub(super) fn proxies(config: &Config) -> Check {
    const NAME: &str = "proxies";
    let proxies = config.trusted_proxies();
    let terminated_elsewhere = config.public_url().scheme() == "https" && config.tls().is_none();
    if !proxies.is_empty() {
        let everybody = proxies.iter().any(|network| network.prefix_len() == 0);
        return if everybody {
            Check::broken(
                NAME,
                "`server.trusted_proxies` trusts everybody, so that any client can choose its address; name the proxy alone",
            )
        } else {
            Check::good(NAME, format!("{} trusted networks", proxies.len()))
        };
    }
    if terminated_elsewhere {
        return Check::warning(
            NAME,
            "https ends before this server, yet no proxy is trusted: all clients look like one; set `server.trusted_proxies`",
        );
    }
    if config.mode == Mode::Production && config.tls().is_none() {
        return Check::warning(
            NAME,
            "production over plain HTTP without a trusted proxy; set `server.tls` or `server.trusted_proxies`",
        );
    }
    Check::good(NAME, "none are trusted")
}
