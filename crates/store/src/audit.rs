//! The audit: every change and every counted failure, in the transaction that made it.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Family, SessionId, Timestamp, UserId};

const TABLE: &str = "audit";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    /// Names it.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: String,
    /// How it ended.
    pub outcome: String,
    /// To whom.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Through which surface.
    pub family: Family,
    /// From where.
    pub address: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What else there is to know; never a secret, a code or an identifier.
    pub detail: Option<String>,
}

/// Adds an event.
pub async fn insert(tx: &mut WriteTx, event: &Event) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO audit (id, at, event, outcome, user_id, session_id, family, address, request_id, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&event.id)
    .bind(event.at)
    .bind(&event.event)
    .bind(&event.outcome)
    .bind(event.user_id)
    .bind(event.session_id)
    .bind(event.family)
    .bind(event.address.as_deref())
    .bind(event.request_id.as_deref())
    .bind(event.detail.as_deref())
    .execute(c)
    .await
    .map(drop))
}

/// The latest events, of one user or of all.
pub async fn list(tx: &mut ReadTx, user: Option<UserId>, limit: u32) -> Result<Vec<Event>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, at, event, outcome, user_id, session_id, family, address, request_id, detail FROM audit \
         WHERE CAST($1 AS TEXT) IS NULL OR user_id = $1 ORDER BY at DESC, id DESC LIMIT $2",
    )
    .bind(user)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await)
}

/// Removes events from before `before`, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
