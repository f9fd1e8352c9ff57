//! Copies of a file, and what voids an old one.

use crate::support::*;
use doorward_domain::{Family, LinkPurpose, SessionId, Span};
use doorward_store::links::{self, Link};
use doorward_store::sessions::{self, Session};
use doorward_store::{DatabaseUrl, Store, backup, codes, nonces, privileges, users};
use doorward_testkit::sqlite;

async fn copy_of(store: &Store) -> sqlite::TestFile {
    let place = sqlite::file();
    read(store, async |tx| backup::copy(tx, &place.path()).await).await;
    place
}

async fn opened(place: &sqlite::TestFile) -> Store {
    Store::open(options(&place.url())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_one_whole_state_while_others_write() {
    let backend = on_sqlite().await;
    let ada = ada(&backend.store).await;
    let writing = tokio::spawn({
        let store = backend.store.clone();
        async move {
            for _ in 0..200 {
                add(&store, new_user()).await;
            }
        }
    });
    let place = copy_of(&backend.store).await;
    writing.await.unwrap();
    let copy = opened(&place).await;
    assert_eq!(read(&copy, backup::faults).await, Vec::<String>::new());
    assert!(read(&copy, backup::is_ours).await);
    assert_eq!(copy.pending().await.unwrap(), []);
    let found = read(&copy, async |tx| users::by_id(tx, ada).await).await;
    assert!(found.is_some(), "what was committed before is in it");
    let size = read(&copy, backup::size).await;
    assert_eq!(size, std::fs::metadata(place.path()).unwrap().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_copied_by_its_own_tools() {
    let backend = on_postgres().await;
    let place = sqlite::file();
    let copied = backup::copy(&mut backend.store.read().await.unwrap(), &place.path()).await;
    assert!(copied.is_err() && !place.path().exists());
    assert!(read(&backend.store, backup::size).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_does_not_pass() {
    let backend = on_sqlite().await;
    for _ in 0..200 {
        add(&backend.store, new_user()).await;
    }
    let place = copy_of(&backend.store).await;
    let mut bytes = std::fs::read(place.path()).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 8192].fill(0xff);
    std::fs::write(place.path(), bytes).unwrap();
    let copy = opened(&place).await;
    let faults = backup::faults(&mut copy.read().await.unwrap()).await;
    assert!(!faults.is_ok_and(|faults| faults.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_somebody_else_is_not_ours() {
    let place = sqlite::file();
    let store = opened(&place).await;
    beside(&place.url(), "CREATE TABLE users (id TEXT)").await;
    assert!(!read(&store, backup::is_ours).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_file_open_is_seen_and_a_closed_one_is_whole() {
    let backend = on_sqlite().await;
    let url: DatabaseUrl = backend.place.url().parse().unwrap();
    ada(&backend.store).await;
    assert!(!backup::is_alone(&url).await.unwrap());
    backend.store.close().await;
    assert!(backup::is_alone(&url).await.unwrap());
    let files: Vec<_> = std::fs::read_dir(backend.place.folder())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(files, ["doorward.db"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_connected_to_a_server_is_seen() {
    let backend = on_postgres().await;
    let url: DatabaseUrl = backend.place.url.parse().unwrap();
    assert!(!backup::is_alone(&url).await.unwrap());
    backend.store.close().await;
    assert!(backup::is_alone(&url).await.unwrap());
}

on_every_backend! {
    async fn a_database_of_a_later_release_is_told(store, url) {
        assert_eq!(read(&store, backup::newer).await, None);
        beside(&url, "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            SELECT 999, 'next', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1").await;
        assert_eq!(read(&store, backup::newer).await, Some(999));
    }

    async fn sec_i10_nothing_that_an_old_copy_holds_can_be_spent(store) {
        let user = ada(&store).await;
        let session = Session {
            id: SessionId::new(NOW, fresh()),
            user_id: user,
            family: Family::Verified,
            created_at: NOW,
            last_used_at: NOW,
            expires_at: later(Span::days(7)),
            counter: 0,
            rotated_at: NOW,
            rotates: true,
            access_lifetime: Span::minutes(30),
            refresh_lifetime: Span::days(7),
            address: None,
            user_agent: None,
            ended_at: None,
        };
        let code = crate::codes::for_user("home", user);
        let link = Link {
            hash: "link".to_owned(),
            purpose: LinkPurpose::Reset,
            user_id: Some(user),
            network: None,
            address: None,
            email: None,
            email_key: None,
            created_at: NOW,
            expires_at: later(Span::hours(1)),
            spent_at: None,
        };
        write(&store, async |tx| {
            sessions::insert(tx, &session).await?;
            codes::put(tx, &code).await?;
            links::insert(tx, &link).await?;
            nonces::insert(tx, "nonce", "google", later(Span::hours(1))).await
        }).await;
        let voided = write(&store, async |tx| backup::void(tx, 1_000, NOW).await).await;
        assert_eq!(voided, backup::Voided { users: 1, sessions: 1, codes: 1, links: 1, nonces: 1 });
        let live = read(&store, async |tx| sessions::live(tx, session.id, NOW).await).await;
        assert!(live.is_none());
        assert!(!write(&store, async |tx| sessions::rotate(tx, session.id, 0, NOW).await).await);
        assert!(!write(&store, async |tx| codes::spend(tx, code.id, NOW).await).await);
        let spent = write(&store, async |tx| links::spend(tx, "link", LinkPurpose::Reset, NOW).await).await;
        assert!(spent.is_none());
        assert!(!write(&store, async |tx| nonces::spend(tx, "nonce", "google", NOW).await).await);
        let user = read(&store, async |tx| users::by_id(tx, user).await).await.unwrap();
        assert_eq!(user.epoch, 1_000);
    }

    async fn jobs_of_a_kind_are_forgotten_and_others_stay(store) {
        use doorward_domain::JobId;
        use doorward_store::jobs::{self, NewJob};
        for kind in ["mail", "mail", "remove_object"] {
            let job = NewJob {
                id: JobId::new(NOW, fresh()),
                kind: kind.to_owned(),
                payload: vec![1],
                run_at: NOW,
                created_at: NOW,
            };
            write(&store, async |tx| jobs::enqueue(tx, &job).await).await;
        }
        assert_eq!(write(&store, async |tx| backup::forget_jobs(tx, "mail").await).await, 2);
        assert_eq!(read(&store, async |tx| jobs::stats(tx, NOW).await).await.ready, 1);
    }

    async fn the_owner_of_a_database_lacks_no_right_and_its_clock_is_told(store) {
        assert_eq!(read(&store, privileges::own).await.lacking, Vec::<String>::new());
        let clock = read(&store, privileges::clock).await;
        assert_eq!(clock.is_some(), store.engine() == doorward_store::Engine::Postgres);
        assert!(clock.is_none_or(|clock| clock > NOW));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_a_server_who_may_not_write_is_told_where() {
    let backend = on_postgres().await;
    let role = format!("reader_{}", std::process::id());
    let made = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'r'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    );
    backend.place.run(made).await;
    let apart = if backend.place.url.contains('?') {
        '&'
    } else {
        '?'
    };
    let url = format!("{}{apart}user={role}&password=r", backend.place.url);
    let store = Store::open(options(&url)).await.unwrap();
    let privileges = read(&store, privileges::own).await;
    store.close().await;
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    backend.place.run(gone).await;
    assert!(!privileges.superuser);
    assert!(
        privileges.lacking.contains(&"sessions".to_owned()),
        "{privileges:?}"
    );
}
