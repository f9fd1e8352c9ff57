//! The files that a documented service kept for its users, as a copy of its bucket in a folder of this machine.

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

/// The folder in which every user has one, called by their number.
const USER_FILES: &str = "user-files";

/// A copy of the bucket, as a folder of users' folders.
pub(crate) struct OldFolder(PathBuf);

impl OldFolder {
    /// Reads what `--files` names.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.starts_with("s3:") {
            bail!(
                "files cannot be read from S3 yet; copy the bucket into a folder, as `mc mirror` and `aws s3 sync` do, and name that: `--files file:FOLDER`"
            );
        }
        let Some(path) = text.strip_prefix("file:") else {
            bail!("`--files` is `file:FOLDER`, where FOLDER is a copy of the bucket");
        };
        let folder = PathBuf::from(path.strip_prefix("//").unwrap_or(path)).join(USER_FILES);
        if !folder.is_dir() {
            bail!(
                "`--files`: there is no folder `{}`; the files of a user are in `FOLDER/{USER_FILES}/<number>/<name>`",
                folder.display()
            );
        }
        Ok(Self(folder))
    }

    /// The folder of a user, whose id is a number: nothing else can be part of a path.
    fn of(&self, old_id: &str) -> Option<PathBuf> {
        let is_number = !old_id.is_empty() && old_id.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| self.0.join(old_id))
    }

    async fn list(&self, old_id: &str) -> io::Result<Vec<String>> {
        let Some(folder) = self.of(old_id) else {
            return Ok(Vec::new());
        };
        let mut entries = match fs::read_dir(folder).await {
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
        let folder = self.of(old_id).ok_or(ErrorKind::NotFound)?;
        let file = File::open(folder.join(name)).await?;
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
        let folder = OldFolder::parse(&format!("file:{}", bucket.path().display())).unwrap();
        assert_eq!(
            folder.names("42").await.unwrap(),
            ["a b.txt", "deep/", "link/"]
        );
        for other in ["43", "", "..", "../42", "4 2"] {
            assert!(folder.names(other).await.unwrap().is_empty(), "{other}");
        }
        let object = folder.open("42", "a b.txt").await.unwrap();
        let chunks: Vec<_> = object.content.map(|bytes| bytes.unwrap()).collect().await;
        assert_eq!(chunks.concat(), b"hello");
    }

    #[test]
    fn what_is_no_copy_of_a_bucket_is_refused_in_words() {
        let empty = tempfile::tempdir().unwrap();
        let empty = format!("file:{}", empty.path().display());
        for (text, word) in [
            ("s3://bucket", "mc mirror"),
            ("bucket", "file:FOLDER"),
            (empty.as_str(), "user-files"),
        ] {
            let error = OldFolder::parse(text).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
