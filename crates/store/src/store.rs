//! The handle that the rest of the program holds.

use crate::connection::Lease;
use crate::migrations::{self, Migration};
use crate::postgres::PostgresStore;
use crate::serving::{ServeLock, ServeLockError};
use crate::sqlite::SqliteStore;
use crate::{DatabaseUrl, Engine, Error, Options, ReadTx, Result, WriteTx};
use std::sync::Arc;
use std::time::Duration;

/// How long a health check waits for the database.
const PING: Duration = Duration::from_secs(2);

/// A database, open. Cloning it costs nothing and opens nothing.
#[derive(Clone)]
pub struct Store(Arc<Backend>);

enum Backend {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStats {
    /// Open ones.
    pub size: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

impl Store {
    /// Opens a database, and makes a missing SQLite file if `options.create` says so. It is not migrated.
    ///
    /// # Errors
    /// [`Error::Driver`] with a [`NoDatabase`](crate::NoDatabase) inside when the file is missing;
    /// [`Error::Unavailable`] when the server does not answer within `options.pool_timeout`.
    pub async fn open(options: Options) -> Result<Self> {
        let backend = match &options.url {
            DatabaseUrl::Sqlite(path) => Backend::Sqlite(SqliteStore::open(&options, path).await?),
            DatabaseUrl::Postgres(url) => {
                Backend::Postgres(PostgresStore::open(&options, url).await?)
            }
        };
        Ok(Self(Arc::new(backend)))
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        match &*self.0 {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// The migrations that the database lacks. Needs no right to change the schema.
    pub async fn pending(&self) -> Result<Vec<Migration>> {
        migrations::pending(&mut self.read().await?, self.engine()).await
    }

    /// Applies what is missing and returns it. Of several that start together one does the work, the others wait for it.
    pub async fn migrate(&self) -> Result<Vec<Migration>> {
        if self.pending().await?.is_empty() {
            return Ok(Vec::new());
        }
        match &*self.0 {
            Backend::Sqlite(store) => migrations::run_on_sqlite(store).await,
            Backend::Postgres(store) => migrations::run_on_postgres(store).await,
        }
    }

    /// A connection to read from, without a `BEGIN`.
    pub async fn read(&self) -> Result<ReadTx> {
        Ok(ReadTx::new(match &*self.0 {
            Backend::Sqlite(store) => Lease::Sqlite(store.read().await?),
            Backend::Postgres(store) => Lease::Postgres(store.read().await?),
        }))
    }

    /// A transaction to write in. Hold it briefly: on SQLite everybody else who writes waits.
    pub async fn write(&self) -> Result<WriteTx> {
        Ok(WriteTx::new(match &*self.0 {
            Backend::Sqlite(store) => Lease::Sqlite(store.write().await?),
            Backend::Postgres(store) => Lease::Postgres(store.write().await?),
        }))
    }

    /// Whether the database answers within two seconds.
    pub async fn ping(&self) -> Result<()> {
        let answer = async { self.read().await?.ping().await };
        tokio::time::timeout(PING, answer)
            .await
            .map_err(Error::unavailable)?
    }

    /// Commits what is on its way and closes every connection. Later calls fail.
    pub async fn close(&self) {
        match &*self.0 {
            Backend::Sqlite(store) => store.close().await,
            Backend::Postgres(store) => store.close().await,
        }
    }

    /// How many connections there are at the moment.
    pub fn pool_stats(&self) -> PoolStats {
        match &*self.0 {
            Backend::Sqlite(store) => stats([store.readers()]),
            Backend::Postgres(store) => stats(store.pools()),
        }
    }

    /// Claims the database for this process: one serving process an SQLite file, any number on PostgreSQL.
    pub fn lock_for_serving(&self) -> std::result::Result<ServeLock, ServeLockError> {
        match &*self.0 {
            Backend::Sqlite(store) => ServeLock::beside(store.path()),
            Backend::Postgres(_) => Ok(ServeLock::shared()),
        }
    }
}

impl ReadTx {
    async fn ping(&mut self) -> Result<()> {
        const TABLE: &str = "none";
        on!(self, c => sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(c).await).map(drop)
    }
}

fn stats<'a, DB: sqlx::Database>(pools: impl IntoIterator<Item = &'a sqlx::Pool<DB>>) -> PoolStats {
    pools
        .into_iter()
        .fold(PoolStats { size: 0, idle: 0 }, |sum, pool| PoolStats {
            size: sum.size + pool.size(),
            idle: sum.idle + u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
        })
}
