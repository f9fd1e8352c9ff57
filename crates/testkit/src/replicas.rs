//! Processes of the built binary: started with an environment of their own, stopped, killed and started again.
//!
//! A replica keeps its address for as long as it lives. It ends with the test process, however that ends: the shell that
//! starts it kills it when the pipe to this process closes.

use crate::ports::port_to_keep;
use crate::probe;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(10);

/// Starts `"$@"`, says its process id, and ends as it ends; kills it when the input closes.
const SHELL: &str = r#"exec 3<&0
"$@" </dev/null 3<&- >>"$LOG_OF_REPLICA" 2>&1 &
replica=$!
echo $replica
{ read -r _ <&3; kill -KILL $replica; } >/dev/null 2>&1 &
guard=$!
wait $replica
status=$?
kill $guard 2>/dev/null
exit $status"#;

/// What all replicas of a service have in common.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The built binary.
    pub binary: PathBuf,
    /// Settings by their dotted names, as the reference page has them.
    pub settings: Vec<(String, String)>,
}

/// One replica, running or not. Dropping it kills it.
pub struct Replica {
    blueprint: Blueprint,
    folder: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    shell: Child,
    input: Option<ChildStdin>,
    id: u32,
}

impl Replica {
    /// A replica with a folder and an address of its own that is not started yet.
    pub fn new(blueprint: &Blueprint) -> Self {
        Self {
            blueprint: blueprint.clone(),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port_to_keep())),
            running: None,
        }
    }

    /// Where it listens when it runs.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it and does not wait for it.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let mut command = Command::new("sh");
        command
            .args(["-c", SHELL, "replica"])
            .arg(&self.blueprint.binary)
            .arg("serve");
        self.furnish(&mut command);
        command.env("LOG_OF_REPLICA", self.log_path());
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell is there");
        let mut id = String::new();
        let output = shell.stdout.take().expect("its output was asked for");
        BufReader::new(output)
            .read_line(&mut id)
            .expect("the shell says a number");
        self.running = Some(Running {
            input: shell.stdin.take(),
            shell,
            id: id.trim().parse().expect("a process id"),
        });
    }

    /// Waits until it says that it is ready.
    pub async fn until_ready(&mut self) {
        let began = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = self.ended() {
                unreachable!("it ended with status {status} instead:\n{}", self.log());
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it is not ready:\n{}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Whether it runs and says that it is ready.
    pub async fn is_ready(&self) -> bool {
        self.running.is_some() && probe::status(self.address, "/readyz").await == Some(200)
    }

    /// SIGTERM, and its exit status; it may finish what it has begun.
    pub async fn stop(&mut self) -> i32 {
        self.signal("TERM");
        self.until_ended().await
    }

    /// SIGKILL: nothing in the process gets to say good-bye.
    pub async fn kill(&mut self) {
        self.signal("KILL");
        self.until_ended().await;
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let running = self.running.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .args([format!("-{name}"), running.id.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "it takes a signal"
        );
    }

    /// Runs a command of the binary with the settings of this replica.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.blueprint.binary);
        command.args(arguments).stdin(Stdio::null());
        self.furnish(&mut command);
        tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("running a command does not panic")
            .expect("the binary is there")
    }

    /// All that it has logged, at every start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        let path = self.folder.path().join("log");
        if !path.exists() {
            File::create(&path).expect("the folder can be written");
        }
        path
    }

    /// Its environment: its settings, what every process needs, and nothing else.
    fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("PATH", search_path())
            .env("HOME", self.folder.path())
            .env(variable("data_dir"), self.folder.path().join("data"))
            .env(variable("server.bind"), self.address.to_string());
        for (name, value) in &self.blueprint.settings {
            command.env(variable(name), value);
        }
    }

    async fn until_ended(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end:\n{}",
                self.log()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Its exit status, once it has ended.
    fn ended(&mut self) -> Option<i32> {
        let running = self.running.as_mut().expect("it was started");
        let status = running
            .shell
            .try_wait()
            .expect("the shell can be waited for")?;
        self.running = None;
        Some(status.code().unwrap_or(-1))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        // The shell ends by itself; waiting for it is only tidy.
        let _: io::Result<_> = self.shell.wait();
    }
}

/// A setting's name in the environment.
fn variable(setting: &str) -> String {
    format!("DOORWARD_{}", setting.to_uppercase().replace('.', "__"))
}

fn search_path() -> PathBuf {
    std::env::var_os("PATH").map_or_else(|| Path::new("/usr/bin:/bin").to_owned(), PathBuf::from)
}
