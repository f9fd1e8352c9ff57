//! A private Redis server, shared by the tests of a process; each test uses a prefix of its own.

use crate::guard::{Guard, named_by_environment, short_folder};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use tokio::task::spawn_blocking;

/// A Redis server: the one of the process, or one that a test has for itself and may stop.
pub struct Server {
    /// Where it is.
    pub url: String,
    folder: Option<PathBuf>,
    _guard: Option<Guard>,
}

/// The server of this process, started by the first test that wants it and stopped when the process ends.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match named_by_environment("TEST_REDIS_URL") {
        Some(url) => Server {
            url,
            folder: None,
            _guard: None,
        },
        None => Server::start_private(),
    })
}

/// The part of the command line that starts it; `$1` is its folder.
const START: &str = "redis-server --port 0 --unixsocket \"$1/redis.sock\" --dir \"$1\" --save '' --appendonly no \
     --daemonize yes --pidfile \"$1/redis.pid\" --logfile \"$1/redis.log\" \
     && for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
     redis-cli -s \"$1/redis.sock\" ping | grep -q PONG && exit_code=0 && break; exit_code=1; sleep 0.1; done; \
     test \"$exit_code\" = 0";
const STOP: &str = "redis-cli -s \"$1/redis.sock\" shutdown nosave";

impl Server {
    /// A server for one test alone, which may [`stop`](Self::stop) it.
    pub async fn private() -> Self {
        spawn_blocking(Self::start_private)
            .await
            .expect("starting a server does not panic")
    }

    fn start_private() -> Self {
        let folder = short_folder("dw-rd-").expect("a temporary folder can be made");
        let guard = Guard::start(&folder, START, STOP);
        Self {
            url: format!("redis+unix://{}/redis.sock", folder.display()),
            folder: Some(folder),
            _guard: Some(guard),
        }
    }

    /// Stops a private server.
    pub async fn stop(&self) {
        self.control(STOP).await;
    }

    /// Starts it again, empty.
    pub async fn start(&self) {
        self.control(START).await;
    }

    async fn control(&self, command: &'static str) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        spawn_blocking(move || {
            let status = Command::new("sh")
                .args(["-c", command, "control"])
                .arg(&folder)
                .stdout(std::process::Stdio::null())
                .status()
                .expect("a shell is there");
            assert!(status.success(), "the server obeys");
        })
        .await
        .expect("a command of the server does not panic");
    }
}
