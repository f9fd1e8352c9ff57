//! Wrong passwords in a row, counted before the password is hashed.
//!
//! Clients from networks that have signed in before count apart from strangers, so that a stranger never stops the owner.

use crate::{ReadTx, Result, WriteTx};
use doorward_domain::Timestamp;

const TABLE: &str = "password_tries";

/// Who is trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrySource {
    /// Somebody from a network that has signed in to the account before.
    Known,
    /// Anybody else.
    Stranger,
}

/// Whether a try may go on to the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It may, and counts as wrong until [`reset`] says otherwise.
    Allowed {
        /// Tries in a row, this one included.
        failures: i64,
    },
    /// It may not.
    Blocked {
        /// Until then.
        until: Timestamp,
    },
}

impl TrySource {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Stranger => "stranger",
        }
    }
}

/// Counts a try. The tenth in a row is followed by a wait of 30 s, each one after it by twice that, up to an hour.
pub async fn count(
    tx: &mut WriteTx,
    subject: &str,
    source: TrySource,
    now: Timestamp,
) -> Result<Counted> {
    let failures: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "INSERT INTO password_tries (subject, source, failures, blocked_until, updated_at) VALUES ($1, $2, 1, 0, $3) \
         ON CONFLICT (subject, source) DO UPDATE SET failures = password_tries.failures + 1, \
         blocked_until = CASE WHEN password_tries.failures < 9 THEN CAST(0 AS BIGINT) \
         ELSE excluded.updated_at + CASE password_tries.failures WHEN 9 THEN 30000 WHEN 10 THEN 60000 \
         WHEN 11 THEN 120000 WHEN 12 THEN 240000 WHEN 13 THEN 480000 WHEN 14 THEN 960000 WHEN 15 THEN 1920000 \
         ELSE 3600000 END END, updated_at = excluded.updated_at \
         WHERE password_tries.blocked_until <= excluded.updated_at RETURNING failures",
    )
    .bind(subject)
    .bind(source.as_str())
    .bind(now)
    .fetch_optional(c)
    .await)?;
    if let Some(failures) = failures {
        return Ok(Counted::Allowed { failures });
    }
    let until = blocked_until(tx, subject, source).await?.unwrap_or(now);
    Ok(Counted::Blocked { until })
}

/// Until when tries are refused; in the past when they are not.
pub async fn blocked_until(
    tx: &mut ReadTx,
    subject: &str,
    source: TrySource,
) -> Result<Option<Timestamp>> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT blocked_until FROM password_tries WHERE subject = $1 AND source = $2",
    )
    .bind(subject)
    .bind(source.as_str())
    .fetch_optional(c)
    .await)
}

/// Starts the count of one source over, after a right password.
pub async fn reset(tx: &mut WriteTx, subject: &str, source: TrySource) -> Result<()> {
    on!(tx, c => sqlx::query("DELETE FROM password_tries WHERE subject = $1 AND source = $2")
        .bind(subject)
        .bind(source.as_str())
        .execute(c)
        .await
        .map(drop))
}

/// Removes counts that nobody has added to since `before`, so many at a time.
pub async fn purge(tx: &mut WriteTx, before: Timestamp, limit: u32) -> Result<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM password_tries WHERE (subject, source) IN \
         (SELECT subject, source FROM password_tries WHERE updated_at < $1 AND blocked_until < $1 \
         ORDER BY updated_at LIMIT $2)",
    )
    .bind(before)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
