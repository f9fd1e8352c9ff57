//! Workers and their heartbeats: a number that its owner moves on.
//!
//! Nobody compares clocks: others hold a worker for dead when its number stood still for a while of their own.

use crate::{ReadTx, Result, WriteTx, jobs};
use doorward_domain::Timestamp;

const TABLE: &str = "workers";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Worker {
    /// The holder of its jobs.
    pub id: String,
    /// Moves on while it lives.
    pub beat: i64,
}

/// Moves the number of a worker on and returns it; the first one makes its row.
pub async fn beat(tx: &mut WriteTx, id: &str, now: Timestamp) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar(
        "INSERT INTO workers (id, beat, started_at) VALUES ($1, 1, $2) \
         ON CONFLICT (id) DO UPDATE SET beat = workers.beat + 1 RETURNING beat",
    )
    .bind(id)
    .bind(now)
    .fetch_one(c)
    .await)
}

/// All workers that have not been removed.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Worker>> {
    on!(tx, c => sqlx::query_as("SELECT id, beat FROM workers ORDER BY id")
        .fetch_all(c)
        .await)
}

/// Removes a worker that has stopped or died and gives back its jobs; says how many.
pub async fn remove(tx: &mut WriteTx, id: &str) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM workers WHERE id = $1")
        .bind(id)
        .execute(c)
        .await
        .map(drop))?;
    jobs::release(tx, id).await
}
