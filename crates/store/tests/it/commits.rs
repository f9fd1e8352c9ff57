//! What a transaction promises: all or nothing, seen when it is committed, and nothing left open by anybody who goes away.

use crate::support::*;
use doorward_domain::Span;
use doorward_store::{Options, Store, meta, sessions, users};
use sqlx::{Connection, PgConnection};
use std::pin::pin;
use std::task::Poll;

async fn has(store: &Store, name: &str) -> bool {
    read(store, async |tx| meta::get(tx, name).await)
        .await
        .is_some()
}

/// Polls `future` so many times, then drops it.
async fn give_up_after<T>(polls: usize, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let ready =
            std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready()))
                .await;
        if ready {
            return;
        }
        tokio::task::yield_now().await;
    }
}

on_every_backend! {
    async fn a_dropped_transaction_leaves_nothing(store) {
        let mut tx = store.write().await.unwrap();
        meta::insert_once(&mut tx, "gone", "x").await.unwrap();
        assert_eq!(meta::get(&mut tx, "gone").await.unwrap().as_deref(), Some("x"));
        drop(tx);
        write(&store, async |tx| meta::insert_once(tx, "kept", "x").await).await;
        assert!(!has(&store, "gone").await && has(&store, "kept").await);
    }

    async fn nothing_is_seen_before_it_is_committed(store) {
        let mut tx = store.write().await.unwrap();
        meta::insert_once(&mut tx, "name", "x").await.unwrap();
        assert!(!has(&store, "name").await);
        tx.commit().await.unwrap();
        assert!(has(&store, "name").await);
    }

    async fn a_transaction_in_which_a_statement_failed_cannot_commit(store) {
        let mut tx = store.write().await.unwrap();
        meta::insert_once(&mut tx, "half", "x").await.unwrap();
        let session = sessions::Session {
            id: doorward_domain::SessionId::new(NOW, fresh()),
            user_id: user_id(),
            family: doorward_domain::Family::Native,
            created_at: NOW,
            last_used_at: NOW,
            expires_at: later(Span::days(1)),
            counter: 0,
            rotated_at: NOW,
            rotates: false,
            access_lifetime: Span::ZERO,
            refresh_lifetime: Span::ZERO,
            address: None,
            user_agent: None,
            ended_at: None,
        };
        let error = sessions::insert(&mut tx, &session).await.unwrap_err();
        assert!(!error.is_unavailable(), "{error:?}");
        assert!(tx.commit().await.is_err());
        assert!(!has(&store, "half").await);
    }

    async fn many_who_write_together_are_all_kept_and_those_who_give_up_are_not(store) {
        let committed = at_once(200, |number| {
            let store = store.clone();
            async move {
                let mut tx = store.write().await.unwrap();
                meta::insert_once(&mut tx, &number.to_string(), "x").await.unwrap();
                if number % 5 == 0 {
                    drop(tx);
                    return None;
                }
                tx.commit().await.unwrap();
                Some(number)
            }
        }).await;
        let kept: Vec<_> = committed.into_iter().flatten().collect();
        assert_eq!(kept.len(), 160);
        let mut tx = store.read().await.unwrap();
        for number in 0..200_u64 {
            let is_there = meta::get(&mut tx, &number.to_string()).await.unwrap().is_some();
            assert_eq!(is_there, kept.contains(&number), "{number}");
        }
    }

    async fn whoever_goes_away_half_way_leaves_a_store_that_works(store) {
        for round in 0..200 {
            give_up_after(round % 9, async {
                let mut tx = store.write().await.unwrap();
                meta::insert_once(&mut tx, "abandoned", "x").await.unwrap();
                std::future::pending::<()>().await;
                tx.commit().await.unwrap();
            }).await;
            if round % 10 == 0 {
                write(&store, async |tx| meta::insert_once(tx, &round.to_string(), "x").await).await;
            }
        }
        assert!(!has(&store, "abandoned").await && has(&store, "190").await);
    }

    async fn a_commit_whose_caller_goes_away_is_all_or_nothing(store) {
        for round in 0..50_u32 {
            let mut tx = store.write().await.unwrap();
            meta::insert_once(&mut tx, &format!("{round} a"), "x").await.unwrap();
            meta::insert_once(&mut tx, &format!("{round} b"), "x").await.unwrap();
            give_up_after(round as usize % 4, tx.commit()).await;
        }
        write(&store, async |tx| meta::insert_once(tx, "end", "x").await).await;
        for round in 0..50 {
            assert_eq!(has(&store, &format!("{round} a")).await, has(&store, &format!("{round} b")).await);
        }
    }

    async fn a_store_that_answers_says_so(store) {
        let mut tx = store.read().await.unwrap();
        assert_eq!(users::count(&mut tx).await.unwrap(), 0);
        let stats = store.pool_stats();
        assert!(stats.size >= 1 && stats.idle <= stats.size);
        store.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_i45_a_full_pool_is_unavailable_and_recovers() {
    let backend = on_postgres().await;
    let store = Store::open(Options {
        pool_size: 2,
        max_overflow: 0,
        pool_timeout: Span::millis(100),
        ..options(&backend.place.url)
    })
    .await
    .unwrap();
    let held = store.write().await.unwrap();
    let Err(error) = store.write().await else {
        panic!("a pool of one lent two connections")
    };
    assert!(error.is_unavailable(), "{error:?}");
    drop(held);
    write(&store, async |tx| meta::insert_once(tx, "name", "x").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_that_is_cancelled_never_leaves_a_transaction_open_in_the_pool() {
    let backend = on_postgres().await;
    // Two connections are one to read and one to write.
    let store = Store::open(Options {
        pool_size: 2,
        max_overflow: 0,
        ..options(&backend.place.url)
    })
    .await
    .unwrap();
    let mut witness = PgConnection::connect(&backend.place.url).await.unwrap();
    for round in 0..1000 {
        give_up_after(round % 7, store.write()).await;
        if round % 50 == 49 {
            all_sessions_settle(&mut witness).await;
        }
    }
    write(&store, async |tx| meta::insert_once(tx, "name", "x").await).await;
    assert!(has(&store, "name").await);
}

/// Waits until no session of the database is in a transaction; an orphan would stay in its one until the server ends it after ten seconds.
async fn all_sessions_settle(witness: &mut PgConnection) {
    let settled = async {
        while open_transactions(witness).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), settled)
        .await
        .expect("every cancelled BEGIN is rolled back");
}

async fn open_transactions(witness: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    )
    .fetch_one(witness)
    .await
    .unwrap()
}
