//! Networks that have signed in to an account, as keyed hashes: whoever comes from one is probably its owner.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Timestamp, UserId};

const TABLE: &str = "known_networks";

/// Whether `network` has signed in to the account at or after `since`.
pub async fn is_known(
    tx: &mut ReadTx,
    user: UserId,
    network: &str,
    since: Timestamp,
) -> Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(*) FROM known_networks WHERE user_id = $1 AND network = $2 AND last_seen_at >= $3",
    )
    .bind(user)
    .bind(network)
    .bind(since)
    .fetch_one(c)
    .await)?;
    Ok(count > 0)
}

/// Notes a sign-in from `network`.
pub async fn remember(tx: &mut WriteTx, user: UserId, network: &str, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO known_networks (user_id, network, last_seen_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, network) DO UPDATE SET last_seen_at = excluded.last_seen_at",
    )
    .bind(user)
    .bind(network)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Forgets every network of an account.
pub async fn forget_all(tx: &mut WriteTx, user: UserId) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM known_networks WHERE user_id = $1")
        .bind(user)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Forgets networks that were last seen before `before`, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM known_networks WHERE (user_id, network) IN \
         (SELECT user_id, network FROM known_networks WHERE last_seen_at < $1 ORDER BY last_seen_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
