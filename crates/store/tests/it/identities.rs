use crate::support::*;
use doorward_domain::{LinkPurpose, Span, UserId};
use doorward_store::identities::{self, Identity};
use doorward_store::links::{self, Link};
use doorward_store::{known_networks, nonces, users};

fn identity(provider: &str, user_id: UserId) -> Identity {
    Identity {
        provider: provider.to_owned(),
        subject: "a1".to_owned(),
        user_id,
        created_at: NOW,
    }
}

on_every_backend! {
    async fn an_identity_is_one_persons(store) {
        let (ada, grace) = (ada(&store).await, add(&store, new_user()).await);
        let link = async |identity| write(&store, async |tx| identities::insert(tx, &identity).await).await;
        assert!(link(identity("google", ada)).await && link(identity("apple", ada)).await);
        assert!(!link(identity("google", grace)).await);
        let owner = async |provider, subject| {
            read(&store, async |tx| identities::owner(tx, provider, subject).await).await
        };
        assert_eq!(owner("google", "a1").await, Some(ada));
        assert_eq!((owner("google", "A1").await, owner("other", "a1").await), (None, None));
        let of_ada = read(&store, async |tx| identities::of_user(tx, ada).await).await;
        assert_eq!(of_ada, [identity("apple", ada), identity("google", ada)]);
        assert_eq!(write(&store, async |tx| identities::remove_all(tx, ada).await).await, 2);
        assert!(link(identity("google", grace)).await);
        assert!(write(&store, async |tx| users::remove(tx, grace).await).await);
        assert_eq!(owner("google", "a1").await, None);
    }

    async fn sec_i19_a_nonce_is_good_once_in_time_and_for_its_provider(store) {
        let until = later(Span::minutes(10));
        for hash in ["aa", "bb"] {
            write(&store, async |tx| nonces::insert(tx, hash, "google", until).await).await;
        }
        let spend = async |hash, provider, at| {
            write(&store, async |tx| nonces::spend(tx, hash, provider, at).await).await
        };
        assert!(!spend("aa", "apple", NOW).await && !spend("cc", "google", NOW).await);
        assert!(!spend("aa", "google", until).await);
        let won = at_once(200, |_| {
            let store = store.clone();
            async move { write(&store, async |tx| nonces::spend(tx, "aa", "google", NOW).await).await }
        }).await;
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
        assert_eq!(write(&store, async |tx| nonces::purge(tx, until, 9).await).await, 0);
        assert_eq!(write(&store, async |tx| nonces::purge(tx, later(Span::hours(1)), 9).await).await, 2);
    }

    async fn links_of_one_purpose_are_voided_and_keep_what_they_were_asked_for(store) {
        let user = ada(&store).await;
        let change = Link {
            hash: "aa".to_owned(),
            purpose: LinkPurpose::Change,
            user_id: Some(user),
            network: Some("n1".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            email: Some("Grace@example.com".to_owned()),
            email_key: Some("grace@example.com".to_owned()),
            created_at: NOW,
            expires_at: later(Span::hours(1)),
            spent_at: None,
        };
        let confirm = Link { hash: "bb".to_owned(), purpose: LinkPurpose::Confirm, ..change.clone() };
        for link in [&change, &confirm] {
            write(&store, async |tx| links::insert(tx, link).await).await;
        }
        let live = async |hash, purpose| {
            read(&store, async |tx| links::live(tx, hash, purpose, NOW).await).await
        };
        assert_eq!(live("aa", LinkPurpose::Change).await, Some(change));
        assert_eq!(live("aa", LinkPurpose::Confirm).await, None);
        assert_eq!(write(&store, async |tx| links::void(tx, user, LinkPurpose::Change, NOW).await).await, 1);
        assert_eq!(live("aa", LinkPurpose::Change).await, None);
        assert!(live("bb", LinkPurpose::Confirm).await.is_some());
    }

    async fn every_network_of_an_account_is_forgotten_at_once(store) {
        let user = ada(&store).await;
        for network in ["n1", "n2"] {
            write(&store, async |tx| known_networks::remember(tx, user, network, NOW).await).await;
        }
        assert_eq!(write(&store, async |tx| known_networks::forget_all(tx, user).await).await, 2);
        assert!(!read(&store, async |tx| known_networks::is_known(tx, user, "n1", NOW).await).await);
    }
}
