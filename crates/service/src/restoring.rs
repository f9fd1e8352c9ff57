//! An old copy of a database, before anybody is let in.
//!
//! It knows nothing of what was spent or revoked since it was made. Invariant: once [`void`] has returned, nothing that
//! was handed out before it (a session, a token, a code, a link, a nonce) opens anything again, however old the copy is.
//! A key that was withdrawn since is a good one in the copy, and no row tells which; so none of them goes on signing.

use crate::audit::{self, Event, Subject};
use crate::keys::{self, KeyState};
use crate::{Ctx, Error, SharedApp, outbox};
use doorward_store::backup;

/// The most by which epochs move on. A number is never met twice: no account has moved so often since the copy was made
/// that chance would find it, and it still leaps thousands of times before the column is full.
const LONGEST_LEAP: u64 = 1 << 48;

/// What becomes of the signing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeys {
    /// They are withdrawn, and a new one signs: one of them may have been withdrawn since the copy was made.
    Renew,
    /// They stay: the operator has brought the one that signs, or it is shared, and vouches for it.
    Keep,
}

/// What was voided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voided {
    /// Accounts whose epoch moved on: all.
    pub users: u64,
    /// Sessions that had not ended.
    pub sessions: u64,
    /// Codes that were not spent.
    pub codes: u64,
    /// Links that were not spent.
    pub links: u64,
    /// Nonces that were not spent.
    pub nonces: u64,
    /// Messages that were waiting: they have left since, or say what holds no more.
    pub messages: u64,
    /// Signing keys that were withdrawn.
    pub keys: u64,
}

/// Ends all sessions, voids all that could be spent, drops the messages that wait, moves every epoch on, and renews the
/// signing keys. To be called while no other process uses the database.
pub async fn void(app: &SharedApp, ctx: &Ctx, signing_keys: SigningKeys) -> Result<Voided, Error> {
    // By chance and not by one: the copy does not tell which epochs there have been since.
    let leap = 1 + app.entropy.below(LONGEST_LEAP);
    let mut tx = app.write().await?;
    let voided = backup::void(&mut tx, leap.cast_signed(), ctx.now).await?;
    let mut messages = 0;
    for kind in outbox::MESSAGES {
        messages += backup::forget_jobs(&mut tx, kind).await?;
    }
    audit::record(
        &mut tx,
        app,
        ctx,
        Event::DatabaseRestored,
        Subject::default(),
    )
    .await?;
    tx.commit().await?;
    let keys = match signing_keys {
        SigningKeys::Renew => renew_keys(app, ctx).await?,
        SigningKeys::Keep => 0,
    };
    Ok(Voided {
        users: voided.users,
        sessions: voided.sessions,
        codes: voided.codes,
        links: voided.links,
        nonces: voided.nonces,
        messages,
        keys,
    })
}

/// Withdraws whatever may still sign or verify; the one that signs gets a successor.
async fn renew_keys(app: &SharedApp, ctx: &Ctx) -> Result<u64, Error> {
    let mut withdrawn = 0;
    for key in keys::list(app, ctx.now).await? {
        match key.state {
            KeyState::Next | KeyState::Signing | KeyState::Retired => {
                keys::withdraw(app, ctx, key.version).await?;
                withdrawn += 1;
            }
            KeyState::Gone | KeyState::Withdrawn => {}
        }
    }
    Ok(withdrawn)
}
