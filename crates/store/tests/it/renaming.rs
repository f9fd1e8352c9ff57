use crate::support::*;
use doorward_domain::{CodeId, JobId, Purpose, Span};
use doorward_store::codes::{self, CodeKey, NewCode};
use doorward_store::jobs::{self, NewJob};
use doorward_store::renaming::{self, Renamed};
use doorward_store::sealed::{self, SealedRow, Shelf};
use doorward_store::tries::{self, TrySource};
use doorward_store::{Store, inbox, meta, wrong_guesses};

fn renamed(from: &str, to: &str) -> Renamed {
    Renamed {
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

fn key(subject: &str, network: &str) -> CodeKey {
    CodeKey {
        purpose: Purpose::Verify,
        subject: subject.to_owned(),
        context: String::new(),
        network: network.to_owned(),
    }
}

async fn put(store: &Store, key: CodeKey) -> CodeId {
    let code = NewCode {
        id: CodeId::new(NOW, fresh()),
        key,
        known: false,
        user_id: None,
        hash: b"hash".to_vec(),
        attempts: 3,
        created_at: NOW,
        expires_at: later(Span::minutes(10)),
        cooldown_until: NOW,
    };
    let put = write(store, async |tx| codes::put(tx, &code).await).await;
    put.unwrap().id
}

async fn met(store: &Store, key: &CodeKey) -> Option<CodeId> {
    let state = read(store, async |tx| codes::state(tx, key, NOW).await).await;
    state.map(|row| row.id)
}

on_every_backend! {
    async fn what_was_remembered_under_one_name_goes_on_under_another(store) {
        let id = put(&store, key("old", "old home")).await;
        for _ in 0..2 {
            write(&store, async |tx| tries::count(tx, "old", TrySource::Known, NOW).await).await;
            write(&store, async |tx| wrong_guesses::count(tx, "old", NOW).await).await;
        }
        let rename = async || write(&store, async |tx| renaming::subject(tx, &renamed("old", "new")).await).await;
        rename().await;
        let network = renamed("old home", "home");
        write(&store, async |tx| renaming::network(tx, "new", &network).await).await;
        let guess = write(&store, async |tx| codes::guess(tx, &key("new", "home"), NOW).await).await;
        assert_eq!(guess.map(|guess| (guess.id, guess.own)), Some((id, true)));
        assert_eq!(met(&store, &key("old", "old home")).await, None);
        let guesses = read(&store, async |tx| wrong_guesses::since(tx, "new", NOW - Span::days(1)).await).await;
        assert_eq!(guesses, 2);
        rename().await;
        assert_eq!(met(&store, &key("new", "home")).await, Some(id));
    }

    async fn what_is_there_under_the_new_name_stays_as_it_is(store) {
        let old = put(&store, key("old", "home")).await;
        let new = put(&store, key("new", "home")).await;
        write(&store, async |tx| renaming::subject(tx, &renamed("old", "new")).await).await;
        assert_eq!(met(&store, &key("new", "home")).await, Some(new));
        assert_eq!(met(&store, &key("old", "home")).await, Some(old));
    }

    async fn sealed_rows_are_read_in_order_and_sealed_anew(store) {
        let mut ids = Vec::new();
        for _ in 0..3 {
            let job = NewJob {
                id: JobId::new(NOW, fresh()),
                kind: "mail".to_owned(),
                payload: b"old".to_vec(),
                run_at: NOW,
                created_at: NOW,
            };
            write(&store, async |tx| jobs::enqueue(tx, &job).await).await;
            write(&store, async |tx| inbox::insert(tx, job.id, NOW, b"old").await).await;
            ids.push(job.id);
        }
        for shelf in [Shelf::Jobs, Shelf::Inbox] {
            let list = async |after| read(&store, async |tx| sealed::list(tx, shelf, after, 2).await).await;
            let first = list(None).await;
            assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..2]);
            assert_eq!(list(Some(ids[1])).await, [SealedRow { id: ids[2], sealed: b"old".to_vec() }]);
            let anew = SealedRow { id: ids[2], sealed: b"new".to_vec() };
            assert!(write(&store, async |tx| sealed::reseal(tx, shelf, &anew).await).await);
            assert_eq!(list(Some(ids[1])).await, [anew]);
        }
        let gone = SealedRow { id: JobId::new(NOW, fresh()), sealed: Vec::new() };
        assert!(!write(&store, async |tx| sealed::reseal(tx, Shelf::Jobs, &gone).await).await);
    }

    async fn a_fact_can_be_exchanged(store) {
        for value in ["one", "two"] {
            write(&store, async |tx| meta::set(tx, "name", value).await).await;
            let found = read(&store, async |tx| meta::get(tx, "name").await).await;
            assert_eq!(found.as_deref(), Some(value));
        }
    }
}
