//! One connection, from its first byte to its end: the client's address, TLS, HTTP.

use super::activity::{Activity, Open, Overdue};
use super::admission::Seat;
use super::patience::Patience;
use super::stop::Stage;
use super::watched::Watched;
use super::{Behind, End};
use crate::proxy_protocol::{self, Header, Refused, Replayed};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response, Version};
use bytes::Bytes;
use doorward_http::{Proxied, Transport};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

const HTTP_2: &[u8] = b"h2";
/// How HTTP/2 begins where nothing has agreed on it before (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2";

/// A connection that was just accepted.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) place: Place,
}

/// Where a connection has landed.
pub(super) struct Place {
    pub(super) seat: Seat,
    pub(super) behind: Arc<Behind>,
    pub(super) stages: watch::Receiver<Stage>,
}

/// A connection that is about to speak HTTP.
struct Opened<S> {
    version: Version,
    stream: S,
    caller: Caller,
    place: Place,
}

/// Whom the requests of a connection come from.
#[derive(Clone, Copy)]
struct Caller {
    address: SocketAddr,
    proxied: Option<Proxied>,
}

/// A connection that is about to speak HTTP, in the clear or not.
enum Line {
    Plain(Opened<Replayed<TcpStream>>),
    Secure(Box<Opened<TlsStream<Replayed<TcpStream>>>>),
}

impl Accepted {
    /// Serves it to its end.
    pub(super) async fn serve(self) -> End {
        let stranger = self.place.seat.stranger();
        let too_late = too_late(
            self.place.stages.clone(),
            self.place.behind.terms.patience.last_word,
        );
        let line = tokio::select! {
            line = self.open() => line,
            () = stranger.asked_to_go() => Err(End::Crowded),
            () = too_late => Err(End::CutOff),
        };
        drop(stranger);
        match line {
            Ok(Line::Plain(opened)) => opened.serve().await,
            Ok(Line::Secure(opened)) => opened.serve().await,
            Err(end) => end,
        }
    }

    async fn open(mut self) -> Result<Line, End> {
        let (caller, own) = self.greet().await?;
        let Self { stream, place, .. } = self;
        let version = if own.starts_with(PREFACE) {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        };
        let stream = Replayed::new(own, stream);
        let Some(tls) = &place.behind.tls else {
            return Ok(Line::Plain(Opened {
                version,
                stream,
                caller,
                place,
            }));
        };
        let patience = place.behind.terms.patience.handshake;
        let stream = match timeout(patience, tls.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            // An authority has seen what it came for.
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionAborted => {
                return Err(End::Done);
            }
            Ok(Err(_)) | Err(_) => return Err(End::Handshake),
        };
        let version = match stream.get_ref().1.alpn_protocol() {
            Some(HTTP_2) => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        Ok(Line::Secure(Box::new(Opened {
            version,
            stream,
            caller,
            place,
        })))
    }

    /// Finds out whom the connection belongs to, and whether they may have it; gives the first bytes of their own, too.
    async fn greet(&mut self) -> Result<(Caller, Vec<u8>), End> {
        let Place { seat, behind, .. } = &mut self.place;
        let terms = &behind.terms;
        let trusted = terms.trusted.has(self.peer.ip());
        if !trusted && !seat.belong_to(self.peer.ip()) {
            return Err(End::Share);
        }
        let receiving = proxy_protocol::receive(&mut self.stream, trusted);
        let patience = terms.patience.at_the_door(seat.is_scarce());
        let received = timeout(patience, receiving).await;
        let (header, own) = received.map_err(|_| End::Idle)?.map_err(|refused| {
            if refused == Refused::Untrusted {
                (terms.unnamed_proxy)();
            }
            End::from(refused)
        })?;
        let mut caller = Caller {
            address: self.peer,
            proxied: None,
        };
        if let Header::Client { address, tls } = header {
            if !terms.trusted.has(address.ip()) && !seat.belong_to(address.ip()) {
                return Err(End::Share);
            }
            caller = Caller {
                address,
                proxied: Some(Proxied { tls }),
            };
        }
        Ok((caller, own))
    }
}

/// Resolves when a connection that has said nothing yet had its time to say something after the listener closed.
async fn too_late(mut stages: watch::Receiver<Stage>, last_word: Duration) {
    let closed = |stage: &Stage| matches!(stage, Stage::Closed { .. });
    if stages.wait_for(closed).await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(last_word).await;
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Gone => Self::Done,
            Refused::Malformed => Self::ProxyHeader,
            Refused::Untrusted => Self::UnnamedProxy,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Opened<S> {
    async fn serve(self) -> End {
        let Place {
            seat,
            behind,
            stages,
        } = self.place;
        let shared = self.version == Version::HTTP_2;
        let activity = Activity::new(shared);
        let answering = Arc::new(Answering {
            router: behind.router.clone(),
            caller: self.caller,
            activity: Arc::clone(&activity),
            stages: stages.clone(),
        });
        let service = service_fn(move |request| Arc::clone(&answering).answer(request));
        let patience = behind.terms.patience;
        let stream = Watched::new(self.stream, Arc::clone(&activity), patience.taking);
        let stream = TokioIo::new(stream);
        let watch = Watch {
            activity,
            seat,
            patience,
            shared,
        };
        if shared {
            let connection = behind.http.two.serve_connection(stream, service);
            watch.over(connection, stages).await
        } else {
            let connection = behind.http.one.serve_connection(stream, service);
            watch.over(connection, stages).await
        }
    }
}

/// What is known of a connection while it speaks HTTP.
struct Watch {
    activity: Arc<Activity>,
    seat: Seat,
    patience: Patience,
    shared: bool,
}

impl Watch {
    /// Drives a connection to its end, and ends it where it takes too long or has to go.
    async fn over<C: GracefulConnection>(
        self,
        connection: C,
        mut stages: watch::Receiver<Stage>,
    ) -> End {
        let mut connection = pin!(connection);
        let mut look = pin!(sleep(self.patience.look));
        let mut ending = None;
        // What the accept loop knew of the stage may be old by now.
        stages.mark_changed();
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    let end = if ended.is_ok() { End::Done } else { End::Broken };
                    return ending.unwrap_or(end);
                }
                () = self.activity.condemned() => return End::Resets,
                () = self.seat.asked_to_go() => if self.activity.is_idle() {
                    ending = Some(End::Crowded);
                    connection.as_mut().graceful_shutdown();
                },
                Ok(()) = stages.changed() => match *stages.borrow_and_update() {
                    Stage::Closed { .. } => {
                        ending = Some(End::Done);
                        look.as_mut().reset(Instant::now() + self.rest());
                    }
                    Stage::Leaving if self.shared => connection.as_mut().graceful_shutdown(),
                    Stage::Leaving | Stage::Open => {}
                },
                () = look.as_mut() => {
                    look.as_mut().reset(Instant::now() + self.patience.look);
                    match (self.overdue(), ending) {
                        (Some(Overdue::Head), _) => return End::SlowHead,
                        // It was asked to end, and is there still.
                        (Some(Overdue::Idle), Some(end)) => return end,
                        (Some(Overdue::Idle), None) => {
                            ending = Some(End::Idle);
                            connection.as_mut().graceful_shutdown();
                        }
                        (None, Some(_)) => connection.as_mut().graceful_shutdown(),
                        (None, None) => {}
                    }
                }
            }
        }
    }

    /// How long a request may still come after the listener has closed.
    fn rest(&self) -> Duration {
        if self.activity.is_fresh() {
            self.patience.last_word
        } else {
            self.patience.on_its_way
        }
    }

    fn overdue(&self) -> Option<Overdue> {
        self.activity.overdue(&self.patience, self.seat.is_scarce())
    }
}

/// What answers the requests of a connection.
struct Answering {
    router: Router,
    caller: Caller,
    activity: Arc<Activity>,
    stages: watch::Receiver<Stage>,
}

impl Answering {
    fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Departing>, Infallible>> {
        let open = self.activity.begin();
        let transport = Transport {
            proxied: self.caller.proxied,
            ambiguous_length: open.ambiguous_length(),
        };
        let extensions = request.extensions_mut();
        extensions.insert(transport);
        extensions.insert(ConnectInfo(self.caller.address));
        async move {
            let version = request.version();
            let answering = self.router.clone().oneshot(request.map(Body::new));
            let mut response = answering.await?;
            // HTTP/2 says it by a frame of its own.
            if version < Version::HTTP_2 && *self.stages.borrow() != Stage::Open {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            let open = open.answered();
            Ok(response.map(|body| Departing { body, _open: open }))
        }
    }
}

/// The body of an answer; its request stays open until the body has left.
struct Departing {
    body: Body,
    _open: Open,
}

impl hyper::body::Body for Departing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
