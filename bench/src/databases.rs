//! Private servers for one run: PostgreSQL and Redis on free loopback ports, in folders of their own.
//!
//! PostgreSQL keeps its default durability (`fsync`, `synchronous_commit`): its figures are those of commits that
//! survive a power failure. A server that was there before is never touched.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::process::{self, Process, Signal};

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Running servers; they stop, and their folders go, when this is dropped.
pub(crate) struct Servers {
    pub(crate) database_url: String,
    pub(crate) redis_url: String,
    redis_port: u16,
    _processes: [Process; 2],
    _folder: TempDir,
}

impl Servers {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("doorward-bench-")
            .tempdir()?;
        let account = Account::for_postgres(folder.path())?;
        let (postgres, database_url) = postgres(folder.path(), &account).await?;
        let (redis, redis_port) = redis(&account).await?;
        Ok(Self {
            database_url,
            redis_url: format!("redis://127.0.0.1:{redis_port}/0"),
            redis_port,
            _processes: [postgres, redis],
            _folder: folder,
        })
    }
}

impl Servers {
    /// Makes a further database and gives its URL.
    pub(crate) fn create_database(&self, name: &str) -> anyhow::Result<String> {
        sql(&self.database_url, &format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(name))
    }

    fn url_of(&self, database: &str) -> String {
        let (server, _) = self.database_url.rsplit_once('/').unwrap_or_default();
        format!("{server}/{database}")
    }

    /// Transactions a second of one of pgbench's own scripts, prepared, over 16 connections.
    pub(crate) fn pgbench(&self, script: &str, time: Duration) -> anyhow::Result<f64> {
        let url = match self.create_database("pgbench") {
            Ok(url) => {
                let mut fill = Command::new(program("pgbench")?);
                process::run(fill.args(["-i", "-q", "-s", "10"]).arg(&url))?;
                url
            }
            // An earlier measurement made it.
            Err(_) => self.url_of("pgbench"),
        };
        let seconds = time.as_secs().max(1).to_string();
        let mut command = Command::new(program("pgbench")?);
        command
            .args(["-n", "-M", "prepared", "-c", "16", "-j", "2"])
            .args(["-b", script, "-T", &seconds])
            .arg(&url);
        let said = process::read(&mut command)?;
        tps(&said).with_context(|| format!("pgbench tells no rate: {said}"))
    }

    /// Evaluations a second of a small script by `redis-benchmark`, over 64 connections.
    pub(crate) fn redis_benchmark(&self, count: u32) -> anyhow::Result<f64> {
        let mut command = Command::new("redis-benchmark");
        command
            .args(["-p", &self.redis_port.to_string(), "-c", "64", "--csv"])
            .args(["-n", &count.to_string(), "-r", "1000", "EVAL"])
            .args([
                "return redis.call('INCR', KEYS[1])",
                "1",
                "key:__rand_int__",
            ]);
        let said = process::read(&mut command)?;
        rps(&said).with_context(|| format!("redis-benchmark tells no rate: {said}"))
    }
}

/// Runs SQL in the PostgreSQL database of that URL.
pub(crate) fn sql(url: &str, text: &str) -> anyhow::Result<()> {
    let mut psql = Command::new(program("psql")?);
    process::run(psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text]))
}

/// `tps = 1234.5 (without initial connection time)`.
fn tps(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split(' ').next()?.parse().ok()
}

/// The second field of the last line: `"EVAL ..","61349.69",..`.
fn rps(said: &str) -> Option<f64> {
    let line = said.lines().rfind(|line| line.starts_with('"'))?;
    let (_, rest) = line.split_once("\",\"")?;
    rest.split('"').next()?.parse().ok()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

async fn postgres(folder: &Path, account: &Account) -> anyhow::Result<(Process, String)> {
    let (data, port) = (folder.join("postgres"), free_port()?.to_string());
    process::run(
        account
            .command(&program("initdb")?)
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"])
            .arg(&data)
            .stdout(Stdio::null()),
    )?;
    let log = fs::File::create(folder.join("postgres.log"))?;
    let server = Process::start(
        account
            .command(&program("postgres")?)
            .args(["-h", "127.0.0.1", "-p", &port, "-k"])
            .arg(folder)
            .arg("-D")
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log),
        Signal::Quit,
    )?;
    let asks = program("pg_isready")?;
    until("PostgreSQL", || {
        let mut command = Command::new(&asks);
        process::run(command.args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok()
    })
    .await?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    Ok((server, url))
}

async fn redis(account: &Account) -> anyhow::Result<(Process, u16)> {
    let port = free_port()?;
    let server = Process::start(
        account
            .command(Path::new("redis-server"))
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
        Signal::Terminate,
    )?;
    until("Redis", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    })
    .await?;
    Ok((server, port))
}

async fn until(what: &str, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > PATIENCE {
            bail!("{what} is not ready after {PATIENCE:?}");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Whom the servers run as: PostgreSQL refuses root.
enum Account {
    Own,
    Postgres,
}

impl Account {
    /// The account that can run PostgreSQL in `folder`, which is handed to it.
    fn for_postgres(folder: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        if fs::metadata(folder)?.uid() != 0 {
            return Ok(Self::Own);
        }
        process::run(Command::new("chown").arg("postgres:postgres").arg(folder))?;
        Ok(Self::Postgres)
    }

    /// `program` as this account. It ends with this process, however that ends.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        if matches!(self, Self::Postgres) {
            command.args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--clear-groups",
            ]);
        }
        command.args(["--pdeathsig", "INT"]).arg(program);
        command.current_dir("/");
        command
    }
}

/// A program of PostgreSQL: from the search path, else from where Debian keeps the newest.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let on_path = PathBuf::from(name);
    if process::run(Command::new(&on_path).arg("--version")).is_ok() {
        return Ok(on_path);
    }
    let newest = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .max();
    newest.with_context(|| format!("`{name}` is not installed; PostgreSQL brings it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rates_of_others_are_read() {
        let said = "latency average = 1.2 ms\ntps = 1234.5 (without initial connection time)\n";
        assert_eq!(tps(said), Some(1234.5));
        let said = "\"test\",\"rps\"\n\"EVAL return 'a', 'b'\",\"61349.69\",\"0.5\"\n";
        assert_eq!(rps(said), Some(61_349.69));
        assert_eq!(tps("pgbench: error"), None);
        assert_eq!(rps(""), None);
    }
}
