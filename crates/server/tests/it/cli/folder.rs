//! A working folder of its own, and the real binary in it.

use doorward_store::{Options, Store};
use doorward_testkit::postgres::TestDatabase;
use doorward_testkit::{postgres, redis};
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder where nothing is but what the test puts there, and the environment of the commands that run in it.
pub(crate) struct Folder {
    root: TempDir,
    /// The same at every start, since development takes its own address, and with it the issuer of tokens, from it.
    pub(super) port: u16,
    environment: Vec<(String, String)>,
    _database: Option<TestDatabase>,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    /// A folder whose database is one of the engine under test.
    pub(crate) async fn new() -> Self {
        if !on_postgres() {
            return Self::sqlite();
        }
        let database = postgres::database().await;
        let folder = Self::sqlite()
            .set("database.url", &database.url)
            .set("redis.url", &redis::server().url)
            .set("master_key", &master_key());
        Self {
            _database: Some(database),
            ..folder
        }
    }

    /// A folder with the defaults: SQLite, whatever engine is under test.
    pub(crate) fn sqlite() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            port: free_port(),
            environment: Vec::new(),
            _database: None,
        }
    }

    /// Names a setting in the environment: `server.bind` becomes `DOORWARD_SERVER__BIND`.
    pub(crate) fn set(self, setting: &str, value: &str) -> Self {
        let name = setting.to_uppercase().replace('.', "__");
        self.environment(&format!("DOORWARD_{name}"), value)
    }

    /// Names a variable of the environment.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file into the folder.
    pub(crate) fn with_file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The database of the folder, for what no command tells.
    pub(crate) async fn store(&self) -> Store {
        let named = |(name, _): &&(String, String)| name == "DOORWARD_DATABASE__URL";
        let url = match self.environment.iter().find(named) {
            Some((_, url)) => url.clone(),
            None => format!(
                "sqlite:{}",
                self.path("doorward-data/doorward.db").display()
            ),
        };
        let mut options = Options::new(url.parse().unwrap());
        options.create = false;
        Store::open(options).await.unwrap()
    }

    /// The binary with these arguments, this folder's environment and no other.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// The command did what it was told.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// The command refused or failed, and said so in one line that nobody needs a manual for.
    #[track_caller]
    pub(crate) fn refused(self) -> Self {
        assert_eq!(self.code, 1, "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        assert!(!self.stderr.trim().is_empty(), "{self:#?}");
        self
    }

    /// The same for what logs before it fails.
    #[track_caller]
    pub(crate) fn refused_at_last(self) -> Self {
        assert_eq!(self.code, 1, "{self:#?}");
        assert!(
            self.stderr
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("doorward: ")),
            "{self:#?}"
        );
        self
    }

    /// The one line of standard error.
    #[track_caller]
    pub(crate) fn complaint(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap_or(&self.stderr);
        assert!(!line.contains('\n'), "{self:#?}");
        line
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Whether this run of the suite is the one on PostgreSQL and Redis.
pub(crate) fn on_postgres() -> bool {
    std::env::var_os("TEST_BACKEND").is_some_and(|backend| backend == "postgres")
}

/// A port of the loopback address that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A fresh master key as an operator would make it.
pub(crate) fn master_key() -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    STANDARD.encode(doorward_crypto::Entropy::os().bytes::<32>())
}
