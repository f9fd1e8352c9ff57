//! The keys that a provider publishes: where they are, how long they are believed, and when they are asked for again.
//!
//! One request at a time asks a provider; others that need what it asks for share its outcome, and those whose key is
//! here wait for nobody. Whatever the provider does, nobody waits longer than [`PATIENCE`].

use crate::ports::{FetchError, Fetcher};
use crate::settings::Provider;
use doorward_crypto::{ForeignKeys, ForeignToken, JoseError, KeyError};
use doorward_domain::{ProviderName, Span, Timestamp};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// Keys are asked for anew after this.
const FRESH: Span = Span::hours(1);

/// While the provider cannot be reached, its last keys are believed this long.
const KEPT: Span = Span::days(1);

/// Tokens with made-up key names, and a provider that is away while its last keys are believed, cause one request in
/// this time.
const ASKED_EVERY: Span = Span::minutes(1);

/// A provider that is away while none of its keys are believed causes one request in this time: nobody signs in by it
/// until it answers, so it is asked again soon, but not by everybody who tries.
const RETRIED_EVERY: Span = Span::seconds(5);

/// For both documents together.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a token is not believed.
pub(super) enum Refused {
    /// It is not good.
    Token(JoseError),
    /// It may be good, and the provider does not give its keys.
    NoKeys,
}

/// The keys of one provider, and when it was asked for them.
#[derive(Default)]
pub(super) struct PublishedKeys {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<ForeignKeys>,
    read_at: Option<Timestamp>,
    /// When fresh keys were last asked for anew, for a token that names none of them.
    doubted_at: Option<Timestamp>,
    /// When asking failed; forgotten once it succeeds.
    failed_at: Option<Timestamp>,
    /// Counts how often the provider was asked.
    round: u64,
}

impl State {
    fn are_younger_than(&self, age: Span, now: Timestamp) -> bool {
        self.read_at.is_some_and(|read_at| now.since(read_at) < age)
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let (last, every) = if self.are_younger_than(FRESH, now) {
            (self.doubted_at, ASKED_EVERY)
        } else if self.are_younger_than(KEPT, now) {
            (self.failed_at, ASKED_EVERY)
        } else {
            (self.failed_at, RETRIED_EVERY)
        };
        last.is_none_or(|last| now.since(last) >= every)
    }
}

/// A provider: what it is called, and where it is.
pub(super) type Source<'a> = (&'a ProviderName, &'a Provider);

impl PublishedKeys {
    /// Checks the signature of a token, and asks the provider for its keys where that may help.
    pub(super) async fn verify(
        &self,
        fetcher: &dyn Fetcher,
        source: Source<'_>,
        now: Timestamp,
        token: &str,
    ) -> Result<ForeignToken, Refused> {
        let held = self.state();
        let verified = if held.are_younger_than(FRESH, now) {
            held.keys.verify(token)
        } else {
            // No key helps a token that is none, so nobody is asked for one.
            ForeignKeys::default().verify(token)
        };
        if !matches!(verified, Err(JoseError::UnknownKey)) {
            return verified.map_err(Refused::Token);
        }
        self.ask(fetcher, source, now, held.round).await;
        let held = self.state();
        if !held.are_younger_than(KEPT, now) {
            return Err(Refused::NoKeys);
        }
        held.keys.verify(token).map_err(|error| match error {
            // Its key may be among those that cannot be had now.
            JoseError::UnknownKey if held.failed_at.is_some() => Refused::NoKeys,
            error => Refused::Token(error),
        })
    }

    fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Asks the provider, unless somebody did since `round` or it was asked too lately.
    async fn ask(&self, fetcher: &dyn Fetcher, source: Source<'_>, now: Timestamp, round: u64) {
        let _turn = self.turn.lock().await;
        {
            let mut state = lock(&self.state);
            if state.round != round || !state.may_ask(now) {
                return;
            }
            if state.are_younger_than(FRESH, now) {
                state.doubted_at = Some(now);
            }
        }
        let read = tokio::time::timeout(PATIENCE, read(fetcher, source.1)).await;
        let read = read.unwrap_or(Err(ReadError::Patience));
        let mut state = lock(&self.state);
        state.round += 1;
        match read {
            Ok(keys) => {
                state.keys = Arc::new(keys);
                state.read_at = Some(now);
                state.failed_at = None;
            }
            Err(error) => {
                state.failed_at = Some(now);
                tracing::warn!(provider = %source.0, %error, "an identity provider does not give its keys");
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("its discovery document is none: {0}")]
    Discovery(#[from] serde_json::Error),
    #[error("the issuer of its discovery document is not the configured one")]
    OtherIssuer,
    #[error("`federation.<name>.issuer` is no URL: {0}")]
    Issuer(#[from] url::ParseError),
    #[error("its key set is none: {0}")]
    Keys(#[from] KeyError),
    #[error("it takes too long")]
    Patience,
}

/// What is read of a discovery document (OpenID Connect Discovery 1.0 section 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: Url,
}

async fn read(fetcher: &dyn Fetcher, provider: &Provider) -> Result<ForeignKeys, ReadError> {
    let at = match &provider.jwks_uri {
        Some(configured) => configured.clone(),
        None => discover(fetcher, &provider.issuer).await?,
    };
    Ok(ForeignKeys::parse(&fetcher.get(&at).await?)?)
}

/// Where the keys are, as the issuer says. A document that speaks for another issuer says nothing of this one (section
/// 4.3).
async fn discover(fetcher: &dyn Fetcher, issuer: &str) -> Result<Url, ReadError> {
    let base = issuer.trim_end_matches('/');
    let at = Url::parse(&format!("{base}/.well-known/openid-configuration"))?;
    let document: Discovery = serde_json::from_slice(&fetcher.get(&at).await?)?;
    if document.issuer == issuer {
        Ok(document.jwks_uri)
    } else {
        Err(ReadError::OtherIssuer)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
