//! One suite for counters and values in this process and in Redis.

use crate::support::*;
use doorward_domain::{Quota, Span};
use doorward_store::{Kv, KvError};
use doorward_testkit::redis;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

macro_rules! on_both_kinds {
    ($(async fn $name:ident($kv:ident) $body:block)+) => { $(
        mod $name {
            use super::*;

            async fn contract($kv: Kv) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_process() {
                contract(Kv::local()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_redis() {
                contract(shared().await).await;
            }
        }
    )+ };
}

async fn shared() -> Kv {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!(
        "t{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let url = tokio::task::spawn_blocking(|| redis::server().url.clone());
    Kv::redis(&url.await.unwrap(), &prefix).await.unwrap()
}

const LONG: Span = Span::minutes(5);

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

/// Waits until `condition` holds; values here live by the clock of their keeper.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .expect("it comes to pass");
}

on_both_kinds! {
    async fn a_value_is_kept_replaced_and_taken_once(kv) {
        assert_eq!(kv.get("a").await.unwrap(), None);
        kv.put("a", b"one", LONG).await.unwrap();
        kv.put("a", b"\0\xff", LONG).await.unwrap();
        assert_eq!(kv.get("a").await.unwrap().as_deref(), Some(&b"\0\xff"[..]));
        assert_eq!(kv.take("a").await.unwrap().as_deref(), Some(&b"\0\xff"[..]));
        assert_eq!(kv.take("a").await.unwrap(), None);
        assert_eq!(kv.get("b").await.unwrap(), None);
    }

    async fn of_200_who_take_one_value_one_gets_it(kv) {
        kv.put("a", b"one", LONG).await.unwrap();
        let taken = at_once(200, |_| { let kv = kv.clone(); async move { kv.take("a").await.unwrap() } }).await;
        assert_eq!(taken.into_iter().flatten().count(), 1);
    }

    async fn of_200_who_set_one_mark_one_does(kv) {
        let added = at_once(200, |_| { let kv = kv.clone(); async move { kv.add("a", LONG).await.unwrap() } }).await;
        assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
        assert!(kv.add("b", LONG).await.unwrap());
    }

    async fn parallel_counts_all_count(kv) {
        let mut counts = at_once(200, |_| { let kv = kv.clone(); async move { kv.incr("a", LONG).await.unwrap() } }).await;
        counts.sort_unstable();
        assert_eq!(counts, (1..=200).collect::<Vec<u64>>());
    }

    async fn everything_has_an_end(kv) {
        let short = Span::millis(30);
        kv.put("value", b"x", short).await.unwrap();
        assert!(kv.add("mark", short).await.unwrap());
        assert_eq!(kv.incr("count", short).await.unwrap(), 1);
        until(async || kv.get("value").await.unwrap().is_none()).await;
        until(async || kv.add("mark", LONG).await.unwrap()).await;
        // A count that is asked for all the time ends all the same: counting does not prolong it.
        until(async || kv.incr("count", short).await.unwrap() == 1).await;
    }

    async fn a_new_value_has_its_own_time(kv) {
        kv.put("value", b"x", Span::millis(30)).await.unwrap();
        kv.put("value", b"y", LONG).await.unwrap();
        kv.put("other", b"x", Span::millis(60)).await.unwrap();
        until(async || kv.get("other").await.unwrap().is_none()).await;
        assert_eq!(kv.get("value").await.unwrap().as_deref(), Some(&b"y"[..]));
    }

    async fn a_burst_is_admitted_and_what_follows_told_when_to_come_back(kv) {
        for remaining in [2, 1, 0] {
            let decision = kv.gcra("client", quota("3/hour"), NOW).await;
            assert!(decision.admitted);
            assert_eq!((decision.limit, decision.remaining, decision.retry_after), (3, remaining, Span::ZERO));
        }
        let refused = kv.gcra("client", quota("3/hour"), NOW).await;
        assert!(!refused.admitted);
        assert_eq!(refused.remaining, 0);
        let minutes = |span: Span| (span.as_millis() + 30_000) / 60_000;
        assert_eq!((minutes(refused.retry_after), minutes(refused.reset_after)), (20, 60));
        assert!(kv.gcra("other", quota("3/hour"), NOW).await.admitted);
    }

    async fn sec_s16_of_200_parallel_requests_the_quota_passes(kv) {
        let decisions = at_once(200, |_| {
            let kv = kv.clone();
            async move { kv.gcra("client", quota("7/day"), NOW).await.admitted }
        }).await;
        assert_eq!(decisions.into_iter().filter(|admitted| *admitted).count(), 7);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_one_limit_and_two_products_do_not() {
    let url = tokio::task::spawn_blocking(|| redis::server().url.clone())
        .await
        .unwrap();
    let one = Kv::redis(&url, "shared").await.unwrap();
    let two = Kv::redis(&url, "shared").await.unwrap();
    let stranger = Kv::redis(&url, "another").await.unwrap();
    assert!(one.gcra("client", quota("1/day"), NOW).await.admitted);
    assert!(!two.gcra("client", quota("1/day"), NOW).await.admitted);
    assert!(stranger.gcra("client", quota("1/day"), NOW).await.admitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_s22_limits_hold_in_each_process_while_redis_is_away() {
    let server = redis::Server::private().await;
    let kv = Kv::redis(&server.url, "t").await.unwrap();
    assert_eq!((kv.ping().await, kv.degraded()), (Some(true), false));
    kv.put("a", b"x", LONG).await.unwrap();
    server.stop().await;
    for expected in [true, false, false] {
        assert_eq!(
            kv.gcra("client", quota("1/day"), NOW).await.admitted,
            expected
        );
    }
    assert_eq!((kv.ping().await, kv.degraded()), (Some(false), true));
    assert!(matches!(kv.get("a").await, Err(KvError::Unavailable(_))));
    server.start().await;
    until(async || kv.get("a").await.is_ok()).await;
    assert_eq!((kv.ping().await, kv.degraded()), (Some(true), false));
    assert!(kv.gcra("client", quota("1/day"), NOW).await.admitted);
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_no_error_and_nonsense_is() {
    let kv = Kv::redis("redis://127.0.0.1:1", "t").await.unwrap();
    assert!(kv.degraded());
    assert!(kv.gcra("client", quota("1/day"), NOW).await.admitted);
    assert!(matches!(
        Kv::redis("amqp://localhost", "t").await,
        Err(KvError::Url)
    ));
    assert_eq!(
        (Kv::local().ping().await, Kv::local().degraded()),
        (None, false)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_and_a_server_behind_a_sentinel_are_as_good_as_one_server() {
    for server in [
        redis::Server::cluster().await,
        redis::Server::sentinel().await,
    ] {
        let kv = Kv::redis(&server.url, "t").await.unwrap();
        assert_eq!((kv.ping().await, kv.degraded()), (Some(true), false));
        kv.put("a", b"x", LONG).await.unwrap();
        assert_eq!(kv.take("a").await.unwrap().as_deref(), Some(&b"x"[..]));
        assert_eq!(kv.incr("b", LONG).await.unwrap(), 1);
        assert!(kv.gcra("client", quota("1/day"), NOW).await.admitted);
        assert!(!kv.gcra("client", quota("1/day"), NOW).await.admitted);
        assert!(!kv.degraded());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_publishes_the_others_hear_on_every_kind_of_redis() {
    for server in [
        redis::Server::private().await,
        redis::Server::cluster().await,
        redis::Server::sentinel().await,
    ] {
        let other = Kv::redis(&server.url, "t").await.unwrap();
        let heard = Mutex::new(Vec::new());
        let listening = other.listen("news", |message| {
            heard.lock().unwrap().push(message.to_owned());
        });
        let kv = Kv::redis(&server.url, "t").await.unwrap();
        let telling = until(async || {
            kv.publish("other", "nothing").await.unwrap();
            kv.publish("news", "ada").await.unwrap();
            !heard.lock().unwrap().is_empty()
        });
        tokio::select! {
            broken = listening => panic!("{broken}"),
            () = telling => {}
        }
        assert!(heard.lock().unwrap().iter().all(|message| message == "ada"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nobody_is_told_and_a_subscription_ends_with_its_server() {
    Kv::local().publish("news", "ada").await.unwrap();
    let server = redis::Server::private().await;
    let kv = Kv::redis(&server.url, "t").await.unwrap();
    server.stop().await;
    let broken = kv.listen("news", |_| ()).await;
    assert!(matches!(broken, KvError::Unavailable(_)));
    assert!(kv.publish("news", "ada").await.is_err());
}
