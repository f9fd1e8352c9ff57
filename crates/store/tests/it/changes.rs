use crate::support::*;
use doorward_domain::{KeyVersion, Status, UserId};
use doorward_store::changes::{self, Changed, Watch};
use doorward_store::{Engine, Store, keys, users};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

async fn look(watch: &mut Watch) -> BTreeSet<Changed> {
    watch.look().await.unwrap()
}

async fn suspend(store: &Store, user: UserId) {
    write(store, async |tx| {
        users::set_status(tx, user, Status::Suspended, NOW).await
    })
    .await;
}

/// What a watch in another process tells of a change of `user`: on SQLite that something has changed.
fn told_of(store: &Store, user: UserId) -> BTreeSet<Changed> {
    BTreeSet::from([match store.engine() {
        Engine::Sqlite => Changed::Everything,
        Engine::Postgres => Changed::User(user),
    }])
}

async fn elsewhere(url: &str) -> Store {
    Store::open(options(url)).await.unwrap()
}

on_every_backend! {
    async fn another_process_sees_what_was_committed_since_it_looked_and_nothing_else(store, url) {
        let ada = ada(&store).await;
        let other = elsewhere(&url).await;
        let mut watch = other.watch().await.unwrap();
        assert_eq!(look(&mut watch).await, BTreeSet::new());
        let mut tx = store.write().await.unwrap();
        users::bump_epoch(&mut tx, ada, NOW).await.unwrap();
        drop(tx);
        assert_eq!(look(&mut watch).await, BTreeSet::new());
        suspend(&store, ada).await;
        assert_eq!(look(&mut watch).await, told_of(&store, ada));
        // Told again as long as a transaction is open that is older, be it in another database of the server.
        assert!(look(&mut watch).await.is_subset(&told_of(&store, ada)));
        other.close().await;
    }

    async fn the_process_that_commits_hears_of_it_before_whoever_waits(store) {
        let ada = ada(&store).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        store.on_change(Arc::new(move |changes| into.lock().unwrap().push(changes.clone())));
        suspend(&store, ada).await;
        assert_eq!(*heard.lock().unwrap(), [BTreeSet::from([Changed::User(ada)])]);
        write(&store, async |tx| keys::withdraw(tx, KeyVersion(1), NOW).await).await;
        assert_eq!(heard.lock().unwrap().last(), Some(&BTreeSet::from([Changed::Keys])));
    }

    async fn its_own_commits_are_no_news_to_the_one_process_that_serves_a_file(store) {
        let ada = ada(&store).await;
        let mut watch = store.watch().await.unwrap();
        suspend(&store, ada).await;
        let told = look(&mut watch).await;
        assert_eq!(told.is_empty(), store.engine() == Engine::Sqlite);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_began_first_and_committed_last_is_seen_all_the_same() {
    let backend = on_postgres().await;
    let store = &backend.store;
    let (slow, quick) = (ada(store).await, add(store, new_user()).await);
    let mut watch = store.watch().await.unwrap();
    let mut tx = store.write().await.unwrap();
    users::bump_epoch(&mut tx, slow, NOW).await.unwrap();
    suspend(store, quick).await;
    assert_eq!(
        look(&mut watch).await,
        BTreeSet::from([Changed::User(quick)])
    );
    // A watch that begins while the transaction is open has not missed it either.
    let mut later = store.watch().await.unwrap();
    tx.commit().await.unwrap();
    for watch in [&mut watch, &mut later] {
        assert!(look(watch).await.contains(&Changed::User(slow)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_slept_through_the_cleaning_is_told_that_anything_may_have_changed() {
    let backend = on_postgres().await;
    let store = &backend.store;
    let ada = ada(store).await;
    let mut watch = store.watch().await.unwrap();
    suspend(store, ada).await;
    let purged = async || {
        let horizon = read(store, async |tx| changes::horizon(tx).await).await;
        let horizon = horizon.unwrap();
        write(store, async |tx| changes::purge(tx, horizon, 9).await).await
    };
    // Transactions of other databases on the same server hold the horizon back as long as they are open.
    let all_gone = async { while purged().await == 0 {} };
    tokio::time::timeout(Duration::from_secs(10), all_gone)
        .await
        .unwrap();
    assert_eq!(
        look(&mut watch).await,
        BTreeSet::from([Changed::Everything])
    );
    assert_eq!(look(&mut watch).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_whose_connection_broke_says_so() {
    let backend = on_postgres().await;
    let mut watch = backend.store.watch().await.unwrap();
    beside(
        &backend.place.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE pid <> pg_backend_pid() AND datname = current_database()",
    )
    .await;
    assert!(watch.look().await.is_err());
}

#[tokio::test]
async fn a_file_has_no_rows_of_changes() {
    let backend = on_sqlite().await;
    let ada = ada(&backend.store).await;
    suspend(&backend.store, ada).await;
    let horizon = read(&backend.store, async |tx| changes::horizon(tx).await).await;
    assert_eq!(horizon, None);
    let rows = rows_beside(&backend.place.url(), "SELECT COUNT(*) FROM changes").await;
    assert_eq!(rows, 0);
}
