//! Bodies that arrive too slowly: whoever sends one byte now and then holds a request, and what it has taken, for as long
//! as the server lets it.
//!
//! Only the time that is spent waiting for the client counts against it, not what the server needs to digest a part.

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How slowly a body may come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Waiting that is always allowed: a connection may pause, and a small body may take its time.
    pub(super) pause: Duration,
    /// In bytes a second: what came already allows so much more waiting.
    pub(super) floor: u32,
}

impl Pace {
    pub(super) const USUAL: Self = Self {
        pause: Duration::from_secs(10),
        floor: 1024,
    };

    fn allows(self, received: u64) -> Duration {
        let earned = received.saturating_mul(1000) / u64::from(self.floor.max(1));
        self.pause.saturating_add(Duration::from_millis(earned))
    }
}

/// Whether a body came too slowly; known to the edge whatever a handler makes of it.
#[derive(Clone, Debug, Default)]
pub(super) struct TooSlow(Arc<AtomicBool>);

impl TooSlow {
    pub(super) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body came too slowly")
    }
}

impl std::error::Error for TooSlow {}

/// The same request, whose body fails when it comes more slowly than `pace`.
pub(super) fn watch(request: Request, pace: Pace) -> (Request, TooSlow) {
    let slow = TooSlow::default();
    if request.body().is_end_stream() {
        return (request, slow);
    }
    let watched = |body: Body| {
        let arriving = Arriving {
            parts: body.into_data_stream(),
            pace,
            received: 0,
            waited: Duration::ZERO,
            slow: slow.clone(),
        };
        Body::from_stream(stream::unfold(Some(arriving), Arriving::next))
    };
    (request.map(watched), slow)
}

struct Arriving {
    parts: BodyDataStream,
    pace: Pace,
    received: u64,
    waited: Duration,
    slow: TooSlow,
}

impl Arriving {
    /// The next part; after one that failed there is none.
    async fn next(arriving: Option<Self>) -> Option<(Result<Bytes, axum::BoxError>, Option<Self>)> {
        let mut this = arriving?;
        let patience = this.pace.allows(this.received).saturating_sub(this.waited);
        let started = Instant::now();
        let Ok(part) = tokio::time::timeout(patience, this.parts.next()).await else {
            this.slow.0.store(true, Ordering::Release);
            return Some((Err(Box::new(this.slow)), None));
        };
        this.waited += started.elapsed();
        match part? {
            Ok(bytes) => {
                this.received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Some((Ok(bytes), Some(this)))
            }
            Err(error) => Some((Err(Box::new(error)), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    const HASTY: Pace = Pace {
        pause: Duration::from_millis(50),
        floor: 1000,
    };

    fn request(body: Body) -> Request {
        Request::new(body)
    }

    /// Parts of so many bytes, each after so many milliseconds.
    fn dripping(parts: &'static [(u64, usize)]) -> Body {
        Body::from_stream(stream::iter(parts).then(async |(after, size)| {
            tokio::time::sleep(Duration::from_millis(*after)).await;
            Ok::<_, std::convert::Infallible>(vec![b'x'; *size])
        }))
    }

    async fn read(body: Body) -> (Option<usize>, bool) {
        let (request, slow) = watch(request(body), HASTY);
        let read = to_bytes(request.into_body(), usize::MAX).await;
        (read.ok().map(|bytes| bytes.len()), slow.happened())
    }

    #[tokio::test]
    async fn sec_i44_a_body_that_drips_fails() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, axum::Error>>());
        assert_eq!(read(never).await, (None, true));
        assert_eq!(
            read(dripping(&[(30, 1), (30, 1), (30, 1)])).await,
            (None, true)
        );
    }

    #[tokio::test]
    async fn what_came_already_earns_patience() {
        assert_eq!(
            read(dripping(&[(0, 5000), (100, 1)])).await,
            (Some(5001), false)
        );
        assert_eq!(read(Body::from("whole")).await, (Some(5), false));
    }

    #[tokio::test]
    async fn time_that_the_server_takes_is_not_the_clients() {
        let (request, slow) = watch(request(dripping(&[(0, 1), (0, 1)])), HASTY);
        let mut parts = request.into_body().into_data_stream();
        parts.next().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        parts.next().await.unwrap().unwrap();
        assert!(!slow.happened());
    }
}
