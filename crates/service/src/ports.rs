//! What the use cases need from outside, where two real implementations differ.

use bytes::Bytes;
use doorward_domain::{FileId, JobId};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::io;

/// Bytes as they come in or go out.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// One message to one address.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The job that sends it: the same however often it is tried, so that a repeated delivery can be recognised.
    pub id: JobId,
    /// The one recipient, as the account has it.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The body for people who read text.
    pub text: String,
    /// The body for people who read HTML.
    pub html: String,
}

/// Why a message did not leave. The texts go to the log and carry no address.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// Trying again may help.
    #[error("{0}")]
    Temporary(String),
    /// It will never leave.
    #[error("{0}")]
    Permanent(String),
}

/// Delivers mail.
pub trait Mailer: Send + Sync {
    /// Hands one message over. When this returns `Ok`, somebody else has taken responsibility for it.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendError>>;
}

/// Why an object was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It has more bytes than allowed; nothing of it is kept.
    #[error("the object is too large")]
    TooLarge,
    /// The sender broke off or sent what cannot be read; nothing of it is kept.
    #[error("the upload broke off: {0}")]
    Source(io::Error),
    /// The store failed.
    #[error("the object store failed: {0}")]
    Store(io::Error),
}

/// Keeps users' files under keys that we make.
pub trait ObjectStore: Send + Sync {
    /// Stores at most `max` bytes and gives their number. A failed `put` leaves nothing behind.
    fn put(
        &self,
        key: FileId,
        content: ByteStream,
        max: u64,
    ) -> BoxFuture<'_, Result<u64, PutError>>;

    /// The bytes; `None` where there is no such object.
    fn get(&self, key: FileId) -> BoxFuture<'_, io::Result<Option<ByteStream>>>;

    /// Removes it; an object that is not there is removed already.
    fn delete(&self, key: FileId) -> BoxFuture<'_, io::Result<()>>;
}
