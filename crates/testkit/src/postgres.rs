//! A private PostgreSQL server, shared by the tests of a process, and a database for each test.

use crate::guard::{Guard, named_by_environment, short_folder};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// A PostgreSQL server: the one of the process, or one that a test has for itself and may stop.
pub struct Server {
    base: Base,
    guard: Option<Guard>,
}

/// Where a server is.
#[derive(Clone)]
enum Base {
    /// In this folder, on a unix socket, its files and all.
    Private(PathBuf),
    /// At the URL that the environment names.
    Named(String),
}

/// An empty database of its own for one test.
pub struct TestDatabase {
    /// Where it is: `postgres://..`.
    pub url: String,
    name: String,
    base: Base,
}

/// A database that others are copied from, since copying is faster than migrating.
pub struct Template {
    database: TestDatabase,
}

/// The server of this process, started by the first test that wants it and stopped when the process ends.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match named_by_environment("TEST_POSTGRES_URL") {
        Some(url) => Server {
            base: Base::Named(url),
            guard: None,
        },
        None => Server::start_private(),
    })
}

/// An empty database on the server of this process.
pub async fn database() -> TestDatabase {
    spawn_blocking(|| server().new_database(None))
        .await
        .expect("making a database does not panic")
}

/// A copy of the database that `prepare` has made once for this process. It gets the URL and must leave no connection
/// open.
pub async fn prepared_database<F, R>(prepare: F) -> TestDatabase
where
    F: FnOnce(String) -> R,
    R: Future<Output = ()>,
{
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| Template::new(prepare)).await;
    template.database().await
}

impl Template {
    /// A template that `prepare` fills. It gets the URL and must leave no connection open.
    pub async fn new<F, R>(prepare: F) -> Self
    where
        F: FnOnce(String) -> R,
        R: Future<Output = ()>,
    {
        let database = database().await;
        prepare(database.url.clone()).await;
        Self { database }
    }

    /// A copy.
    pub async fn database(&self) -> TestDatabase {
        let template = self.database.name.clone();
        spawn_blocking(move || server().new_database(Some(&template)))
            .await
            .expect("copying a database does not panic")
    }
}

impl TestDatabase {
    /// Runs statements, as somebody with a shell would; gives what they print, a line a row.
    pub async fn run(&self, statements: impl Into<String>) -> String {
        let (url, statements) = (self.url.clone(), statements.into());
        spawn_blocking(move || psql(&url, &statements))
            .await
            .expect("running statements does not panic")
    }
}

impl Server {
    /// A server for one test alone, which may [`stop`](Self::stop) it.
    pub async fn private() -> Self {
        spawn_blocking(Self::start_private)
            .await
            .expect("starting a server does not panic")
    }

    fn start_private() -> Self {
        let folder = short_folder("dw-pg-").expect("a temporary folder can be made");
        let as_owner = as_postgres();
        if !as_owner.is_empty() {
            succeed(Command::new("chown").arg("postgres").arg(&folder));
        }
        let initdb = tool("initdb");
        let start = format!(
            "cd \"$1\" && {as_owner} {initdb} -D \"$1/data\" -U postgres -A trust -E UTF8 --locale=C --no-sync && {}",
            start_command(&as_owner)
        );
        let guard = Guard::start(&folder, &start, &stop_command(&as_owner));
        Self {
            base: Base::Private(folder),
            guard: Some(guard),
        }
    }

    /// An empty database, or a copy of `template`.
    pub fn new_database(&self, template: Option<&str>) -> TestDatabase {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "t{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let copy = template.map_or_else(String::new, |template| format!(" TEMPLATE {template}"));
        self.base.run(&format!("CREATE DATABASE {name}{copy}"));
        TestDatabase {
            url: self.base.url(&name),
            name,
            base: self.base.clone(),
        }
    }

    /// Stops a private server at once, as a crash would; its files stay.
    pub async fn stop(&self) {
        self.control(stop_command(&as_postgres())).await;
    }

    /// Starts it again.
    pub async fn start(&self) {
        self.control(start_command(&as_postgres())).await;
    }

    async fn control(&self, command: String) {
        let Base::Private(folder) = self.base.clone() else {
            return;
        };
        assert!(self.guard.is_some(), "a private server has a guard");
        spawn_blocking(move || {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(command).arg("control").arg(&folder);
            shell.current_dir(&folder);
            succeed(&mut shell);
        })
        .await
        .expect("a command of the server does not panic");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A private server goes away with all that is in it.
        if let Base::Named(_) = self.base {
            self.base.run(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            ));
        }
    }
}

impl Base {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Private(folder) => format!(
                "postgres://postgres@localhost/{database}?host={}",
                folder.display()
            ),
            Self::Named(url) => {
                let (address, query) = url.split_once('?').unwrap_or((url, ""));
                let server = address
                    .match_indices('/')
                    .nth(2)
                    .map_or(address, |(at, _)| address.split_at(at).0);
                let query = if query.is_empty() {
                    String::new()
                } else {
                    format!("?{query}")
                };
                format!("{server}/{database}{query}")
            }
        }
    }

    fn run(&self, statement: &str) {
        let url = match self {
            Self::Private(_) => self.url("postgres"),
            Self::Named(url) => url.clone(),
        };
        psql(&url, statement);
    }
}

fn psql(url: &str, statements: &str) -> String {
    let options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c"];
    succeed(
        Command::new(tool("psql"))
            .args(options)
            .args([statements, url]),
    )
}

fn start_command(as_owner: &str) -> String {
    let pg_ctl = tool("pg_ctl");
    // In the shell's words "$1" is the folder.
    format!(
        "{as_owner} {pg_ctl} -D \"$1/data\" -w -l \"$1/server.log\" -o \"-c listen_addresses='' -c unix_socket_directories='$1' \
         -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB \
         -c jit=off -c autovacuum=off\" start"
    )
}

fn stop_command(as_owner: &str) -> String {
    format!(
        "{as_owner} {} -D \"$1/data\" -m immediate stop",
        tool("pg_ctl")
    )
}

/// The server refuses to run as root; then everything about it runs as the user `postgres`.
fn as_postgres() -> String {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if root {
        "setpriv --reuid=postgres --regid=postgres --clear-groups".to_owned()
    } else {
        String::new()
    }
}

/// A tool of the newest installed PostgreSQL; Debian keeps the servers' out of the `PATH`.
fn tool(name: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .max();
    newest.map_or_else(|| name.to_owned(), |path| display(&path))
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the command is installed");
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
