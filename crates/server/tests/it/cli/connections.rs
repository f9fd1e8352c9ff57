//! Connections to the real binary: who it takes them for, what it refuses, and how it lets go of them.

use super::certificates::{Certificate, KeyKind};
use super::folder::Folder;
use super::serving::{Serving, answer};
use crate::support::python;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const HER: &str = "PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\n";
const HIS: &str = "PROXY TCP4 203.0.113.8 10.0.0.1 40000 443\r\n";

/// Everything that comes back until the server closes the connection.
fn exchange(serving: &Serving, bytes: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", serving.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    // Where the server refuses early, it may not take all of it.
    let _ = stream.write_all(bytes.as_bytes());
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8(all).unwrap()
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

fn guess() -> String {
    let body = json!({"email": "nobody@example.com", "password": "wrong guess"}).to_string();
    let length = body.len();
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

/// The addresses of the access log, in its order.
fn logged(serving: &Serving) -> Vec<String> {
    let log = serving.log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let address = |line: Value| Some(line.get("client.ip")?.as_str()?.to_owned());
    lines.filter_map(address).collect()
}

fn behind_proxy() -> Folder {
    Folder::sqlite()
        .set("server.trusted_proxies", "127.0.0.1/32")
        .set("logs.format", "json")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_header_names_the_client_of_the_log_and_of_the_limits() {
    let folder = behind_proxy().set("rate_limit.named.login", "3/day");
    let mut serving = folder.serve().await;
    let asked = exchange(&serving, &(HER.to_owned() + &get("/utils/public_key", "")));
    assert_eq!(status(&asked), "200");
    // A client that claims hops in front of itself stays who the proxy says it is.
    let claims = "x-forwarded-for: 198.51.100.1\r\nforwarded: for=198.51.100.1\r\n";
    exchange(
        &serving,
        &(HER.to_owned() + &get("/utils/public_key", claims)),
    );
    // A proxy that asks for itself is itself.
    exchange(
        &serving,
        &("PROXY UNKNOWN\r\n".to_owned() + &get("/utils/public_key", "")),
    );
    let told = async |serving: &Serving| logged(serving).len() >= 3;
    serving.until("all of it is logged", told).await;
    let addresses = logged(&serving);
    let addresses: Vec<_> = addresses.iter().rev().take(3).rev().collect();
    assert_eq!(addresses, ["203.0.113.7", "203.0.113.7", "127.0.0.1"]);
    let hers: Vec<_> = (0..4)
        .map(|_| exchange(&serving, &(HER.to_owned() + &guess())))
        .collect();
    let hers: Vec<_> = hers.iter().map(|answer| status(answer)).collect();
    assert_eq!(hers, ["400", "400", "400", "429"]);
    assert_eq!(
        status(&exchange(&serving, &(HIS.to_owned() + &guess()))),
        "400"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_header_stands_before_tls() {
    let folder = behind_proxy();
    let certificate = Certificate::of(&folder, "door", KeyKind::P256);
    let folder = folder
        .set(
            "server.tls.cert_file",
            &certificate.chain.display().to_string(),
        )
        .set(
            "server.tls.key_file",
            &certificate.key.display().to_string(),
        );
    let mut serving = folder.start(&[]);
    let listening = async |serving: &Serving| serving.log().contains("\"serving\"");
    serving.until("it serves", listening).await;
    let script = "
import socket, ssl, sys
port, authority = sys.stdin.read().split()
plain = socket.create_connection(('127.0.0.1', int(port)), 60)
plain.sendall(b'PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\\r\\n')
secure = ssl.create_default_context(cafile=authority).wrap_socket(plain, server_hostname='127.0.0.1')
secure.sendall(b'GET /utils/public_key HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n')
print(secure.recv(15).decode())
";
    let authority = certificate.authority.display();
    let answer = python(script, &format!("{} {authority}", serving.port));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let told = async |serving: &Serving| logged(serving).contains(&"203.0.113.7".to_owned());
    serving.until("its client is logged", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i27_a_proxy_header_of_a_stranger_is_refused_and_said() {
    let folder = Folder::sqlite();
    let serving = folder.serve().await;
    let refused = exchange(&serving, &(HER.to_owned() + &get("/utils/public_key", "")));
    assert_eq!(refused, "");
    let (_, ready) = answer(serving.get("/readyz")).await;
    assert!(
        ready["notices"]
            .to_string()
            .contains("server.trusted_proxies"),
        "{ready}"
    );
    assert!(serving.log().contains("server.trusted_proxies"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i43_a_request_of_two_lengths_gets_an_answer_like_any_other_refusal() {
    let serving = Folder::sqlite().serve().await;
    for lines in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 5",
    ] {
        let next = get("/utils/public_key", "");
        let request = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\n0\r\n\r\n{next}"
        );
        let answer = exchange(&serving, &request);
        assert_eq!(status(&answer), "400", "{answer}");
        assert!(
            answer.contains("x-content-type-options: nosniff"),
            "{answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i44_connections_are_as_many_as_the_settings_say() {
    let folder = Folder::sqlite()
        .set("server.max_connections", "4")
        .set("server.max_connections_per_client", "4");
    let mut serving = folder.start(&[]);
    let listening = async |serving: &Serving| serving.log().contains("serving");
    serving.until("it serves", listening).await;
    let open: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", serving.port)).unwrap();
            stream
                .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            stream
        })
        .collect();
    assert_eq!(exchange(&serving, &get("/livez", "")), "");
    drop(open);
    let free = async |serving: &Serving| status(&exchange(serving, &get("/livez", ""))) == "200";
    serving.until("places are free again", free).await;
    let metrics = exchange(&serving, &get("/metrics", ""));
    for line in [
        "doorward_connections_limit 4",
        r#"doorward_connections_closed_total{listener="main",cause="full"}"#,
        r#"doorward_connections{listener="main"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_closes_it_says_so_for_as_long_as_balancers_need() {
    let folder = Folder::sqlite().set("server.shutdown_delay", "2s");
    let mut serving = folder.serve().await;
    let asked = Instant::now();
    serving.signal("TERM");
    let said = async |serving: &Serving| {
        serving
            .status("/readyz")
            .await
            .is_some_and(|status| status == 503)
    };
    serving.until("/readyz says 503", said).await;
    // New connections are taken still, and each answer is the last of its connection.
    let answer = exchange(&serving, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(
        status(&answer) == "200" && answer.contains("connection: close"),
        "{answer}"
    );
    assert_eq!(serving.ended().await, 0);
    assert!(
        asked.elapsed() >= Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_a_second_time_to_stop_need_not_wait() {
    let folder = Folder::sqlite().set("server.shutdown_delay", "1h");
    let mut serving = folder.serve().await;
    serving.signal("INT");
    let draining = async |serving: &Serving| serving.log().contains("draining");
    serving.until("it drains", draining).await;
    serving.signal("INT");
    assert_eq!(serving.ended().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_takes_no_longer_than_its_grace() {
    let folder = Folder::sqlite().set("server.shutdown_grace", "1s");
    let mut serving = folder.serve().await;
    // A body that is still to come holds its request for longer than that.
    let mut stream = TcpStream::connect(("127.0.0.1", serving.port)).unwrap();
    let head = "POST /api/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100");
    let asked = Instant::now();
    serving.signal("TERM");
    assert_eq!(serving.ended().await, 0);
    let took = asked.elapsed();
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(10),
        "{took:?}"
    );
    assert!(serving.log().contains("cut off"), "{}", serving.log());
}
