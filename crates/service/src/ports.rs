//! What the use cases need from outside, where two real implementations differ.

use bytes::Bytes;
use doorward_domain::{FileId, JobId};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::io;
use std::sync::Arc;
use url::Url;

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
    /// Nobody is there who takes messages, or they do not let us in: trying again may help, and other messages fare no
    /// better until then.
    #[error("{0}")]
    Away(String),
    /// This message is not taken now; trying again may help.
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

/// One text message to one telephone. Its text may be a code, and so it has no `Debug`.
pub struct Sms {
    /// The job that sends it: the same however often it is tried.
    pub id: JobId,
    /// The one recipient in E.164, as the account has it.
    pub to: String,
    /// What it says.
    pub text: String,
    /// The code that it brings, for providers that have a place for it.
    pub code: Option<String>,
}

/// Delivers text messages.
pub trait SmsSender: Send + Sync {
    /// Hands one message over. When this returns `Ok`, somebody else has taken responsibility for it.
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), SendError>>;
}

/// All who carry messages out of the house.
#[derive(Clone)]
pub struct Couriers {
    /// Carries mail.
    pub mailer: Arc<dyn Mailer>,
    /// Carries text messages.
    pub sms: Arc<dyn SmsSender>,
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

/// Why a document could not be had. The texts go to the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none that is asked: neither https, nor http on this machine.
    #[error("only https, or http on this machine, is asked")]
    Address,
    /// The answer says something else than 200.
    #[error("the answer was {0}")]
    Status(u16),
    /// The answer is longer than such a document is.
    #[error("the answer is too long")]
    TooLarge,
    /// There was no answer, or it broke off.
    #[error("{0}")]
    Transport(String),
}

/// Gets the documents that identity providers publish.
pub trait Fetcher: Send + Sync {
    /// The body of the answer to one `GET`: over https, or http on this machine; from the address that was named and no
    /// other, so that a redirect is no answer; bounded in size and in time.
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Bytes, FetchError>>;
}
