//! Users' files in a folder of this machine.
//!
//! A file's name is our key and nothing of the user's; what the user called it, its type and its size are in the database.
//! An upload becomes visible whole, once it is on the disk.

use bytes::Bytes;
use doorward_domain::FileId;
use doorward_service::ports::{ByteStream, ObjectStore, PutError};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use std::io;
use std::path::Path;

/// How much is gathered before it is written.
const CHUNK: usize = 256 * 1024;

/// See the module.
#[derive(Debug)]
pub struct ObjectFolder(LocalFileSystem);

impl ObjectFolder {
    /// Opens the folder, making it first.
    pub fn open(folder: &Path) -> io::Result<Self> {
        crate::private::make_folder(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
        Ok(Self(store.with_fsync(true)))
    }

    async fn write(&self, key: FileId, mut content: ByteStream, max: u64) -> Result<u64, PutError> {
        let parts = self.0.put_multipart(&place(key)).await.map_err(failed)?;
        let mut upload = Upload {
            parts,
            waiting: Vec::new(),
            written: 0,
            max,
        };
        match upload.fill(&mut content).await {
            Ok(()) => upload.finish().await,
            Err(error) => {
                // What is left behind is a temporary file; the cause of the failure matters more than it.
                let _ = upload.parts.abort().await;
                Err(error)
            }
        }
    }
}

struct Upload {
    parts: Box<dyn MultipartUpload>,
    waiting: Vec<u8>,
    written: u64,
    max: u64,
}

impl Upload {
    async fn fill(&mut self, content: &mut ByteStream) -> Result<(), PutError> {
        while let Some(bytes) = content.next().await {
            let bytes = bytes.map_err(PutError::Source)?;
            self.written = self.written.saturating_add(bytes.len() as u64);
            if self.written > self.max {
                return Err(PutError::TooLarge);
            }
            self.waiting.extend_from_slice(&bytes);
            if self.waiting.len() >= CHUNK {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), PutError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let part = PutPayload::from(Bytes::from(std::mem::take(&mut self.waiting)));
        self.parts.put_part(part).await.map_err(failed)
    }

    async fn finish(mut self) -> Result<u64, PutError> {
        self.parts.complete().await.map_err(failed)?;
        Ok(self.written)
    }
}

fn place(key: FileId) -> Key {
    Key::from(key.to_string())
}

fn failed(error: object_store::Error) -> PutError {
    PutError::Store(io::Error::other(error))
}

impl ObjectStore for ObjectFolder {
    fn put(
        &self,
        key: FileId,
        content: ByteStream,
        max: u64,
    ) -> BoxFuture<'_, Result<u64, PutError>> {
        self.write(key, content, max).boxed()
    }

    fn get(&self, key: FileId) -> BoxFuture<'_, io::Result<Option<ByteStream>>> {
        async move {
            match self.0.get(&place(key)).await {
                Ok(found) => Ok(Some(
                    found
                        .into_stream()
                        .map(|bytes| bytes.map_err(io::Error::other))
                        .boxed(),
                )),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(io::Error::other(error)),
            }
        }
        .boxed()
    }

    fn delete(&self, key: FileId) -> BoxFuture<'_, io::Result<()>> {
        async move {
            match self.0.delete(&place(key)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(io::Error::other(error)),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Timestamp;

    fn key(number: u8) -> FileId {
        FileId::new(Timestamp::EPOCH, [number; 10])
    }

    fn content(chunks: Vec<io::Result<&'static [u8]>>) -> ByteStream {
        futures_util::stream::iter(
            chunks
                .into_iter()
                .map(|chunk| chunk.map(Bytes::from_static)),
        )
        .boxed()
    }

    async fn read(store: &ObjectFolder, key: FileId) -> Option<Vec<u8>> {
        let stream = store.get(key).await.unwrap()?;
        let chunks: Vec<_> = stream.map(|bytes| bytes.unwrap()).collect().await;
        Some(chunks.concat())
    }

    fn files(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[tokio::test]
    async fn what_was_put_is_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectFolder::open(&folder.path().join("files")).unwrap();
        assert_eq!(
            store
                .put(key(1), content(vec![Ok(b"one, "), Ok(b"two")]), 8)
                .await
                .unwrap(),
            8
        );
        assert_eq!(
            read(&store, key(1)).await.as_deref(),
            Some(&b"one, two"[..])
        );
        store.delete(key(1)).await.unwrap();
        store.delete(key(1)).await.unwrap();
        assert_eq!(read(&store, key(1)).await, None);
    }

    #[tokio::test]
    async fn an_empty_file_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectFolder::open(folder.path()).unwrap();
        assert_eq!(store.put(key(2), content(Vec::new()), 8).await.unwrap(), 0);
        assert_eq!(read(&store, key(2)).await.as_deref(), Some(&b""[..]));
    }

    #[tokio::test]
    async fn an_upload_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectFolder::open(folder.path()).unwrap();
        let too_large = store.put(key(3), content(vec![Ok(b"123456789")]), 8).await;
        assert!(matches!(too_large, Err(PutError::TooLarge)));
        let broken = store
            .put(
                key(4),
                content(vec![Ok(b"12"), Err(io::Error::other("gone"))]),
                8,
            )
            .await;
        assert!(matches!(broken, Err(PutError::Source(_))));
        assert_eq!(files(folder.path()), 0);
    }
}
