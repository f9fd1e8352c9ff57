//! `doctor`: checks what usually goes wrong, each by doing it.

mod address;
mod certificates;
mod database;
mod keys;
mod machine;
mod mail;
mod reach;
mod redis;

use crate::config::Config;
use doorward_service::Clock;
use serde::Serialize;
use std::time::Duration;

/// How long whoever is asked may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    /// A few words that name it.
    pub(crate) name: &'static str,
    /// How it went.
    pub(crate) state: State,
    /// What was seen and, where it is not good, what to do.
    pub(crate) words: String,
}

impl Check {
    fn good(name: &'static str, words: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Good,
            words: words.into(),
        }
    }

    fn warning(name: &'static str, words: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Warning,
            words: words.into(),
        }
    }

    fn broken(name: &'static str, words: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Broken,
            words: words.into(),
        }
    }
}

/// Looks at everything, in the order in which a request meets it.
pub(crate) async fn examine(config: &Config) -> Vec<Check> {
    let now = Clock::system().now();
    let mut found = vec![
        settings(config),
        machine::secrets(config),
        machine::descriptors(config),
    ];
    found.push(address::public_url(config, now).await);
    found.extend(address::running_server(config).await);
    found.push(address::proxies(config));
    found.extend(certificates::pair(config, now));
    found.extend(database::database(config).await);
    found.push(mail::mail(config).await);
    found.push(reach::sms(config).await);
    found.extend(reach::providers(config).await);
    found.push(machine::files(config).await);
    found
}

fn settings(config: &Config) -> Check {
    match config.warnings.as_slice() {
        [] => Check::good("settings", "no warnings"),
        warnings => Check::warning("settings", warnings.join("; ")),
    }
}

/// An error of the store with its causes.
fn in_full(error: &doorward_store::Error) -> String {
    format!("{:#}", anyhow::Error::new(error.clone()))
}
