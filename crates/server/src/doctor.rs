//! `doctor`: checks what usually goes wrong, each by doing it.

mod checks;
mod reach;

use crate::config::Config;
use serde::Serialize;

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
    let mut found = vec![checks::settings(config)];
    found.push(checks::public_url(config).await);
    found.extend(checks::certificates(config));
    found.push(checks::proxies(config));
    found.extend(checks::database(config).await);
    found.push(checks::mail(config).await);
    found.push(reach::sms(config).await);
    found.extend(reach::providers(config).await);
    found.push(checks::files(config));
    found
}
