//! What has changed that others may remember: noted in the transaction that changes it, told when it has committed.
//!
//! Who keeps what it has read needs to hear of each change, and to know up to which moment it has heard of all of them.
//! [`Watch::look`] gives both: whatever had committed before the look began was told by it, or by one before it.
//!
//! - On PostgreSQL each transaction leaves a row for each thing that it changed, with its own number. A look reads the
//!   rows of all transactions that were not over when it last looked: those of before it has seen, however the numbers
//!   were given out and in whatever order they committed. It costs one small statement on a connection of its own.
//! - On SQLite the one process that serves hears of its own commits at once, and `PRAGMA data_version` on the connection
//!   that makes them says whether another process has committed: what it did is not known, so anything may have changed.
//!
//! In the process that commits, listeners are told at once, before whoever waits for the commit.

use crate::connection::Lease;
use crate::sqlite::SqliteStore;
use crate::store::{Backend, Store};
use crate::{ReadTx, Result, WriteTx, meta};
use doorward_domain::UserId;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

const TABLE: &str = "changes";

/// Where it is kept up to which transaction rows have gone.
const PURGED: &str = "changes_purged";

/// Something that others may remember as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// A user, or one of the user's sessions.
    User(UserId),
    /// A signing key.
    Keys,
    /// More than can be named.
    Everything,
}

const KEYS: &str = "keys";
const EVERYTHING: &str = "everything";

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Keys => f.write_str(KEYS),
            Self::Everything => f.write_str(EVERYTHING),
        }
    }
}

impl FromStr for Changed {
    type Err = std::convert::Infallible;

    /// Of what another release means by its words nothing is known, so that it may be everything.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text {
            KEYS => Self::Keys,
            text => text.parse().map_or(Self::Everything, Self::User),
        })
    }
}

/// Is told of each commit of this process that changed something.
pub type Listener = Arc<dyn Fn(&BTreeSet<Changed>) + Send + Sync>;

/// Those who are told.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<RwLock<Vec<Listener>>>);

impl Listeners {
    pub(crate) fn add(&self, listener: Listener) {
        let mut listeners = self.0.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
    }

    pub(crate) fn tell(&self, changes: &BTreeSet<Changed>) {
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(changes);
        }
    }
}

/// Leaves the rows by which other processes learn what this transaction changes; its last statement.
pub(crate) async fn record(tx: &mut WriteTx, changes: &BTreeSet<Changed>) -> Result<()> {
    let Lease::Postgres(lease) = tx.lease() else {
        return Ok(());
    };
    let subjects: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let outcome = sqlx::query(
        "INSERT INTO changes (transaction_id, subject) \
         SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), subject FROM unnest($1) AS subject",
    )
    .bind(subjects)
    .execute(&mut **lease)
    .await
    .map(drop);
    tx.settle(TABLE, outcome)
}

/// The oldest transaction that is not over: the rows of those before it have been seen by whoever looks now. `None`
/// where there are no rows.
pub async fn horizon(tx: &mut ReadTx) -> Result<Option<i64>> {
    let Lease::Postgres(lease) = tx.lease() else {
        return Ok(None);
    };
    let outcome = sqlx::query_scalar(
        "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
    )
    .fetch_one(&mut **lease)
    .await;
    tx.settle(TABLE, outcome).map(Some)
}

/// Removes the rows of transactions from before a horizon, so many at a time. Whoever has not looked since then is told that
/// anything may have changed.
pub async fn purge(tx: &mut WriteTx, horizon: i64, limit: u32) -> Result<u64> {
    meta::set(tx, PURGED, &horizon.to_string()).await?;
    on!(tx, c => sqlx::query(
        "DELETE FROM changes WHERE transaction_id IN \
         (SELECT transaction_id FROM changes WHERE transaction_id < $1 ORDER BY transaction_id LIMIT $2)",
    )
    .bind(horizon)
    .bind(i64::from(limit))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Sees what other processes change, and on PostgreSQL what this one changes too.
///
/// It has seen nothing of before it began. After an error it has lost its place, and another is to be begun.
pub struct Watch(Place);

enum Place {
    Sqlite { store: Store, seen: Version },
    Postgres { line: Box<PgConnection>, seen: i64 },
}

/// How often others have committed, as one connection counts it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Which connection: another one counts from elsewhere.
    pub(crate) connection: u64,
    /// What it counted.
    pub(crate) commits: i64,
}

impl Watch {
    pub(crate) async fn begin(store: &Store) -> Result<Self> {
        Ok(Self(match store.backend() {
            Backend::Sqlite(file) => Place::Sqlite {
                seen: file.version().await?,
                store: store.clone(),
            },
            Backend::Postgres(server) => {
                let mut line = Box::new(server.connect_alone().await?);
                let (seen, _) = look(&mut line, i64::MAX).await?;
                Place::Postgres { line, seen }
            }
        }))
    }

    /// What has changed since the last look. May name a change twice.
    ///
    /// # Errors
    /// As of any statement; the watch is of no use then.
    pub async fn look(&mut self) -> Result<BTreeSet<Changed>> {
        match &mut self.0 {
            Place::Sqlite { store, seen } => match store.backend() {
                Backend::Sqlite(file) => look_at_file(file, seen).await,
                Backend::Postgres(_) => Ok(BTreeSet::new()),
            },
            Place::Postgres { line, seen } => {
                let (horizon, changes) = look(line, *seen).await?;
                *seen = horizon;
                Ok(changes)
            }
        }
    }
}

async fn look_at_file(file: &SqliteStore, seen: &mut Version) -> Result<BTreeSet<Changed>> {
    let version = file.version().await?;
    let changed = version != *seen;
    *seen = version;
    Ok(changed.then_some(Changed::Everything).into_iter().collect())
}

/// The horizon now, and what the transactions have changed that were not over at the horizon `seen`: both as of one
/// snapshot.
async fn look(line: &mut PgConnection, seen: i64) -> Result<(i64, BTreeSet<Changed>)> {
    let rows: Vec<(i64, Option<i64>, Option<String>)> = sqlx::query_as(
        "SELECT now.horizon, now.purged, changes.subject \
         FROM (SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS horizon, \
         (SELECT CAST(value AS BIGINT) FROM meta WHERE name = $2) AS purged) AS now \
         LEFT JOIN changes ON changes.transaction_id >= $1",
    )
    .bind(seen)
    .bind(PURGED)
    .fetch_all(line)
    .await?;
    let (horizon, purged) = rows
        .first()
        .map_or((seen, None), |(horizon, purged, _)| (*horizon, *purged));
    let overslept = purged.is_some_and(|purged| purged > seen);
    let subjects = rows.into_iter().filter_map(|(_, _, subject)| subject);
    let changes = subjects.map(|subject| match subject.parse() {
        Ok(change) => change,
        Err(never) => match never {},
    });
    let unknown = overslept.then_some(Changed::Everything);
    Ok((horizon, changes.chain(unknown).collect()))
}
