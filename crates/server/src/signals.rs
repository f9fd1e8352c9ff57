//! The signals that a service manager and a person at a terminal send.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// See the module.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens for them from now on.
    pub(crate) fn listen() -> Result<Self> {
        let on = |kind| signal(kind).context("signals cannot be listened for");
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Resolves on SIGTERM or SIGINT, and does `again` on each SIGHUP until then.
    pub(crate) async fn stop(&mut self, again: impl Fn()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => again(),
            }
        }
    }
}
