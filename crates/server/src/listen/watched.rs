//! The bytes of a connection on their way, above TLS: what comes in is told to its [`Activity`], and who does not take what
//! goes out is cut off.

use super::activity::Activity;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// See the module.
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    taking: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// `taking` is how long the client may take nothing of what is there for it.
    pub(super) fn new(stream: S, activity: Arc<Activity>, taking: Duration) -> Self {
        Self {
            stream,
            activity,
            taking,
            stalled: None,
        }
    }

    /// Lets the time run while nothing is taken, and stops it as soon as something is.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, taken: Poll<Result<T>>) -> Poll<Result<T>> {
        if taken.is_ready() {
            self.stalled = None;
            return taken;
        }
        let taking = self.taking;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(taking)));
        match stalled.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(Error::new(
                ErrorKind::TimedOut,
                "the client does not take its answer",
            ))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(fresh) = buffer.filled().get(before..) {
            self.activity.heard(fresh);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, taken)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(cx, taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let taken = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(cx, taken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let taken = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, taken)
    }
}
