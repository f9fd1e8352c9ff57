//! The identity providers that are configured: what each is called, whom its tokens are for, and how they are believed.

use super::id_token::{self, IdToken};
use super::published_keys::{PublishedKeys, Refused};
use crate::ports::Fetcher;
use crate::settings::{self, Federation};
use crate::{App, Ctx, Error};
use doorward_domain::{ProviderName, Rejection};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every provider whose ID tokens are accepted.
pub(crate) struct Providers {
    fetcher: Arc<dyn Fetcher>,
    known: BTreeMap<ProviderName, Provider>,
}

/// One of them.
pub(super) struct Provider {
    name: ProviderName,
    settings: settings::Provider,
    keys: PublishedKeys,
}

impl Providers {
    pub(crate) fn new(settings: &Federation, fetcher: Arc<dyn Fetcher>) -> Self {
        let known = settings.providers.iter().map(|(name, settings)| {
            let provider = Provider {
                name: name.clone(),
                settings: settings.clone(),
                keys: PublishedKeys::default(),
            };
            (name.clone(), provider)
        });
        Self {
            fetcher,
            known: known.collect(),
        }
    }

    pub(super) fn find(&self, name: &ProviderName) -> Result<&Provider, Error> {
        let found = self.known.get(name);
        found.ok_or_else(|| Rejection::ProviderUnknown.into())
    }
}

impl Provider {
    pub(super) const fn name(&self) -> &ProviderName {
        &self.name
    }

    pub(super) const fn demands_nonce(&self) -> bool {
        self.settings.require_nonce
    }

    /// What an ID token says, if this provider signed it for a client of ours and it is good now. Its nonce is not
    /// looked at here. May ask the provider for its keys.
    pub(super) async fn read(
        &self,
        app: &App,
        ctx: &Ctx,
        token: &SecretString,
    ) -> Result<IdToken, Error> {
        let fetcher = app.providers.fetcher.as_ref();
        let source = (&self.name, &self.settings);
        let signed = self
            .keys
            .verify(fetcher, source, ctx.now, token.expose_secret())
            .await;
        let signed = match signed {
            Ok(signed) => signed,
            Err(Refused::Token(error)) => return Err(self.refuse(&error)),
            Err(Refused::NoKeys) => return Err(Rejection::ProviderUnavailable.into()),
        };
        id_token::read(&self.name, &self.settings, &signed, ctx.now)
            .map_err(|flaw| self.refuse(&flaw))
    }

    /// The caller is told that the token is not good; the log is told why.
    pub(super) fn refuse(&self, reason: &dyn std::fmt::Display) -> Error {
        tracing::info!(provider = %self.name, %reason, "an ID token was refused");
        Rejection::ProviderTokenInvalid.into()
    }
}
