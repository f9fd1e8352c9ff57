//! Counters and short-lived values that replicas share: in Redis where there is one, else in this process.
//!
//! What is kept here may be lost at any time. It limits and it saves work; that a thing happens once is a matter for the
//! database.

mod eviction;
mod gcra;
mod local;
mod redis;

use doorward_domain::{Quota, Span, Timestamp};
use local::Local;
use redis::{Redis, RedisError};
use std::sync::Arc;

/// A handle, cheap to clone.
#[derive(Clone)]
pub struct Kv(Arc<Inner>);

struct Inner {
    local: Local,
    shared: Option<Redis>,
}

/// What a limiter says of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may go on.
    pub admitted: bool,
    /// How many a period are admitted.
    pub limit: u32,
    /// How many more would be admitted right now.
    pub remaining: u32,
    /// How long until one more is admitted; nothing when this one was.
    pub retry_after: Span,
    /// How long until the whole burst is there again.
    pub reset_after: Span,
}

/// Why a shared value could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KvError {
    /// The URL makes no sense.
    #[error(
        "a Redis URL is `redis://HOST:PORT/DB`, `rediss://..`, `redis+cluster://HOST:PORT,HOST:PORT` or \
         `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB`"
    )]
    Url,
    /// Redis does not answer, or not in time.
    #[error("Redis is not available")]
    Unavailable(#[source] Arc<RedisError>),
}

impl Kv {
    /// Keeps everything in this process.
    pub fn local() -> Self {
        Self(Arc::new(Inner {
            local: Local::new(),
            shared: None,
        }))
    }

    /// Keeps everything in Redis or Valkey (6.2 or later), under names that begin with `prefix`. A server that is away is no error: it is
    /// tried again, at most once a second, and limits are kept by this process meanwhile.
    ///
    /// # Errors
    /// [`KvError::Url`].
    pub async fn redis(url: &str, prefix: &str) -> Result<Self, KvError> {
        let shared = Redis::new(url, prefix)?;
        if let Err(error) = shared.ping().await {
            tracing::warn!(%error, "Redis does not answer yet, limits are kept by this process alone");
        }
        Ok(Self(Arc::new(Inner {
            local: Local::new(),
            shared: Some(shared),
        })))
    }

    /// Counts a request against a quota. Each process counts for itself too, so that where Redis is away or slow no
    /// client starts over: a process never admits more than the quota by its own count.
    pub async fn gcra(&self, key: &str, quota: Quota, now: Timestamp) -> Decision {
        let own = self.0.local.gcra(key, quota, now);
        match &self.0.shared {
            Some(shared) => shared.gcra(key, quota).await.unwrap_or(own),
            None => own,
        }
    }

    /// Sets a value for a while.
    pub async fn put(&self, key: &str, value: &[u8], ttl: Span) -> Result<(), KvError> {
        if let Some(shared) = &self.0.shared {
            return shared.put(key, value, ttl).await;
        }
        self.0.local.put(key, value, ttl);
        Ok(())
    }

    /// The value, if it is still there.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match &self.0.shared {
            Some(shared) => shared.get(key).await,
            None => Ok(self.0.local.get(key)),
        }
    }

    /// The value, if it is still there, and removes it. Of any number of callers one gets it.
    pub async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match &self.0.shared {
            Some(shared) => shared.take(key).await,
            None => Ok(self.0.local.take(key)),
        }
    }

    /// Sets a mark for a while; `false` when it is set. Of any number of callers one hears `true`.
    pub async fn add(&self, key: &str, ttl: Span) -> Result<bool, KvError> {
        match &self.0.shared {
            Some(shared) => shared.add(key, ttl).await,
            None => Ok(self.0.local.add(key, ttl)),
        }
    }

    /// Counts one more and returns the count, which starts over `ttl` after its first.
    pub async fn incr(&self, key: &str, ttl: Span) -> Result<u64, KvError> {
        match &self.0.shared {
            Some(shared) => shared.incr(key, ttl).await,
            None => Ok(self.0.local.incr(key, ttl)),
        }
    }

    /// Tells every replica that [`listen`](Self::listen)s, this one too; nobody where there is no Redis.
    pub async fn publish(&self, channel: &str, message: &str) -> Result<(), KvError> {
        match &self.0.shared {
            Some(shared) => shared.publish(channel, message).await,
            None => Ok(()),
        }
    }

    /// Calls `heard` with each message from now on, until the connection breaks; waits for ever where there is no Redis.
    /// A message may be lost: this makes things faster, and never right.
    pub async fn listen(&self, channel: &str, heard: impl FnMut(&str)) -> KvError {
        match &self.0.shared {
            Some(shared) => shared.listen(channel, heard).await,
            None => std::future::pending().await,
        }
    }

    /// Whether Redis answers; `None` when there is none to ask.
    pub async fn ping(&self) -> Option<bool> {
        match &self.0.shared {
            Some(shared) => Some(shared.ping().await.is_ok()),
            None => None,
        }
    }

    /// What Redis drops when its memory is full, by the policy of each node; `None` when nobody tells.
    pub async fn eviction(&self) -> Option<Vec<String>> {
        let shared = self.0.shared.as_ref()?;
        shared.eviction().await.ok()
    }

    /// Whether there should be a Redis and the last that was heard of it is silence.
    pub fn degraded(&self) -> bool {
        self.0.shared.as_ref().is_some_and(Redis::is_away)
    }
}

/// A lifetime in milliseconds; neither engine knows one of nothing.
fn lifetime(ttl: Span) -> u64 {
    ttl.as_millis().unsigned_abs().max(1)
}
