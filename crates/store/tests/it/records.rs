use crate::support::*;
use doorward_domain::{Family, JobId, SessionId, Span};
use doorward_store::audit::{self, Event};
use doorward_store::{inbox, meta, tombstones};

on_every_backend! {
    async fn an_event_is_kept_as_it_was_and_listed_the_latest_first(store) {
        let user = ada(&store).await;
        let event = |number: u32, user_id| Event {
            id: format!("event {number}"),
            at: later(Span::seconds(number)),
            event: "sign_in".to_owned(),
            outcome: "done".to_owned(),
            user_id,
            session_id: user_id.map(|_| SessionId::new(NOW, [number.to_le_bytes()[0]; 10])),
            family: Family::Session,
            address: Some("192.0.2.1".to_owned()),
            request_id: Some("r".to_owned()),
            detail: None,
        };
        let events = [event(1, Some(user)), event(2, None), event(3, Some(user))];
        for event in &events {
            write(&store, async |tx| audit::insert(tx, event).await).await;
        }
        let [first, second, third] = events;
        let list = async |user, limit| read(&store, async |tx| audit::list(tx, user, limit).await).await;
        assert_eq!(list(None, 2).await, [third.clone(), second]);
        assert_eq!(list(Some(user), 9).await, [third, first]);
        let purged = write(&store, async |tx| audit::purge(tx, later(Span::seconds(3)), 9).await).await;
        assert_eq!((purged, list(None, 9).await.len()), (2, 1));
    }

    async fn the_inbox_keeps_each_message_once_and_the_latest(store) {
        let ids: Vec<_> = (0..4).map(|_| JobId::new(NOW, fresh())).collect();
        for (id, second) in ids.iter().zip(0..) {
            for _ in 0..2 {
                write(&store, async |tx| inbox::insert(tx, *id, later(Span::seconds(second)), b"sealed").await).await;
            }
        }
        let list = async || read(&store, async |tx| inbox::list(tx, 9).await).await;
        let rows = list().await;
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[3], ids[2], ids[1], ids[0]]);
        assert_eq!((rows[0].sealed.as_slice(), rows[0].created_at), (&b"sealed"[..], later(Span::seconds(3))));
        assert_eq!(write(&store, async |tx| inbox::trim(tx, 3).await).await, 1);
        assert_eq!(list().await.last().unwrap().id, ids[1]);
        assert_eq!(write(&store, async |tx| inbox::clear(tx).await).await, 3);
        assert!(list().await.is_empty());
    }

    async fn a_tombstone_stands_until_it_is_forgotten(store) {
        let exists = async |hash| read(&store, async |tx| tombstones::exists(tx, hash).await).await;
        write(&store, async |tx| tombstones::insert(tx, "aa", NOW).await).await;
        write(&store, async |tx| tombstones::insert(tx, "aa", later(Span::days(1))).await).await;
        assert!(exists("aa").await && !exists("bb").await);
        let purge = async |before| write(&store, async |tx| tombstones::purge(tx, before, 9).await).await;
        assert_eq!(purge(later(Span::days(1))).await, 0);
        assert_eq!(purge(later(Span::days(2))).await, 1);
        assert!(!exists("aa").await);
    }

    async fn replicas_that_start_together_agree_on_a_fact(store) {
        let values = at_once(20, |number| {
            let store = store.clone();
            async move {
                write(&store, async |tx| meta::insert_once(tx, "identity", &number.to_string()).await).await
            }
        }).await;
        let held = read(&store, async |tx| meta::get(tx, "identity").await).await.unwrap();
        assert!(values.iter().all(|value| *value == held));
        assert_eq!(read(&store, async |tx| meta::get(tx, "other").await).await, None);
    }
}
