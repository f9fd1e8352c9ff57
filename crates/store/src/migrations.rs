//! The schema, as the files of `migrations/` grow it, and who has which of them.
//!
//! One text serves both engines. A file that has been applied never changes; its checksum is compared. A database that
//! is ahead of this binary is fine: the release before keeps running beside the next.

use crate::connection::Lease;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;
use crate::{Engine, Error, ReadTx, Result};
use sqlx::migrate::{Migrate, MigrateError, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr, SqlStr};
use std::borrow::Cow;
use std::collections::HashMap;

/// A step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Counts from 1.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
}

impl Migration {
    /// Every step that this release knows, the first one first.
    pub fn all() -> Vec<Self> {
        all()
    }
}

/// Where the engine keeps what has been applied.
const TABLE: &str = "_sqlx_migrations";

macro_rules! step {
    ($version:literal, $name:literal, $file:literal) => {
        (
            Migration {
                version: $version,
                name: $name,
            },
            include_str!($file),
        )
    };
}

const ALL: &[(Migration, &str)] = &[
    step!(1, "core", "../../../migrations/0001_core.sql"),
    step!(
        2,
        "wrong_guesses",
        "../../../migrations/0002_wrong_guesses.sql"
    ),
    step!(3, "links", "../../../migrations/0003_links.sql"),
    step!(4, "identities", "../../../migrations/0004_identities.sql"),
    step!(5, "imports", "../../../migrations/0005_imports.sql"),
    step!(6, "replicas", "../../../migrations/0006_replicas.sql"),
    step!(
        7,
        "certificates",
        "../../../migrations/0007_certificates.sql"
    ),
];

/// The steps that the database behind `tx` lacks.
///
/// # Errors
/// [`Error::Driver`] when an applied step is not the one of this binary.
pub(crate) async fn pending(tx: &mut ReadTx, engine: Engine) -> Result<Vec<Migration>> {
    let is_there: bool = match tx.lease() {
        Lease::Sqlite(lease) => {
            sqlx::query_scalar(
                "SELECT COUNT(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1",
            )
            .bind(TABLE)
            .fetch_one(&mut **lease)
            .await?
        }
        Lease::Postgres(lease) => {
            sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
                .bind(TABLE)
                .fetch_one(&mut **lease)
                .await?
        }
    };
    if !is_there {
        return Ok(all());
    }
    let applied: Vec<(i64, Vec<u8>)> = on!(tx, c =>
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(c)
            .await)?;
    let applied: HashMap<_, _> = applied.into_iter().collect();
    let mut missing = Vec::new();
    for ((step, _), known) in ALL.iter().zip(migrator(engine).iter()) {
        match applied.get(&step.version) {
            None => missing.push(*step),
            Some(checksum) if *checksum == *known.checksum => {}
            Some(_) => return Err(Error::driver(MigrateError::VersionMismatch(step.version))),
        }
    }
    Ok(missing)
}

/// Applies what is missing, all of it in one transaction that no other process can write beside.
pub(crate) async fn run_on_sqlite(store: &SqliteStore) -> Result<Vec<Migration>> {
    let mut lease = store.write().await?;
    let done = apply(&mut *lease, Engine::Sqlite).await?;
    lease.commit().await?;
    Ok(done)
}

/// Applies what is missing under an advisory lock, on a connection that is closed afterwards: replicas that start
/// together migrate once, and a run that fails takes its lock along.
pub(crate) async fn run_on_postgres(store: &PostgresStore) -> Result<Vec<Migration>> {
    let mut connection = store.connect_alone().await?;
    connection.lock().await?;
    let done = apply(&mut connection, Engine::Postgres).await;
    connection.close().await?;
    Ok(done?)
}

async fn apply<C: Migrate>(
    connection: &mut C,
    engine: Engine,
) -> std::result::Result<Vec<Migration>, MigrateError> {
    connection.ensure_migrations_table(TABLE).await?;
    let applied: Vec<i64> = connection
        .list_applied_migrations(TABLE)
        .await?
        .into_iter()
        .map(|step| step.version)
        .collect();
    migrator(engine).run_direct(None, connection, false).await?;
    let mut done = all();
    done.retain(|step| !applied.contains(&step.version));
    Ok(done)
}

/// The version of the last step that this release knows.
pub(crate) fn newest() -> i64 {
    ALL.last().map_or(0, |(step, _)| step.version)
}

fn all() -> Vec<Migration> {
    ALL.iter().map(|(step, _)| *step).collect()
}

fn migrator(engine: Engine) -> Migrator {
    let steps = ALL.iter().map(|(step, text)| {
        sqlx::migrate::Migration::new(
            step.version,
            Cow::Borrowed(step.name),
            MigrationType::Simple,
            in_words_of(engine, text),
            // On SQLite the whole run is in a transaction already, which the library does not know of.
            engine == Engine::Sqlite,
        )
    });
    let mut migrator = Migrator::with_migrations(steps.collect());
    migrator.set_ignore_missing(true);
    // The callers hold a lock of their own around the whole run.
    migrator.set_locking(false);
    migrator
}

/// SQLite calls PostgreSQL's `BYTEA` a `BLOB`.
fn in_words_of(engine: Engine, text: &'static str) -> SqlStr {
    #[expect(
        clippy::disallowed_types,
        reason = "the text is one of our files with one word exchanged"
    )]
    use sqlx::AssertSqlSafe;
    match engine {
        Engine::Postgres => text.into_sql_str(),
        Engine::Sqlite => AssertSqlSafe(text.replace("BYTEA", "BLOB")).into_sql_str(),
    }
}
