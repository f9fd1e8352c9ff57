//! Certificates by ACME (RFC 8555): one process orders for all replicas, and each shows what it finds in the database.
//!
//! What was issued, when the next order is due and who answers a challenge is `doorward_service::certificates`; here is
//! the conversation with the authority.

mod answers;
mod authority;
mod client;
mod order;

pub(crate) use answers::routes;

use crate::config;
use crate::tls::{Pair, Shown};
use anyhow::{Context, Result};
use client::Client;
use doorward_domain::Timestamp;
use doorward_service::certificates::{self, ChallengeKind};
use doorward_service::leases::{self, Duty};
use doorward_service::{Error, SharedApp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often the database is looked at for a new pair, and whether an order is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// An authority that takes longer is tried again later.
const ORDER_WITHIN: Duration = Duration::from_mins(5);

/// Keeps the certificate current.
pub(crate) struct Keeper {
    acme: config::Acme,
    app: SharedApp,
    client: Client,
    /// Where the pair is shown; a process that serves nobody has no such place.
    shown: Option<Arc<Shown>>,
    /// When the pair that is shown was issued.
    shows: Option<Timestamp>,
}

impl Keeper {
    /// Shows the pair that is in the database already.
    pub(crate) async fn new(
        acme: config::Acme,
        app: &SharedApp,
        shown: Option<Arc<Shown>>,
    ) -> Result<Self> {
        let client = Client::new(acme.ca_file.as_deref())?;
        let mut keeper = Self {
            acme,
            app: Arc::clone(app),
            client,
            shown,
            shows: None,
        };
        keeper.pick_up().await;
        if keeper.shown.is_some() && keeper.shows.is_none() {
            tracing::warn!(
                "there is no certificate yet: one that nobody trusts is shown until the authority has issued one"
            );
        }
        Ok(keeper)
    }

    /// Looks for new pairs and orders them when that is due and this process's duty.
    pub(crate) async fn keep(mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.pick_up().await;
            if leases::holds(&self.app, Duty::Certificates) {
                self.order_when_due().await;
            }
        }
    }

    /// Shows the pair that the database has, where it is another one.
    async fn pick_up(&mut self) {
        let Some(shown) = self.shown.clone() else {
            return;
        };
        let found = match certificates::to_show(&self.app).await {
            Ok(Some(found)) if self.shows != Some(found.issued_at) => found,
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "the certificate cannot be read from the database");
                return;
            }
        };
        // One that cannot be used is looked at once.
        self.shows = Some(found.issued_at);
        match parse(&found.chain_pem, found.key_der.expose_secret()) {
            Ok(pair) => {
                tracing::info!(expires_at = %found.expires_at.to_rfc3339(), "a certificate by ACME is shown from now on");
                shown.show(pair);
            }
            Err(error) => tracing::error!(
                "the certificate in the database cannot be used and the old one stays: {error:#}"
            ),
        }
    }

    async fn order_when_due(&mut self) {
        let failed = match certificates::due(&self.app).await {
            Ok(Some(failed)) => failed,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "whether a certificate is due cannot be read from the database");
                return;
            }
        };
        let kind = self.kind(failed);
        tracing::info!(
            challenge = kind.as_str(),
            failed,
            "a certificate is being ordered"
        );
        let ordered = timeout(ORDER_WITHIN, order::order(self, kind)).await;
        match ordered
            .context("it took too long")
            .and_then(std::convert::identity)
        {
            Ok(()) => {
                tracing::info!(
                    domains = self.acme.domains.len(),
                    "a certificate was issued"
                );
                self.pick_up().await;
            }
            Err(error) => self.note(&format!("{error:#}")).await,
        }
    }

    /// The kinds in turn: what one authority or network does not let through, the next try does without.
    fn kind(&self, failed: u64) -> ChallengeKind {
        let turn = usize::try_from(failed).unwrap_or_default();
        let mut kinds = self.acme.challenges.iter().cycle();
        let kind = kinds.nth(turn % self.acme.challenges.len().max(1));
        kind.copied().unwrap_or(ChallengeKind::TlsAlpn01)
    }

    async fn note(&self, problem: &str) {
        match certificates::note_failure(&self.app, problem).await {
            Ok(wait) => tracing::error!(
                problem,
                retry_in_seconds = wait.as_seconds(),
                "no certificate could be had; the old one stays"
            ),
            Err(error) => note_lost(problem, &error),
        }
    }
}

fn note_lost(problem: &str, error: &Error) {
    tracing::error!(problem, %error, "no certificate could be had, and that cannot be noted in the database");
}

/// A chain in PEM and a key in PKCS#8.
fn parse(chain_pem: &str, key_der: &[u8]) -> Result<Pair> {
    let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("the chain is no PEM")?;
    Pair::new(chain, PrivatePkcs8KeyDer::from(key_der.to_vec()).into())
}
