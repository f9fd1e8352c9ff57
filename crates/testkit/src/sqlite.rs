//! A database file in a folder of its own for each test.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The place of a file that is not there yet. Dropping it removes the folder.
pub struct TestFile {
    folder: TempDir,
}

/// A place for a new database.
pub fn file() -> TestFile {
    let folder = tempfile::Builder::new()
        .prefix("doorward-")
        .tempdir()
        .expect("a temporary folder can be made");
    TestFile { folder }
}

impl TestFile {
    /// The path of the database.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("doorward.db")
    }

    /// `sqlite:..`.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// The folder around it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
