//! A cluster of three servers, each with a third of the slots.

use super::{Place, Server, in_background, on_port};
use crate::ports::port_to_keep;

const NODES: usize = 3;

impl Server {
    /// A cluster of three servers without replicas, whole and agreed on itself.
    pub async fn cluster_of_three() -> Self {
        in_background(|| {
            let ports: [u16; NODES] = std::array::from_fn(|_| port_to_keep());
            let start: Vec<String> = ports.iter().copied().map(start).collect();
            let agreed: Vec<String> = ports.iter().copied().map(agreed).collect();
            let stop: Vec<String> = ports.iter().copied().map(stop).collect();
            let start = format!(
                "{} && redis-cli --cluster create {} --cluster-replicas 0 --cluster-yes && {}",
                start.join(" && "),
                addresses(&ports, " "),
                agreed.join(" && ")
            );
            Self::guarded(&start, &stop.join("; "), |_| Place {
                url: format!("redis+cluster://{}", addresses(&ports, ",")),
                nodes: ports.iter().copied().map(on_port).collect(),
            })
        })
        .await
    }
}

fn addresses(ports: &[u16], between: &str) -> String {
    let addresses: Vec<String> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    addresses.join(between)
}

fn start(port: u16) -> String {
    let bus = port_to_keep();
    format!(
        "mkdir -p \"$1/{port}\" && redis-server --bind 127.0.0.1 --port {port} --cluster-enabled yes --cluster-port {bus} \
         --cluster-node-timeout 2000 --dir \"$1/{port}\" --save '' --daemonize yes --logfile \"$1/{port}.log\" \
         && wait_for PONG redis-cli -p {port} ping"
    )
}

fn agreed(port: u16) -> String {
    format!(
        "wait_for cluster_state:ok redis-cli -p {port} cluster info && wait_for cluster_known_nodes:{NODES} redis-cli -p {port} cluster info"
    )
}

fn stop(port: u16) -> String {
    format!("redis-cli -p {port} shutdown nosave")
}
