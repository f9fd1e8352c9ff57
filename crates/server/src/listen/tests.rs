//! Listeners over real sockets, with little patience.

mod ending;
mod floods;
mod framing;
mod places;

use super::*;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension};
use axum::routing::{get, post};
use bytes::Bytes;
use doorward_http::Transport;
use futures_util::stream;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take on a busy machine before a test gives up.
const BOUND: Duration = Duration::from_secs(20);

/// Enough for what is done at once, and no more.
const LITTLE: Patience = Patience {
    greeting: Duration::from_millis(300),
    handshake: Duration::from_millis(300),
    first_request: Duration::from_millis(300),
    head: Duration::from_millis(300),
    silence: Duration::from_millis(300),
    taking: Duration::from_millis(300),
    crowded: Duration::from_millis(300),
    look: Duration::from_millis(50),
    last_word: Duration::from_millis(200),
    on_its_way: Duration::from_millis(50),
};

/// What happened behind the listener.
#[derive(Default)]
struct Seen {
    started: AtomicUsize,
    noticed: AtomicUsize,
}

/// A listener that serves.
struct Running {
    address: SocketAddr,
    stop: Stop,
    task: JoinHandle<Result<()>>,
    seen: Arc<Seen>,
}

struct Wanted {
    places: usize,
    share: usize,
    patience: Patience,
    trusted: &'static str,
}

const WANTED: Wanted = Wanted {
    places: 100,
    share: 100,
    patience: Patience::USUAL,
    trusted: "10.0.0.0/8",
};

fn routes(seen: &Arc<Seen>) -> Router {
    let counted = Arc::clone(seen);
    let never = move || {
        counted.started.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<&'static str>()
    };
    let endless = || async {
        let part = Bytes::from(vec![b'x'; 64 * 1024]);
        Body::from_stream(stream::repeat_with(move || {
            Ok::<_, axum::Error>(part.clone())
        }))
    };
    let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
    let transport = async |Extension(transport): Extension<Transport>| format!("{transport:?}");
    Router::new()
        .route("/ok", get(async || "fine"))
        .route("/never", get(never))
        .route("/endless", get(endless))
        .route("/peer", get(peer))
        .route("/transport", post(transport))
        .route(
            "/slow",
            get(async || {
                tokio::time::sleep(Duration::from_millis(500)).await;
                "slowly"
            }),
        )
}

fn start(wanted: &Wanted) -> Running {
    let seen = Arc::<Seen>::default();
    let noticed = Arc::clone(&seen);
    let listener = bind(([127, 0, 0, 1], 0).into(), "server.bind").unwrap();
    let address = listener.local_addr().unwrap();
    let door = Door {
        name: "test",
        listener,
        router: routes(&seen),
        tls: None,
        terms: Arc::new(Terms {
            admission: Admission::new(wanted.places, wanted.share),
            trusted: Trusted::from(vec![wanted.trusted.parse().unwrap()]),
            unnamed_proxy: Box::new(move || {
                noticed.noticed.fetch_add(1, Ordering::SeqCst);
            }),
            patience: wanted.patience,
        }),
    };
    let stop = Stop::new();
    let task = tokio::spawn(door.serve(stop.clone()));
    Running {
        address,
        stop,
        task,
        seen,
    }
}

impl Running {
    /// A connection from a loopback address that ends in this number.
    async fn connect_from(&self, last: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, last], 0).into()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    async fn connect(&self) -> TcpStream {
        self.connect_from(1).await
    }

    /// A connection that was answered once, and so is served for sure.
    async fn connected_from(&self, last: u8) -> TcpStream {
        let mut stream = self.connect_from(last).await;
        assert!(ask(&mut stream, "/ok").await.ends_with("fine"));
        stream
    }
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// The next answer with a body of a known length, on a connection that goes on.
async fn ask(stream: &mut TcpStream, path: &str) -> String {
    say(stream, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut part = vec![0; 4096];
        let read = timeout(BOUND, stream.read(&mut part)).await.unwrap();
        let read = read.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&part[..read]));
        if read == 0 || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}

/// Everything until the server closes the connection, which it does in time; a reset is an end, too.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let read = timeout(BOUND, stream.read_to_end(&mut all)).await;
    let _ = read.expect("the connection is closed");
    all
}
