//! Nonces that ID tokens must carry, as keyed hashes. Each is good once, for one provider.

use crate::{Result, WriteTx};
use doorward_domain::Timestamp;

const TABLE: &str = "nonces";

/// Keeps a fresh nonce.
pub async fn insert(
    tx: &mut WriteTx,
    hash: &str,
    provider: &str,
    expires_at: Timestamp,
) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO nonces (hash, provider, expires_at) VALUES ($1, $2, $3)")
        .bind(hash)
        .bind(provider)
        .bind(expires_at)
        .execute(c)
        .await
        .map(drop))
}

/// Uses a nonce up. Of any number of callers one hears `true`.
pub async fn spend(tx: &mut WriteTx, hash: &str, provider: &str, now: Timestamp) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE nonces SET spent_at = $3 WHERE hash = $1 AND provider = $2 AND spent_at IS NULL AND expires_at > $3",
    )
    .bind(hash)
    .bind(provider)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Removes nonces that are over, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM nonces WHERE hash IN (SELECT hash FROM nonces WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
