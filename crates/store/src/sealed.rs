//! Sealed values of every row of a table, for whoever seals them anew.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::JobId;

/// Tables whose rows are named by a job and hold something sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// What is to be done.
    Jobs,
    /// Messages of the development inbox.
    Inbox,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SealedRow {
    /// Names it.
    pub id: JobId,
    /// What it holds.
    pub sealed: Vec<u8>,
}

/// The rows that follow `after` in the order of their names, so many at a time.
pub async fn list(
    tx: &mut ReadTx,
    shelf: Shelf,
    after: Option<JobId>,
    limit: u32,
) -> Result<Vec<SealedRow>> {
    const TABLE: &str = "jobs";
    let statement = match shelf {
        Shelf::Jobs => {
            "SELECT id, payload AS sealed FROM jobs WHERE CAST($1 AS TEXT) IS NULL OR id > $1 ORDER BY id LIMIT $2"
        }
        Shelf::Inbox => {
            "SELECT id, sealed FROM inbox WHERE CAST($1 AS TEXT) IS NULL OR id > $1 ORDER BY id LIMIT $2"
        }
    };
    on!(tx, c => sqlx::query_as(statement)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)
}

/// Puts what a row holds under another seal; `false` when the row has gone.
pub async fn reseal(tx: &mut WriteTx, shelf: Shelf, row: &SealedRow) -> Result<bool> {
    const TABLE: &str = "jobs";
    let statement = match shelf {
        Shelf::Jobs => "UPDATE jobs SET payload = $2 WHERE id = $1",
        Shelf::Inbox => "UPDATE inbox SET sealed = $2 WHERE id = $1",
    };
    let rows = on!(tx, c => sqlx::query(statement)
        .bind(row.id)
        .bind(&row.sealed)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
