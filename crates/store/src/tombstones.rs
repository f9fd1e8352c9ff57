//! Identifiers of deleted accounts, as keyed hashes: enough to say that there was one, and not who.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::Timestamp;

const TABLE: &str = "tombstones";

/// Notes that an identifier belonged to an account which is gone.
pub async fn insert(tx: &mut WriteTx, hash: &str, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO tombstones (hash, created_at) VALUES ($1, $2) \
         ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at",
    )
    .bind(hash)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Whether it did.
pub async fn exists(tx: &mut ReadTx, hash: &str) -> Result<bool> {
    let count: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM tombstones WHERE hash = $1")
        .bind(hash)
        .fetch_one(c)
        .await)?;
    Ok(count > 0)
}

/// Forgets those from before `before`, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM tombstones WHERE hash IN \
         (SELECT hash FROM tombstones WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
