//! What this process remembers of tokens and sessions it has verified, and for how long it may.
//!
//! SQL is the truth. What was read of it is believed without more for [`SURE`], and after that only while this process
//! knows that nothing has changed: as long as a look at the changes ([`crate::changes`]) that began less than [`SURE`] ago
//! has told of all of them. So whatever is changed by whichever process is believed nowhere for longer than a second,
//! and that holds with Redis, without it, and while it is killed, hung or flushed.
//!
//! Each thing that is remembered bears a mark that was taken before it was read. Hearing of a change makes the marks of
//! its subject stale for good, so that a request which read the row a moment earlier, and is only now about to remember
//! it, remembers nothing.

mod marks;

use crate::accounts::User;
use crate::tokens::Claims;
use doorward_domain::{SessionId, Span, Timestamp, UserId};
use doorward_store::changes::Changed;
use doorward_store::sessions::Live;
use marks::{Mark, Marks};
use moka::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The bound that the contract sets for what a replica believes of what another has changed.
pub(crate) const SURE: Duration = Duration::from_secs(1);

const MOST_TOKENS: u64 = 50_000;
const MOST_SESSIONS: u64 = 50_000;

/// A live session with its user, as it was read.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) user: Arc<User>,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) rotates: bool,
    pub(crate) access_lifetime: Span,
    /// The user's.
    pub(crate) epoch: i64,
}

impl From<&Live> for Snapshot {
    fn from(live: &Live) -> Self {
        Self {
            user: Arc::new(User::from(&live.user)),
            expires_at: live.session.expires_at,
            last_used_at: live.session.last_used_at,
            rotates: live.session.rotates,
            access_lifetime: live.session.access_lifetime,
            epoch: live.user.epoch,
        }
    }
}

/// Taken before something is read that is to be remembered: from which moment on it is as it was, and the mark by which
/// a change of it is noticed.
#[derive(Clone)]
pub(crate) struct Ticket {
    mark: Arc<Mark>,
    read_at: Instant,
}

impl Ticket {
    /// The ticket of something that was found in what had been read earlier.
    pub(crate) fn of_what_was_read_at(self, read_at: Instant) -> Self {
        Self { read_at, ..self }
    }
}

/// What is remembered.
#[derive(Clone)]
struct Kept<T> {
    value: T,
    ticket: Ticket,
}

pub(crate) struct Caches {
    tokens: Cache<[u8; 32], Kept<Arc<Claims>>>,
    sessions: Cache<SessionId, Kept<Arc<Snapshot>>>,
    users: Marks<UserId>,
    keys: Marks<()>,
    /// When the last look began that told of all changes before it.
    confirmed_at: Mutex<Option<Instant>>,
}

impl Caches {
    /// `lifetime` bounds what is remembered, changed or not.
    pub(crate) fn new(lifetime: Span) -> Self {
        Self {
            tokens: Cache::builder()
                .max_capacity(MOST_TOKENS)
                .time_to_live(lifetime.to_std())
                .build(),
            sessions: Cache::builder()
                .max_capacity(MOST_SESSIONS)
                .time_to_live(lifetime.to_std())
                .build(),
            users: Marks::default(),
            keys: Marks::default(),
            confirmed_at: Mutex::new(None),
        }
    }

    /// To be taken before a session of this user is read.
    pub(crate) fn before_reading(&self, user: UserId) -> Ticket {
        Ticket {
            mark: self.users.mark(user),
            read_at: Instant::now(),
        }
    }

    /// To be taken before a token is verified.
    pub(crate) fn before_verifying(&self) -> Ticket {
        Ticket {
            mark: self.keys.mark(()),
            read_at: Instant::now(),
        }
    }

    /// Called when the keys have been read anew.
    pub(crate) fn forget_claims(&self) {
        self.keys.turn_all_stale();
    }

    pub(crate) fn claims(&self, digest: &[u8; 32]) -> Option<Arc<Claims>> {
        self.good(self.tokens.get(digest)?)
    }

    pub(crate) fn remember_claims(&self, digest: [u8; 32], value: Arc<Claims>, ticket: Ticket) {
        self.tokens.insert(digest, Kept { value, ticket });
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<Arc<Snapshot>> {
        self.good(self.sessions.get(&id)?)
    }

    pub(crate) fn remember_session(&self, id: SessionId, value: Arc<Snapshot>, ticket: Ticket) {
        self.sessions.insert(id, Kept { value, ticket });
    }

    /// Whether this process has heard of everything that had changed a second ago.
    pub(crate) fn hears_changes(&self) -> bool {
        let confirmed_at = *self.confirmed();
        confirmed_at.is_some_and(|at| at.elapsed() < SURE)
    }

    /// Notes that all has been heard that had changed by `began`.
    pub(crate) fn confirm(&self, began: Instant) {
        *self.confirmed() = Some(began);
    }

    /// Believes nothing any more of what has changed.
    pub(crate) fn forget<'a>(&self, changes: impl IntoIterator<Item = &'a Changed>) {
        for change in changes {
            match change {
                Changed::User(id) => self.users.turn_stale(id),
                Changed::Keys => self.keys.turn_all_stale(),
                Changed::Everything => {
                    self.users.turn_all_stale();
                    self.keys.turn_all_stale();
                }
            }
        }
    }

    /// Called after a commit that changed what a session's snapshot shows.
    pub(crate) fn refresh_session(&self, id: SessionId) {
        self.sessions.invalidate(&id);
    }

    /// Called after the commit that ended these sessions.
    pub(crate) fn forget_sessions(&self, ids: &[SessionId]) {
        for id in ids {
            self.sessions.invalidate(id);
        }
    }

    fn good<T>(&self, kept: Kept<T>) -> Option<T> {
        let Ticket { mark, read_at } = &kept.ticket;
        let sure = read_at.elapsed() < SURE || self.hears_changes();
        (sure && !mark.is_stale()).then_some(kept.value)
    }

    fn confirmed(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.confirmed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
