//! An object on its way in: gathered into parts, so that no more than one part of it is ever in memory.

use super::cause;
use doorward_service::ports::{ByteStream, PutError};
use futures_util::StreamExt;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};

/// Services take so many parts of one object at most.
const MOST_PARTS: u64 = 10_000;

/// What fits into one part is stored in one step; more goes part by part, and becomes an object when all are there.
pub(super) struct Upload<'s> {
    store: &'s dyn ObjectStore,
    place: Key,
    part: usize,
    max: u64,
    waiting: Vec<u8>,
    read: u64,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl<'s> Upload<'s> {
    /// An upload of at most `max` bytes, in parts of at least `part` bytes.
    pub(super) fn new(store: &'s dyn ObjectStore, place: Key, part: usize, max: u64) -> Self {
        let least = usize::try_from(max.div_ceil(MOST_PARTS)).unwrap_or(usize::MAX);
        Self {
            store,
            place,
            part: part.max(least),
            max,
            waiting: Vec::new(),
            read: 0,
            parts: None,
        }
    }

    /// Stores the content and gives the number of its bytes.
    pub(super) async fn run(mut self, mut content: ByteStream) -> Result<u64, PutError> {
        let stored = self.store(&mut content).await;
        if let (Err(_), Some(parts)) = (&stored, &mut self.parts) {
            // What is left behind is parts that nobody sees; the cause of the failure matters more than they do.
            if let Err(error) = parts.abort().await {
                tracing::warn!(object = %self.place, error = cause(&error), "parts of a broken upload are left behind");
            }
        }
        stored.map(|()| self.read)
    }

    async fn store(&mut self, content: &mut ByteStream) -> Result<(), PutError> {
        while let Some(bytes) = content.next().await {
            let bytes = bytes.map_err(PutError::Source)?;
            self.read = self.read.saturating_add(bytes.len() as u64);
            if self.read > self.max {
                return Err(PutError::TooLarge);
            }
            self.waiting.extend_from_slice(&bytes);
            // All parts but the last have one size, as some services demand.
            while self.waiting.len() > self.part {
                let rest = self.waiting.split_off(self.part);
                let full = std::mem::replace(&mut self.waiting, rest);
                self.send(full).await?;
            }
        }
        self.finish().await
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<(), PutError> {
        let parts = if let Some(parts) = &mut self.parts {
            parts
        } else {
            let parts = self.store.put_multipart(&self.place).await;
            self.parts.insert(parts.map_err(|error| failed(&error))?)
        };
        let sent = parts.put_part(part.into()).await;
        sent.map_err(|error| failed(&error))
    }

    async fn finish(&mut self) -> Result<(), PutError> {
        let rest = std::mem::take(&mut self.waiting);
        if self.parts.is_none() {
            let whole = PutPayload::from(rest);
            let stored = self.store.put(&self.place, whole).await;
            return stored.map(drop).map_err(|error| failed(&error));
        }
        self.send(rest).await?;
        if let Some(parts) = &mut self.parts {
            parts.complete().await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

fn failed(error: &object_store::Error) -> PutError {
    PutError::Store(super::failed(error))
}
