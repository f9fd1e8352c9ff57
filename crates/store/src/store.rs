//! The handle that the rest of the program holds.

use crate::changes::{Listener, Listeners, Watch};
use crate::connection::Lease;
use crate::migrations::{self, Migration};
use crate::postgres::PostgresStore;
use crate::serving::{ServeLock, ServeLockError};
use crate::sqlite::SqliteStore;
use crate::waiting::{Access, Waiter};
use crate::{DatabaseUrl, Engine, Error, Options, ReadTx, Result, WriteTx};
use std::sync::Arc;
use std::time::Duration;

/// How long a health check waits for the database.
const PING: Duration = Duration::from_secs(2);

/// A database, open. Cloning it costs nothing and opens nothing.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    listeners: Listeners,
}

pub(crate) enum Backend {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Open ones.
    pub size: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
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
        Ok(Self {
            backend: Arc::new(backend),
            listeners: Listeners::default(),
        })
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        match &*self.backend {
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
        match &*self.backend {
            Backend::Sqlite(store) => migrations::run_on_sqlite(store).await,
            Backend::Postgres(store) => migrations::run_on_postgres(store).await,
        }
    }

    /// A connection to read from, without a `BEGIN`.
    pub async fn read(&self) -> Result<ReadTx> {
        let waiter = Waiter::new(Access::Read);
        let lease = match &*self.backend {
            Backend::Sqlite(store) => store.read().await.map(Lease::Sqlite),
            Backend::Postgres(store) => store.read().await.map(Lease::Postgres),
        };
        waiter.end(&lease);
        lease.map(ReadTx::new)
    }

    /// A transaction to write in. Hold it briefly: on SQLite everybody else who writes waits.
    pub async fn write(&self) -> Result<WriteTx> {
        let waiter = Waiter::new(Access::Write);
        let lease = match &*self.backend {
            Backend::Sqlite(store) => store.write().await.map(Lease::Sqlite),
            Backend::Postgres(store) => store.write().await.map(Lease::Postgres),
        };
        waiter.end(&lease);
        lease.map(|lease| WriteTx::new(lease, self.listeners.clone()))
    }

    /// From now on tells `listener` of each commit of this process that changed something.
    pub fn on_change(&self, listener: Listener) {
        self.listeners.add(listener);
    }

    /// Begins to watch what others change from now on.
    pub async fn watch(&self) -> Result<Watch> {
        Watch::begin(self).await
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
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
        match &*self.backend {
            Backend::Sqlite(store) => store.close().await,
            Backend::Postgres(store) => store.close().await,
        }
    }

    /// How many connections there are at the moment.
    pub fn pool_stats(&self) -> PoolStats {
        match &*self.backend {
            Backend::Sqlite(store) => stats([store.readers()]),
            Backend::Postgres(store) => stats(store.pools()),
        }
    }

    /// Claims the database for this process: one serving process an SQLite file, any number on PostgreSQL.
    pub fn lock_for_serving(&self) -> std::result::Result<ServeLock, ServeLockError> {
        match &*self.backend {
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
        .fold(PoolStats::default(), |sum, pool| PoolStats {
            size: sum.size + pool.size(),
            idle: sum.idle + u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
            most: sum.most + pool.options().get_max_connections(),
        })
}
