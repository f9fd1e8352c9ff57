//! What is looked at when somebody asks: how full things are, how old, and whether they are there.

use super::process;
use doorward_domain::{Span, Timestamp};
use doorward_service::health::{self, Courier};
use doorward_service::keys::{self, KeyState};
use doorward_service::{Error, SharedApp};
use doorward_store::Store;
use doorward_store::jobs::{self, KindStats};
use metrics::gauge;
use std::time::Duration;

/// What waits in the queue.
pub(super) const KINDS: [&str; 3] = ["mail", "sms", "remove_object"];

/// Whoever asks for metrics waits no longer than this for a part that is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks, and sets gauges.
pub(super) struct Readings {
    app: SharedApp,
    store: Store,
    started: Timestamp,
}

impl Readings {
    pub(super) fn new(app: SharedApp, store: Store) -> Self {
        let started = app.now();
        Self {
            app,
            store,
            started,
        }
    }

    /// A part that does not answer in time is not known: its gauges say so by being no number.
    pub(super) async fn take(&self) {
        self.at_hand();
        let queue = tokio::time::timeout(PATIENCE, self.queue());
        let keys = tokio::time::timeout(PATIENCE, self.signing_key());
        let redis = tokio::time::timeout(PATIENCE, self.app.kv().ping());
        let (queue, keys, redis) = tokio::join!(queue, keys, redis);
        tell_queue(queue.ok().and_then(Result::ok).as_deref(), self.app.now());
        match keys {
            Ok(Ok(signing)) => signing.iter().for_each(Signing::tell),
            Ok(Err(_)) | Err(_) => {
                gauge!("doorward_signing_key_created_at_seconds").set(f64::NAN);
            }
        }
        if let Some(up) = redis.unwrap_or(Some(false)) {
            gauge!("doorward_redis_up").set(f64::from(u8::from(up)));
        }
    }

    fn at_hand(&self) {
        let pool = self.store.pool_stats();
        gauge!("doorward_database_connections", "state" => "open").set(f64::from(pool.size));
        gauge!("doorward_database_connections", "state" => "idle").set(f64::from(pool.idle));
        gauge!("doorward_database_connections_limit").set(f64::from(pool.most));
        gauge!("doorward_hashing_queue").set(count(self.app.hashing_depth()));
        gauge!("doorward_hashing_queue_limit").set(count(self.app.hashing_limit()));
        for courier in [Courier::Mail, Courier::Sms] {
            let up = !health::is_away(&self.app, courier);
            gauge!("doorward_courier_up", "courier" => courier.word()).set(f64::from(u8::from(up)));
        }
        gauge!("doorward_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!("process_start_time_seconds").set(unix(self.started));
        process::read();
    }

    async fn queue(&self) -> Result<Vec<KindStats>, doorward_store::Error> {
        jobs::stats_by_kind(&mut self.store.read().await?, self.app.now()).await
    }

    /// Nobody where no key of ours signs.
    async fn signing_key(&self) -> Result<Option<Signing>, Error> {
        let keys = keys::list(&self.app, self.app.now()).await?;
        let signing = keys.iter().find(|key| key.state == KeyState::Signing);
        let newest = keys.iter().rev().find(|key| key.retires_at.is_none());
        let every = self.app.settings().tokens.rotate_keys_every;
        Ok(signing.map(|signing| Signing {
            created_at: signing.created_at,
            rotates_at: newest
                .filter(|_| every > Span::ZERO)
                .map(|newest| newest.created_at + every),
        }))
    }
}

/// The key that signs tokens.
struct Signing {
    created_at: Timestamp,
    rotates_at: Option<Timestamp>,
}

impl Signing {
    fn tell(&self) {
        gauge!("doorward_signing_key_created_at_seconds").set(unix(self.created_at));
        if let Some(at) = self.rotates_at {
            gauge!("doorward_signing_key_rotates_at_seconds").set(unix(at));
        }
    }
}

/// `None` where the database did not say.
fn tell_queue(stats: Option<&[KindStats]>, now: Timestamp) {
    for kind in KINDS {
        let of_kind = stats.map(|stats| stats.iter().find(|stats| stats.kind == kind));
        let jobs = |pick: fn(&KindStats) -> i64| match of_kind {
            Some(found) => found.map_or(0.0, |stats| count(pick(stats))),
            None => f64::NAN,
        };
        let tell = |state: &'static str, jobs: f64| {
            gauge!("doorward_queue_jobs", "kind" => kind, "state" => state).set(jobs);
        };
        tell("ready", jobs(|stats| stats.ready));
        tell("held", jobs(|stats| stats.held));
        tell("delayed", jobs(|stats| stats.delayed));
        tell("dead", jobs(|stats| stats.dead));
        let oldest = of_kind.map(|found| found.and_then(|stats| stats.waiting_since));
        let age = oldest.map_or(f64::NAN, |since| {
            since.map_or(0.0, |since| seconds(now.since(since)))
        });
        gauge!("doorward_queue_oldest_seconds", "kind" => kind).set(age);
    }
}

fn unix(at: Timestamp) -> f64 {
    seconds(at.since(Timestamp::EPOCH))
}

fn seconds(span: Span) -> f64 {
    span.to_std().as_secs_f64()
}

/// What is counted here stays far below the 2^32 that a gauge holds exactly.
fn count<N: TryInto<u32>>(number: N) -> f64 {
    number.try_into().map_or(f64::INFINITY, f64::from)
}
