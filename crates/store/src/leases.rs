//! Leases: who does a duty that one process does for all of them.
//!
//! A lease is a number that its holder moves on. Nobody compares clocks: others take over when the number has stood
//! still for a while of their own, and the statement by which they do names the number that they saw stand.

use crate::{ReadTx, Result, WriteTx};

const TABLE: &str = "leases";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Lease {
    /// What is to be done.
    pub duty: String,
    /// The process that does it.
    pub holder: String,
    /// Moves on while that process lives.
    pub beat: i64,
}

/// All leases that somebody holds or held when it died.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Lease>> {
    on!(tx, c => sqlx::query_as("SELECT duty, holder, beat FROM leases ORDER BY duty")
        .fetch_all(c)
        .await)
}

/// Takes a duty that nobody has; `false` when somebody does.
pub async fn take(tx: &mut WriteTx, duty: &str, holder: &str) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "INSERT INTO leases (duty, holder, beat) VALUES ($1, $2, 1) ON CONFLICT (duty) DO NOTHING",
    )
    .bind(duty)
    .bind(holder)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Takes a duty from a holder whose number stood still; `false` when it has moved since, or another was faster.
pub async fn take_over(tx: &mut WriteTx, stood: &Lease, holder: &str) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE leases SET holder = $4, beat = beat + 1 WHERE duty = $1 AND holder = $2 AND beat = $3",
    )
    .bind(&stood.duty)
    .bind(&stood.holder)
    .bind(stood.beat)
    .bind(holder)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Moves the numbers of a holder on and says of which duties: what is not among them has gone to another.
pub async fn beat(tx: &mut WriteTx, holder: &str) -> Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar("UPDATE leases SET beat = beat + 1 WHERE holder = $1 RETURNING duty")
        .bind(holder)
        .fetch_all(c)
        .await)
}

/// Gives back what a holder has; says how many duties.
pub async fn release(tx: &mut WriteTx, holder: &str) -> Result<u64> {
    on!(tx, c => sqlx::query("DELETE FROM leases WHERE holder = $1")
        .bind(holder)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}
