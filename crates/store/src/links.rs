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
    /// Keyed hash of the network that asked for it.
    pub network: Option<String>,
    /// The client address that asked for it, for whoever opens it.
    pub address: Option<String>,
    /// The address that the account is to have, as it was given.
    pub email: Option<String>,
    /// Its canonical form.
    pub email_key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was used, or voided.
    pub spent_at: Option<Timestamp>,
}

macro_rules! link_columns {
    () => {
        "hash, purpose, user_id, network, address, email, email_key, created_at, expires_at, spent_at"
    };
}

/// Keeps a new link.
pub async fn insert(tx: &mut WriteTx, link: &Link) -> Result<()> {
    on!(tx, c => sqlx::query(concat!(
        "INSERT INTO links (", link_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    ))
    .bind(&link.hash)
    .bind(link.purpose)
    .bind(link.user_id)
    .bind(link.network.as_deref())
    .bind(link.address.as_deref())
    .bind(link.email.as_deref())
    .bind(link.email_key.as_deref())
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
    on!(tx, c => sqlx::query_as(concat!(
        "SELECT ", link_columns!(), " FROM links \
         WHERE hash = $1 AND purpose = $2 AND user_id IS NOT NULL AND spent_at IS NULL AND expires_at > $3",
    ))
    .bind(hash)
    .bind(purpose)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Uses a link up and gives it. Of any number of callers one gets it; its effect belongs into the same transaction.
pub async fn spend(
    tx: &mut WriteTx,
    hash: &str,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<Link>> {
    on!(tx, c => sqlx::query_as(concat!(
        "UPDATE links SET spent_at = $3 WHERE hash = $1 AND purpose = $2 AND user_id IS NOT NULL AND spent_at IS NULL \
         AND expires_at > $3 RETURNING ", link_columns!(),
    ))
    .bind(hash)
    .bind(purpose)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// Voids the links of one purpose that a user has.
pub async fn void(
    tx: &mut WriteTx,
    user: UserId,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE links SET spent_at = $3 WHERE user_id = $1 AND purpose = $2 AND spent_at IS NULL",
    )
    .bind(user)
    .bind(purpose)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
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
