use crate::support::*;
use doorward_domain::{Family, Nickname, Phone, Profile, Span, Status, UserId};
use doorward_store::identities::{self, Identity};
use doorward_store::imports::{self, Claims, Imported};
use doorward_store::users::{self, NewUser, User};
use doorward_store::{Error, Store};

fn imported(source_id: &str, user: Option<UserId>) -> Imported {
    Imported {
        family: Family::Session,
        source_id: source_id.to_owned(),
        user_id: user,
        digest: "digest".to_owned(),
        password_digest: None,
        joined: false,
        seen_at: NOW,
        imported_at: NOW,
    }
}

async fn remember(store: &Store, row: &Imported) {
    write(store, async |tx| imports::remember(tx, row).await).await;
}

async fn find(store: &Store, source_id: &str) -> Option<Imported> {
    read(store, async |tx| {
        imports::find(tx, Family::Session, source_id).await
    })
    .await
}

async fn user(store: &Store, id: UserId) -> User {
    let found = read(store, async |tx| users::by_id(tx, id).await).await;
    found.unwrap()
}

on_every_backend! {
    async fn a_row_is_remembered_by_family_and_id_and_keeps_the_time_it_was_first_taken(store) {
        let id = user_id();
        let first = imported("42", Some(id));
        remember(&store, &first).await;
        assert_eq!(find(&store, "42").await, Some(first.clone()));
        assert_eq!(find(&store, "4").await, None);
        let other = read(&store, async |tx| imports::find(tx, Family::Verified, "42").await).await;
        assert_eq!(other, None);
        let again = Imported {
            user_id: None,
            digest: "other".to_owned(),
            password_digest: Some("password".to_owned()),
            joined: true,
            seen_at: later(Span::days(1)),
            imported_at: later(Span::days(1)),
            ..first.clone()
        };
        remember(&store, &again).await;
        assert_eq!(find(&store, "42").await, Some(Imported { imported_at: NOW, ..again }));
    }

    async fn a_user_may_have_had_several_ids_and_keeps_them_when_deleted(store) {
        let id = ada(&store).await;
        let elsewhere = Imported { family: Family::Code, ..imported("b", Some(id)) };
        for row in [imported("7", Some(id)), imported("12", Some(id)), elsewhere, imported("8", None)] {
            remember(&store, &row).await;
        }
        write(&store, async |tx| users::remove(tx, id).await).await;
        let ids = read(&store, async |tx| imports::of_user(tx, id).await).await;
        let ids: Vec<_> = ids.into_iter().map(|row| (row.family, row.source_id)).collect();
        assert_eq!(ids, [(Family::Code, "b".to_owned()), (Family::Session, "12".to_owned()), (Family::Session, "7".to_owned())]);
    }

    async fn what_was_as_an_import_left_it_is_so_still_after_another_import(store) {
        let (id, other) = (ada(&store).await, user_id());
        let touched = Imported { seen_at: later(Span::seconds(1)), ..imported("2", Some(id)) };
        for row in [imported("1", Some(id)), touched, imported("3", Some(other))] {
            remember(&store, &row).await;
        }
        let to = later(Span::days(1));
        write(&store, async |tx| imports::follow(tx, id, NOW, to).await).await;
        let mut seen = Vec::new();
        for source_id in ["1", "2", "3"] {
            seen.push(find(&store, source_id).await.unwrap().seen_at);
        }
        assert_eq!(seen, [to, later(Span::seconds(1)), NOW]);
    }

    async fn what_an_import_linked_is_told_from_what_was_linked_here_and_goes_alone(store) {
        let id = ada(&store).await;
        remember(&store, &imported("1", Some(id))).await;
        let link = async |subject: &str, created_at| {
            let identity = Identity { provider: "google".to_owned(), subject: subject.to_owned(), user_id: id, created_at };
            assert!(write(&store, async |tx| identities::insert(tx, &identity).await).await);
        };
        link("there", NOW).await;
        link("here", later(Span::seconds(1))).await;
        let to = later(Span::days(1));
        for (from, to) in [(NOW, to), (later(Span::seconds(1)), later(Span::days(2)))] {
            write(&store, async |tx| imports::follow(tx, id, from, to).await).await;
        }
        let unlink = async |at, kept| write(&store, async |tx| imports::unlink(tx, id, at, kept).await).await;
        assert_eq!(unlink(NOW, None).await, 0);
        assert_eq!(unlink(to, Some(("google", "there"))).await, 0);
        assert_eq!(unlink(to, Some(("apple", "there"))).await, 1);
        assert_eq!(unlink(later(Span::days(2)), None).await, 0);
        let left = read(&store, async |tx| identities::of_user(tx, id).await).await;
        assert_eq!(left.into_iter().map(|it| it.subject).collect::<Vec<_>>(), ["here"]);
    }

    async fn holders_are_found_by_whatever_they_hold(store) {
        let ada = ada(&store).await;
        let phone = Phone::parse("+442079460018").unwrap();
        let nickname = Nickname::parse("Grace", 3..=42).unwrap();
        let grace = add(&store, NewUser {
            phone: Some(phone.clone()),
            profile: Profile { nickname: Some(nickname.clone()), ..Profile::default() },
            ..new_user()
        }).await;
        let holders = async |claims: Claims<'_>| {
            let found = read(&store, async |tx| imports::holders(tx, claims).await).await;
            let mut ids: Vec<_> = found.into_iter().map(|user| user.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(holders(Claims::default()).await, []);
        assert_eq!(holders(Claims { id: Some(user_id()), ..Claims::default() }).await, []);
        let address = email("ADA@example.com");
        assert_eq!(holders(Claims { email: Some(&address), ..Claims::default() }).await, [ada]);
        assert_eq!(holders(Claims { phone: Some(&phone), nickname: Some(&nickname), ..Claims::default() }).await, [grace]);
        let name = login("ada");
        assert_eq!(holders(Claims { id: Some(grace), login: Some(&name), ..Claims::default() }).await, [ada, grace]);
    }

    async fn an_imported_account_is_as_old_as_it_was_and_has_time_to_prove_its_address(store) {
        let id = ada(&store).await;
        let now = later(Span::days(400));
        write(&store, async |tx| imports::settle(tx, id, Some(NOW), now).await).await;
        let row = user(&store, id).await;
        assert_eq!((row.created_at, row.last_login_at, row.updated_at), (NOW, Some(NOW), now));
        let stale = async |before| read(&store, async |tx| users::stale_unproven(tx, before, 10).await).await;
        assert_eq!(stale(now).await, []);
        assert_eq!(stale(now + Span::millis(1)).await, [id]);
    }

    async fn an_account_is_rewritten_unless_somebody_changed_it_since(store) {
        let id = ada(&store).await;
        let before = user(&store, id).await;
        let now = later(Span::days(1));
        let mut after = before.clone();
        after.status = Status::Suspended;
        after.email = Some("grace@example.com".to_owned());
        after.email_key = after.email.clone();
        after.email_proven_at = Some(NOW);
        after.full_name = Some("Grace Hopper".to_owned());
        after.age = Some(85);
        after.password_hash = None;
        after.password_set_at = None;
        after.epoch = 1;
        after.last_login_at = Some(NOW);
        let rewrite = async |row: &User, seen| write(&store, async |tx| imports::rewrite(tx, row, seen, now).await).await;
        assert!(!rewrite(&after, later(Span::millis(1))).await);
        assert_eq!(user(&store, id).await.email.as_deref(), Some("Ada@example.com"));
        assert!(rewrite(&after, NOW).await);
        let row = user(&store, id).await;
        assert_eq!((row.status, row.email_key.as_deref(), row.email_proven_at), (Status::Suspended, Some("grace@example.com"), Some(NOW)));
        assert_eq!((row.full_name.as_deref(), row.age, row.login.as_deref()), (Some("Grace Hopper"), Some(85), Some("Ada")));
        assert_eq!((row.password_hash, row.password_set_at, row.epoch), (None, None, 1));
        assert_eq!((row.last_login_at, row.updated_at, row.created_at), (Some(NOW), now, NOW));
        write(&store, async |tx| users::scrub(tx, id, now).await).await;
        assert!(!rewrite(&after, now).await, "a deleted account stays deleted");
    }

    async fn an_identifier_that_is_taken_meanwhile_breaks_the_transaction(store) {
        ada(&store).await;
        let grace = add(&store, NewUser { email: Some(email("grace@example.com")), ..new_user() }).await;
        let mut after = user(&store, grace).await;
        after.email_key = Some("ada@example.com".to_owned());
        let mut tx = store.write().await.unwrap();
        assert!(matches!(imports::rewrite(&mut tx, &after, NOW, NOW).await, Err(Error::Driver(_))));
        assert!(tx.commit().await.is_err());
    }

    async fn a_copied_file_is_noted_once(store) {
        let note = async |name: &str| write(&store, async |tx| imports::note_file(tx, "42", name, NOW).await).await;
        assert!(note("b.txt").await);
        assert!(note("a.txt").await);
        assert!(!note("b.txt").await);
        let files = async |source_id: &str| read(&store, async |tx| imports::files(tx, source_id).await).await;
        assert_eq!(files("42").await, ["a.txt", "b.txt"]);
        assert_eq!(files("4").await, Vec::<String>::new());
    }
}
