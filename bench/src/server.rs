//! Doorward as an operator would run it: the release binary, configured by its environment alone.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use tempfile::TempDir;

use crate::databases::{Servers, free_port};
use crate::load::{Call, Connection};
use crate::process::{self, Process, Signal};
use crate::report::Engine;

/// When a start that gives no answer has failed.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(1);

/// The data folder, inside the folder of an installation.
const DATA: &str = "data";

/// What the figures are measured with, beside every default; also a line of the report.
pub(crate) const MEASURED_WITH: [(&str, &str); 9] = [
    ("DOORWARD_MODE", "production"),
    ("DOORWARD_RATE_LIMIT__ENABLED", "false"),
    ("DOORWARD_CODES__SIGN_IN__COOLDOWN", "0"),
    ("DOORWARD_CODES__VERIFY__COOLDOWN", "0"),
    ("DOORWARD_CODES__RESET__COOLDOWN", "0"),
    ("DOORWARD_API__CODE__TOKEN_COOLDOWN", "0"),
    ("DOORWARD_PROOF__PROJECTS", "bench"),
    ("DOORWARD_MAIL__TRANSPORT", "file"),
    ("DOORWARD_MAIL__FROM", "doorward@example.com"),
];

/// What differs while people are registered: a cheap hash, which production refuses.
const PREPARED_WITH: [(&str, &str); 3] = [
    ("DOORWARD_MODE", "development"),
    ("DOORWARD_PASSWORD__ARGON2_MEMORY_KIB", "8"),
    ("DOORWARD_PASSWORD__ARGON2_ITERATIONS", "1"),
];

/// What differs where nobody is to learn who has an account: registering tells it by default.
const HIDING_WITH: [(&str, &str); 3] = [
    ("DOORWARD_API__CONFIRM__DISCLOSE_EXISTENCE", "false"),
    ("DOORWARD_API__SESSION__OPEN_REGISTRATION", "false"),
    ("DOORWARD_API__VERIFIED__DISCLOSE_EXISTENCE", "false"),
];

/// What differs where requests are limited: nobody reaches this limit, and each request is counted.
const LIMITED_WITH: [(&str, &str); 2] = [
    ("DOORWARD_RATE_LIMIT__ENABLED", "true"),
    ("DOORWARD_RATE_LIMIT__RULES", "/api/* 1000000/minute"),
];

/// What a process is started for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// To register many people quickly.
    Preparing,
    /// To be measured.
    Measuring,
    /// To be measured where it tells nobody who has an account.
    Hiding,
    /// To be measured where each request is counted against a limit.
    Limited,
    /// To be measured over TLS, with the pair `certificate.pem` and `key.pem` of this folder.
    Encrypted(&'a Path),
}

/// The data of one installation, which its processes find again.
pub(crate) struct Installation {
    binary: PathBuf,
    folder: TempDir,
    master_key: String,
    servers: Option<Servers>,
}

impl Installation {
    /// An empty one, with the servers that the engine needs.
    pub(crate) async fn new(binary: &Path, engine: Engine) -> anyhow::Result<Self> {
        let servers = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Servers::start().await?),
        };
        let folder = tempfile::Builder::new()
            .prefix("doorward-bench-")
            .tempdir()?;
        fs::create_dir(folder.path().join(DATA))?;
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).context("making a master key")?;
        Ok(Self {
            binary: binary.to_owned(),
            folder,
            master_key: STANDARD.encode(key),
            servers,
        })
    }

    /// The servers behind it, where there are any.
    pub(crate) fn servers(&self) -> Option<&Servers> {
        self.servers.as_ref()
    }

    /// Runs a command of the binary beside its servers, to its end.
    pub(crate) fn command_line(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut command = self.command(Purpose::Measuring, nowhere)?;
        // What it says belongs to the error, not to the log.
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        process::run(command.args(arguments))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// Starts a process on a free port and waits for its first answer.
    pub(crate) async fn start(&self, purpose: Purpose<'_>) -> anyhow::Result<Doorward> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut command = self.command(purpose, address)?;
        let mut asked = address;
        if let Purpose::Encrypted(_) = purpose {
            // The client here speaks no TLS.
            asked.set_port(free_port()?);
            command.env("DOORWARD_SERVER__OPERATIONS_BIND", asked.to_string());
        }
        let begin = Instant::now();
        let mut process = Process::start(&mut command, Signal::Kill)?;
        while !is_ready(asked).await {
            if let Some(status) = process.ended()? {
                bail!("Doorward stops with {status}: {}", self.last_words()?);
            }
            if begin.elapsed() > PATIENCE {
                bail!("Doorward gives no answer: {}", self.last_words()?);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(Doorward {
            address,
            first_answer: begin.elapsed(),
            process,
        })
    }

    fn command(&self, purpose: Purpose<'_>, address: SocketAddr) -> anyhow::Result<Command> {
        let log = self.log()?;
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .envs(MEASURED_WITH)
            .env("DOORWARD_MASTER_KEY", &self.master_key)
            .env("DOORWARD_DATA_DIR", self.data())
            .env("DOORWARD_SERVER__BIND", address.to_string())
            // The same for every replica, or they would not take each other's tokens.
            .env("DOORWARD_SERVER__PUBLIC_URL", "http://localhost");
        if let Some(servers) = &self.servers {
            command
                .env("DOORWARD_DATABASE__URL", &servers.database_url)
                .env("DOORWARD_REDIS__URL", &servers.redis_url);
        }
        match purpose {
            Purpose::Measuring => {}
            Purpose::Preparing => {
                command.envs(PREPARED_WITH);
            }
            Purpose::Hiding => {
                command.envs(HIDING_WITH);
            }
            Purpose::Limited => {
                command.envs(LIMITED_WITH);
            }
            Purpose::Encrypted(folder) => {
                command
                    .env("DOORWARD_SERVER__PUBLIC_URL", "https://localhost")
                    .env(
                        "DOORWARD_SERVER__TLS__CERT_FILE",
                        folder.join("certificate.pem"),
                    )
                    .env("DOORWARD_SERVER__TLS__KEY_FILE", folder.join("key.pem"));
            }
        }
        Ok(command)
    }

    fn log(&self) -> anyhow::Result<File> {
        let mut options = OpenOptions::new();
        Ok(options
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?)
    }

    /// The end of the log, for the error that a start gives.
    fn last_words(&self) -> anyhow::Result<String> {
        let log = fs::read_to_string(self.folder.path().join("log"))?;
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        Ok(lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }
}

/// Whether it answers, with its database open and migrated.
async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    let answer = connection.send(&Call::get("/readyz")).await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK)
}

/// A running Doorward.
pub(crate) struct Doorward {
    pub(crate) address: SocketAddr,
    /// From the start of the process to the end of its first answer.
    pub(crate) first_answer: Duration,
    process: Process,
}

impl Doorward {
    /// Resident memory in MiB, now.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most it has been since the start, in MiB.
    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        self.memory("VmHWM:")
    }

    /// Lets it drain and end.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await
    }

    fn memory(&self, field: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        mebibytes(&status, field).with_context(|| format!("the kernel does not tell {field}"))
    }
}

/// A field of `/proc/<pid>/status`, which counts in KiB.
fn mebibytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_in_kib() {
        let status = "VmPeak:\t  999999 kB\nVmHWM:\t   40960 kB\nVmRSS:\t   22528 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:"), Some(22.0));
        assert_eq!(mebibytes(status, "VmHWM:"), Some(40.0));
        assert_eq!(mebibytes(status, "VmSwap:"), None);
    }
}
