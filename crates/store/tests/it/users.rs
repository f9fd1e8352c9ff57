use crate::support::*;
use doorward_domain::{Nickname, Phone, Profile, Span, Status};
use doorward_store::users::{self, Filter, Inserted, NewUser, User};
use doorward_store::{Error, Store};

async fn find(store: &Store, id: doorward_domain::UserId) -> User {
    read(store, async |tx| users::by_id(tx, id).await)
        .await
        .unwrap()
}

on_every_backend! {
    async fn an_account_is_found_by_each_of_its_identifiers(store) {
        let phone = Phone::parse("+44 20 7946 0018").unwrap();
        let id = add(&store, NewUser {
            email: Some(email("Ada@Example.com")),
            phone: Some(phone.clone()),
            login: Some(login("Ａｄａ")),
            profile: Profile { full_name: Some("Ada Lovelace".to_owned()), age: Some(36), ..Profile::default() },
            password_hash: Some("hash".to_owned()),
            registered_network: Some("aa".to_owned()),
            ..new_user()
        }).await;
        let mut tx = store.read().await.unwrap();
        let by_email = users::by_email(&mut tx, &email("ADA@example.COM")).await.unwrap().unwrap();
        assert_eq!(users::by_phone(&mut tx, &phone).await.unwrap().unwrap().id, id);
        assert_eq!(users::by_login(&mut tx, &login("ADA")).await.unwrap().unwrap().id, id);
        assert_eq!(by_email.id, id);
        assert_eq!(by_email.email.as_deref(), Some("Ada@Example.com"));
        assert_eq!(by_email.full_name.as_deref(), Some("Ada Lovelace"));
        assert_eq!((by_email.age, by_email.epoch, by_email.status), (Some(36), 0, Status::Active));
        assert_eq!((by_email.password_set_at, by_email.created_at), (Some(NOW), NOW));
        assert!(users::by_login(&mut tx, &login("someone")).await.unwrap().is_none());
    }

    async fn whose_place_a_new_account_wanted_is_said(store) {
        let nickname = |text| Profile { nickname: Some(Nickname::parse(text, 3..=42).unwrap()), ..Profile::default() };
        let phone = Phone::parse("+44 20 7946 0018").unwrap();
        add(&store, NewUser {
            email: Some(email("ada@example.com")),
            phone: Some(phone.clone()),
            login: Some(login("ada")),
            profile: nickname("Countess"),
            ..new_user()
        }).await;
        let cases = [
            (NewUser { email: Some(email("ADA@example.com")), login: Some(login("ada")), ..new_user() }, Inserted::EmailTaken),
            (NewUser { phone: Some(phone), ..new_user() }, Inserted::PhoneTaken),
            (NewUser { login: Some(login("ADA")), ..new_user() }, Inserted::LoginTaken),
            (NewUser { profile: nickname("countess"), ..new_user() }, Inserted::NicknameTaken),
            (NewUser { login: Some(login("grace")), ..new_user() }, Inserted::Done),
        ];
        for (user, expected) in cases {
            let inserted = write(&store, async |tx| users::insert(tx, &user).await).await;
            assert_eq!(inserted, expected);
        }
        assert_eq!(read(&store, async |tx| users::count(tx).await).await, 2);
    }

    async fn sec_i07_of_200_parallel_registrations_of_one_login_one_wins(store) {
        let outcomes = at_once(200, |_| {
            let store = store.clone();
            async move {
                let user = NewUser { login: Some(login("ada")), ..new_user() };
                let mut tx = store.write().await.unwrap();
                let inserted = users::insert(&mut tx, &user).await.unwrap();
                tx.commit().await.unwrap();
                inserted
            }
        }).await;
        let won = outcomes.iter().filter(|outcome| **outcome == Inserted::Done).count();
        let lost = outcomes.iter().filter(|outcome| **outcome == Inserted::LoginTaken).count();
        assert_eq!((won, lost), (1, 199));
    }

    async fn an_address_is_proven_once(store) {
        let id = ada(&store).await;
        let later = later(Span::minutes(1));
        assert!(write(&store, async |tx| users::confirm_email(tx, id, later).await).await);
        assert!(!write(&store, async |tx| users::confirm_email(tx, id, later).await).await);
        assert_eq!(find(&store, id).await.email_proven_at, Some(later));
        let nobody = add(&store, NewUser { login: Some(login("grace")), ..new_user() }).await;
        assert!(!write(&store, async |tx| users::confirm_email(tx, nobody, later).await).await);
    }

    async fn a_password_is_set_and_rehashed_only_while_it_is_the_same(store) {
        let id = ada(&store).await;
        let later = later(Span::minutes(1));
        assert!(write(&store, async |tx| users::set_password(tx, id, "one", later).await).await);
        assert!(!write(&store, async |tx| users::set_password(tx, user_id(), "one", later).await).await);
        assert!(!write(&store, async |tx| users::rehash_password(tx, id, "zero", "two").await).await);
        assert!(write(&store, async |tx| users::rehash_password(tx, id, "one", "two").await).await);
        let user = find(&store, id).await;
        assert_eq!(user.password_hash.as_deref(), Some("two"));
        assert_eq!((user.password_set_at, user.updated_at), (Some(later), later));
    }

    async fn a_status_is_left_once_and_deletion_is_for_good(store) {
        let id = ada(&store).await;
        let set = async |status| write(&store, async |tx| users::set_status(tx, id, status, NOW).await).await;
        assert!(set(Status::Suspended).await);
        assert!(!set(Status::Suspended).await);
        assert!(set(Status::Active).await);
        assert!(write(&store, async |tx| users::scrub(tx, id, NOW).await).await);
        assert!(!write(&store, async |tx| users::scrub(tx, id, NOW).await).await);
        assert!(!set(Status::Active).await);
        assert!(!write(&store, async |tx| users::set_password(tx, id, "x", NOW).await).await);
    }

    async fn a_deleted_account_keeps_its_id_and_frees_its_identifiers(store) {
        let id = ada(&store).await;
        write(&store, async |tx| users::scrub(tx, id, later(Span::seconds(5))).await).await;
        let user = find(&store, id).await;
        assert_eq!((user.status, user.epoch), (Status::Deleted, 1));
        assert_eq!(user.deleted_at, Some(later(Span::seconds(5))));
        assert!(user.email.is_none() && user.email_key.is_none() && user.login_key.is_none());
        assert!(user.password_hash.is_none() && user.registered_network.is_none());
        assert_eq!(read(&store, async |tx| users::count(tx).await).await, 0);
        ada(&store).await;
    }

    async fn a_sign_in_counts_only_while_the_account_is_as_it_was(store) {
        let id = ada(&store).await;
        let touch = async |epoch| write(&store, async |tx| users::touch_login(tx, id, epoch, NOW).await).await;
        assert!(touch(0).await);
        assert_eq!(find(&store, id).await.last_login_at, Some(NOW));
        write(&store, async |tx| users::bump_epoch(tx, id, NOW).await).await;
        assert!(!touch(0).await && touch(1).await);
        write(&store, async |tx| users::set_status(tx, id, Status::Suspended, NOW).await).await;
        assert!(!touch(1).await);
    }

    async fn the_epoch_moves_on(store) {
        let id = ada(&store).await;
        assert_eq!(write(&store, async |tx| users::bump_epoch(tx, id, NOW).await).await, Some(1));
        assert_eq!(write(&store, async |tx| users::bump_epoch(tx, id, NOW).await).await, Some(2));
        assert_eq!(write(&store, async |tx| users::bump_epoch(tx, user_id(), NOW).await).await, None);
    }

    async fn sec_i16_a_first_proof_drops_password_and_profile(store) {
        let profile = Profile {
            full_name: Some("Not Ada".to_owned()),
            nickname: Some(Nickname::parse("Countess", 3..=42).unwrap()),
            age: Some(1),
            ..Profile::default()
        };
        let id = add(&store, NewUser {
            email: Some(email("ada@example.com")),
            password_hash: Some("squatter".to_owned()),
            profile,
            ..new_user()
        }).await;
        assert!(write(&store, async |tx| users::first_proof(tx, id, NOW).await).await);
        let user = find(&store, id).await;
        assert!(user.password_hash.is_none() && user.full_name.is_none() && user.nickname_key.is_none());
        assert_eq!((user.epoch, user.age, user.email_key.as_deref()), (1, None, Some("ada@example.com")));
    }

    async fn accounts_are_listed_in_pages_and_by_status(store) {
        let mut ids = Vec::new();
        for number in 0..5 {
            let status = if number == 2 { Status::Suspended } else { Status::Active };
            ids.push(add(&store, NewUser { status, ..new_user() }).await);
        }
        let list = async |status, after, limit| {
            let filter = Filter { status, after, limit };
            let users = read(&store, async |tx| users::list(tx, &filter).await).await;
            users.into_iter().map(|user| user.id).collect::<Vec<_>>()
        };
        assert_eq!(list(None, None, 3).await, ids[..3]);
        assert_eq!(list(None, Some(ids[2]), 3).await, ids[3..]);
        assert_eq!(list(Some(Status::Suspended), None, 9).await, [ids[2]]);
        assert_eq!(list(Some(Status::Active), Some(ids[0]), 1).await, [ids[1]]);
    }

    async fn accounts_that_never_proved_anything_grow_stale(store) {
        let unproven = add(&store, NewUser { email: Some(email("a@example.com")), ..new_user() }).await;
        let temp = add(&store, NewUser { status: Status::Temp, ..new_user() }).await;
        let proven = add(&store, NewUser { email: Some(email("b@example.com")), email_proven_at: Some(NOW), ..new_user() }).await;
        let with_login = add(&store, NewUser { login: Some(login("grace")), ..new_user() }).await;
        let in_use = add(&store, NewUser { email: Some(email("c@example.com")), ..new_user() }).await;
        write(&store, async |tx| users::touch_login(tx, in_use, 0, later(Span::days(2))).await).await;
        let stale = async |before| read(&store, async |tx| users::stale_unproven(tx, before, 9).await).await;
        let found = stale(later(Span::days(1))).await;
        assert!(found.contains(&unproven) && found.contains(&temp));
        assert!(!found.contains(&proven) && !found.contains(&with_login) && !found.contains(&in_use));
        assert!(stale(later(Span::days(3))).await.contains(&in_use));
        assert!(stale(NOW).await.is_empty());
        assert!(write(&store, async |tx| users::remove(tx, temp).await).await);
        assert!(!write(&store, async |tx| users::remove(tx, temp).await).await);
    }

    async fn a_row_that_cannot_be_read_says_where_it_is(store, url) {
        let id = ada(&store).await;
        beside(&url, "UPDATE users SET status = 'asleep'").await;
        let mut tx = store.read().await.unwrap();
        let Err(error) = users::by_id(&mut tx, id).await else { panic!("a strange status was read") };
        assert!(matches!(&error, Error::Corrupt { table: "users", column, .. } if column.contains("status")), "{error:?}");
    }
}
