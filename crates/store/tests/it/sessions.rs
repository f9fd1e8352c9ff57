use crate::support::*;
use doorward_domain::{Family, SessionId, Span, Timestamp, UserId};
use doorward_store::sessions::{self, Session};
use doorward_store::{Store, users};

fn session(user: UserId) -> Session {
    Session {
        id: SessionId::new(NOW, fresh()),
        user_id: user,
        family: Family::Session,
        created_at: NOW,
        last_used_at: NOW,
        expires_at: later(Span::days(30)),
        counter: 0,
        rotated_at: NOW,
        rotates: true,
        access_lifetime: Span::minutes(15),
        refresh_lifetime: Span::days(7),
        address: Some("192.0.2.1".to_owned()),
        user_agent: None,
        ended_at: None,
    }
}

async fn open(store: &Store, user: UserId) -> Session {
    let session = session(user);
    write(store, async |tx| sessions::insert(tx, &session).await).await;
    session
}

async fn is_live(store: &Store, id: SessionId, now: Timestamp) -> bool {
    read(store, async |tx| sessions::live(tx, id, now).await)
        .await
        .is_some()
}

on_every_backend! {
    async fn a_live_session_comes_with_its_user(store) {
        let user = ada(&store).await;
        let session = open(&store, user).await;
        let live = read(&store, async |tx| sessions::live(tx, session.id, NOW).await).await.unwrap();
        assert_eq!(live.session, session);
        assert_eq!((live.user.id, live.user.login_key.as_deref()), (user, Some("ada")));
        assert!(!is_live(&store, SessionId::new(NOW, fresh()), NOW).await);
        assert!(!is_live(&store, session.id, session.expires_at).await);
    }

    async fn a_session_is_opened_once(store) {
        let user = ada(&store).await;
        let session = open(&store, user).await;
        let again = async || write(&store, async |tx| sessions::insert(tx, &session).await).await;
        assert!(!again().await);
        write(&store, async |tx| sessions::end(tx, session.id, NOW).await).await;
        assert!(!again().await);
        assert!(!is_live(&store, session.id, NOW).await, "what has ended stays ended");
    }

    async fn an_ended_session_stays_ended(store) {
        let user = ada(&store).await;
        let session = open(&store, user).await;
        let end = async || write(&store, async |tx| sessions::end(tx, session.id, NOW).await).await;
        assert_eq!(end().await, Some(user));
        assert_eq!(end().await, None);
        assert!(!is_live(&store, session.id, NOW).await);
        assert!(!write(&store, async |tx| sessions::rotate(tx, session.id, 0, NOW).await).await);
    }

    async fn all_sessions_of_a_user_end_but_for_one(store) {
        let user = ada(&store).await;
        let other = add(&store, new_user()).await;
        let (kept, lost, foreign) = (open(&store, user).await, open(&store, user).await, open(&store, other).await);
        let ended = write(&store, async |tx| sessions::end_all(tx, user, Some(kept.id), NOW).await).await;
        assert_eq!(ended, [lost.id]);
        assert!(is_live(&store, kept.id, NOW).await && is_live(&store, foreign.id, NOW).await);
        let ended = write(&store, async |tx| sessions::end_all(tx, user, None, NOW).await).await;
        assert_eq!(ended, [kept.id]);
    }

    async fn sec_i09_of_200_parallel_refreshes_one_moves_the_counter(store) {
        let session = open(&store, ada(&store).await).await;
        let moved = at_once(200, |_| {
            let store = store.clone();
            async move {
                let mut tx = store.write().await.unwrap();
                let moved = sessions::rotate(&mut tx, session.id, 0, later(Span::seconds(1))).await.unwrap();
                tx.commit().await.unwrap();
                moved
            }
        }).await;
        assert_eq!(moved.into_iter().filter(|moved| *moved).count(), 1);
        let live = read(&store, async |tx| sessions::live(tx, session.id, NOW).await).await.unwrap();
        assert_eq!((live.session.counter, live.session.rotated_at), (1, later(Span::seconds(1))));
        assert!(!write(&store, async |tx| sessions::rotate(tx, session.id, 1, session.expires_at).await).await);
    }

    async fn sessions_are_listed_while_they_hold_the_newest_first(store) {
        let user = ada(&store).await;
        let (first, second, ended) = (open(&store, user).await, open(&store, user).await, open(&store, user).await);
        write(&store, async |tx| sessions::end(tx, ended.id, NOW).await).await;
        write(&store, async |tx| sessions::touch(tx, first.id, later(Span::seconds(9))).await).await;
        let list = read(&store, async |tx| sessions::list(tx, user, NOW).await).await;
        assert_eq!(list.iter().map(|session| session.id).collect::<Vec<_>>(), [second.id, first.id]);
        assert_eq!(list[1].last_used_at, later(Span::seconds(9)));
        assert!(read(&store, async |tx| sessions::list(tx, user, first.expires_at).await).await.is_empty());
    }

    async fn sessions_that_are_over_are_removed_so_many_at_a_time(store) {
        let user = ada(&store).await;
        for _ in 0..3 {
            open(&store, user).await;
        }
        let purge = async |before| write(&store, async |tx| sessions::purge(tx, before, 2).await).await;
        assert_eq!(purge(later(Span::days(30))).await, 0);
        assert_eq!(purge(later(Span::days(31))).await, 2);
        assert_eq!(purge(later(Span::days(31))).await, 1);
    }

    async fn sessions_go_with_their_user(store) {
        let user = ada(&store).await;
        let session = open(&store, user).await;
        write(&store, async |tx| users::remove(tx, user).await).await;
        assert!(!is_live(&store, session.id, NOW).await);
        let mut tx = store.write().await.unwrap();
        assert!(sessions::insert(&mut tx, &session).await.is_err());
    }
}
