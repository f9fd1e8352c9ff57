use crate::support::*;
use doorward_domain::{KeyVersion, Span};
use doorward_store::keys::{self, ForeignKey, NewKey};

fn key(version: i64) -> NewKey {
    NewKey {
        version: KeyVersion(version),
        algorithm: "RS256".to_owned(),
        public_pem: format!("public {version}"),
        private_sealed: vec![0, 1, 255],
        created_at: NOW,
        signs_from: later(Span::minutes(5)),
    }
}

fn foreign(version: i64) -> ForeignKey {
    ForeignKey {
        version: KeyVersion(version),
        algorithm: "RS256".to_owned(),
        public_pem: format!("public {version}"),
        created_at: NOW,
    }
}

on_every_backend! {
    async fn a_key_of_another_service_takes_a_free_version_and_signs_once_its_private_part_is_here(store) {
        write(&store, async |tx| keys::insert(tx, &key(1)).await).await;
        let insert = async |version| write(&store, async |tx| keys::insert_foreign(tx, &foreign(version)).await).await;
        assert!(!insert(1).await);
        assert!(insert(2).await);
        assert!(!insert(2).await);
        let row = read(&store, async |tx| keys::list(tx).await).await.remove(1);
        assert_eq!((row.private_sealed, row.signs_from, row.retires_at), (None, NOW, Some(NOW)));
        let adopt = async |key: NewKey| write(&store, async |tx| keys::adopt(tx, &key).await).await;
        assert!(!adopt(NewKey { public_pem: "another".to_owned(), ..key(2) }).await);
        assert!(!adopt(key(1)).await);
        assert!(adopt(key(2)).await);
        assert!(!adopt(key(2)).await);
        let row = read(&store, async |tx| keys::list(tx).await).await.remove(1);
        assert_eq!((row.private_sealed.as_deref(), row.retires_at), (Some(&[0, 1, 255][..]), None));
        assert_eq!(row.signs_from, later(Span::minutes(5)));
    }

    async fn of_replicas_that_start_together_one_makes_the_first_key(store) {
        let made = at_once(20, |_| {
            let store = store.clone();
            async move { write(&store, async |tx| keys::insert(tx, &key(1)).await).await }
        }).await;
        assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
    }

    async fn a_key_retires_once_and_loses_its_private_part_then(store) {
        for version in [2, 1] {
            write(&store, async |tx| keys::insert(tx, &key(version)).await).await;
        }
        let end = later(Span::days(7));
        let retire = async || write(&store, async |tx| keys::retire(tx, KeyVersion(1), end).await).await;
        assert!(retire().await);
        assert!(!retire().await);
        let purge = async |now| write(&store, async |tx| keys::purge_private(tx, now).await).await;
        assert_eq!(purge(end - Span::millis(1)).await, 0);
        assert_eq!(purge(end).await, 1);
        let reseal = async |version| {
            write(&store, async |tx| keys::reseal(tx, KeyVersion(version), b"resealed").await).await
        };
        assert!(!reseal(1).await);
        assert!(reseal(2).await);
        let rows = read(&store, async |tx| keys::list(tx).await).await;
        assert_eq!(rows.iter().map(|row| row.version.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((rows[0].public_pem.as_str(), rows[0].private_sealed.as_deref(), rows[0].retires_at), ("public 1", None, Some(end)));
        assert_eq!((rows[1].private_sealed.as_deref(), rows[1].retires_at), (Some(&b"resealed"[..]), None));
        assert_eq!((rows[1].algorithm.as_str(), rows[1].created_at, rows[1].signs_from), ("RS256", NOW, later(Span::minutes(5))));
    }
}

on_every_backend! {
    async fn a_withdrawn_key_signs_nothing_verifies_nothing_and_never_comes_back(store) {
        write(&store, async |tx| keys::insert(tx, &key(1)).await).await;
        let withdraw = async |version| write(&store, async |tx| keys::withdraw(tx, KeyVersion(version), NOW).await).await;
        assert!(!withdraw(2).await);
        assert!(withdraw(1).await);
        assert!(!withdraw(1).await);
        let row = read(&store, async |tx| keys::list(tx).await).await.remove(0);
        assert_eq!((row.private_sealed, row.withdrawn_at), (None, Some(NOW)));
        assert_eq!((row.signs_from, row.retires_at), (NOW, Some(NOW)));
        assert!(!write(&store, async |tx| keys::adopt(tx, &key(1)).await).await);
    }
}
