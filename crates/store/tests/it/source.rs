//! Databases of the documented services, as they are found.

use doorward_domain::{Family, Timestamp};
use doorward_store::source::{CodeUser, Source, SourceError, SourceUser};
use doorward_store::{DatabaseUrl, Store};
use doorward_testkit::postgres::{self, TestDatabase};
use sqlx::{Connection, PgConnection};

async fn database(statements: &'static str) -> TestDatabase {
    let database = postgres::database().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql(statements)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    database
}

async fn open(database: &TestDatabase, family: Family) -> Result<Source, SourceError> {
    Source::open(&database.url.parse().unwrap(), family).await
}

async fn all(source: &mut Source) -> Vec<SourceUser> {
    let mut rows = Vec::new();
    loop {
        let page = source.page().await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

async fn code(statements: &'static str) -> Vec<CodeUser> {
    let database = database(statements).await;
    let mut source = open(&database, Family::Code).await.unwrap();
    let rows = all(&mut source).await;
    source.close().await;
    let rows = rows.into_iter().map(|row| match row {
        SourceUser::Code(row) => row,
        _ => panic!("another family's row"),
    });
    rows.collect()
}

#[tokio::test]
async fn words_of_an_enum_times_without_a_zone_and_nulls_are_read() {
    let rows = code(
        "SET timezone = 'Asia/Tokyo';
         CREATE TYPE status AS ENUM ('temp', 'active');
         CREATE TABLE public_key (version int, public_key text);
         CREATE TABLE users (id varchar(36) PRIMARY KEY, nickname varchar, email varchar(254), phone varchar, \
           password varchar(60), first_name varchar, last_name varchar, age int, status status, deletion_date timestamp, \
           registration_date timestamp, last_ip inet);
         INSERT INTO users (id, email, age, status, registration_date, deletion_date) \
           VALUES ('b', 'ada@example.com', 36, 'active', '2024-02-29 12:00:00.5', 'infinity'), \
                  ('a', NULL, NULL, NULL, NULL, NULL);",
    )
    .await;
    let [nobody, ada] = rows.as_slice() else {
        panic!("{} rows", rows.len())
    };
    assert_eq!(
        (nobody.row_key.as_str(), &nobody.status, nobody.age),
        ("a", &None, None)
    );
    assert_eq!(
        (ada.status.as_deref(), ada.age, ada.email.as_deref()),
        (Some("active"), Some(36), Some("ada@example.com"))
    );
    let noon = Timestamp::from_millis(1_709_208_000_500);
    assert_eq!(
        (ada.registration_date, ada.deletion_date),
        (Some(noon), None)
    );
}

#[tokio::test]
async fn a_column_that_is_not_there_reads_as_null() {
    let rows = code(
        "CREATE TABLE public_key (version int);
         CREATE TABLE users (id uuid, phone varchar);
         INSERT INTO users VALUES ('0190a6f0-0000-7000-8000-000000000001', '+442079460018');",
    )
    .await;
    let row = &rows[0];
    assert_eq!(row.row_key, "0190a6f0-0000-7000-8000-000000000001");
    assert_eq!(row.phone.as_deref(), Some("+442079460018"));
    assert!(row.email.is_none() && row.status.is_none() && row.registration_date.is_none());
}

#[tokio::test]
async fn a_table_or_a_key_that_is_not_there_is_an_error_that_names_it() {
    let empty = database("SELECT 1").await;
    for (family, table) in [
        (Family::Code, "users"),
        (Family::Confirm, "users"),
        (Family::Proof, "auth_users"),
        (Family::Session, "users"),
        (Family::Verified, "users"),
    ] {
        let error = open(&empty, family).await.err().unwrap();
        assert!(
            matches!(error, SourceError::NoTable(name) if name == table),
            "{error}"
        );
        assert!(error.to_string().contains(table), "{error}");
    }
    let half = database("CREATE TABLE users (id varchar, email varchar)").await;
    let error = open(&half, Family::Code).await.err().unwrap();
    assert!(
        matches!(error, SourceError::NoTable("public_key")),
        "{error}"
    );
    let keyless = database("CREATE TABLE users (email varchar)").await;
    let error = open(&keyless, Family::Verified).await.err().unwrap();
    assert!(
        matches!(
            error,
            SourceError::NoKey {
                table: "users",
                column: "id"
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_of_doorward_is_no_source() {
    let database = postgres::database().await;
    let url: DatabaseUrl = database.url.parse().unwrap();
    let store = Store::open(doorward_store::Options::new(url.clone()))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    let error = Source::open(&url, Family::Session).await.err().unwrap();
    assert!(matches!(error, SourceError::Doorward), "{error}");
    let file: DatabaseUrl = "sqlite:users.db".parse().unwrap();
    let error = Source::open(&file, Family::Session).await.err().unwrap();
    assert!(matches!(error, SourceError::NotPostgres), "{error}");
}

#[tokio::test]
async fn rows_come_in_pages_in_the_order_of_their_key_and_of_one_state() {
    let database = database(
        "CREATE TABLE users (id serial PRIMARY KEY, login varchar(255), password_hash text, created_at timestamptz, \
           last_login timestamptz);
         INSERT INTO users (login, created_at) SELECT 'user ' || n, '2024-01-01T00:00:00+02' FROM generate_series(1, 1203) n;",
    )
    .await;
    let mut source = open(&database, Family::Session).await.unwrap();
    assert_eq!(source.count().await.unwrap(), 1203);
    let first = source.page().await.unwrap();
    let mut elsewhere = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("DELETE FROM users WHERE id > 1000; INSERT INTO users (login) VALUES ('late')")
        .execute(&mut elsewhere)
        .await
        .unwrap();
    let rest = all(&mut source).await;
    let ids: Vec<i64> = first
        .iter()
        .chain(&rest)
        .map(|row| row.key().parse().unwrap())
        .collect();
    assert_eq!(first.len(), 500);
    assert_eq!(ids, (1..=1203).collect::<Vec<_>>());
    let SourceUser::Session(row) = &first[0] else {
        panic!("another family's row")
    };
    let midnight = Timestamp::from_millis(1_704_060_000_000);
    assert_eq!(
        (row.login.as_deref(), row.created_at),
        (Some("user 1"), Some(midnight))
    );
    assert!(source.page().await.unwrap().is_empty());
}

#[tokio::test]
async fn versions_of_the_public_key_come_in_their_order() {
    let database = database(
        "CREATE TABLE users (id varchar(36));
         CREATE TABLE public_key (version int, public_key text);
         INSERT INTO public_key VALUES (10, 'ten'), (2, NULL), (1, 'one');",
    )
    .await;
    let mut source = open(&database, Family::Code).await.unwrap();
    let keys = source.public_keys().await.unwrap();
    let keys: Vec<_> = keys
        .iter()
        .map(|key| (key.row_key.as_str(), key.public_key.as_deref()))
        .collect();
    assert_eq!(keys, [("1", Some("one")), ("2", None), ("10", Some("ten"))]);
}
