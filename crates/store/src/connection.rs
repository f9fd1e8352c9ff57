//! A connection as the table modules see it: one type for both engines, two for reading and writing.
//!
//! Invariant: a [`WriteTx`] commits all of its statements or none. Once one of them failed it can no longer commit, on
//! either engine: PostgreSQL would turn such a `COMMIT` into a rollback and report success.

use crate::changes::{self, Changed, Listeners};
use crate::postgres::PostgresLease;
use crate::sqlite::SqliteLease;
use crate::{Error, Result, waiting};
use doorward_domain::TRACED;
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::time::Instant;
use tracing::{Instrument, info_span};

/// A connection to read from. Each statement sees what was committed before it.
pub struct ReadTx {
    lease: Lease,
    failed: bool,
}

/// A transaction to write in. Dropping it leaves nothing behind; [`WriteTx::commit`] makes it last.
pub struct WriteTx {
    tx: ReadTx,
    changes: BTreeSet<Changed>,
    listeners: Listeners,
}

/// A borrowed connection of either engine, given back when it is dropped.
pub(crate) enum Lease {
    Sqlite(SqliteLease),
    Postgres(PostgresLease),
}

/// A [`WriteTx`] in which a statement failed was asked to commit.
#[derive(Debug, thiserror::Error)]
#[error("a statement of this transaction failed, so it cannot be committed")]
struct FailedBefore;

impl ReadTx {
    pub(crate) const fn new(lease: Lease) -> Self {
        Self {
            lease,
            failed: false,
        }
    }

    pub(crate) const fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }

    /// Sorts the outcome of a statement and remembers a failure.
    pub(crate) fn settle<T>(&mut self, table: &'static str, outcome: sqlx::Result<T>) -> Result<T> {
        outcome.map_err(|error| {
            self.failed = true;
            Error::of_table(table, error)
        })
    }
}

impl WriteTx {
    pub(crate) const fn new(lease: Lease, listeners: Listeners) -> Self {
        Self {
            tx: ReadTx::new(lease),
            changes: BTreeSet::new(),
            listeners,
        }
    }

    /// Says that this transaction changes something that others may remember: they hear of it when it commits.
    pub fn note(&mut self, change: Changed) {
        self.changes.insert(change);
    }

    /// Makes everything last: when this returns `Ok`, it survives a crash of the process and of the machine.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the commit failed and nothing was kept, or when nobody can tell, since the
    /// connection broke meanwhile.
    pub async fn commit(mut self) -> Result<()> {
        if self.tx.failed {
            return Err(Error::driver(FailedBefore));
        }
        let span = info_span!(target: TRACED, "commit");
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return finish(self.tx.lease).instrument(span).await;
        }
        changes::record(&mut self, &changes).await?;
        // In a task of its own: whoever goes away meanwhile takes neither the commit nor the word of it along.
        let told = async move {
            let outcome = finish(self.tx.lease).instrument(span).await;
            // Where nobody can tell, it may have happened.
            self.listeners.tell(&changes);
            outcome
        };
        tokio::spawn(told.in_current_span())
            .await
            .map_err(Error::unavailable)?
    }
}

async fn finish(lease: Lease) -> Result<()> {
    let began = Instant::now();
    let outcome = match lease {
        Lease::Sqlite(lease) => lease.commit().await,
        Lease::Postgres(lease) => lease.commit().await,
    };
    waiting::committed(began);
    outcome
}

impl Deref for WriteTx {
    type Target = ReadTx;

    fn deref(&self) -> &ReadTx {
        &self.tx
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut ReadTx {
        &mut self.tx
    }
}

/// Runs one statement on whichever engine a transaction is on: `on!(tx, c => sqlx::query("..").execute(c).await)`.
///
/// The text is compiled for both drivers. The calling module names its table in a constant `TABLE`, for [`Error::Corrupt`].
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {{
        let tx: &mut $crate::ReadTx = $tx;
        let outcome = match tx.lease() {
            $crate::connection::Lease::Sqlite(lease) => {
                let $c = &mut **lease;
                $body
            }
            $crate::connection::Lease::Postgres(lease) => {
                let $c = &mut **lease;
                $body
            }
        };
        tx.settle(TABLE, outcome)
    }};
}
