//! The load client: a fixed number of keep-alive connections, each with one request on its way at a time.
//!
//! Doorward and the bare server meet the same client, so that what the client costs is on both sides of a
//! ratio. Answers other than the expected one count apart and never as work done.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Connections of a measurement.
pub(crate) const CONNECTIONS: usize = 64;

/// When a request without an answer ends the run.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request that can be sent again and again, and the status that answers it.
#[derive(Clone)]
pub(crate) struct Call {
    request: Request<Full<Bytes>>,
    expected: StatusCode,
}

impl Call {
    pub(crate) fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path, Bytes::new())
    }

    pub(crate) fn post(path: &'static str, body: &Value) -> Self {
        let mut call = Self::new(Method::POST, path, body.to_string().into());
        call.headers()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        call
    }

    pub(crate) fn put(path: &'static str, body: &Value) -> Self {
        let mut call = Self::post(path, body);
        *call.request.method_mut() = Method::PUT;
        call
    }

    pub(crate) fn bearer(mut self, token: &str) -> anyhow::Result<Self> {
        let value = HeaderValue::try_from(format!("Bearer {token}"))?;
        self.headers().insert(AUTHORIZATION, value);
        Ok(self)
    }

    pub(crate) fn expecting(self, expected: StatusCode) -> Self {
        Self { expected, ..self }
    }

    fn new(method: Method, path: &'static str, body: Bytes) -> Self {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_default();
        request
            .headers_mut()
            .insert(HOST, HeaderValue::from_static("127.0.0.1"));
        Self {
            request,
            expected: StatusCode::OK,
        }
    }

    fn headers(&mut self) -> &mut HeaderMap {
        self.request.headers_mut()
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A text at the top level of a JSON body.
    pub(crate) fn text(&self, field: &str) -> anyhow::Result<String> {
        let body: Value = serde_json::from_slice(&self.body)?;
        let text = body.get(field).and_then(Value::as_str);
        text.map(str::to_owned)
            .with_context(|| format!("an answer without `{field}`"))
    }
}

/// One keep-alive connection.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        Self::over(TcpStream::connect(address).await?).await
    }

    /// The connection of a client in another network: all of `127.0.0.0/8` is this machine.
    pub(crate) async fn open_from(client: Ipv4Addr, address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((client, 0).into())?;
        Self::over(socket.connect(address).await?).await
    }

    async fn over(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How a connection ends shows in the request that is on its way.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self(sender))
    }

    /// Sends the request and reads whatever answers it.
    pub(crate) async fn send(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let exchange = async {
            self.0.ready().await?;
            let (head, body) = self
                .0
                .send_request(call.request.clone())
                .await?
                .into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>((head, body))
        };
        let path = call.request.uri().path();
        let (head, body) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .with_context(|| format!("{path} does not answer"))?
            .with_context(|| format!("{path} breaks off"))?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// The answer, which must be the expected one.
    pub(crate) async fn ask(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let answer = self.send(call).await?;
        if answer.status != call.expected {
            let said = String::from_utf8_lossy(&answer.body);
            bail!(
                "{} answers {}: {said}",
                call.request.uri().path(),
                answer.status
            );
        }
        Ok(answer)
    }
}

/// What a measurement found.
#[derive(Default)]
pub(crate) struct Measured {
    /// From the first request to the last answer, of each round.
    elapsed: Duration,
    /// One for each expected answer, in order of length.
    latencies: Vec<Duration>,
    /// Other answers by status.
    refused: BTreeMap<u16, u32>,
}

impl Measured {
    /// Expected answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        let done = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(done) / self.elapsed.as_secs_f64()
    }

    /// How long the quickest `percent` of the expected answers took at most.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(place).copied().unwrap_or_default()
    }

    /// Says which answers were not the expected ones, if any.
    pub(crate) fn refusals(&self) -> Option<String> {
        let kinds: Vec<_> = self
            .refused
            .iter()
            .map(|(status, count)| format!("{count} answers {status}"))
            .collect();
        (!kinds.is_empty()).then(|| format!("not counted: {}", kinds.join(", ")))
    }

    /// Adds a further round.
    pub(crate) fn add(&mut self, round: Self) {
        self.elapsed += round.elapsed;
        self.join(round);
    }

    /// Adds what another connection did in the same time.
    fn join(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
    }
}

/// Where the connections of a measurement go, in turn.
#[derive(Clone)]
pub(crate) struct Targets(Vec<SocketAddr>);

impl From<SocketAddr> for Targets {
    fn from(address: SocketAddr) -> Self {
        Self(vec![address])
    }
}

impl FromIterator<SocketAddr> for Targets {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        Self(addresses.into_iter().collect())
    }
}

impl Targets {
    async fn open(&self, connections: usize) -> anyhow::Result<Vec<Connection>> {
        let mut open = Vec::with_capacity(connections);
        for address in self.0.iter().cycle().take(connections) {
            open.push(Connection::open(*address).await?);
        }
        Ok(open)
    }
}

/// Gives every call a connection of its own, on which it is sent over and over for `time`.
pub(crate) async fn repeat(
    targets: impl Into<Targets>,
    calls: &[Call],
    time: Duration,
) -> anyhow::Result<Measured> {
    let supply = Supply::Own {
        calls: calls.to_vec(),
        time,
    };
    drive(targets.into(), supply, calls.len()).await
}

/// Sends every call once, over at most `connections` connections.
pub(crate) async fn each(
    targets: impl Into<Targets>,
    calls: Vec<Call>,
    connections: usize,
) -> anyhow::Result<Measured> {
    let connections = connections.min(calls.len());
    let next = AtomicUsize::new(0);
    drive(targets.into(), Supply::Shared { calls, next }, connections).await
}

/// Gives every call a connection of its own; each answer makes the next call of its connection, for `time`. Gives the calls
/// that would come next, too.
pub(crate) async fn chain(
    targets: impl Into<Targets>,
    calls: Vec<Call>,
    next: fn(&Answer) -> anyhow::Result<Call>,
    time: Duration,
) -> anyhow::Result<(Measured, Vec<Call>)> {
    let open = targets.into().open(calls.len()).await?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (connection, call) in open.into_iter().zip(calls) {
        tasks.spawn(follow(connection, call, next, start + time));
    }
    let (mut measured, mut calls) = (Measured::default(), Vec::new());
    while let Some(found) = tasks.join_next().await {
        let (found, call) = found??;
        measured.join(found);
        calls.push(call);
    }
    measured.elapsed = start.elapsed();
    Ok((measured, calls))
}

async fn follow(
    mut connection: Connection,
    mut call: Call,
    next: fn(&Answer) -> anyhow::Result<Call>,
    end: Instant,
) -> anyhow::Result<(Measured, Call)> {
    let mut measured = Measured::default();
    while Instant::now() < end {
        let sent = Instant::now();
        let answer = connection.ask(&call).await?;
        measured.latencies.push(sent.elapsed());
        call = next(&answer)?;
    }
    Ok((measured, call))
}

/// Where a connection gets its next request from.
enum Supply {
    Own { calls: Vec<Call>, time: Duration },
    Shared { calls: Vec<Call>, next: AtomicUsize },
}

impl Supply {
    fn next(&self, connection: usize, start: Instant) -> Option<&Call> {
        match self {
            Self::Own { calls, time } => calls.get(connection).filter(|_| start.elapsed() < *time),
            Self::Shared { calls, next } => calls.get(next.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

async fn drive(targets: Targets, supply: Supply, connections: usize) -> anyhow::Result<Measured> {
    let open = targets.open(connections).await?;
    let (supply, start) = (Arc::new(supply), Instant::now());
    let mut tasks = JoinSet::new();
    for (place, connection) in open.into_iter().enumerate() {
        let supply = Arc::clone(&supply);
        tasks.spawn(async move { work(connection, place, &supply, start).await });
    }
    let mut measured = Measured::default();
    while let Some(found) = tasks.join_next().await {
        measured.join(found??);
    }
    measured.elapsed = start.elapsed();
    Ok(measured)
}

async fn work(
    mut connection: Connection,
    place: usize,
    supply: &Supply,
    start: Instant,
) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    while let Some(call) = supply.next(place, start) {
        let sent = Instant::now();
        let status = connection.send(call).await?.status;
        if status == call.expected {
            measured.latencies.push(sent.elapsed());
        } else {
            *measured.refused.entry(status.as_u16()).or_default() += 1;
        }
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(millis: impl IntoIterator<Item = u64>) -> Measured {
        Measured {
            elapsed: Duration::from_secs(2),
            latencies: millis.into_iter().map(Duration::from_millis).collect(),
            refused: BTreeMap::new(),
        }
    }

    #[test]
    fn only_expected_answers_count_as_work() {
        let mut all = measured(1..=10);
        all.refused.insert(503, 90);
        assert!((all.per_second() - 5.0).abs() < f64::EPSILON);
        assert_eq!(all.refusals().unwrap(), "not counted: 90 answers 503");
    }

    #[test]
    fn rounds_add_up() {
        let mut all = measured([1, 9]);
        all.add(measured([5, 5, 5, 5]));
        assert!((all.per_second() - 1.5).abs() < f64::EPSILON);
        assert_eq!(all.percentile(50), Duration::from_millis(5));
    }

    #[test]
    fn percentiles_stay_inside_the_list() {
        let all = measured(1..=100);
        assert_eq!(all.percentile(50), Duration::from_millis(50));
        assert_eq!(all.percentile(100), Duration::from_millis(100));
        assert_eq!(measured([]).percentile(99), Duration::ZERO);
    }

    #[test]
    fn shared_calls_are_given_out_once() {
        let supply = Supply::Shared {
            calls: vec![Call::get("/"); 3],
            next: AtomicUsize::new(0),
        };
        let given = (0..10)
            .filter(|place| supply.next(*place, Instant::now()).is_some())
            .count();
        assert_eq!(given, 3);
    }
}
