//! The bucket itself, in the S3 service that `files.s3.*` names.

use super::{USER_FILES, is_number};
use crate::config::Bucket;
use crate::objects;
use anyhow::{Context, Result};
use doorward_service::imports::{OldObject, OldObjects};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use object_store::path::Path as Key;
use object_store::{Attribute, ObjectStore};
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// What clients call a file whose type nobody told them. It says less than the file's name does.
const ANY_BYTES: [&str; 2] = ["application/octet-stream", "binary/octet-stream"];

/// A bucket with the files of users in it.
pub(super) struct OldBucket {
    store: Arc<dyn ObjectStore>,
    users: Key,
}

impl OldBucket {
    /// Opens a bucket that is there and can be read.
    pub(super) async fn open(bucket: &Bucket) -> Result<Self> {
        let (store, beneath) = objects::in_bucket(bucket)?;
        let users = beneath.join(USER_FILES);
        let readable = objects::is_readable(store.as_ref(), &users).await;
        readable.with_context(|| {
            format!(
                "`--files`: `{}` cannot be read; look at `files.s3.endpoint`, `files.s3.region` and the keys",
                bucket.place
            )
        })?;
        Ok(Self { store, users })
    }

    async fn list(&self, old_id: &str) -> io::Result<Vec<String>> {
        if !is_number(old_id) {
            return Ok(Vec::new());
        }
        let folder = self.users.clone().join(old_id);
        let found = self.store.list_with_delimiter(Some(&folder)).await;
        let found = found.map_err(|error| objects::failed(&error))?;
        let name = |key: &Key| key.filename().unwrap_or_default().to_owned();
        let files = found.objects.iter().map(|object| name(&object.location));
        // Names with a slash are told of as what they were.
        let deeper = found
            .common_prefixes
            .iter()
            .map(|key| format!("{}/", name(key)));
        let mut names: Vec<String> = files.chain(deeper).collect();
        names.sort();
        Ok(names)
    }

    async fn read(&self, old_id: &str, name: &str) -> io::Result<OldObject> {
        if !is_number(old_id) {
            return Err(ErrorKind::NotFound.into());
        }
        let key =
            Key::parse(format!("{}/{old_id}/{name}", self.users)).map_err(io::Error::other)?;
        let found = objects::read(self.store.as_ref(), &key).await?;
        let found = found.ok_or(ErrorKind::NotFound)?;
        let content_type = found.attributes.get(&Attribute::ContentType);
        let content_type = content_type.map(|value| value.as_ref().to_owned());
        Ok(OldObject {
            content_type: content_type.filter(|text| !ANY_BYTES.contains(&text.as_str())),
            content: objects::content(found),
        })
    }
}

impl OldObjects for OldBucket {
    fn names<'a>(&'a self, old_id: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        self.list(old_id).boxed()
    }

    fn open<'a>(&'a self, old_id: &'a str, name: &'a str) -> BoxFuture<'a, io::Result<OldObject>> {
        self.read(old_id, name).boxed()
    }
}
