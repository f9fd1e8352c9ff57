//! What a connection is doing, told by what it reads and which requests it has open; and from that, how long it may go on.

use super::head::{Head, Heard};
use super::patience::Patience;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Requests of one connection that its client may give up more often than it waits for an answer. A client that starts
/// requests only to cancel them makes the server work for nothing (HTTP/2 rapid reset).
const GIVEN_UP: u32 = 100;

/// See the module.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    condemned: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests share the connection (HTTP/2), so that reading tells nothing of a single one.
    shared: bool,
    doing: Doing,
    since: Instant,
    open: u32,
    given_up: u32,
    head: Head,
    ambiguous: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// No request came yet.
    Nothing,
    /// The head of a request is on its way.
    Asking,
    /// Requests are open.
    Waiting,
    /// Its requests are answered.
    Resting,
}

/// Why a connection was ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The head of a request did not become whole.
    Head,
    /// Nothing came, or nothing more.
    Idle,
}

impl Activity {
    /// Of a connection that several requests share at once (HTTP/2), or of one that has one after the other.
    pub(super) fn new(shared: bool) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                shared,
                doing: Doing::Nothing,
                since: Instant::now(),
                open: 0,
                given_up: 0,
                head: Head::default(),
                ambiguous: false,
            }),
            condemned: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client sent this.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.shared || state.doing == Doing::Waiting || bytes.is_empty() {
            return;
        }
        if state.doing != Doing::Asking {
            state.doing = Doing::Asking;
            state.since = Instant::now();
        }
        state.ambiguous |= state.head.hear(bytes) == Heard::Ambiguous;
    }

    /// A request begins; it is open until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        let mut state = self.state();
        state.doing = Doing::Waiting;
        state.open += 1;
        Open {
            activity: Arc::clone(self),
            ambiguous_length: std::mem::take(&mut state.ambiguous),
            answered: false,
        }
    }

    fn end(&self, answered: bool) {
        let mut state = self.state();
        state.open -= 1;
        if state.open == 0 {
            state.doing = Doing::Resting;
            state.since = Instant::now();
        }
        state.given_up = if answered {
            state.given_up.saturating_sub(1)
        } else {
            state.given_up + 1
        };
        if state.given_up > GIVEN_UP {
            self.condemned.notify_one();
        }
    }

    /// Resolves when its client has given up too many requests.
    pub(super) async fn condemned(&self) {
        self.condemned.notified().await;
    }

    /// Whether no request came yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.state().doing, Doing::Nothing | Doing::Asking)
    }

    /// Whether nobody waits for anything on it.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state().doing, Doing::Nothing | Doing::Resting)
    }

    /// Whether it took longer than it may for what it is doing.
    pub(super) fn overdue(&self, patience: &Patience, scarce: bool) -> Option<Overdue> {
        let state = self.state();
        let (allowed, why) = match state.doing {
            Doing::Nothing => (patience.first_request, Overdue::Idle),
            Doing::Asking => (patience.head, Overdue::Head),
            Doing::Resting => (patience.silence, Overdue::Idle),
            Doing::Waiting => (Duration::MAX, Overdue::Idle),
        };
        let allowed = match state.doing {
            Doing::Nothing | Doing::Resting if scarce => allowed.min(patience.crowded),
            _ => allowed,
        };
        (state.since.elapsed() >= allowed).then_some(why)
    }
}

/// A request that is open.
#[derive(Debug)]
pub(super) struct Open {
    activity: Arc<Activity>,
    ambiguous_length: bool,
    answered: bool,
}

impl Open {
    pub(super) const fn ambiguous_length(&self) -> bool {
        self.ambiguous_length
    }

    /// Its answer has begun; it stays open until the answer has left.
    pub(super) fn answered(mut self) -> Self {
        self.answered = true;
        self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.activity.end(self.answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Patience = Patience {
        first_request: Duration::ZERO,
        head: Duration::ZERO,
        silence: Duration::ZERO,
        ..Patience::USUAL
    };

    #[tokio::test]
    async fn a_connection_waits_to_ask_asks_waits_and_rests() {
        let activity = Activity::new(false);
        let overdue = || activity.overdue(&NONE, false);
        assert_eq!(overdue(), Some(Overdue::Idle));
        activity.heard(b"GET / HT");
        assert_eq!(overdue(), Some(Overdue::Head));
        let first = activity.begin();
        let second = activity.begin().answered();
        activity.heard(b"GET /next HT");
        drop(second);
        assert_eq!(overdue(), None, "one is open still");
        drop(first.answered());
        assert_eq!(overdue(), Some(Overdue::Idle));
    }

    #[tokio::test]
    async fn what_is_read_of_http_2_is_no_head() {
        let activity = Activity::new(true);
        activity.heard(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert_eq!(activity.overdue(&NONE, false), Some(Overdue::Idle));
        assert!(activity.is_fresh());
    }

    #[tokio::test]
    async fn where_places_are_scarce_nobody_rests_long() {
        let hasty = Patience {
            crowded: Duration::ZERO,
            ..Patience::USUAL
        };
        let activity = Activity::new(false);
        assert_eq!(activity.overdue(&hasty, false), None);
        assert_eq!(activity.overdue(&hasty, true), Some(Overdue::Idle));
        let _open = activity.begin();
        assert_eq!(activity.overdue(&hasty, true), None);
    }

    #[tokio::test]
    async fn sec_i44_who_gives_up_what_it_asks_for_is_condemned() {
        use futures_util::FutureExt;
        let activity = Activity::new(true);
        for _ in 0..GIVEN_UP {
            drop(activity.begin());
        }
        drop(activity.begin().answered());
        drop(activity.begin());
        assert!(activity.condemned().now_or_never().is_none());
        drop(activity.begin());
        assert!(activity.condemned().now_or_never().is_some());
    }
}
