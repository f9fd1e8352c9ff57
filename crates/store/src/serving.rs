//! One server a file: a lock beside an SQLite database that says which process serves it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The right to serve a database; given back when it is dropped, and by the operating system when the process ends.
#[derive(Debug)]
pub struct ServeLock(#[expect(dead_code, reason = "held for its lock alone")] Option<File>);

/// Why a database cannot be served by this process.
#[derive(Debug, thiserror::Error)]
pub enum ServeLockError {
    /// Another process does already.
    #[error("`{}` is served already, by process {holder}", .path.display())]
    AlreadyServed {
        /// The lock file.
        path: PathBuf,
        /// The id of that process, or `unknown`.
        holder: String,
    },
    /// The lock file could not be made, locked or written.
    #[error("cannot lock `{}`", .path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeLock {
    /// A lock that any number of replicas may hold together.
    pub(crate) const fn shared() -> Self {
        Self(None)
    }

    /// The lock of the database file at `database`: `<database>.lock`, which is never removed.
    ///
    /// # Errors
    /// [`ServeLockError::AlreadyServed`] when another process holds it.
    pub fn beside(database: &Path) -> Result<Self, ServeLockError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        match take(&path) {
            Ok(Taken::Ours(file)) => Ok(Self(Some(file))),
            Ok(Taken::Theirs(holder)) => Err(ServeLockError::AlreadyServed { path, holder }),
            Err(source) => Err(ServeLockError::File { path, source }),
        }
    }
}

enum Taken {
    Ours(File),
    Theirs(String),
}

fn take(path: &Path) -> io::Result<Taken> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            Ok(Taken::Ours(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            if holder.is_empty() {
                "unknown".clone_into(&mut holder);
            }
            Ok(Taken::Theirs(holder))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}
