//! A private Redis server, shared by the tests of a process; each test uses a prefix of its own.

mod cluster;
mod sentinels;

pub use sentinels::Sentinels;

use crate::guard::{Guard, named_by_environment, short_folder};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tokio::task::spawn_blocking;

/// A Redis server: the one of the process, or one that a test has for itself and may stop.
pub struct Server {
    /// Where it is.
    pub url: String,
    folder: Option<PathBuf>,
    /// How `redis-cli` reaches each of its processes.
    nodes: Vec<[String; 2]>,
    _guard: Option<Guard>,
}

/// The server of this process, started by the first test that wants it and stopped when the process ends.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match named_by_environment("TEST_REDIS_URL") {
        Some(url) => Server {
            url,
            folder: None,
            nodes: Vec::new(),
            _guard: None,
        },
        None => Server::start_private(),
    })
}

/// How a server is started, as shell text; `$1` is its folder.
const START: &str = "redis-server --port 0 --unixsocket \"$1/redis.sock\" --dir \"$1\" --save '' --appendonly no \
     --daemonize yes --pidfile \"$1/redis.pid\" --logfile \"$1/redis.log\" && wait_for PONG redis-cli -s \"$1/redis.sock\" ping";
/// At once, and also where it hangs.
const STOP: &str = "kill -KILL \"$(cat \"$1/redis.pid\")\" && rm \"$1/redis.pid\"";
const HANG: &str = "kill -STOP \"$(cat \"$1/redis.pid\")\"";
const GO_ON: &str = "kill -CONT \"$(cat \"$1/redis.pid\")\"";

/// `wait_for WORD COMMAND..`: tries for ten seconds until the command says the word.
const WAIT_FOR: &str = "wait_for() { word=$1; shift; tries=100; until \"$@\" 2>&1 | grep -q \"$word\"; do \
     tries=$((tries - 1)); test $tries -gt 0 || return 1; sleep 0.1; done; }; ";

impl Server {
    /// A server for one test alone, which may [`stop`](Self::stop) it.
    pub async fn private() -> Self {
        in_background(Self::start_private).await
    }

    /// A cluster of one server that has all slots.
    pub async fn cluster() -> Self {
        in_background(|| {
            let (port, bus) = (free_port(), free_port());
            let start = format!(
                "redis-server --bind 127.0.0.1 --port {port} --cluster-enabled yes --cluster-port {bus} --dir \"$1\" --save '' \
                 --daemonize yes --logfile \"$1/redis.log\" && wait_for PONG redis-cli -p {port} ping \
                 && redis-cli -p {port} cluster addslotsrange 0 16383 \
                 && wait_for cluster_state:ok redis-cli -p {port} cluster info"
            );
            let stop = format!("redis-cli -p {port} shutdown nosave");
            Self::guarded(&start, &stop, |_| Place {
                url: format!("redis+cluster://127.0.0.1:{port}"),
                nodes: vec![on_port(port)],
            })
        })
        .await
    }

    /// A server that a sentinel knows by the name `main`.
    pub async fn sentinel() -> Self {
        in_background(|| {
            let (port, sentinel) = (free_port(), free_port());
            let start = format!(
                "redis-server --bind 127.0.0.1 --port {port} --dir \"$1\" --save '' --daemonize yes --logfile \"$1/redis.log\" \
                 && printf 'bind 127.0.0.1\\nport {sentinel}\\nsentinel monitor main 127.0.0.1 {port} 1\\n' >\"$1/sentinel.conf\" \
                 && redis-server \"$1/sentinel.conf\" --sentinel --daemonize yes --logfile \"$1/sentinel.log\" \
                 && wait_for PONG redis-cli -p {port} ping \
                 && wait_for master redis-cli -p {sentinel} sentinel masters"
            );
            let stop = format!(
                "redis-cli -p {sentinel} shutdown nosave; redis-cli -p {port} shutdown nosave"
            );
            Self::guarded(&start, &stop, |_| Place {
                url: format!("redis+sentinel://127.0.0.1:{sentinel}/main"),
                nodes: vec![on_port(port)],
            })
        })
        .await
    }

    fn start_private() -> Self {
        Self::guarded(START, STOP, |folder| {
            let socket = format!("{}/redis.sock", folder.display());
            Place {
                url: format!("redis+unix://{socket}"),
                nodes: vec![["-s".to_owned(), socket]],
            }
        })
    }

    fn guarded(start: &str, stop: &str, place: impl FnOnce(&Path) -> Place) -> Self {
        let folder = short_folder("dw-rd-").expect("a temporary folder can be made");
        let guard = Guard::start(&folder, &format!("{WAIT_FOR}{start}"), stop);
        let Place { url, nodes } = place(&folder);
        Self {
            url,
            folder: Some(folder),
            nodes,
            _guard: Some(guard),
        }
    }

    /// Forgets everything, on each of its processes.
    pub async fn flush(&self) {
        for node in self.nodes.clone() {
            in_background(move || {
                let output = Command::new("redis-cli")
                    .args(node)
                    .arg("flushall")
                    .output();
                let output = output.expect("redis-cli is installed");
                assert_eq!(output.stdout.trim_ascii(), b"OK", "the server obeys");
            })
            .await;
        }
    }

    /// Kills a [private](Self::private) server.
    pub async fn stop(&self) {
        self.control(STOP).await;
    }

    /// Starts it again, empty.
    pub async fn start(&self) {
        self.control(START).await;
    }

    /// Lets a [private](Self::private) server answer nobody and keep every connection.
    pub async fn hang(&self) {
        self.control(HANG).await;
    }

    /// Lets it answer again.
    pub async fn go_on(&self) {
        self.control(GO_ON).await;
    }

    async fn control(&self, command: &'static str) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        in_background(move || {
            let status = Command::new("sh")
                .args(["-c", &format!("{WAIT_FOR}{command}"), "control"])
                .arg(&folder)
                .stdout(Stdio::null())
                .status()
                .expect("a shell is there");
            assert!(status.success(), "the server obeys");
        })
        .await;
    }
}

/// Where a server that was started is.
struct Place {
    url: String,
    nodes: Vec<[String; 2]>,
}

fn on_port(port: u16) -> [String; 2] {
    ["-p".to_owned(), port.to_string()]
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work)
        .await
        .expect("work on a server does not panic")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    address.port()
}
