use crate::support::*;
use doorward_domain::{Family, JobId, LinkPurpose, Nickname, SessionId, Span};
use doorward_store::audit::{self, Event};
use doorward_store::links::{self, Link};
use doorward_store::users::{self, Change, ProfileChange};
use doorward_store::{inbox, meta, tombstones, wrong_guesses};

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

    async fn a_link_is_spent_once_and_voided_with_the_others(store) {
        let user = ada(&store).await;
        let link = |hash: &str, user_id| Link {
            hash: hash.to_owned(),
            purpose: LinkPurpose::Reset,
            user_id,
            network: Some("n1".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            email: None,
            email_key: None,
            created_at: NOW,
            expires_at: later(Span::hours(1)),
            spent_at: None,
        };
        for (hash, user_id) in [("aa", Some(user)), ("bb", Some(user)), ("cc", None)] {
            write(&store, async |tx| links::insert(tx, &link(hash, user_id)).await).await;
        }
        let live = async |hash, now| {
            read(&store, async |tx| links::live(tx, hash, LinkPurpose::Reset, now).await).await.is_some()
        };
        assert!(live("aa", NOW).await && !live("aa", later(Span::hours(1))).await && !live("dd", NOW).await);
        let won = at_once(50, |_| {
            let store = store.clone();
            async move { write(&store, async |tx| links::spend(tx, "aa", LinkPurpose::Reset, NOW).await).await }
        }).await;
        let winners: Vec<_> = won.into_iter().flatten().collect();
        assert_eq!(winners, [Link { spent_at: Some(NOW), ..link("aa", Some(user)) }]);
        assert!(!live("aa", NOW).await);
        assert_eq!(write(&store, async |tx| links::spend(tx, "cc", LinkPurpose::Reset, NOW).await).await, None);
        assert_eq!(write(&store, async |tx| links::void_all(tx, user, NOW).await).await, 1);
        assert!(!live("bb", NOW).await);
        assert_eq!(write(&store, async |tx| links::purge(tx, later(Span::hours(2)), 9).await).await, 3);
    }

    async fn wrong_guesses_add_up_over_the_hours(store) {
        let count = async |subject, at| write(&store, async |tx| wrong_guesses::count(tx, subject, at).await).await;
        for (subject, hour) in [("aa", 0), ("aa", 0), ("aa", 5), ("aa", 30), ("bb", 5)] {
            count(subject, later(Span::hours(hour))).await;
        }
        let since = async |hour| {
            read(&store, async |tx| wrong_guesses::since(tx, "aa", later(Span::hours(hour))).await).await
        };
        assert_eq!([since(0).await, since(1).await, since(30).await, since(31).await], [4, 2, 1, 0]);
        assert_eq!(write(&store, async |tx| wrong_guesses::purge(tx, later(Span::hours(6)), 9).await).await, 3);
        assert_eq!(since(0).await, 1);
    }

    async fn a_profile_changes_where_it_is_told_to_and_a_nickname_is_one_persons(store) {
        let (ada, bob) = (ada(&store).await, add(&store, new_user()).await);
        let nickname = |text| Change::Set(Nickname::parse(text, 3..=42).unwrap());
        let update = async |user, change: ProfileChange| {
            let mut tx = store.write().await.unwrap();
            let updated = users::update_profile(&mut tx, user, &change, NOW).await.unwrap();
            if updated.is_some() {
                tx.commit().await.unwrap();
            }
            updated
        };
        let set = ProfileChange {
            first_name: Change::Set("Ada".to_owned()),
            nickname: nickname("Countess"),
            age: Change::Set(36),
            ..ProfileChange::default()
        };
        let row = update(ada, set).await.unwrap();
        assert_eq!((row.first_name.as_deref(), row.age), (Some("Ada"), Some(36)));
        let clear = ProfileChange { age: Change::Clear, ..ProfileChange::default() };
        let row = update(ada, clear).await.unwrap();
        assert_eq!((row.first_name.as_deref(), row.nickname.as_deref(), row.age), (Some("Ada"), Some("Countess"), None));
        let taken = ProfileChange { nickname: nickname("COUNTESS"), ..ProfileChange::default() };
        assert!(update(bob, taken).await.is_none());
    }
}
