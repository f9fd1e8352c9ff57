//! Migrations, and that both engines end up with the same schema.

use crate::support::*;
use doorward_store::{Error, Migration, NoDatabase, Options, ServeLockError, Store, meta};
use doorward_testkit::{postgres, sqlite};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::collections::BTreeSet;

const CORE: Migration = step(1, "core");
const ALL: [Migration; 7] = [
    CORE,
    step(2, "wrong_guesses"),
    step(3, "links"),
    step(4, "identities"),
    step(5, "imports"),
    step(6, "replicas"),
    step(7, "certificates"),
];

const fn step(version: i64, name: &'static str) -> Migration {
    Migration { version, name }
}

/// `table.column: TYPE`, with what is said of NULL.
type Columns = BTreeSet<(String, String, String, bool)>;
/// A table, the columns of one of its indexes in order, whether it is unique, whether it is the primary key.
type Indexes = BTreeSet<(String, String, bool, bool)>;
/// A column, what it refers to, what happens on deletion.
type References = BTreeSet<(String, String, String)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_tables_columns_indexes_and_references() {
    let file = on_sqlite().await;
    let server = on_postgres().await;
    let mut sqlite = raw_sqlite(&file.place).await;
    let mut postgres = PgConnection::connect(&server.place.url).await.unwrap();
    let (columns, indexes, references) = sqlite_schema(&mut sqlite).await;
    let (pg_columns, pg_indexes, pg_references) = postgres_schema(&mut postgres).await;
    assert!(columns.len() > 80 && indexes.len() > 20 && references.len() == 5);
    assert_eq!(columns, pg_columns);
    assert_eq!(indexes, pg_indexes);
    assert_eq!(references, pg_references);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bundled_sqlite_has_the_fix_of_the_wal_reset() {
    let file = on_sqlite().await;
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut raw_sqlite(&file.place).await)
        .await
        .unwrap();
    let parts: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(parts >= vec![3, 51, 3], "{version}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_start_together_migrate_a_file_once() {
    let place = sqlite::file();
    migrate_together(&place.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_start_together_migrate_a_server_once() {
    let place = postgres::database().await;
    migrate_together(&place.url).await;
}

async fn migrate_together(url: &str) {
    let applied = at_once(8, |_| {
        let options = options(url);
        async move {
            let store = Store::open(options).await.unwrap();
            let applied = store.migrate().await.unwrap();
            assert_eq!(store.pending().await.unwrap(), []);
            store.close().await;
            applied
        }
    })
    .await;
    assert_eq!(applied.concat(), ALL);
}

on_every_backend! {
    async fn a_database_that_is_ahead_is_served_and_a_changed_step_is_not(store, url) {
        beside(&url, "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            SELECT 999, 'next', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1").await;
        assert_eq!(store.pending().await.unwrap(), []);
        assert_eq!(store.migrate().await.unwrap(), []);
        beside(&url, "DELETE FROM _sqlx_migrations WHERE version = 1").await;
        assert_eq!(store.pending().await.unwrap(), [CORE]);
        beside(&url, "UPDATE _sqlx_migrations SET version = 1, checksum = '\\x00' WHERE version = 999").await;
        assert!(matches!(store.pending().await, Err(Error::Driver(_))));
        assert!(store.migrate().await.is_err());
    }
}

#[tokio::test]
async fn a_new_database_lacks_everything_until_it_is_migrated() {
    let place = sqlite::file();
    let store = Store::open(options(&place.url())).await.unwrap();
    assert_eq!(store.pending().await.unwrap(), ALL);
    assert_eq!(store.migrate().await.unwrap(), ALL);
    assert_eq!(store.migrate().await.unwrap(), []);
}

#[tokio::test]
async fn a_missing_file_is_made_only_for_those_who_ask() {
    let place = sqlite::file();
    let refused = Store::open(Options {
        create: false,
        ..options(&place.url())
    });
    let Err(Error::Driver(source)) = refused.await else {
        panic!("a database came from nowhere")
    };
    assert!(source.is::<NoDatabase>());
    assert!(!place.path().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn sec_13_3_2_nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = sqlite::file();
    let store = Store::open(options(&place.url())).await.unwrap();
    store.migrate().await.unwrap();
    for entry in std::fs::read_dir(place.folder()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_file_is_served_by_one_process_and_the_second_hears_which() {
    let backend = on_sqlite().await;
    let lock = backend.store.lock_for_serving().unwrap();
    let Err(ServeLockError::AlreadyServed { holder, .. }) = backend.store.lock_for_serving() else {
        panic!("one file was served twice")
    };
    assert_eq!(holder, std::process::id().to_string());
    drop(lock);
    backend.store.lock_for_serving().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_served_by_any_number_of_processes() {
    let backend = on_postgres().await;
    let _one = backend.store.lock_for_serving().unwrap();
    let _two = backend.store.lock_for_serving().unwrap();
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let backend = on_sqlite().await;
    write(&backend.store, async |tx| {
        meta::insert_once(tx, "name", "value").await
    })
    .await;
    backend.store.close().await;
    let again = Store::open(options(&backend.place.url())).await.unwrap();
    let value = read(&again, async |tx| meta::get(tx, "name").await).await;
    assert_eq!(value.as_deref(), Some("value"));
}

async fn raw_sqlite(place: &sqlite::TestFile) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(place.path())
        .connect()
        .await
        .unwrap()
}

async fn sqlite_schema(connection: &mut SqliteConnection) -> (Columns, Indexes, References) {
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT t.name, c.name, replace(c.type, 'BLOB', 'BYTEA'), c.\"notnull\" = 0 FROM sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let indexes: Vec<(String, String, bool, bool)> = sqlx::query_as(
        "SELECT t.name, (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)), \
         i.\"unique\" = 1, i.origin = 'pk' FROM sqlite_master t, pragma_index_list(t.name) i \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let references: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT t.name || '.' || f.\"from\", f.\"table\" || '.' || f.\"to\", f.on_delete \
         FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    (
        columns.into_iter().collect(),
        indexes.into_iter().collect(),
        references.into_iter().collect(),
    )
}

async fn postgres_schema(connection: &mut PgConnection) -> (Columns, Indexes, References) {
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, upper(data_type)::text, is_nullable = 'YES' FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let indexes: Vec<(String, String, bool, bool)> = sqlx::query_as(
        "SELECT t.relname::text, \
         (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k (number, place) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number), i.indisunique, i.indisprimary \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE n.nspname = 'public' AND t.relname NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let references: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT t.relname || '.' || a.attname, r.relname || '.' || b.attname, \
         CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] \
         JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1] WHERE c.contype = 'f'",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    (
        columns.into_iter().collect(),
        indexes.into_iter().collect(),
        references.into_iter().collect(),
    )
}
