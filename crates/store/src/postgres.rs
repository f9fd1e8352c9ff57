//! PostgreSQL: a pool that reads in sessions which refuse to write, and a pool that writes in transactions.

use crate::{Error, Options, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Postgres, Transaction, pool::PoolConnection};
use std::ops::{Deref, DerefMut};

/// Both kinds of session end a transaction that its owner forgot.
const WRITER_SESSION: &str = "SET idle_in_transaction_session_timeout = '10s'";
const READER_SESSION: &str =
    "SET idle_in_transaction_session_timeout = '10s'; SET default_transaction_read_only = on";

/// One PostgreSQL database.
pub(crate) struct PostgresStore {
    readers: PgPool,
    writers: PgPool,
}

/// A connection to the database: to read, or in a transaction.
pub(crate) enum PostgresLease {
    Reader(PoolConnection<Postgres>),
    Writer(Transaction<'static, Postgres>),
}

impl PostgresStore {
    /// Opens both pools and waits for the server as long as a caller would wait for a connection.
    pub(crate) async fn open(options: &Options, url: &str) -> Result<Self> {
        let connect = url
            .parse::<PgConnectOptions>()?
            .application_name("doorward");
        let total = options.connections();
        let writers = total.div_ceil(2).max(1);
        let readers = total.saturating_sub(writers).max(1);
        let store = Self {
            readers: pool(options, readers, READER_SESSION).connect_lazy_with(connect.clone()),
            writers: pool(options, writers, WRITER_SESSION).connect_lazy_with(connect),
        };
        drop(store.writers.acquire().await?);
        Ok(store)
    }

    pub(crate) async fn read(&self) -> Result<PostgresLease> {
        Ok(PostgresLease::Reader(self.readers.acquire().await?))
    }

    /// Begins a transaction. `BEGIN` runs in a task of its own: whoever goes away while it is on its way leaves a task behind
    /// that finishes it and rolls back. Cancelled in place it would stay open in the pool, unseen, for the next to commit.
    pub(crate) async fn write(&self) -> Result<PostgresLease> {
        let connection = self.writers.acquire().await?;
        let begun = tokio::spawn(Transaction::begin(connection, None))
            .await
            .map_err(Error::unavailable)?;
        Ok(PostgresLease::Writer(begun?))
    }

    /// A connection outside the pools, for the one who migrates: what a failed run leaves behind goes with it.
    pub(crate) async fn connect_alone(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.writers.connect_options()).await?)
    }

    pub(crate) const fn pools(&self) -> [&PgPool; 2] {
        [&self.readers, &self.writers]
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// A connection is not tried out before it is lent: that would triple the price of a read. A dead one fails its first
/// statement, is thrown away, and the caller hears that the database is not available.
fn pool(options: &Options, size: u32, session: &'static str) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(options.pool_timeout.to_std())
        .max_lifetime(options.pool_recycle.to_std())
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move { sqlx::raw_sql(session).execute(connection).await.map(drop) })
        })
}

impl PostgresLease {
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Writer(transaction) => Ok(transaction.commit().await?),
            Self::Reader(_) => Ok(()),
        }
    }
}

impl Deref for PostgresLease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(transaction) => transaction,
        }
    }
}

impl DerefMut for PostgresLease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(transaction) => transaction,
        }
    }
}
