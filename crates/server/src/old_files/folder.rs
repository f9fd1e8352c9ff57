//! A copy of the bucket in a folder of this machine.

use super::{USER_FILES, is_number};
use anyhow::{Result, bail};
use bytes::Bytes;
use doorward_service::imports::{OldObject, OldObjects};
use doorward_service::ports::ByteStream;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// A folder of users' folders.
#[derive(Debug)]
pub(super) struct OldFolder(PathBuf);

impl OldFolder {
    /// The copy that is in a folder.
    pub(super) fn open(path: &str) -> Result<Self> {
        let folder = PathBuf::from(path.strip_prefix("//").unwrap_or(path)).join(USER_FILES);
        if !folder.is_dir() {
            bail!(
                "`--files`: there is no folder `{}`; the files of a user are in `FOLDER/{USER_FILES}/<number>/<name>`",
                folder.display()
            );
        }
        Ok(Self(folder))
    }

    async fn list(&self, old_id: &str) -> io::Result<Vec<String>> {
        if !is_number(old_id) {
            return Ok(Vec::new());
        }
        let mut entries = match fs::read_dir(self.0.join(old_id)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Names with a slash are folders here, and are told of as what they were.
            let is_file = entry.file_type().await?.is_file();
            names.push(if is_file { name } else { format!("{name}/") });
        }
        names.sort();
        Ok(names)
    }

    async fn read(&self, old_id: &str, name: &str) -> io::Result<OldObject> {
        if !is_number(old_id) {
            return Err(ErrorKind::NotFound.into());
        }
        let file = File::open(self.0.join(old_id).join(name)).await?;
        Ok(OldObject {
            content_type: None,
            content: content(file),
        })
    }
}

impl OldObjects for OldFolder {
    fn names<'a>(&'a self, old_id: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        self.list(old_id).boxed()
    }

    fn open<'a>(&'a self, old_id: &'a str, name: &'a str) -> BoxFuture<'a, io::Result<OldObject>> {
        self.read(old_id, name).boxed()
    }
}

fn content(file: File) -> ByteStream {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(chunk), file)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_found_by_number_and_nothing_else_is_looked_at() {
        let bucket = tempfile::tempdir().unwrap();
        let of_user = bucket.path().join("user-files/42");
        std::fs::create_dir_all(of_user.join("deep")).unwrap();
        std::fs::write(of_user.join("a b.txt"), "hello").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", of_user.join("link")).unwrap();
        let folder = OldFolder::open(bucket.path().to_str().unwrap()).unwrap();
        assert_eq!(
            folder.names("42").await.unwrap(),
            ["a b.txt", "deep/", "link/"]
        );
        for other in ["43", "", "..", "../42", "4 2"] {
            assert!(folder.names(other).await.unwrap().is_empty(), "{other}");
        }
        let object = OldObjects::open(&folder, "42", "a b.txt").await.unwrap();
        let chunks: Vec<_> = object.content.map(|bytes| bytes.unwrap()).collect().await;
        assert_eq!(chunks.concat(), b"hello");
    }
}
