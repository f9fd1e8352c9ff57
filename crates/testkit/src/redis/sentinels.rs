//! A server and its replica, watched by three sentinels, two of whom must agree that the server is gone.

use super::{Place, Server, WAIT_FOR, in_background, on_port};
use crate::ports::port_to_keep;
use std::ops::Deref;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a failover may take: a second of silence, the vote, and the replica's promotion.
const PATIENCE: Duration = Duration::from_secs(30);

/// The set. Dropping it stops all five processes.
pub struct Sentinels {
    server: Server,
    first: u16,
    second: u16,
    watchers: [u16; 3],
}

impl Deref for Sentinels {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Sentinels {
    /// A set whose service is called `main`, complete: each sentinel knows the others and the replica.
    pub async fn start() -> Self {
        in_background(|| {
            let [first, second] = std::array::from_fn(|_| port_to_keep());
            let sentinels: [u16; 3] = std::array::from_fn(|_| port_to_keep());
            let mut start = vec![
                server(first, ""),
                server(second, &format!("--replicaof 127.0.0.1 {first}")),
            ];
            start.push(format!(
                "wait_for master_link_status:up redis-cli -p {second} info replication"
            ));
            start.extend(sentinels.iter().map(|port| sentinel(*port, first)));
            start.extend(sentinels.iter().map(|port| complete(*port)));
            let all = sentinels.into_iter().chain([second, first]);
            let stop: Vec<String> = all
                .map(|port| format!("redis-cli -p {port} shutdown nosave"))
                .collect();
            let hosts: Vec<String> = sentinels
                .iter()
                .map(|port| format!("127.0.0.1:{port}"))
                .collect();
            let server = Server::guarded(&start.join(" && "), &stop.join("; "), |_| Place {
                url: format!("redis+sentinel://{}/main", hosts.join(",")),
                nodes: vec![on_port(first)],
            });
            Self {
                server,
                first,
                second,
                watchers: sentinels,
            }
        })
        .await
    }

    /// Kills the server and waits until the sentinels have put its replica in its place.
    ///
    /// # Panics
    /// After half a minute.
    pub async fn fail_over(&self) {
        let folder = self.server.folder.clone().expect("it was started here");
        let (first, second, sentinels) = (self.first, self.second.to_string(), self.watchers);
        in_background(move || {
            let kill = format!("kill -KILL \"$(cat \"$1/{first}.pid\")\"");
            let killed = Command::new("sh")
                .args(["-c", &kill, "kill"])
                .arg(folder)
                .status();
            assert!(
                killed.is_ok_and(|status| status.success()),
                "it can be killed"
            );
            assert!(
                sentinels.iter().all(|sentinel| names(*sentinel, &second)),
                "the sentinels put the replica in its place"
            );
        })
        .await;
    }
}

/// Whether a sentinel comes to name the server on this port.
fn names(sentinel: u16, port: &str) -> bool {
    let wait = format!(
        "{WAIT_FOR} wait_for {port} redis-cli -p {sentinel} sentinel get-master-addr-by-name main"
    );
    let began = Instant::now();
    loop {
        let found = Command::new("sh").args(["-c", &wait]).status();
        if found.is_ok_and(|status| status.success()) {
            return true;
        }
        if began.elapsed() > PATIENCE {
            return false;
        }
    }
}

fn server(port: u16, more: &str) -> String {
    format!(
        "redis-server --bind 127.0.0.1 --port {port} --dir \"$1\" --save '' --daemonize yes --pidfile \"$1/{port}.pid\" \
         --logfile \"$1/{port}.log\" --repl-diskless-sync-delay 0 {more} && wait_for PONG redis-cli -p {port} ping"
    )
}

fn sentinel(port: u16, first: u16) -> String {
    let lines = [
        "bind 127.0.0.1".to_owned(),
        format!("port {port}"),
        format!("sentinel monitor main 127.0.0.1 {first} 2"),
        "sentinel down-after-milliseconds main 1000".to_owned(),
        "sentinel failover-timeout main 5000".to_owned(),
    ];
    format!(
        "printf '{}\\n' >\"$1/{port}.conf\" && redis-server \"$1/{port}.conf\" --sentinel --dir \"$1\" --daemonize yes \
         --logfile \"$1/{port}.log\" && wait_for PONG redis-cli -p {port} ping",
        lines.join("\\n")
    )
}

/// Waits until a sentinel has found the two others and the replica.
fn complete(port: u16) -> String {
    format!("wait_for 'slaves=1,sentinels=3' redis-cli -p {port} info sentinel")
}
