//! Where a service under test keeps things: a folder of its own, and what `TEST_BACKEND` names.

use doorward_testkit::bucket::Bucket;
use doorward_testkit::{postgres, redis};
use std::path::PathBuf;
use tempfile::TempDir;

/// What `TEST_BACKEND` names: `sqlite` (or nothing), or `postgres`, with Redis and a bucket beside it.
pub(crate) fn is_shared() -> bool {
    match std::env::var_os("TEST_BACKEND")
        .as_deref()
        .map(|name| name.to_string_lossy())
    {
        None => false,
        Some(name) if name == "sqlite" || name.is_empty() => false,
        Some(name) if name == "postgres" => true,
        Some(name) => panic!("`TEST_BACKEND={name}` is neither `sqlite` nor `postgres`"),
    }
}

/// A place for one service, gone with the last that uses it.
pub(crate) struct Home {
    folder: TempDir,
    shared: Option<Shared>,
}

struct Shared {
    database: postgres::TestDatabase,
    redis: String,
    prefix: String,
    bucket: Kept,
}

/// A bucket, with the words that lead to it.
struct Kept {
    bucket: Bucket,
    endpoint: String,
    url: String,
}

/// With PostgreSQL the master key is the operator's to bring: 32 bytes, base64.
const MASTER_KEY: &str = "ZG9vcndhcmQtdGVzdC1tYXN0ZXIta2V5LTMyLWJ5dGU=";

impl Home {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let shared = if is_shared() {
            Some(Shared::new(&folder).await)
        } else {
            None
        };
        Self { folder, shared }
    }

    /// The database, where transactions may be open beside one another; an SQLite file has one writer at a time.
    pub(crate) fn shared_database(&self) -> Option<&postgres::TestDatabase> {
        self.shared.as_ref().map(|shared| &shared.database)
    }

    /// The database where it is a file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("doorward.db")
    }

    /// Every file under `files` or in the bucket, where users' files are unless a setting says otherwise.
    pub(crate) fn files(&self) -> Vec<String> {
        if let Some(shared) = &self.shared {
            return shared.bucket.bucket.objects();
        }
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.display().to_string());
                }
            }
        }
        found
    }

    /// The settings that lead here.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        let folder = self
            .folder
            .path()
            .to_str()
            .expect("a temporary folder's name is text");
        let mut settings = vec![("data_dir", folder)];
        if let Some(shared) = &self.shared {
            settings.extend([
                ("database.url", shared.database.url.as_str()),
                ("redis.url", &shared.redis),
                ("redis.prefix", &shared.prefix),
                ("master_key", MASTER_KEY),
                ("files.url", &shared.bucket.url),
                ("files.s3.endpoint", &shared.bucket.endpoint),
                ("files.s3.access_key", &shared.bucket.bucket.access_key),
                ("files.s3.secret_key", &shared.bucket.bucket.secret_key),
            ]);
        }
        settings
    }
}

impl Shared {
    async fn new(folder: &TempDir) -> Self {
        let name = folder
            .path()
            .file_name()
            .expect("a temporary folder has a name");
        Self {
            database: postgres::database().await,
            redis: redis::server().url.clone(),
            prefix: format!("{}:", name.to_string_lossy()),
            bucket: Kept::new(),
        }
    }
}

impl Kept {
    fn new() -> Self {
        let bucket = Bucket::start();
        Self {
            endpoint: bucket.endpoint(),
            url: bucket.url(),
            bucket,
        }
    }
}
