//! Links that were mailed, as keyed hashes.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{LinkPurpose, Timestamp, UserId};

const TABLE: &str = "links";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Link {
    /// Keyed hash of the token in the link.
    pub hash: String,
    /// What it is good for.
    pub purpose: LinkPurpose,
    /// The account it is for; none, where the address that was named has none. Such a link is good for nothing.
    pub user_id: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was used, or voided.
    pub spent_at: Option<Timestamp>,
}

/// Keeps a new link.
pub async fn insert(tx: &mut WriteTx, link: &Link) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO links (hash, purpose, user_id, created_at, expires_at, spent_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&link.hash)
    .bind(link.purpose)
    .bind(link.user_id)
    .bind(link.created_at)
    .bind(link.expires_at)
    .bind(link.spent_at)
    .execute(c)
    .await
    .map(drop))
}

/// A link that is still good.
pub async fn live(
    tx: &mut ReadTx,
    hash: &str,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<Link>> {
    on!(tx, c => sqlx::query_as(
        "SELECT hash, purpose, user_id, created_at, expires_at, spent_at FROM links \
         WHERE hash = $1 AND purpose = $2 AND user_id IS NOT NULL AND spent_at IS NULL AND expires_at > $3",
    )
    .bind(hash)
    .bind(purpose)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Uses a link up and says whose it was. Of any number of callers one hears so; its effect belongs into the same
/// transaction.
pub async fn spend(
    tx: &mut WriteTx,
    hash: &str,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<UserId>> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE links SET spent_at = $3 WHERE hash = $1 AND purpose = $2 AND user_id IS NOT NULL AND spent_at IS NULL \
         AND expires_at > $3 RETURNING user_id",
    )
    .bind(hash)
    .bind(purpose)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Voids every link of a user.
pub async fn void_all(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<u64> {
    on!(tx, c => sqlx::query("UPDATE links SET spent_at = $2 WHERE user_id = $1 AND spent_at IS NULL")
        .bind(user)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Removes links that are over, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM links WHERE hash IN (SELECT hash FROM links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
