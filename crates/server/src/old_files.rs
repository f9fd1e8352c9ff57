//! The files that a documented service kept for its users: its bucket, or a copy of that in a folder of this machine.

mod bucket;
mod folder;

use crate::config::{BucketPlace, Config};
use anyhow::{Result, bail};
use bucket::OldBucket;
use doorward_service::imports::OldObjects;
use folder::OldFolder;

/// What stands before the number of a user, in the bucket and in its copy.
const USER_FILES: &str = "user-files";

/// Where they are, as `--files` names it.
#[derive(Debug)]
pub(crate) struct OldFiles(Place);

#[derive(Debug)]
enum Place {
    Folder(OldFolder),
    Bucket(BucketPlace),
}

impl OldFiles {
    /// Reads what `--files` says.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("file:") {
            return OldFolder::open(path).map(Place::Folder).map(Self);
        }
        match BucketPlace::parse(text) {
            Some(place) => Ok(Self(Place::Bucket(place))),
            None => bail!(
                "`--files` is `s3://BUCKET`, or `file:FOLDER` where FOLDER is a copy of the bucket"
            ),
        }
    }

    /// Opens them; a bucket by way of the service and the keys that are configured for files.
    pub(crate) async fn open(self, config: &Config) -> Result<Box<dyn OldObjects>> {
        Ok(match self.0 {
            Place::Folder(folder) => Box::new(folder),
            Place::Bucket(place) => Box::new(OldBucket::open(&config.bucket(place)).await?),
        })
    }
}

/// Users' ids are numbers there: nothing else can be part of a path.
fn is_number(old_id: &str) -> bool {
    !old_id.is_empty() && old_id.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_copy_of_a_bucket_is_refused_in_words() {
        let empty = tempfile::tempdir().unwrap();
        let empty = format!("file:{}", empty.path().display());
        for (text, word) in [
            ("s3://", "s3://BUCKET"),
            ("bucket", "file:FOLDER"),
            (empty.as_str(), "user-files"),
        ] {
            let error = OldFiles::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
