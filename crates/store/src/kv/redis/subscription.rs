//! Hearing what others publish, on a connection of its own.
//!
//! What is published while nobody listens is lost: whoever needs to have heard all of it needs another way beside.

use super::{Dialer, PATIENCE, Redis, timed_out};
use crate::KvError;
use ::redis::aio::PubSub;
use ::redis::{RedisError, RedisResult, Value, cmd};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval_at, timeout};

/// How often a silent connection is asked whether it is still there.
const ASKED_EVERY: Duration = Duration::from_secs(5);

impl Redis {
    /// Tells whoever listens; in a cluster those at every node.
    pub(crate) async fn publish(&self, channel: &str, message: &str) -> Result<(), KvError> {
        let mut publish = cmd("PUBLISH");
        publish.arg(self.name(channel)).arg(message);
        self.send::<Value>(&publish).await.map(drop)
    }

    /// Calls `heard` with each message, until the connection breaks.
    pub(crate) async fn listen(&self, channel: &str, heard: impl FnMut(&str)) -> KvError {
        match self.hear(&self.name(channel), heard).await {
            Ok(()) => KvError::Unavailable(Arc::new(timed_out())),
            Err(error) => KvError::Unavailable(Arc::new(error)),
        }
    }

    async fn hear(&self, channel: &str, mut heard: impl FnMut(&str)) -> RedisResult<()> {
        let subscribed = async {
            let mut subscription = self.dialer.dial_subscription().await?;
            subscription.subscribe(channel).await?;
            Ok::<_, RedisError>(subscription)
        };
        let subscription = timeout(PATIENCE, subscribed)
            .await
            .unwrap_or_else(|_| Err(timed_out()))?;
        let (mut asking, mut messages) = subscription.split();
        let mut asked = interval_at(Instant::now() + ASKED_EVERY, ASKED_EVERY);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => heard(&message.get_payload::<String>()?),
                    None => return Ok(()),
                },
                _ = asked.tick() => {
                    let answer = timeout(PATIENCE, asking.ping::<Value>()).await;
                    answer.unwrap_or_else(|_| Err(timed_out()))?;
                }
            }
        }
    }
}

impl Dialer {
    async fn dial_subscription(&self) -> RedisResult<PubSub> {
        match self {
            Self::One(client) => client.get_async_pubsub().await,
            Self::Sentinel(client) => {
                let server = client.lock().await.async_get_client().await?;
                server.get_async_pubsub().await
            }
            // What is published at one node is told at all of them.
            Self::Cluster { nodes, .. } => {
                let mut failure = timed_out();
                for node in nodes {
                    match node.get_async_pubsub().await {
                        Ok(subscription) => return Ok(subscription),
                        Err(error) => failure = error,
                    }
                }
                Err(failure)
            }
        }
    }
}
