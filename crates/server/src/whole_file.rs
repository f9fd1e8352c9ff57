//! Files that appear under their name whole and on the disk, or not at all.

use doorward_crypto::Entropy;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a file while it is open.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A file that is being written, beside its place. Dropping it removes it.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Makes it, empty and readable by its owner alone.
    pub(crate) fn of(file: &Path, entropy: &Entropy) -> io::Result<Self> {
        let random = u64::from_le_bytes(entropy.bytes());
        let path = beside(file, &format!(".{random:016x}.part"));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Self { path })
    }

    /// Where it is meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, unless something has that; gives its size.
    pub(crate) fn place(self, file: &Path) -> io::Result<u64> {
        let size = self.settle()?;
        std::fs::hard_link(&self.path, file)?;
        settle_folder(file)?;
        Ok(size)
    }

    /// Gives it its name, in the place of what has that; gives its size.
    pub(crate) fn replace(self, file: &Path) -> io::Result<u64> {
        let size = self.settle()?;
        std::fs::rename(&self.path, file)?;
        settle_folder(file)?;
        Ok(size)
    }

    fn settle(&self) -> io::Result<u64> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it got its name there is nothing left here; what cannot be removed harms nobody.
        let _ = std::fs::remove_file(&self.path);
        for end in COMPANIONS {
            let _ = std::fs::remove_file(beside(&self.path, end));
        }
    }
}

/// The path of a file whose name goes on with `end`.
pub(crate) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A new name is on the disk once its folder is.
pub(crate) fn settle_folder(file: &Path) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_appears_whole_and_private_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy");
        let draft = || Draft::of(&file, &Entropy::os()).unwrap();
        let first = draft();
        std::fs::write(first.path(), "one").unwrap();
        assert!(!file.exists());
        assert_eq!(first.place(&file).unwrap(), 3);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = draft();
        std::fs::write(second.path(), "second").unwrap();
        assert!(second.place(&file).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        let third = draft();
        std::fs::write(third.path(), "third").unwrap();
        third.replace(&file).unwrap();
        drop(draft());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "third");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
