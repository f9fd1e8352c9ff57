//! The same in this process: bounded, and each entry gone when its time is over.

use super::{Decision, gcra, lifetime};
use doorward_domain::{Quota, Span, Timestamp};
use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most entries of each kind. When there are more, those that were used least lately give way.
const CAPACITY: u64 = 100_000;

pub(super) struct Local {
    values: Cache<String, Held<Arc<[u8]>>>,
    arrivals: Cache<String, Held<i64>>,
}

/// A value with the time that it has.
#[derive(Clone)]
struct Held<T> {
    value: T,
    lifetime: Lifetime,
}

#[derive(Clone, Copy)]
enum Lifetime {
    /// So long from now on.
    Fresh(Duration),
    /// As long as the entry had before.
    Kept,
}

struct OwnLifetime;

impl<T> Expiry<String, Held<T>> for OwnLifetime {
    fn expire_after_create(&self, _: &String, held: &Held<T>, _: Instant) -> Option<Duration> {
        match held.lifetime {
            Lifetime::Fresh(lifetime) => Some(lifetime),
            Lifetime::Kept => None,
        }
    }

    fn expire_after_update(
        &self,
        _: &String,
        held: &Held<T>,
        _: Instant,
        left: Option<Duration>,
    ) -> Option<Duration> {
        match held.lifetime {
            Lifetime::Fresh(lifetime) => Some(lifetime),
            Lifetime::Kept => left,
        }
    }
}

fn cache<T: Clone + Send + Sync + 'static>() -> Cache<String, Held<T>> {
    Cache::builder()
        .max_capacity(CAPACITY)
        // The default policy would rather not admit a newcomer, and a newcomer that is not kept is not limited.
        .eviction_policy(EvictionPolicy::lru())
        .expire_after(OwnLifetime)
        .build()
}

impl<T> Held<T> {
    fn fresh(value: T, ttl: Span) -> Self {
        let lifetime = Lifetime::Fresh(Duration::from_millis(lifetime(ttl)));
        Self { value, lifetime }
    }
}

impl Local {
    pub(super) fn new() -> Self {
        Self {
            values: cache(),
            arrivals: cache(),
        }
    }

    pub(super) fn gcra(&self, key: &str, quota: Quota, now: Timestamp) -> Decision {
        let mut decision = Decision::default();
        self.arrivals.entry_by_ref(key).and_compute_with(|entry| {
            let arrival = entry.map(|entry| entry.into_value().value);
            let (decided, next) =
                gcra::decide(arrival, quota, now.as_millis().saturating_mul(1000));
            decision = decided;
            match next {
                Some(next) => Op::Put(Held::fresh(next, decided.reset_after)),
                None => Op::Nop,
            }
        });
        decision
    }

    pub(super) fn put(&self, key: &str, value: &[u8], ttl: Span) {
        self.values
            .insert(key.to_owned(), Held::fresh(Arc::from(value), ttl));
    }

    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.values.get(key).map(|held| held.value.to_vec())
    }

    pub(super) fn take(&self, key: &str) -> Option<Vec<u8>> {
        let removed = self
            .values
            .entry_by_ref(key)
            .and_compute_with(|entry| match entry {
                Some(_) => Op::Remove,
                None => Op::Nop,
            });
        match removed {
            CompResult::Removed(entry) => Some(entry.into_value().value.to_vec()),
            _ => None,
        }
    }

    pub(super) fn add(&self, key: &str, ttl: Span) -> bool {
        let added = self
            .values
            .entry_by_ref(key)
            .and_compute_with(|entry| match entry {
                Some(_) => Op::Nop,
                None => Op::Put(Held::fresh(Arc::from(&b"1"[..]), ttl)),
            });
        matches!(added, CompResult::Inserted(_))
    }

    pub(super) fn incr(&self, key: &str, ttl: Span) -> u64 {
        let mut count = 1;
        self.values.entry_by_ref(key).and_upsert_with(|entry| {
            let Some(entry) = entry else {
                return Held::fresh(digits(count), ttl);
            };
            count = number(&entry.into_value().value).saturating_add(1);
            Held {
                value: digits(count),
                lifetime: Lifetime::Kept,
            }
        });
        count
    }
}

fn digits(count: u64) -> Arc<[u8]> {
    Arc::from(count.to_string().into_bytes())
}

fn number(value: &[u8]) -> u64 {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_by_the_time_that_comes_in() {
        let local = Local::new();
        let quota: Quota = "2/hour".parse().unwrap();
        let start = Timestamp::from_millis(1_700_000_000_000);
        assert!(local.gcra("a", quota, start).admitted);
        assert!(local.gcra("a", quota, start).admitted);
        assert!(!local.gcra("a", quota, start).admitted);
        assert!(local.gcra("b", quota, start).admitted);
        assert!(local.gcra("a", quota, start + Span::minutes(30)).admitted);
    }
}
