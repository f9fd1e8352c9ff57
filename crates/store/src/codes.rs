//! One-time codes, as keyed hashes.
//!
//! A code has a slot: its purpose, its subject, its context (a project, or nothing) and the network that asked for it.
//! A new code takes the slot of the one before. Guesses from the asking network and from elsewhere are counted apart,
//! in the same statement that hands out the hash, so that of any number at once no more are answered than the limit
//! says.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{CodeId, Purpose, Timestamp, UserId};

const TABLE: &str = "codes";

/// Names a slot. Subject and network are keyed hashes in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeKey {
    /// What the code is good for.
    pub purpose: Purpose,
    /// Whom it was sent to.
    pub subject: String,
    /// Within what: a project, or empty.
    pub context: String,
    /// The network that asked for it, or that guesses.
    pub network: String,
}

/// What a new code starts with.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Names it.
    pub id: CodeId,
    /// Its slot.
    pub key: CodeKey,
    /// Whether the network has signed in to the account before; such slots are not counted against strangers'.
    pub known: bool,
    /// The account it is for, if there is one.
    pub user_id: Option<UserId>,
    /// Keyed hash of the code.
    pub hash: Vec<u8>,
    /// How many wrong guesses each side has.
    pub attempts: i64,
    /// When it is made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Until when the slot takes no other.
    pub cooldown_until: Timestamp,
}

/// A code that has its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Put {
    /// Names the code.
    pub id: CodeId,
    /// How many slots unknown networks have of the same purpose, subject and context; whether one that was just taken
    /// counts among them is the engine's choice.
    pub strangers: i64,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CodeRow {
    /// Names it.
    pub id: CodeId,
    /// The network that asked for it.
    pub network: String,
    /// Whether that network is a known one.
    pub known: bool,
    /// The account it is for.
    pub user_id: Option<UserId>,
    /// How many wrong guesses each side has.
    pub attempts: i64,
    /// Guesses from the asking network.
    pub own_failures: i64,
    /// Guesses from elsewhere.
    pub other_failures: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Until when the slot takes no other.
    pub cooldown_until: Timestamp,
    /// When it was used, or voided.
    pub spent_at: Option<Timestamp>,
}

/// A guess that has been counted and may now be compared.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Guess {
    /// The code it meets.
    pub id: CodeId,
    /// What to compare with.
    pub hash: Vec<u8>,
    /// The account of the code.
    pub user_id: Option<UserId>,
    /// The network that asked for the code.
    pub network: String,
    /// Whether that is the guesser's.
    pub own: bool,
    /// Guesses of this side so far, this one included.
    pub failures: i64,
    /// How many this side has.
    pub attempts: i64,
}

/// Puts a code into its slot, with fresh counters; `None` while the slot cools down.
pub async fn put(tx: &mut WriteTx, code: &NewCode) -> Result<Option<Put>> {
    on!(tx, c => sqlx::query_as(
        "INSERT INTO codes (id, purpose, subject, context, network, known, user_id, hash, attempts, own_failures, \
         other_failures, created_at, expires_at, cooldown_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11, $12) \
         ON CONFLICT (purpose, subject, context, network) DO UPDATE SET id = excluded.id, known = excluded.known, \
         user_id = excluded.user_id, hash = excluded.hash, attempts = excluded.attempts, own_failures = 0, \
         other_failures = 0, created_at = excluded.created_at, expires_at = excluded.expires_at, \
         cooldown_until = excluded.cooldown_until, spent_at = NULL \
         WHERE codes.cooldown_until <= excluded.created_at RETURNING id, (SELECT COUNT(*) FROM codes AS slots \
         WHERE slots.purpose = $2 AND slots.subject = $3 AND slots.context = $4 AND slots.known = $13) AS strangers",
    )
    .bind(code.id)
    .bind(code.key.purpose)
    .bind(&code.key.subject)
    .bind(&code.key.context)
    .bind(&code.key.network)
    .bind(code.known)
    .bind(code.user_id)
    .bind(&code.hash)
    .bind(code.attempts)
    .bind(code.created_at)
    .bind(code.expires_at)
    .bind(code.cooldown_until)
    .bind(false)
    .fetch_optional(c)
    .await)
}

/// Until when a slot takes no new code, if it ever had one.
pub async fn cooldown(tx: &mut ReadTx, key: &CodeKey) -> Result<Option<Timestamp>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT cooldown_until FROM codes WHERE purpose = $1 AND subject = $2 AND context = $3 AND network = $4",
    )
    .bind(key.purpose)
    .bind(&key.subject)
    .bind(&key.context)
    .bind(&key.network)
    .fetch_optional(c)
    .await)
}

/// Which code a guess meets: among those that are neither used nor over the one that the guesser's network (`$4`) asked
/// for, else the newest; where there is none, the same choice among the dead.
macro_rules! met_by_a_guess {
    () => {
        "SELECT id FROM codes WHERE purpose = $1 AND subject = $2 AND context = $3 \
         ORDER BY CASE WHEN spent_at IS NULL AND expires_at > $5 THEN 0 ELSE 1 END, \
         CASE WHEN network = $4 THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1"
    };
}

/// Counts a guess from the network in `key` and says what to compare it with; `None` when the code it meets is used,
/// over or has no guesses left ([`state`] tells which), or there is none.
pub async fn guess(tx: &mut WriteTx, key: &CodeKey, now: Timestamp) -> Result<Option<Guess>> {
    on!(tx, c => sqlx::query_as(concat!(
        "UPDATE codes SET own_failures = own_failures + CASE WHEN network = $4 THEN 1 ELSE 0 END, \
         other_failures = other_failures + CASE WHEN network = $4 THEN 0 ELSE 1 END \
         WHERE id = (", met_by_a_guess!(), ") AND spent_at IS NULL AND expires_at > $5 \
         AND CASE WHEN network = $4 THEN own_failures ELSE other_failures END < attempts \
         RETURNING id, hash, user_id, network, network = $4 AS own, \
         CASE WHEN network = $4 THEN own_failures ELSE other_failures END AS failures, attempts",
    ))
    .bind(key.purpose)
    .bind(&key.subject)
    .bind(&key.context)
    .bind(&key.network)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// The code that a guess from the network in `key` would meet, whatever its state.
pub async fn state(tx: &mut ReadTx, key: &CodeKey, now: Timestamp) -> Result<Option<CodeRow>> {
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT id, network, known, user_id, attempts, own_failures, other_failures, created_at, expires_at, \
         cooldown_until, spent_at FROM codes WHERE id = (", met_by_a_guess!(), ")",
    ))
    .bind(key.purpose)
    .bind(&key.subject)
    .bind(&key.context)
    .bind(&key.network)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Uses a code up. Of any number of callers one hears `true`; its effect belongs into the same transaction.
pub async fn spend(tx: &mut WriteTx, id: CodeId, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE codes SET spent_at = $2 WHERE id = $1 AND spent_at IS NULL AND expires_at > $2",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Uses a code up, and with it those that other networks asked for, for the same purpose, subject and context. As with
/// [`spend`], one caller hears `true`. Callers hold the lock of the account, or two of them would wait for each other.
pub async fn spend_with_others(
    tx: &mut WriteTx,
    key: &CodeKey,
    id: CodeId,
    now: Timestamp,
) -> Result<bool> {
    let spent: Vec<CodeId> = on!(tx, c => sqlx::query_scalar(
        "UPDATE codes SET spent_at = $4 WHERE purpose = $1 AND subject = $2 AND context = $3 AND spent_at IS NULL \
         AND expires_at > $4 RETURNING id",
    )
    .bind(key.purpose)
    .bind(&key.subject)
    .bind(&key.context)
    .bind(now)
    .fetch_all(c)
    .await)?;
    Ok(spent.contains(&id))
}

/// Voids every code of a subject, whatever its purpose. Cool-downs stay.
pub async fn void_subject(tx: &mut WriteTx, subject: &str, now: Timestamp) -> Result<u64> {
    on!(tx, c => sqlx::query("UPDATE codes SET spent_at = $2 WHERE subject = $1 AND spent_at IS NULL")
        .bind(subject)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Empties a slot, cool-down included, for whoever starts afresh.
pub async fn discard(tx: &mut WriteTx, key: &CodeKey) -> Result<()> {
    on!(tx, c => sqlx::query(
        "DELETE FROM codes WHERE purpose = $1 AND subject = $2 AND context = $3 AND network = $4",
    )
    .bind(key.purpose)
    .bind(&key.subject)
    .bind(&key.context)
    .bind(&key.network)
    .execute(c)
    .await
    .map(drop))
}

/// Removes the oldest codes that unknown networks asked for, but for the newest `keep`.
pub async fn trim(
    tx: &mut WriteTx,
    purpose: Purpose,
    subject: &str,
    context: &str,
    keep: u32,
) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM codes WHERE purpose = $1 AND subject = $2 AND context = $3 AND known = $4 AND id NOT IN \
         (SELECT id FROM codes WHERE purpose = $1 AND subject = $2 AND context = $3 AND known = $4 \
         ORDER BY created_at DESC, id DESC LIMIT $5)",
    )
    .bind(purpose)
    .bind(subject)
    .bind(context)
    .bind(false)
    .bind(i64::from(keep))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Removes codes that are over and whose slot has cooled down, so many at a time.
pub async fn purge(tx: &mut WriteTx, now: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM codes WHERE id IN (SELECT id FROM codes WHERE expires_at < $1 AND cooldown_until <= $1 \
         ORDER BY expires_at LIMIT $2)",
    )
    .bind(now)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
