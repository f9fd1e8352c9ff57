//! A migrated store for each test, and rows to put into it.

use doorward_domain::{Email, Login, Profile, Span, Status, Timestamp, UserId};
use doorward_store::users::{self, Inserted, NewUser};
use doorward_store::{DatabaseUrl, Options, ReadTx, Result, Store, WriteTx};
use doorward_testkit::{postgres, sqlite};
use sqlx::{ConnectOptions, Connection};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// Runs each test on SQLite and on PostgreSQL, on a migrated database of its own. A second argument is its URL.
macro_rules! on_every_backend {
    ($(async fn $name:ident($store:ident $(, $url:ident)?) $body:block)+) => { $(
        mod $name {
            use super::*;

            async fn contract($store: doorward_store::Store, url: String) {
                let _ = &url;
                $(let $url = url;)?
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let backend = crate::support::on_sqlite().await;
                contract(backend.store.clone(), backend.place.url()).await;
                backend.store.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let backend = crate::support::on_postgres().await;
                contract(backend.store.clone(), backend.place.url.clone()).await;
                backend.store.close().await;
            }
        }
    )+ };
}

/// A store with the place that it lies in.
pub(crate) struct Backend<Place> {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

pub(crate) fn options(url: &str) -> Options {
    Options {
        pool_size: 4,
        max_overflow: 8,
        ..Options::new(url.parse::<DatabaseUrl>().unwrap())
    }
}

/// A copy of a file that was migrated once.
pub(crate) async fn on_sqlite() -> Backend<sqlite::TestFile> {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let migrated = MIGRATED
        .get_or_init(|| async {
            let place = sqlite::file();
            migrate(&place.url()).await;
            std::fs::read(place.path()).unwrap()
        })
        .await;
    let place = sqlite::file();
    std::fs::write(place.path(), migrated).unwrap();
    let store = Store::open(options(&place.url())).await.unwrap();
    Backend { store, place }
}

/// A copy of a database that was migrated once.
pub(crate) async fn on_postgres() -> Backend<postgres::TestDatabase> {
    let place = postgres::prepared_database(|url| async move { migrate(&url).await }).await;
    let store = Store::open(options(&place.url)).await.unwrap();
    Backend { store, place }
}

async fn migrate(url: &str) {
    let store = Store::open(options(url)).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}

/// Runs `work` in a transaction and commits it.
pub(crate) async fn write<T>(
    store: &Store,
    work: impl AsyncFnOnce(&mut WriteTx) -> Result<T>,
) -> T {
    let mut tx = store.write().await.unwrap();
    let outcome = work(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    outcome
}

pub(crate) async fn read<T>(store: &Store, work: impl AsyncFnOnce(&mut ReadTx) -> Result<T>) -> T {
    work(&mut store.read().await.unwrap()).await.unwrap()
}

/// Runs `count` tasks together and returns what they say.
pub(crate) async fn at_once<T, F>(count: u64, task: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: JoinSet<T> = (0..count).map(task).collect();
    tasks.join_all().await
}

/// Ten bytes that no other call returns.
pub(crate) fn fresh() -> [u8; 10] {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

pub(crate) fn user_id() -> UserId {
    UserId::new(NOW, fresh())
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn login(text: &str) -> Login {
    Login::parse(text).unwrap()
}

pub(crate) fn new_user() -> NewUser {
    NewUser {
        id: user_id(),
        status: Status::Active,
        email: None,
        email_proven_at: None,
        phone: None,
        phone_proven_at: None,
        login: None,
        profile: Profile::default(),
        password_hash: None,
        registered_network: None,
        created_at: NOW,
    }
}

pub(crate) async fn add(store: &Store, user: NewUser) -> UserId {
    let inserted = write(store, async |tx| users::insert(tx, &user).await).await;
    assert_eq!(inserted, Inserted::Done);
    user.id
}

pub(crate) async fn ada(store: &Store) -> UserId {
    let user = NewUser {
        email: Some(email("Ada@example.com")),
        login: Some(login("Ada")),
        password_hash: Some("$argon2id$ada".to_owned()),
        ..new_user()
    };
    add(store, user).await
}

pub(crate) fn later(span: Span) -> Timestamp {
    NOW + span
}

/// Runs a statement beside the store, as somebody else would.
pub(crate) async fn beside(url: &str, statement: &'static str) {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

/// How many rows a statement counts beside the store.
pub(crate) async fn rows_beside(url: &str, statement: &'static str) -> i64 {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await.unwrap();
        sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }
}
