//! The pair that new connections are shown.

use super::pair::Pair;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::{Arc, RwLock, RwLockReadGuard};

/// Shows one pair to everybody, and from one connection to the next another one.
pub(crate) struct Shown(RwLock<Pair>);

impl Shown {
    pub(super) const fn new(pair: Pair) -> Self {
        Self(RwLock::new(pair))
    }

    /// Shows `pair` to connections from now on; open ones go on with the one that they were shown.
    pub(crate) fn show(&self, pair: Pair) {
        *self
            .0
            .write()
            .expect("no thread panics while it moves a pair") = pair;
        self.measure();
    }

    /// The end of its validity in seconds since the epoch; 0 for a pair that nobody trusts, so that an alert on
    /// certificates that end soon hears of it.
    pub(super) fn measure(&self) {
        let seconds = self.pair().facts.expires_at.as_seconds().max(0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        metrics::gauge!("doorward_certificate_expires_at_seconds").set(f64::from(seconds));
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> Vec<String> {
        self.pair().facts.names.clone()
    }

    fn pair(&self) -> RwLockReadGuard<'_, Pair> {
        self.0
            .read()
            .expect("no thread panics while it moves a pair")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.pair().key))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shown(..)")
    }
}
