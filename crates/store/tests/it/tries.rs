use crate::support::*;
use doorward_domain::{Span, Timestamp};
use doorward_store::tries::{self, Counted, TrySource};
use doorward_store::{Store, known_networks};

async fn attempt(store: &Store, source: TrySource, now: Timestamp) -> Counted {
    write(store, async |tx| tries::count(tx, "ada", source, now).await).await
}

on_every_backend! {
    async fn after_ten_wrong_passwords_the_wait_doubles_up_to_an_hour(store) {
        let mut now = NOW;
        for failures in 1..=10 {
            assert_eq!(attempt(&store, TrySource::Stranger, now).await, Counted::Allowed { failures });
        }
        for wait in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            let until = now + Span::seconds(wait);
            assert_eq!(attempt(&store, TrySource::Stranger, now).await, Counted::Blocked { until });
            assert_eq!(attempt(&store, TrySource::Stranger, until - Span::millis(1)).await, Counted::Blocked { until });
            now = until;
            assert!(matches!(attempt(&store, TrySource::Stranger, now).await, Counted::Allowed { .. }));
        }
    }

    async fn sec_6_1_1_strangers_never_block_a_known_network(store) {
        for _ in 0..12 {
            attempt(&store, TrySource::Stranger, NOW).await;
        }
        assert!(matches!(attempt(&store, TrySource::Stranger, NOW).await, Counted::Blocked { .. }));
        assert_eq!(attempt(&store, TrySource::Known, NOW).await, Counted::Allowed { failures: 1 });
    }

    async fn a_right_password_starts_its_own_count_over(store) {
        for _ in 0..10 {
            attempt(&store, TrySource::Stranger, NOW).await;
            attempt(&store, TrySource::Known, NOW).await;
        }
        write(&store, async |tx| tries::reset(tx, "ada", TrySource::Known).await).await;
        assert_eq!(attempt(&store, TrySource::Known, NOW).await, Counted::Allowed { failures: 1 });
        let until = read(&store, async |tx| tries::blocked_until(tx, "ada", TrySource::Stranger).await).await;
        assert_eq!(until, Some(later(Span::seconds(30))));
        assert_eq!(read(&store, async |tx| tries::blocked_until(tx, "grace", TrySource::Known).await).await, None);
    }

    async fn sec_i05_of_200_parallel_tries_ten_go_on_to_the_hash(store) {
        let outcomes = at_once(200, |_| {
            let store = store.clone();
            async move { attempt(&store, TrySource::Stranger, NOW).await }
        }).await;
        let allowed = outcomes.iter().filter(|outcome| matches!(outcome, Counted::Allowed { .. })).count();
        assert_eq!(allowed, 10);
    }

    async fn old_counts_are_removed(store) {
        attempt(&store, TrySource::Stranger, NOW).await;
        attempt(&store, TrySource::Known, NOW).await;
        let purge = async |before| write(&store, async |tx| tries::purge(tx, before, 1).await).await;
        assert_eq!(purge(NOW).await, 0);
        assert_eq!(purge(later(Span::days(1))).await, 1);
        assert_eq!(purge(later(Span::days(1))).await, 1);
        assert_eq!(purge(later(Span::days(1))).await, 0);
    }

    async fn a_network_is_known_for_as_long_as_it_was_seen(store) {
        let user = ada(&store).await;
        let is_known = async |since| read(&store, async |tx| known_networks::is_known(tx, user, "home", since).await).await;
        assert!(!is_known(NOW).await);
        write(&store, async |tx| known_networks::remember(tx, user, "home", NOW).await).await;
        assert!(is_known(NOW).await && !is_known(later(Span::millis(1))).await);
        write(&store, async |tx| known_networks::remember(tx, user, "home", later(Span::days(1))).await).await;
        assert!(is_known(later(Span::days(1))).await);
        let purge = async |before| write(&store, async |tx| known_networks::purge(tx, before, 9).await).await;
        assert_eq!(purge(later(Span::days(1))).await, 0);
        assert_eq!(purge(later(Span::days(2))).await, 1);
        assert!(!is_known(NOW).await);
    }
}
