//! How a listener is told to end, in three stages: nothing is lost when each has its time.

use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// How far a listener has come on its way to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It takes connections.
    Open,
    /// It takes connections still, and every answer is the last of its connection, so that clients and balancers come back
    /// over new ones, which go elsewhere as soon as they have noticed.
    Leaving,
    /// It takes no connection any more, and what was taken ends at this moment at the latest.
    Closed {
        /// When the rest is cut off.
        by: Instant,
    },
}

/// Ends listeners.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<watch::Sender<Stage>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Open)))
    }

    /// From now on each answer is the last of its connection.
    pub(crate) fn leave(&self) {
        self.0.send_replace(Stage::Leaving);
    }

    /// From now on no connection is taken; what was begun is finished until `by`.
    pub(crate) fn close(&self, by: Instant) {
        self.0.send_replace(Stage::Closed { by });
    }

    pub(super) fn stages(&self) -> watch::Receiver<Stage> {
        self.0.subscribe()
    }
}
