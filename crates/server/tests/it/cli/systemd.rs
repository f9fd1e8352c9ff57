//! What a service manager passes to the real binary, and what it is told.

use super::folder::{Folder, free_port};
use super::serving::Serving;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Listens on the ports that are named before `--`, each as `name=port`, and becomes the program that stands behind it,
/// with the sockets as a service manager passes them.
const MANAGER: &str = "
import fcntl, os, socket, sys
split = sys.argv.index('--')
names, listening = [], []
for pair in sys.argv[1:split]:
    name, port = pair.split('=')
    listener = socket.create_server(('127.0.0.1', int(port)))
    listening.append(fcntl.fcntl(listener, fcntl.F_DUPFD, 20))
    names.append(name)
for n, descriptor in enumerate(listening):
    os.dup2(descriptor, 3 + n, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=':'.join(names))
os.execv(sys.argv[split + 1], sys.argv[split + 1:])
";

/// `serve` with sockets of these names and ports.
fn activated(folder: &Folder, sockets: &[(&str, u16)]) -> Command {
    let binary = folder.command(&["serve"]);
    let mut command = Command::new("python3");
    command.args(["-c", MANAGER]).env_clear();
    for (name, port) in sockets {
        command.arg(format!("{name}={port}"));
    }
    command
        .arg("--")
        .arg(binary.get_program())
        .args(binary.get_args());
    for (name, value) in binary.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.current_dir(folder.root()).stdin(Stdio::null());
    command
}

async fn answers(port: u16) -> bool {
    let asked = reqwest::get(format!("http://127.0.0.1:{port}/livez")).await;
    asked.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_are_passed_are_served_by_their_names() {
    let folder = Folder::sqlite();
    let (main, operations) = (folder.port, free_port());
    let sockets = [("operations", operations), ("bind", main)];
    let mut serving = folder.started(activated(&folder, &sockets));
    let up = async |_: &Serving| answers(main).await && answers(operations).await;
    serving.until("both are served", up).await;
    let keys = |port| reqwest::get(format!("http://127.0.0.1:{port}/utils/public_key"));
    assert_eq!(keys(main).await.unwrap().status(), 200);
    assert_eq!(keys(operations).await.unwrap().status(), 404);
    assert_eq!(serving.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_socket_needs_no_name_of_its_own() {
    let folder = Folder::sqlite();
    let sockets = [("doorward.socket", folder.port)];
    let mut serving = folder.started(activated(&folder, &sockets));
    let port = folder.port;
    let up = async |_: &Serving| answers(port).await;
    serving.until("it is served", up).await;
    assert_eq!(serving.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_nobody_asked_for_stops_the_start() {
    for (names, complaint) in [
        (["bind", "front"], "`front`"),
        (["bind", "bind"], "two sockets"),
    ] {
        let folder = Folder::sqlite();
        let sockets = names.map(|name| (name, free_port()));
        let mut serving = folder.started(activated(&folder, &sockets));
        assert_eq!(serving.ended().await, 1);
        assert!(serving.log().contains(complaint), "{}", serving.log());
    }
}

/// What the service manager hears, message by message.
struct Heard(UnixDatagram);

impl Heard {
    /// The manager of this folder, and the folder whose commands know it.
    fn by(folder: Folder) -> (Self, Folder) {
        let path = folder.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let folder = folder.environment("NOTIFY_SOCKET", &path.display().to_string());
        (Self(socket), folder)
    }

    /// Waits for a message with this line.
    fn line(&self, wanted: &str) -> String {
        loop {
            let mut message = [0; 4096];
            let length = self.0.recv(&mut message).unwrap();
            let message = String::from_utf8(message[..length].to_vec()).unwrap();
            if message.lines().any(|line| line == wanted) {
                return message;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_hears_when_it_is_ready_reloads_lives_and_stops() {
    let (heard, folder) = Heard::by(Folder::sqlite());
    let folder = folder.environment("WATCHDOG_USEC", "200000");
    let mut serving = folder.start(&[]);
    let ready = tokio::task::spawn_blocking(move || {
        let ready = heard.line("READY=1");
        (heard, ready)
    });
    let (heard, message) = ready.await.unwrap();
    assert!(message.contains("STATUS=serving"), "{message}");
    assert_eq!(
        serving.status("/livez").await.unwrap(),
        200,
        "ready is ready"
    );
    heard.line("WATCHDOG=1");
    serving.signal("HUP");
    assert!(heard.line("RELOADING=1").contains("MONOTONIC_USEC="));
    heard.line("READY=1");
    serving.signal("TERM");
    heard.line("STOPPING=1");
    assert_eq!(serving.ended().await, 0);
}
