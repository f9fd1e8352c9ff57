//! Copies of an SQLite file, and what an old copy would revive.
//!
//! A copy is one state of the database, made while others read and write. Whoever puts one in a database's place first
//! looks at it here, then voids in it whatever may have been spent or revoked since it was made.

use crate::changes::Changed;
use crate::connection::Lease;
use crate::{DatabaseUrl, Error, ReadTx, Result, WriteTx, migrations};
use doorward_domain::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// How many faults of a file are told.
const MOST_FAULTS: usize = 5;

/// How long others have to end what they are at before they count as being there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What cannot be copied this way.
#[derive(Debug, thiserror::Error)]
enum Uncopied {
    #[error("only SQLite databases are copied into a file")]
    Server,
    #[error("a path that is no UTF-8 cannot be written to")]
    Path,
}

/// How many bytes the database takes up at the moment.
pub async fn size(tx: &mut ReadTx) -> Result<u64> {
    const TABLE: &str = "none";
    let bytes: sqlx::Result<i64> = match tx.lease() {
        Lease::Sqlite(lease) => {
            sqlx::query_scalar(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            )
            .fetch_one(&mut **lease)
            .await
        }
        Lease::Postgres(lease) => {
            sqlx::query_scalar("SELECT pg_database_size(current_database())")
                .fetch_one(&mut **lease)
                .await
        }
    };
    Ok(tx.settle(TABLE, bytes)?.unsigned_abs())
}

/// Writes one state of the database into `file`, which is empty or not there; others read and write meanwhile. What is
/// written may still be in the machine's memory alone.
///
/// # Errors
/// [`Error::Driver`] on PostgreSQL, whose own tools do it.
pub async fn copy(tx: &mut ReadTx, file: &Path) -> Result<()> {
    const TABLE: &str = "none";
    let path = file.to_str().ok_or_else(|| Error::driver(Uncopied::Path))?;
    let copied = match tx.lease() {
        Lease::Sqlite(lease) => {
            sqlx::query("VACUUM INTO $1")
                .bind(path)
                .execute(&mut **lease)
                .await
        }
        Lease::Postgres(_) => return Err(Error::driver(Uncopied::Server)),
    };
    tx.settle(TABLE, copied).map(drop)
}

/// What is wrong with the pages, indexes and references of an SQLite file; nothing when it is sound. Reads all of it.
///
/// # Errors
/// [`Error::Driver`] when it is broken beyond looking into it.
pub async fn faults(tx: &mut ReadTx) -> Result<Vec<String>> {
    const TABLE: &str = "none";
    let Lease::Sqlite(lease) = tx.lease() else {
        return Ok(Vec::new());
    };
    let told: sqlx::Result<Vec<String>> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut **lease)
        .await;
    let mut faults = tx.settle(TABLE, told)?;
    faults.retain(|fault| fault != "ok");
    faults.truncate(MOST_FAULTS);
    Ok(faults)
}

/// Whether an SQLite file was made by Doorward, of whatever release.
pub async fn is_ours(tx: &mut ReadTx) -> Result<bool> {
    const TABLE: &str = "sqlite_master";
    let Lease::Sqlite(lease) = tx.lease() else {
        return Ok(true);
    };
    let tables: sqlx::Result<i64> = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' \
         AND name IN ('_sqlx_migrations', 'users', 'signing_keys', 'meta')",
    )
    .fetch_one(&mut **lease)
    .await;
    Ok(tx.settle(TABLE, tables)? == 4)
}

/// The newest step of the schema that the database has and this release does not know.
pub async fn newer(tx: &mut ReadTx) -> Result<Option<i64>> {
    const TABLE: &str = "_sqlx_migrations";
    on!(tx, c => sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE version > $1")
        .bind(migrations::newest())
        .fetch_one(c)
        .await)
}

/// Whether no other process has the database open: no server, worker or command. An SQLite file is whole by itself
/// afterwards, since what stood in its journal has moved into it.
///
/// # Errors
/// [`Error::Driver`] when the file is none of SQLite, or broken.
pub async fn is_alone(url: &DatabaseUrl) -> Result<bool> {
    match url {
        DatabaseUrl::Sqlite(path) => match leave_wal(path).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_unavailable() => Ok(false),
            Err(error) => Err(error),
        },
        DatabaseUrl::Postgres(url) => Ok(others(url).await? == 0),
    }
}

/// SQLite gives the journal up for nobody but the only one who has the file open.
async fn leave_wal(path: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE);
    let mut connection: SqliteConnection = options.connect().await?;
    let mode: sqlx::Result<String> = sqlx::query_scalar("PRAGMA journal_mode = DELETE")
        .fetch_one(&mut connection)
        .await;
    connection.close().await?;
    if mode? == "delete" {
        Ok(())
    } else {
        Err(Error::unavailable(sqlx::Error::PoolTimedOut))
    }
}

/// How many connections of Doorward's there are to the database. Each bears that name.
async fn others(url: &str) -> Result<i64> {
    let options = url
        .parse::<PgConnectOptions>()?
        .application_name("doorward restore");
    let mut connection = PgConnection::connect_with(&options).await?;
    let count: sqlx::Result<i64> = sqlx::query_scalar(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'doorward'",
    )
    .fetch_one(&mut connection)
    .await;
    connection.close().await?;
    Ok(count?)
}

/// What was voided in an old copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voided {
    /// Accounts whose epoch moved on: all.
    pub users: u64,
    /// Sessions that had not ended.
    pub sessions: u64,
    /// Codes that were not spent.
    pub codes: u64,
    /// Links that were not spent.
    pub links: u64,
    /// Nonces that were not spent.
    pub nonces: u64,
}

/// Ends every session, spends every code, link and nonce, and moves the epoch of every account on by `leap`, to a number
/// that none of them can have had since the copy was made.
pub async fn void(tx: &mut WriteTx, leap: i64, now: Timestamp) -> Result<Voided> {
    macro_rules! spend {
        ($table:literal, $statement:literal, $value:expr) => {{
            const TABLE: &str = $table;
            on!(tx, c => sqlx::query($statement)
                .bind($value)
                .execute(c)
                .await
                .map(|done| done.rows_affected()))?
        }};
    }
    tx.note(Changed::Everything);
    Ok(Voided {
        users: spend!("users", "UPDATE users SET epoch = epoch + $1", leap),
        sessions: spend!(
            "sessions",
            "UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL",
            now
        ),
        codes: spend!(
            "codes",
            "UPDATE codes SET spent_at = $1 WHERE spent_at IS NULL",
            now
        ),
        links: spend!(
            "links",
            "UPDATE links SET spent_at = $1 WHERE spent_at IS NULL",
            now
        ),
        nonces: spend!(
            "nonces",
            "UPDATE nonces SET spent_at = $1 WHERE spent_at IS NULL",
            now
        ),
    })
}

/// Removes the jobs of a kind that are waiting or held: in an old copy they are done since.
pub async fn forget_jobs(tx: &mut WriteTx, kind: &str) -> Result<u64> {
    const TABLE: &str = "jobs";
    on!(tx, c => sqlx::query("DELETE FROM jobs WHERE kind = $1 AND dead_at IS NULL")
        .bind(kind)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}
