//! The database goes away and comes back.

use crate::support::*;
use doorward_domain::Span;
use doorward_store::{Error, Options, Store, meta};
use doorward_testkit::postgres;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;

async fn note(store: &Store, name: &str) -> doorward_store::Result<()> {
    let mut tx = store.write().await?;
    meta::insert_once(&mut tx, name, "x").await?;
    tx.commit().await
}

async fn look(store: &Store) -> doorward_store::Result<Option<String>> {
    meta::get(&mut store.read().await?, "before").await
}

fn assert_unavailable<T>(outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => panic!("the database answered"),
        Err(error) => assert!(error.is_unavailable(), "{error:?}"),
    }
}

/// Tries until it works; every failure on the way says "not available".
async fn recover(store: &Store) {
    let recovery = async {
        while let Err(error) = note(store, "after").await {
            assert!(error.is_unavailable(), "{error:?}");
        }
        while let Err(error) = look(store).await {
            assert!(error.is_unavailable(), "{error:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recovery)
        .await
        .expect("a store recovers by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_is_unavailable_and_back_when_it_is_back() {
    let server = postgres::Server::private().await;
    let database = tokio::task::spawn_blocking(move || {
        let database = server.new_database(None);
        (server, database)
    });
    let (server, database) = database.await.unwrap();
    let store = Store::open(Options {
        pool_timeout: Span::seconds(1),
        ..options(&database.url)
    })
    .await
    .unwrap();
    store.migrate().await.unwrap();
    note(&store, "before").await.unwrap();
    let mut open = store.write().await.unwrap();
    meta::insert_once(&mut open, "lost", "x").await.unwrap();
    server.stop().await;
    assert_unavailable(open.commit().await);
    for _ in 0..3 {
        assert_unavailable(note(&store, "during").await);
        assert_unavailable(look(&store).await);
        assert_unavailable(store.ping().await);
    }
    server.start().await;
    recover(&store).await;
    let mut tx = store.read().await.unwrap();
    assert!(meta::get(&mut tx, "before").await.unwrap().is_some());
    assert!(meta::get(&mut tx, "during").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_locks_is_unavailable_and_back_when_it_is_free() {
    let backend = on_sqlite().await;
    note(&backend.store, "before").await.unwrap();
    let mut other = SqliteConnectOptions::new()
        .filename(backend.place.path())
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    assert_unavailable(note(&backend.store, "during").await);
    assert!(look(&backend.store).await.unwrap().is_some());
    other.close().await.unwrap();
    recover(&backend.store).await;
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let backend = on_sqlite().await;
    backend.store.close().await;
    assert_unavailable(look(&backend.store).await);
    assert_unavailable(note(&backend.store, "late").await);
}

#[tokio::test]
async fn a_server_that_was_never_there_is_unavailable() {
    let outcome = Store::open(Options {
        pool_timeout: Span::millis(300),
        ..options("postgres://ada@127.0.0.1:1/doorward")
    })
    .await;
    assert_unavailable(outcome.map(drop));
}
