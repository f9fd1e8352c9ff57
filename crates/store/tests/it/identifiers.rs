use crate::support::*;
use doorward_domain::{Phone, Span, Status, UserId};
use doorward_store::users::{self, NewUser, User};
use doorward_store::{Store, codes};

fn phone() -> Phone {
    Phone::parse("+44 20 7946 0018").unwrap()
}

async fn find(store: &Store, id: UserId) -> User {
    read(store, async |tx| users::by_id(tx, id).await)
        .await
        .unwrap()
}

on_every_backend! {
    async fn a_number_is_proven_once(store) {
        let id = add(&store, NewUser { phone: Some(phone()), ..new_user() }).await;
        assert!(write(&store, async |tx| users::confirm_phone(tx, id, NOW).await).await);
        assert!(!write(&store, async |tx| users::confirm_phone(tx, id, NOW).await).await);
        let without = add(&store, new_user()).await;
        assert!(!write(&store, async |tx| users::confirm_phone(tx, without, NOW).await).await);
        assert_eq!(find(&store, id).await.phone_proven_at, Some(NOW));
    }

    async fn an_identifier_moves_from_one_account_to_another(store) {
        let (ada, grace) = (ada(&store).await, add(&store, new_user()).await);
        let address = email("ADA@example.com");
        let mut tx = store.write().await.unwrap();
        assert!(!users::attach_email(&mut tx, grace, &address, NOW).await.unwrap());
        drop(tx);
        assert!(write(&store, async |tx| {
            assert!(users::detach_email(tx, ada, NOW).await?);
            assert!(!users::detach_email(tx, ada, NOW).await?);
            users::attach_email(tx, grace, &address, NOW).await
        }).await);
        let (ada, grace) = (find(&store, ada).await, find(&store, grace).await);
        assert_eq!((ada.email, ada.email_key, ada.email_proven_at), (None, None, None));
        assert_eq!((grace.email.as_deref(), grace.email_proven_at), (Some("ADA@example.com"), Some(NOW)));
    }

    async fn a_number_moves_like_an_address(store) {
        let first = add(&store, NewUser { phone: Some(phone()), ..new_user() }).await;
        let second = add(&store, new_user()).await;
        let mut tx = store.write().await.unwrap();
        assert!(!users::attach_phone(&mut tx, second, &phone(), NOW).await.unwrap());
        drop(tx);
        assert!(write(&store, async |tx| {
            assert!(users::detach_phone(tx, first, NOW).await?);
            users::attach_phone(tx, second, &phone(), NOW).await
        }).await);
        let found = read(&store, async |tx| users::by_identifier(tx, &phone().into()).await).await;
        assert_eq!(found.map(|user| user.id), Some(second));
        assert!(!write(&store, async |tx| users::detach_phone(tx, first, NOW).await).await);
    }

    async fn a_deleted_account_gets_no_identifier(store) {
        let id = add(&store, new_user()).await;
        assert!(write(&store, async |tx| users::scrub(tx, id, NOW).await).await);
        for given in [
            write(&store, async |tx| users::attach_phone(tx, id, &phone(), NOW).await).await,
            write(&store, async |tx| users::attach_email(tx, id, &email("a@example.com"), NOW).await).await,
        ] {
            assert!(!given);
        }
    }

    async fn sec_i05_wrong_passwords_in_a_row_are_counted_up_to_a_limit(store) {
        let id = ada(&store).await;
        let counts = at_once(50, |_| {
            let store = store.clone();
            async move { write(&store, async |tx| users::count_password_failure(tx, id, 3).await).await }
        }).await;
        let mut counted: Vec<i64> = counts.into_iter().flatten().collect();
        counted.sort_unstable();
        assert_eq!(counted, [1, 2, 3]);
        write(&store, async |tx| users::reset_password_failures(tx, id).await).await;
        assert_eq!(write(&store, async |tx| users::count_password_failure(tx, id, 3).await).await, Some(1));
    }

    async fn a_try_that_was_never_compared_is_taken_back(store) {
        let id = ada(&store).await;
        let count = async || write(&store, async |tx| users::count_password_failure(tx, id, 2).await).await;
        let take_back = async || write(&store, async |tx| users::take_back_password_failure(tx, id).await).await;
        take_back().await;
        assert_eq!((count().await, count().await, count().await), (Some(1), Some(2), None));
        take_back().await;
        assert_eq!((count().await, count().await), (Some(2), None));
    }

    async fn a_password_is_removed_once(store) {
        let id = ada(&store).await;
        assert!(write(&store, async |tx| users::clear_password(tx, id, NOW).await).await);
        assert!(!write(&store, async |tx| users::clear_password(tx, id, NOW).await).await);
        let row = find(&store, id).await;
        assert_eq!((row.password_hash, row.password_set_at), (None, None));
    }

    async fn of_200_at_once_one_has_waited_long_enough_for_tokens(store) {
        let id = ada(&store).await;
        let minute = Span::minutes(1);
        let won = at_once(200, |_| {
            let store = store.clone();
            async move { write(&store, async |tx| users::note_tokens(tx, id, NOW, minute).await).await }
        }).await;
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
        let note = async |at| write(&store, async |tx| users::note_tokens(tx, id, at, minute).await).await;
        assert!(!note(later(Span::seconds(59))).await && note(later(minute)).await);
        assert!(write(&store, async |tx| users::note_tokens(tx, id, later(minute), Span::ZERO).await).await);
    }

    async fn a_temporary_account_is_stale_once_it_has_no_live_code(store) {
        let temporary = || NewUser { status: Status::Temp, ..new_user() };
        let (idle, waiting) = (add(&store, temporary()).await, add(&store, temporary()).await);
        add(&store, new_user()).await;
        let code = crate::codes::for_user("aa", waiting);
        let until = code.expires_at;
        write(&store, async |tx| codes::put(tx, &code).await).await.unwrap();
        let stale = async |at| read(&store, async |tx| users::stale_temporary(tx, at, 9).await).await;
        assert_eq!(stale(NOW).await, [idle]);
        assert_eq!(stale(until).await.len(), 2);
    }

    async fn an_account_is_locked_by_what_it_is_found_by(store) {
        let id = ada(&store).await;
        let by_phone = add(&store, NewUser { phone: Some(phone()), ..new_user() }).await;
        let lock = async |identifier| {
            let found = write(&store, async |tx| users::lock_by_identifier(tx, &identifier).await).await;
            found.map(|user| user.id)
        };
        assert_eq!(lock(email("ADA@example.com").into()).await, Some(id));
        assert_eq!(lock(login("ada").into()).await, Some(id));
        assert_eq!(lock(phone().into()).await, Some(by_phone));
        assert_eq!(lock(email("nobody@example.com").into()).await, None);
    }

    async fn a_temporary_account_goes_unless_something_became_of_it(store) {
        let temporary = || NewUser { status: Status::Temp, ..new_user() };
        let (idle, waiting) = (add(&store, temporary()).await, add(&store, temporary()).await);
        let active = add(&store, new_user()).await;
        let code = crate::codes::for_user("aa", waiting);
        let until = code.expires_at;
        write(&store, async |tx| codes::put(tx, &code).await).await.unwrap();
        let remove = async |id, at| write(&store, async |tx| users::remove_temporary(tx, id, at).await).await;
        assert!(remove(idle, NOW).await && !remove(idle, NOW).await);
        assert!(!remove(waiting, NOW).await && remove(waiting, until).await);
        assert!(!remove(active, until).await);
        let lock = async |id| write(&store, async |tx| users::lock(tx, id).await).await;
        assert!(lock(active).await && !lock(idle).await);
    }
}
