//! SQLite: readers in a pool that cannot write, one writer whose commits are shared.

mod writer;

use crate::changes::Version;
use crate::options::NoDatabase;
use crate::{Error, Options, Result};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Sqlite, pool::PoolConnection};
use std::fs::OpenOptions;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use writer::{Turn, Writer};

/// How long a statement waits for another process that writes, before the file counts as locked.
const BUSY: Duration = Duration::from_secs(5);

/// One SQLite file.
pub(crate) struct SqliteStore {
    path: PathBuf,
    readers: SqlitePool,
    writer: Arc<Writer>,
}

/// A connection to the file: of the pool, or the one that writes.
pub(crate) enum SqliteLease {
    Reader(PoolConnection<Sqlite>),
    Writer(Turn),
}

impl SqliteStore {
    /// Opens the file. WAL, so that readers never wait for the writer; `synchronous=FULL`, so that a commit is on the disk.
    pub(crate) async fn open(options: &Options, path: &Path) -> Result<Self> {
        prepare_file(path, options.create)?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let patience = options.pool_timeout.to_std();
        let writing = connect
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let writer = Writer::open(writing, patience).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections().max(1))
            .acquire_timeout(patience)
            .test_before_acquire(false)
            .max_lifetime(None)
            .connect_lazy_with(connect.read_only(true));
        Ok(Self {
            path: path.to_owned(),
            readers,
            writer,
        })
    }

    pub(crate) async fn read(&self) -> Result<SqliteLease> {
        Ok(SqliteLease::Reader(self.readers.acquire().await?))
    }

    pub(crate) async fn write(&self) -> Result<SqliteLease> {
        Ok(SqliteLease::Writer(self.writer.turn().await?))
    }

    /// Changes whenever another process has committed.
    pub(crate) async fn version(&self) -> Result<Version> {
        self.writer.version().await
    }

    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl SqliteLease {
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Writer(turn) => turn.commit().await,
            Self::Reader(_) => Ok(()),
        }
    }
}

impl Deref for SqliteLease {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(turn) => turn,
        }
    }
}

impl DerefMut for SqliteLease {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(turn) => turn,
        }
    }
}

/// Makes the file with no rights for others, before SQLite would make it with the rights that the umask leaves; its
/// journal takes over the rights of the file.
fn prepare_file(path: &Path, create: bool) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    if !create {
        return Err(Error::driver(NoDatabase(path.to_owned())));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::driver(error)),
    }
}
