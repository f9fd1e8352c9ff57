//! A balancer for HTTP/1.1, as small as one can be that takes nothing away from what is behind it.
//!
//! Each request goes to the next replica that says that it is ready; where none says so, to the next of all, so that their
//! own answers reach the client. It tries another replica only where it could not connect: then nothing was sent. Anything
//! else that goes wrong is a 502 of its own, which carries the header `x-balancer`.

use crate::probe;
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How often each replica is asked whether it is ready.
pub const CHECK_EVERY: Duration = Duration::from_millis(200);
/// How long [`Balancer::until_all_ready`] waits.
const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(10);

/// Names the balancer's own answers, and why it gives them.
pub const OWN_ANSWER: HeaderName = HeaderName::from_static("x-balancer");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

type Body = Either<Incoming, Full<Bytes>>;

/// A balancer on a port of loopback. Dropping it closes the port.
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    replicas: Vec<Target>,
    turn: AtomicUsize,
    client: Client<HttpConnector, Full<Bytes>>,
}

struct Target {
    address: SocketAddr,
    ready: AtomicBool,
}

impl Balancer {
    /// Opens one on a free port, before the replicas at these addresses. They need not be there yet.
    pub async fn start(replicas: &[SocketAddr]) -> Self {
        Self::on(bind().await, replicas)
    }

    /// The same on a listener that is there already, for whoever has to know its address before there are replicas.
    pub fn on(listener: TcpListener, replicas: &[SocketAddr]) -> Self {
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            replicas: replicas.iter().copied().map(Target::new).collect(),
            turn: AtomicUsize::new(0),
            client: Client::builder(TokioExecutor::new()).build_http(),
        });
        let mut tasks = JoinSet::new();
        for index in 0..replicas.len() {
            tasks.spawn(check(Arc::clone(&shared), index));
        }
        tasks.spawn(serve(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Which replicas it sends requests to, in the order in which they were given.
    pub fn ready(&self) -> Vec<bool> {
        self.shared.replicas.iter().map(Target::is_ready).collect()
    }

    /// Waits until it sends requests to all of them.
    pub async fn until_all_ready(&self) {
        let began = Instant::now();
        while self.ready().contains(&false) {
            assert!(
                began.elapsed() < PATIENCE,
                "some stay away: {:?}",
                self.ready()
            );
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// A listener on a free port of loopback.
pub async fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("loopback has a free port")
}

impl Target {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            ready: AtomicBool::new(false),
        }
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// The replicas to try, best first.
    fn candidates(&self) -> Vec<SocketAddr> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let round = || {
            let all = self.replicas.iter().cycle();
            all.skip(turn % self.replicas.len())
                .take(self.replicas.len())
        };
        let ready: Vec<_> = round().filter(|replica| replica.is_ready()).collect();
        let chosen = if ready.is_empty() {
            round().collect()
        } else {
            ready
        };
        chosen.into_iter().map(|replica| replica.address).collect()
    }
}

async fn check(shared: Arc<Shared>, index: usize) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    while let Some(replica) = shared.replicas.get(index) {
        ticks.tick().await;
        let ready = probe::status(replica.address, "/readyz").await == Some(200);
        replica.ready.store(ready, Ordering::Relaxed);
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Whoever is still being served when the balancer goes is cut off.
    let mut conversations = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        conversations.spawn(converse(stream, peer, Arc::clone(&shared)));
        while conversations.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, peer, request).await) }
    });
    // A client that breaks off is none of the balancer's business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(shared: &Shared, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return own(StatusCode::BAD_REQUEST, "the request broke off");
    };
    strip(&mut head.headers);
    note_peer(&mut head.headers, peer);
    let request = Request::from_parts(head, Full::new(body.to_bytes()));
    for replica in shared.candidates() {
        let Some(request) = addressed(&request, replica) else {
            return own(StatusCode::BAD_REQUEST, "a target that is no path");
        };
        match shared.client.request(request).await {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                strip(&mut head.headers);
                return Response::from_parts(head, Either::Left(body));
            }
            Err(error) if error.is_connect() => {}
            Err(_) => return own(StatusCode::BAD_GATEWAY, "the replica broke off"),
        }
    }
    own(StatusCode::BAD_GATEWAY, "no replica takes a connection")
}

fn addressed(request: &Request<Full<Bytes>>, replica: SocketAddr) -> Option<Request<Full<Bytes>>> {
    let mut request = request.clone();
    let uri = Uri::builder()
        .scheme("http")
        .authority(replica.to_string())
        .path_and_query(request.uri().path_and_query()?.clone());
    *request.uri_mut() = uri.build().ok()?;
    Some(request)
}

/// What holds for one connection alone (RFC 9110 section 7.6.1).
fn strip(headers: &mut HeaderMap) {
    for name in [CONNECTION, KEEP_ALIVE, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

/// Adds the client to the chain of those for whom the request was forwarded.
fn note_peer(headers: &mut HeaderMap, peer: SocketAddr) {
    let before = headers
        .get(FORWARDED_FOR)
        .and_then(|value| value.to_str().ok());
    let chain = before.map_or_else(
        || peer.ip().to_string(),
        |before| format!("{before}, {}", peer.ip()),
    );
    if let Ok(chain) = HeaderValue::try_from(chain) {
        headers.insert(FORWARDED_FOR, chain);
    }
}

fn own(status: StatusCode, why: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::default()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(OWN_ANSWER, HeaderValue::from_static(why));
    response
}

#[cfg(test)]
mod tests;
