//! What this process remembers of tokens and sessions it has verified, and for how long it may.
//!
//! SQL is the truth. A signature that was verified stays verified, and a session that was live is believed for at most
//! a second, or until this process itself ends it: then it is believed no more from that moment on, even where a
//! request that read the row a moment earlier is only now about to remember it.

use crate::accounts::User;
use crate::tokens::Claims;
use doorward_domain::{SessionId, Span, Timestamp};
use doorward_store::sessions::Live;
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// The bound that the contract sets for a replica that hears nothing from the others.
const SESSION_BOUND: Duration = Duration::from_secs(1);

/// Longer than [`SESSION_BOUND`], so that no snapshot from before the end outlives the note about it.
const ENDED_BOUND: Duration = Duration::from_secs(3);

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

pub(crate) struct Caches {
    tokens: Cache<[u8; 32], Arc<Claims>>,
    sessions: Cache<SessionId, Arc<Snapshot>>,
    ended: Cache<SessionId, ()>,
}

impl Caches {
    pub(crate) fn new(lifetime: Span) -> Self {
        Self {
            tokens: Cache::builder()
                .max_capacity(MOST_TOKENS)
                .time_to_live(lifetime.to_std())
                .build(),
            sessions: Cache::builder()
                .max_capacity(MOST_SESSIONS)
                .time_to_live(SESSION_BOUND)
                .build(),
            ended: Cache::builder()
                .max_capacity(MOST_SESSIONS)
                .time_to_live(ENDED_BOUND)
                .build(),
        }
    }

    pub(crate) fn claims(&self, digest: &[u8; 32]) -> Option<Arc<Claims>> {
        self.tokens.get(digest)
    }

    pub(crate) fn remember_claims(&self, digest: [u8; 32], claims: Arc<Claims>) {
        self.tokens.insert(digest, claims);
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<Arc<Snapshot>> {
        let snapshot = self.sessions.get(&id)?;
        if self.ended.contains_key(&id) {
            None
        } else {
            Some(snapshot)
        }
    }

    pub(crate) fn remember_session(&self, id: SessionId, snapshot: Arc<Snapshot>) {
        self.sessions.insert(id, snapshot);
    }

    /// Called after a commit that changed what a session's snapshot shows.
    pub(crate) fn refresh_session(&self, id: SessionId) {
        self.forget_sessions(&[id]);
    }

    /// Called after the commit that ended these sessions.
    pub(crate) fn forget_sessions(&self, ids: &[SessionId]) {
        for id in ids {
            self.ended.insert(*id, ());
            self.sessions.invalidate(id);
        }
    }
}
