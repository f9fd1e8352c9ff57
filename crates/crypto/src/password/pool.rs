//! The hashing pool: as much password hashing at once as there are cores, and no more.
//!
//! A hash costs a core some 15 ms and 19 MiB. The pool bounds both: threads of its own, each with memory that
//! it keeps, before them a queue of fixed length. What does not fit is refused before any work is done. A job
//! in the queue belongs to the pool: a client that hangs up frees no place early.

mod workers;

use std::io;
use std::num::NonZero;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use self::workers::Workers;
use super::{HashRejected, Password, Scheme};
use crate::Entropy;

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the account's.
    pub matches: bool,
    /// It is, and its hash is to be replaced by [`HashPool::hash`] of the same password: it was made another
    /// way than is configured now.
    pub rehash: bool,
}

impl Verdict {
    pub(super) const NO: Self = Self {
        matches: false,
        rehash: false,
    };
}

/// Why the pool gave no answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PoolError {
    /// The queue is full: nothing was computed, and to try again later helps.
    #[error("the password hashing queue is full")]
    Busy,
    /// The stored hash cannot be verified.
    #[error(transparent)]
    Rejected(#[from] HashRejected),
    /// The job broke off, or the pool was stopped before its turn came.
    #[error("the password hash was not computed")]
    Failed,
}

/// How much the pool does at once and holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads, each with the memory of one hash.
    pub threads: NonZero<usize>,
    /// Jobs that may wait for a thread.
    pub queue: usize,
}

impl Default for PoolSize {
    /// A thread for each core, and a queue that two cores work off in about four seconds.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            queue: 512,
        }
    }
}

/// Hashes and verifies passwords on threads of its own. Stops them when dropped.
pub struct HashPool {
    workers: Workers,
    scheme: Scheme,
    entropy: Entropy,
    /// Stands in for the hash that an unknown account does not have.
    nobody: Arc<str>,
}

impl HashPool {
    /// Starts the threads. Fails when the scheme's cost is out of bounds or the system gives no thread.
    pub fn start(size: PoolSize, scheme: Scheme, entropy: Entropy) -> io::Result<Self> {
        let blocks = scheme.blocks().map_err(io::Error::other)?;
        let nobody = super::unmatchable(&scheme, &entropy).map_err(io::Error::other)?;
        Ok(Self {
            workers: Workers::start(size, blocks)?,
            scheme,
            entropy,
            nobody: nobody.into(),
        })
    }

    /// The scheme of new hashes.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Jobs that wait or run, for the metrics.
    pub fn depth(&self) -> usize {
        self.workers.depth()
    }

    /// The hash to store for a password.
    pub async fn hash(&self, password: impl Into<Password>) -> Result<String, PoolError> {
        let (password, scheme, entropy) = (password.into(), self.scheme, self.entropy.clone());
        let answer = self.workers.submit(move |scratch| {
            let canonical = password.canonical.expose_secret().as_bytes();
            super::hash(&scheme, &entropy, canonical, scratch)
        })?;
        Ok(answer.await.map_err(|_| PoolError::Failed)??)
    }

    /// Whether the password is the one whose hash is stored. `None` stands for an account that does not exist
    /// or has no password: it costs a verification of the configured scheme and matches nothing, so that the
    /// time of the answer does not tell.
    pub async fn verify(
        &self,
        password: impl Into<Password>,
        stored: Option<SecretString>,
    ) -> Result<Verdict, PoolError> {
        let (password, scheme) = (password.into(), self.scheme);
        let nobody = Arc::clone(&self.nobody);
        let answer = self.workers.submit(move |scratch| match stored {
            Some(hash) => super::verify(hash.expose_secret(), &scheme, &password, scratch),
            None => super::verify(&nobody, &scheme, &password, scratch).map(|_| Verdict::NO),
        })?;
        Ok(answer.await.map_err(|_| PoolError::Failed)??)
    }
}

#[cfg(test)]
mod tests;
