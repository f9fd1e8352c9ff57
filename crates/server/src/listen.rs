//! Listeners: who may connect, how long a connection may take for what it does, and how all of it ends.
//!
//! A bad connection hurts only itself: places are counted in all and for each client, every state that a connection can be
//! in has its time, and what a client may send and start at once is bounded.

mod activity;
mod admission;
mod connection;
mod head;
mod http;
mod patience;
mod stop;
mod watched;

pub(crate) use admission::Admission;
pub(crate) use patience::Patience;
pub(crate) use stop::Stop;

use crate::tls::Acceptor;
use anyhow::{Context, Result};
use axum::Router;
use connection::{Accepted, Place};
use doorward_http::Trusted;
use http::Http;
use metrics::{counter, gauge};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use stop::Stage;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

/// Connections that the kernel keeps until they are taken.
const BACKLOG: u32 = 1024;
/// When no connection can be taken, for want of descriptors as a rule, this long passes until the next attempt.
const BREATHER: Duration = Duration::from_millis(100);

/// The terms on which connections are taken.
pub(crate) struct Terms {
    pub(crate) admission: Arc<Admission>,
    /// Whose PROXY headers count. They are as many clients as stand behind them, and so have no share of their own.
    pub(crate) trusted: Trusted,
    /// What to do when a PROXY header comes from anybody else.
    pub(crate) unnamed_proxy: Box<dyn Fn() + Send + Sync>,
    pub(crate) patience: Patience,
}

/// A listener and what stands behind it.
pub(crate) struct Door {
    /// Its name in metrics.
    pub(crate) name: &'static str,
    pub(crate) listener: TcpListener,
    pub(crate) router: Router,
    /// Given where it speaks TLS.
    pub(crate) tls: Option<Acceptor>,
    pub(crate) terms: Arc<Terms>,
}

/// What every connection of a listener shares.
struct Behind {
    name: &'static str,
    router: Router,
    tls: Option<Acceptor>,
    http: Http,
    terms: Arc<Terms>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself.
    Done,
    /// By a breach of the protocol, or of the line.
    Broken,
    /// There was no place for it.
    Full,
    /// Its client has as many as it may.
    Share,
    /// A PROXY header of a trusted proxy is none.
    ProxyHeader,
    /// A PROXY header came from somebody who is no trusted proxy.
    UnnamedProxy,
    /// TLS came to nothing, or not in time.
    Handshake,
    /// The head of a request did not become whole in time.
    SlowHead,
    /// Nothing came, or nothing more.
    Idle,
    /// It did nothing when a newcomer needed its place.
    Crowded,
    /// Its client gave up too many of its requests.
    Resets,
    /// It was open still when the process had to end.
    CutOff,
}

impl End {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Broken => "broken",
            Self::Full => "full",
            Self::Share => "client_share",
            Self::ProxyHeader => "proxy_header",
            Self::UnnamedProxy => "unnamed_proxy",
            Self::Handshake => "handshake",
            Self::SlowHead => "slow_head",
            Self::Idle => "idle",
            Self::Crowded => "crowded",
            Self::Resets => "resets",
            Self::CutOff => "cut_off",
        }
    }
}

/// Takes the address, so that what is wrong with it is known before anything starts.
pub(crate) fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A connection of the process before, which lingers, must not keep this one from starting.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    listen().with_context(|| format!("`{setting}`: cannot listen on `{address}`; stop what listens there or choose another address"))
}

impl Door {
    /// Serves until `stop` says otherwise.
    pub(crate) async fn serve(self, stop: Stop) -> Result<()> {
        let mut stages = stop.stages();
        self.listener
            .set_nonblocking(true)
            .context("the listener cannot be used")?;
        let listener = tokio::net::TcpListener::from_std(self.listener)
            .context("the listener cannot be used")?;
        let mut open = Open {
            behind: Arc::new(Behind {
                name: self.name,
                router: self.router,
                tls: self.tls,
                http: Http::bounded(),
                terms: self.terms,
            }),
            stages: stages.clone(),
            tasks: JoinSet::new(),
        };
        let by = loop {
            tokio::select! {
                accepted = listener.accept() => open.take(accepted).await,
                Some(_) = open.tasks.join_next() => {}
                Ok(()) = stages.changed() => {
                    if let Stage::Closed { by } = *stages.borrow_and_update() {
                        break by;
                    }
                }
            }
        };
        // Whoever is in the queue believes to be connected already.
        let queue = listener.into_std().context("the listener cannot be used")?;
        while let Ok((stream, peer)) = queue.accept() {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            open.take(stream.map(|stream| (stream, peer))).await;
        }
        drop(queue);
        open.end(by, stages).await;
        Ok(())
    }
}

/// The connections of a listener.
struct Open {
    behind: Arc<Behind>,
    stages: watch::Receiver<Stage>,
    tasks: JoinSet<()>,
}

impl Open {
    async fn take(&mut self, accepted: std::io::Result<(TcpStream, SocketAddr)>) {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(error.kind()) => return,
            Err(error) => {
                counter!("doorward_connections_failed_total", "listener" => self.behind.name)
                    .increment(1);
                warn!(%error, "no connection can be taken; are there descriptors enough (`LimitNOFILE`, `ulimit -n`)?");
                return tokio::time::sleep(BREATHER).await;
            }
        };
        let Some(seat) = self.behind.terms.admission.seat() else {
            return note(self.behind.name, End::Full, peer);
        };
        // Without it the last part of an answer waits until what came before has been acknowledged.
        let _ = stream.set_nodelay(true);
        let place = Place {
            seat,
            behind: Arc::clone(&self.behind),
            stages: self.stages.clone(),
        };
        let accepted = Accepted {
            stream,
            peer,
            place,
        };
        let name = self.behind.name;
        self.tasks.spawn(async move {
            let counted = Counted::new(name);
            let end = accepted.serve().await;
            drop(counted);
            note(name, end, peer);
        });
    }

    /// Waits for the connections to end, and cuts off those that do not.
    async fn end(mut self, mut by: Instant, mut stages: watch::Receiver<Stage>) {
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => if ended.is_none() { return },
                () = sleep_until(by) => break,
                Ok(()) = stages.changed() => if let Stage::Closed { by: now } = *stages.borrow_and_update() {
                    by = now;
                },
            }
        }
        let name = self.behind.name;
        let left = self.tasks.len();
        warn!(
            listener = name,
            connections = left,
            "connections that did not end in time are cut off"
        );
        counter!("doorward_connections_closed_total", "listener" => name, "cause" => End::CutOff.name())
            .increment(u64::try_from(left).unwrap_or(u64::MAX));
        self.tasks.shutdown().await;
    }
}

/// A client that was gone before its connection was taken.
const fn is_of_the_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// A client that does something wrong does it often: it is a number for whoever watches, and a line for whoever looks.
fn note(listener: &'static str, end: End, peer: SocketAddr) {
    counter!("doorward_connections_closed_total", "listener" => listener, "cause" => end.name())
        .increment(1);
    if end != End::Done {
        debug!(listener, cause = end.name(), peer.ip = %peer.ip(), "a connection ended");
    }
}

/// A connection in the gauge of those that are open.
struct Counted(&'static str);

impl Counted {
    fn new(listener: &'static str) -> Self {
        gauge!("doorward_connections", "listener" => listener).increment(1);
        Self(listener)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("doorward_connections", "listener" => self.0).decrement(1);
    }
}

#[cfg(test)]
mod tests;
