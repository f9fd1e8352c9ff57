//! Wrong guesses of an identifier's codes, over all purposes, kept by the hour.
//!
//! A fresh code starts with fresh counters; this count does not start afresh with it.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::{Span, Timestamp};

const TABLE: &str = "wrong_guesses";

/// Counts one more.
pub async fn count(tx: &mut WriteTx, subject: &str, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO wrong_guesses (subject, hour, failures) VALUES ($1, $2, 1) \
         ON CONFLICT (subject, hour) DO UPDATE SET failures = wrong_guesses.failures + 1",
    )
    .bind(subject)
    .bind(hour(now))
    .execute(c)
    .await
    .map(drop))
}

/// How many there were since `since`, to the hour.
pub async fn since(tx: &mut ReadTx, subject: &str, since: Timestamp) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) FROM wrong_guesses WHERE subject = $1 AND hour >= $2",
    )
    .bind(subject)
    .bind(hour(since))
    .fetch_one(c)
    .await)
}

/// Forgets those from before `before`, so many rows at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM wrong_guesses WHERE (subject, hour) IN \
         (SELECT subject, hour FROM wrong_guesses WHERE hour < $1 ORDER BY hour LIMIT $2)",
    )
    .bind(hour(before))
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

const fn hour(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(Span::hours(1).as_millis())
}
