use crate::support::*;
use doorward_domain::{CodeId, Purpose, Span, Timestamp, UserId};
use doorward_store::Store;
use doorward_store::codes::{self, CodeKey, Guess, NewCode};

fn key(network: &str) -> CodeKey {
    CodeKey {
        purpose: Purpose::Verify,
        subject: "ada".to_owned(),
        context: String::new(),
        network: network.to_owned(),
    }
}

fn code(network: &str, created_at: Timestamp) -> NewCode {
    NewCode {
        id: CodeId::new(created_at, fresh()),
        key: key(network),
        known: false,
        user_id: None,
        hash: network.as_bytes().to_vec(),
        attempts: 3,
        created_at,
        expires_at: created_at + Span::minutes(10),
        cooldown_until: created_at + Span::minutes(1),
    }
}

/// A live code for a user.
pub(crate) fn for_user(network: &str, user: UserId) -> NewCode {
    NewCode {
        user_id: Some(user),
        ..code(network, NOW)
    }
}

async fn put(store: &Store, code: &NewCode) -> Option<CodeId> {
    let put = write(store, async |tx| codes::put(tx, code).await).await;
    put.map(|put| put.id)
}

async fn guess(store: &Store, network: &str, now: Timestamp) -> Option<Guess> {
    let key = key(network);
    write(store, async |tx| codes::guess(tx, &key, now).await).await
}

async fn spend(store: &Store, id: CodeId, now: Timestamp) -> bool {
    write(store, async |tx| codes::spend(tx, id, now).await).await
}

on_every_backend! {
    async fn a_slot_cools_down_before_it_takes_another_code(store) {
        let first = code("home", NOW);
        assert_eq!(put(&store, &first).await, Some(first.id));
        assert_eq!(put(&store, &code("home", later(Span::seconds(59)))).await, None);
        let cooldown = async |network| read(&store, async |tx| codes::cooldown(tx, &key(network)).await).await;
        assert_eq!(cooldown("home").await, Some(later(Span::minutes(1))));
        assert_eq!(cooldown("cafe").await, None);
        let elsewhere = code("cafe", later(Span::seconds(1)));
        assert_eq!(put(&store, &elsewhere).await, Some(elsewhere.id));
        let second = code("home", later(Span::minutes(1)));
        assert_eq!(put(&store, &second).await, Some(second.id));
        assert!(!spend(&store, first.id, later(Span::minutes(2))).await);
    }

    async fn a_guess_is_handed_the_hash_and_counted(store) {
        let made = NewCode { user_id: Some(user_id()), ..code("home", NOW) };
        put(&store, &made).await;
        let met = guess(&store, "home", NOW).await.unwrap();
        assert_eq!(met, Guess {
            id: made.id,
            hash: made.hash.clone(),
            user_id: made.user_id,
            network: "home".to_owned(),
            own: true,
            failures: 1,
            attempts: 3,
        });
        assert_eq!(guess(&store, "home", NOW).await.unwrap().failures, 2);
        let state = read(&store, async |tx| codes::state(tx, &key("home"), NOW).await).await.unwrap();
        assert_eq!((state.id, state.own_failures, state.other_failures), (made.id, 2, 0));
        assert_eq!((state.created_at, state.expires_at, state.spent_at), (NOW, made.expires_at, None));
    }

    async fn sec_i15_a_stranger_does_not_use_up_the_owners_guesses(store) {
        put(&store, &code("home", NOW)).await;
        for _ in 0..3 {
            assert!(!guess(&store, "cafe", NOW).await.unwrap().own);
        }
        assert_eq!(guess(&store, "cafe", NOW).await, None);
        assert_eq!(guess(&store, "home", NOW).await.unwrap().failures, 1);
    }

    async fn a_guess_meets_the_code_of_its_network_or_else_the_newest(store) {
        let home = code("home", NOW);
        let cafe = code("cafe", later(Span::minutes(2)));
        put(&store, &home).await;
        put(&store, &cafe).await;
        let now = later(Span::minutes(3));
        assert_eq!(guess(&store, "home", now).await.unwrap().id, home.id);
        assert_eq!(guess(&store, "work", now).await.unwrap().id, cafe.id);
        // A code that is over is no longer in the way.
        assert_eq!(guess(&store, "home", home.expires_at).await.unwrap().id, cafe.id);
        assert!(spend(&store, cafe.id, now).await);
        assert_eq!(guess(&store, "cafe", now).await.unwrap().id, home.id);
        let over = later(Span::hours(1));
        assert_eq!(guess(&store, "home", over).await, None);
        let state = read(&store, async |tx| codes::state(tx, &key("home"), over).await).await.unwrap();
        assert_eq!(state.id, home.id);
        assert_eq!(read(&store, async |tx| codes::state(tx, &key("work"), over).await).await.unwrap().id, cafe.id);
    }

    async fn sec_6_5_1_a_code_fits_one_purpose_one_subject_and_one_context(store) {
        put(&store, &code("home", NOW)).await;
        let others = [
            CodeKey { purpose: Purpose::Reset, ..key("home") },
            CodeKey { subject: "grace".to_owned(), ..key("home") },
            CodeKey { context: "project".to_owned(), ..key("home") },
        ];
        for other in others {
            assert_eq!(write(&store, async |tx| codes::guess(tx, &other, NOW).await).await, None);
        }
    }

    async fn sec_s15_of_200_parallel_guesses_exactly_the_limit_is_counted(store) {
        put(&store, &NewCode { attempts: 5, ..code("home", NOW) }).await;
        let counted = at_once(200, |_| {
            let store = store.clone();
            async move { guess(&store, "home", NOW).await.map(|guess| guess.failures) }
        }).await;
        let mut counted: Vec<_> = counted.into_iter().flatten().collect();
        counted.sort_unstable();
        assert_eq!(counted, [1, 2, 3, 4, 5]);
        let state = read(&store, async |tx| codes::state(tx, &key("home"), NOW).await).await.unwrap();
        assert_eq!(state.own_failures, 5);
    }

    async fn sec_i07_of_200_parallel_spends_of_one_code_one_wins(store) {
        let made = code("home", NOW);
        put(&store, &made).await;
        let spent = at_once(200, |_| {
            let store = store.clone();
            async move { spend(&store, made.id, NOW).await }
        }).await;
        assert_eq!(spent.into_iter().filter(|spent| *spent).count(), 1);
    }

    async fn a_code_that_is_over_is_not_spent(store) {
        let made = code("home", NOW);
        put(&store, &made).await;
        assert!(!spend(&store, made.id, made.expires_at).await);
        assert_eq!(guess(&store, "home", made.expires_at).await, None);
    }

    async fn sec_i21_voiding_a_subject_kills_its_codes_and_keeps_the_cool_down(store) {
        let made = code("home", NOW);
        put(&store, &made).await;
        put(&store, &NewCode { key: CodeKey { purpose: Purpose::Reset, ..key("home") }, ..code("home", NOW) }).await;
        assert_eq!(write(&store, async |tx| codes::void_subject(tx, "ada", NOW).await).await, 2);
        assert_eq!(guess(&store, "home", NOW).await, None);
        assert!(!spend(&store, made.id, NOW).await);
        assert_eq!(put(&store, &code("home", later(Span::seconds(1)))).await, None);
    }

    async fn the_codes_of_other_networks_are_used_up_with_one(store) {
        let (home, cafe) = (code("home", NOW), code("cafe", later(Span::seconds(1))));
        let reset = NewCode { key: CodeKey { purpose: Purpose::Reset, ..key("home") }, ..code("home", NOW) };
        for code in [&home, &cafe, &reset] {
            put(&store, code).await;
        }
        let spend = async |id| write(&store, async |tx| codes::spend_with_others(tx, &key("home"), id, NOW).await).await;
        assert!(spend(home.id).await && !spend(home.id).await && !spend(cafe.id).await);
        assert_eq!(guess(&store, "cafe", later(Span::seconds(2))).await, None);
        assert!(write(&store, async |tx| codes::guess(tx, &reset.key, NOW).await).await.is_some());
    }

    async fn who_takes_a_slot_hears_how_many_strangers_have(store) {
        let take = async |code: NewCode| write(&store, async |tx| codes::put(tx, &code).await).await.unwrap().strangers;
        take(NewCode { known: true, ..code("home", NOW) }).await;
        for before in 0..6 {
            let strangers = take(code(&format!("net{before}"), NOW)).await;
            assert!(strangers == before || strangers == before + 1, "{strangers} with {before} before it");
        }
        let elsewhere = CodeKey { subject: "grace".to_owned(), ..key("home") };
        assert!(take(NewCode { key: elsewhere, ..code("home", NOW) }).await <= 1);
    }

    async fn strangers_share_five_slots_and_known_networks_have_their_own(store) {
        for number in 0..7 {
            put(&store, &code(&format!("net{number}"), later(Span::seconds(number)))).await;
        }
        put(&store, &NewCode { known: true, ..code("home", NOW) }).await;
        let trimmed = write(&store, async |tx| codes::trim(tx, Purpose::Verify, "ada", "", 5).await).await;
        assert_eq!(trimmed, 2);
        let cooldown = async |network: &'static str| read(&store, async |tx| codes::cooldown(tx, &key(network)).await).await;
        assert!(cooldown("net1").await.is_none() && cooldown("net2").await.is_some() && cooldown("home").await.is_some());
    }

    async fn dead_codes_are_removed_so_many_at_a_time(store) {
        for network in ["a", "b", "c"] {
            put(&store, &code(network, NOW)).await;
        }
        let purge = async |now| write(&store, async |tx| codes::purge(tx, now, 2).await).await;
        assert_eq!(purge(later(Span::minutes(10))).await, 0);
        assert_eq!(purge(later(Span::minutes(11))).await, 2);
        assert_eq!(purge(later(Span::minutes(11))).await, 1);
    }
}
