//! A collector of traces: takes OTLP over HTTP, and reads of the protocol buffers in it what tests ask about.

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Listens on loopback until it is dropped.
pub(super) struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Batch>>>,
    serving: JoinHandle<()>,
}

struct Batch {
    authorization: Option<String>,
    body: Bytes,
}

/// A span as it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty for the first of a trace.
    pub(super) parent: String,
    pub(super) kind: Kind,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) failed: bool,
    pub(super) events: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Internal,
    Server,
    Client,
}

impl Collector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Arc<Mutex<Vec<Batch>>> = Arc::default();
        let batches = Arc::clone(&taken);
        let take = async move |headers: HeaderMap, body: Bytes| {
            let authorization = headers.get("authorization");
            let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
            batches.lock().unwrap().push(Batch {
                authorization,
                body,
            });
        };
        let router = Router::new().route("/v1/traces", post(take));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            taken,
            serving,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span that was handed over so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        let taken = self.taken.lock().unwrap();
        let resources = taken.iter().flat_map(|batch| inside(&batch.body, 1));
        let scopes = resources.flat_map(|resource| inside(resource, 2));
        scopes
            .flat_map(|scope| inside(scope, 2))
            .map(read)
            .collect()
    }

    /// The value of `Authorization` of every batch.
    pub(super) fn authorizations(&self) -> Vec<Option<String>> {
        let taken = self.taken.lock().unwrap();
        taken
            .iter()
            .map(|batch| batch.authorization.clone())
            .collect()
    }

    /// Whether a text is anywhere in what was handed over.
    pub(super) fn was_told(&self, text: &str) -> bool {
        let taken = self.taken.lock().unwrap();
        let holds = |batch: &Batch| {
            let mut windows = batch.body.windows(text.len());
            windows.any(|window| window == text.as_bytes())
        };
        taken.iter().any(holds)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn read(span: &[u8]) -> Span {
    let attributes = inside(span, 9).into_iter().map(|pair| {
        let value = inside(pair, 2).remove(0);
        (text(pair, 1), worded(value))
    });
    Span {
        name: text(span, 5),
        trace: hex(span, 1),
        id: hex(span, 2),
        parent: hex(span, 4),
        kind: match number(span, 6) {
            2 => Kind::Server,
            3 => Kind::Client,
            _ => Kind::Internal,
        },
        attributes: attributes.collect(),
        failed: inside(span, 15)
            .first()
            .is_some_and(|status| number(status, 3) == 2),
        events: inside(span, 11).len(),
    }
}

/// A text or a whole number.
fn worded(value: &[u8]) -> String {
    match fields(value).first() {
        Some((1, Field::Bytes(text))) => String::from_utf8(text.to_vec()).unwrap(),
        Some((3, Field::Number(number))) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    }
}

fn text(message: &[u8], wanted: u64) -> String {
    let found = inside(message, wanted);
    String::from_utf8(found.concat()).unwrap()
}

fn hex(message: &[u8], wanted: u64) -> String {
    let bytes = inside(message, wanted).concat();
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    let digits = bytes.iter().flat_map(digits).map(char::from);
    digits.collect()
}

fn number(message: &[u8], wanted: u64) -> u64 {
    let fields = fields(message);
    let found = fields.iter().find_map(|field| match field {
        (number, Field::Number(value)) if *number == wanted => Some(*value),
        _ => None,
    });
    found.unwrap_or_default()
}

/// The texts, bytes or messages of a field that may stand any number of times.
fn inside(message: &[u8], wanted: u64) -> Vec<&[u8]> {
    let fields = fields(message).into_iter();
    let found = fields.filter_map(|field| match field {
        (number, Field::Bytes(bytes)) if number == wanted => Some(bytes),
        _ => None,
    });
    found.collect()
}

#[derive(Debug)]
enum Field<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

/// The fields of a message by number, as protocol buffers write them.
fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => Field::Bytes(cut(&mut message, 8)),
            2 => {
                let length = varint(&mut message);
                Field::Bytes(cut(&mut message, usize::try_from(length).unwrap()))
            }
            5 => Field::Bytes(cut(&mut message, 4)),
            other => panic!("wire type {other}"),
        };
        found.push((tag >> 3, field));
    }
    found
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = cut(message, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn cut<'m>(message: &mut &'m [u8], length: usize) -> &'m [u8] {
    let (front, rest) = message.split_at(length);
    *message = rest;
    front
}
