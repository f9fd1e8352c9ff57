//! The queue: work that is committed with what caused it, and done after.
//!
//! Invariant: while its holder lives, a job is held by one worker. Every statement that ends a hold names the holder.

use crate::connection::Lease;
use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{JobId, Timestamp};

const TABLE: &str = "jobs";

/// What a new job starts with.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Names it, and what it brings about.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// What to do, sealed.
    pub payload: Vec<u8>,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Job {
    /// Names it.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// What to do, sealed.
    pub payload: Vec<u8>,
    /// How often it has been claimed, this time included.
    pub attempts: i64,
    /// When it was due.
    pub run_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// How the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct QueueStats {
    /// Due and held by nobody.
    pub ready: i64,
    /// Held by a worker.
    pub held: i64,
    /// Given up.
    pub dead: i64,
    /// Since when the first of the ready has been due.
    pub oldest_ready_at: Option<Timestamp>,
}

/// How the queue stands with one kind of work.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KindStats {
    /// The kind.
    pub kind: String,
    /// Due and held by nobody.
    pub ready: i64,
    /// Held by a worker.
    pub held: i64,
    /// Not due yet: meant for later, or failed and to be tried again.
    pub delayed: i64,
    /// Given up.
    pub dead: i64,
    /// When the oldest of those was asked for that should be done by now, however often it was tried since.
    pub waiting_since: Option<Timestamp>,
}

/// Adds a job.
pub async fn enqueue(tx: &mut WriteTx, job: &NewJob) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO jobs (id, kind, payload, attempts, run_at, created_at) VALUES ($1, $2, $3, 0, $4, $5)",
    )
    .bind(job.id)
    .bind(&job.kind)
    .bind(&job.payload)
    .bind(job.run_at)
    .bind(job.created_at)
    .execute(c)
    .await
    .map(drop))
}

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE dead_at IS NULL AND holder IS NULL AND run_at <= $2 \
             ORDER BY run_at, id LIMIT $3",
            $lock,
            ") UPDATE jobs SET holder = $1, attempts = attempts + 1 FROM due \
             WHERE jobs.id = due.id AND jobs.dead_at IS NULL AND jobs.holder IS NULL AND jobs.run_at <= $2 \
             RETURNING jobs.id, jobs.kind, jobs.payload, jobs.attempts, jobs.run_at, jobs.created_at, jobs.dead_at, \
             jobs.last_error",
        )
    };
}

/// Takes up to `limit` due jobs for `holder`. PostgreSQL passes over rows that another claimer has just locked; without that,
/// all would wait for the same first rows and come away empty. SQLite has one writer and no such words.
pub async fn claim(tx: &mut WriteTx, holder: &str, now: Timestamp, limit: u32) -> Result<Vec<Job>> {
    let limit = i64::from(limit);
    let claimed = match tx.lease() {
        Lease::Sqlite(lease) => {
            sqlx::query_as(claim!(""))
                .bind(holder)
                .bind(now)
                .bind(limit)
                .fetch_all(&mut **lease)
                .await
        }
        Lease::Postgres(lease) => {
            sqlx::query_as(claim!(" FOR UPDATE SKIP LOCKED"))
                .bind(holder)
                .bind(now)
                .bind(limit)
                .fetch_all(&mut **lease)
                .await
        }
    };
    tx.settle(TABLE, claimed)
}

/// Removes a job that is done; `false` when `holder` no longer holds it.
pub async fn done(tx: &mut WriteTx, id: JobId, holder: &str) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query("DELETE FROM jobs WHERE id = $1 AND holder = $2")
        .bind(id)
        .bind(holder)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Gives a job back for a later attempt; `false` when `holder` no longer holds it.
pub async fn retry(
    tx: &mut WriteTx,
    id: JobId,
    holder: &str,
    run_at: Timestamp,
    error: &str,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE jobs SET holder = NULL, run_at = $3, last_error = $4 WHERE id = $1 AND holder = $2",
    )
    .bind(id)
    .bind(holder)
    .bind(run_at)
    .bind(error)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Gives a job up for good, and keeps it to be looked at; `false` when `holder` no longer holds it.
pub async fn bury(
    tx: &mut WriteTx,
    id: JobId,
    holder: &str,
    now: Timestamp,
    error: &str,
) -> Result<bool> {
    let rows = on!(tx, c => sqlx::query(
        "UPDATE jobs SET holder = NULL, dead_at = $3, last_error = $4 WHERE id = $1 AND holder = $2",
    )
    .bind(id)
    .bind(holder)
    .bind(now)
    .bind(error)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Gives back everything that `holder` holds, when it stops or has died.
pub async fn release(tx: &mut WriteTx, holder: &str) -> Result<u64> {
    on!(tx, c => sqlx::query("UPDATE jobs SET holder = NULL WHERE holder = $1")
        .bind(holder)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// Every holder of a job, for those who look for dead ones.
pub async fn holders(tx: &mut ReadTx) -> Result<Vec<String>> {
    on!(tx, c => sqlx::query_scalar("SELECT DISTINCT holder FROM jobs WHERE holder IS NOT NULL ORDER BY holder")
        .fetch_all(c)
        .await)
}

/// How the queue stands.
pub async fn stats(tx: &mut ReadTx, now: Timestamp) -> Result<QueueStats> {
    on!(tx, c => sqlx::query_as(
        "SELECT COUNT(CASE WHEN dead_at IS NULL AND holder IS NULL AND run_at <= $1 THEN 1 END) AS ready, \
         COUNT(holder) AS held, COUNT(dead_at) AS dead, \
         MIN(CASE WHEN dead_at IS NULL AND holder IS NULL AND run_at <= $1 THEN run_at END) AS oldest_ready_at FROM jobs",
    )
    .bind(now)
    .fetch_one(c)
    .await)
}

/// How the queue stands, kind by kind; a kind of which there is nothing is left out.
pub async fn stats_by_kind(tx: &mut ReadTx, now: Timestamp) -> Result<Vec<KindStats>> {
    on!(tx, c => sqlx::query_as(
        "SELECT kind, COUNT(CASE WHEN dead_at IS NULL AND holder IS NULL AND run_at <= $1 THEN 1 END) AS ready, \
         COUNT(holder) AS held, \
         COUNT(CASE WHEN dead_at IS NULL AND holder IS NULL AND run_at > $1 THEN 1 END) AS delayed, \
         COUNT(dead_at) AS dead, \
         MIN(CASE WHEN dead_at IS NULL AND (attempts > 0 OR run_at <= $1) THEN created_at END) AS waiting_since \
         FROM jobs GROUP BY kind ORDER BY kind",
    )
    .bind(now)
    .fetch_all(c)
    .await)
}

/// When the next job that nobody holds is due.
pub async fn next_due(tx: &mut ReadTx) -> Result<Option<Timestamp>> {
    on!(tx, c => sqlx::query_scalar("SELECT MIN(run_at) FROM jobs WHERE dead_at IS NULL AND holder IS NULL")
        .fetch_one(c)
        .await)
}

/// Jobs that were given up, the latest first.
pub async fn dead(tx: &mut ReadTx, limit: u32) -> Result<Vec<Job>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, kind, payload, attempts, run_at, created_at, dead_at, last_error FROM jobs \
         WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(c)
    .await)
}

/// Removes jobs that were given up before `before`, so many at a time.
pub async fn purge_dead(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE dead_at < $1 ORDER BY dead_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
