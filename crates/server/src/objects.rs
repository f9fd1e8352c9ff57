//! Users' files, in a folder of this machine or in a bucket of an S3 service: one way in and out for both.
//!
//! An object's key is ours and nothing of the user's; what the user called the file, its type and its size are in the
//! database. An upload becomes visible whole, or leaves nothing behind.

mod bucket;
mod folder;
mod upload;

use crate::config::{Bucket, Files};
use anyhow::{Context, Result};
use doorward_crypto::Entropy;
use doorward_domain::FileId;
use doorward_service::Clock;
use doorward_service::ports::{ByteStream, ObjectStore, PutError};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{Error, GetResult, ObjectStore as Store, ObjectStoreExt};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use upload::Upload;

/// Whoever asks whether it works does not wait as long as a stream may stand still.
const PROBED_WITHIN: Duration = Duration::from_secs(10);

/// Where objects are kept. Opening one asks nobody: a bucket that is away now may come back.
pub(crate) struct Objects {
    store: Arc<dyn Store>,
    beneath: Key,
    part: usize,
}

impl Objects {
    /// Opens the place that `files.url` names; a folder is made first.
    pub(crate) fn open(files: &Files) -> Result<Self> {
        match files {
            Files::Folder(path) => {
                let folder = folder::open(path).with_context(|| {
                    format!("`files.url`: cannot use the folder `{}`", path.display())
                })?;
                Ok(Self {
                    store: Arc::new(folder),
                    beneath: Key::default(),
                    part: folder::PART,
                })
            }
            Files::Bucket(bucket) => {
                let (store, beneath) = in_bucket(bucket)?;
                Ok(Self {
                    store,
                    beneath,
                    part: bucket::PART,
                })
            }
        }
    }

    /// Writes an object, reads it and removes it, as an upload, a download and a deletion do; says what failed.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        let answer = tokio::time::timeout(PROBED_WITHIN, self.there_and_back());
        answer
            .await
            .unwrap_or_else(|_| Err("does not answer".to_owned()))
    }

    async fn there_and_back(&self) -> Result<(), String> {
        const WORD: &[u8] = b"doorward was here";
        let key = unused_key();
        let content = futures_util::stream::iter([Ok(WORD.into())]).boxed();
        if let Err(error) = self.put(key, content, WORD.len() as u64).await {
            let why = match error {
                PutError::Store(error) => error.to_string(),
                other => other.to_string(),
            };
            return Err(format!("cannot be written: {why}"));
        }
        let read = self.read_back(key).await;
        let removed = self.delete(key).await;
        match read {
            Ok(bytes) if bytes == WORD => {}
            Ok(_) => return Err("gives other bytes than it was given".to_owned()),
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
        removed.map_err(|error| format!("does not let go of what it has: {error}"))
    }

    async fn read_back(&self, key: FileId) -> io::Result<Vec<u8>> {
        let Some(content) = self.get(key).await? else {
            return Ok(Vec::new());
        };
        let chunks: Vec<_> = content.try_collect().await?;
        Ok(chunks.concat())
    }

    fn place(&self, key: FileId) -> Key {
        self.beneath.clone().join(key.to_string())
    }
}

/// A bucket, with the place in it that everything is beneath.
pub(crate) fn in_bucket(bucket: &Bucket) -> Result<(Arc<dyn Store>, Key)> {
    let store = bucket::open(bucket)?;
    let beneath = Key::parse(bucket.place.prefix()).context("`files.url`")?;
    Ok((Arc::new(store), beneath))
}

/// Whether a bucket is there and lets this process read: it says so when it is asked for what nobody keeps.
pub(crate) async fn is_readable(store: &dyn Store, beneath: &Key) -> io::Result<()> {
    read(store, &beneath.clone().join(unused_key().to_string()))
        .await
        .map(drop)
}

/// Says so when the bucket is away while the server starts. Nothing waits for it: uploads and downloads get 503 until it
/// is back.
pub(crate) async fn notice_absence(files: Files) {
    let Files::Bucket(bucket) = files else { return };
    let answer = match in_bucket(&bucket) {
        Ok((store, beneath)) => is_readable(&store, &beneath).await,
        Err(error) => Err(io::Error::other(error)),
    };
    if let Err(error) = answer {
        tracing::warn!(bucket = %bucket.place, %error, "files cannot be kept or given now; uploads and downloads get 503 until the bucket answers");
    }
}

fn unused_key() -> FileId {
    FileId::new(Clock::system().now(), Entropy::os().bytes())
}

/// An object, or `None` where there is none.
pub(crate) async fn read(store: &dyn Store, place: &Key) -> io::Result<Option<GetResult>> {
    match store.get(place).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// The bytes of an object.
pub(crate) fn content(found: GetResult) -> ByteStream {
    let bytes = found.into_stream();
    bytes.map_err(|error| failed(&error)).boxed()
}

/// Whether there is no such object. A bucket that is not there has lost nothing: it is away.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !cause(error).contains("NoSuchBucket")
}

/// What the log and the operator read of a failure.
pub(crate) fn failed(error: &Error) -> io::Error {
    io::Error::other(cause(error))
}

/// What went wrong at the bottom, in one line: a connection that was refused, a disk that is full, the code in the XML
/// that a bucket answers with.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    let Some((before, document)) = text.split_once('<') else {
        return text;
    };
    let code = document
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("", |(code, _)| code);
    format!("{}{code}", before.trim_start())
}

impl ObjectStore for Objects {
    fn put(
        &self,
        key: FileId,
        content: ByteStream,
        max: u64,
    ) -> BoxFuture<'_, Result<u64, PutError>> {
        Upload::new(self.store.as_ref(), self.place(key), self.part, max)
            .run(content)
            .boxed()
    }

    fn get(&self, key: FileId) -> BoxFuture<'_, io::Result<Option<ByteStream>>> {
        async move {
            let found = read(self.store.as_ref(), &self.place(key)).await?;
            Ok(found.map(content))
        }
        .boxed()
    }

    fn delete(&self, key: FileId) -> BoxFuture<'_, io::Result<()>> {
        async move {
            match self.store.delete(&self.place(key)).await {
                Ok(()) => Ok(()),
                Err(error) if is_missing(&error) => Ok(()),
                Err(error) => Err(failed(&error)),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
