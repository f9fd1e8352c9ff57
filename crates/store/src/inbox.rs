//! Messages of the development inbox, sealed.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{JobId, Timestamp};

const TABLE: &str = "inbox";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct InboxRow {
    /// The job that sent it.
    pub id: JobId,
    /// When it was sent.
    pub created_at: Timestamp,
    /// The message.
    pub sealed: Vec<u8>,
}

/// Adds a message. A job that runs twice adds one.
pub async fn insert(
    tx: &mut WriteTx,
    id: JobId,
    created_at: Timestamp,
    sealed: &[u8],
) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO inbox (id, created_at, sealed) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(created_at)
    .bind(sealed)
    .execute(c)
    .await
    .map(drop))
}

/// The latest messages first.
pub async fn list(tx: &mut ReadTx, limit: u32) -> Result<Vec<InboxRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, created_at, sealed FROM inbox ORDER BY created_at DESC, id DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(c)
    .await)
}

/// Removes every message.
pub async fn clear(tx: &mut WriteTx) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM inbox")
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Removes all but the latest `keep`.
pub async fn trim(tx: &mut WriteTx, keep: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM inbox WHERE id NOT IN (SELECT id FROM inbox ORDER BY created_at DESC, id DESC LIMIT $1)",
    )
    .bind(i64::from(keep))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
