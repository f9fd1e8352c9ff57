use crate::support::*;
use doorward_store::Store;
use doorward_store::leases::{self, Lease};

fn lease(holder: &str, beat: i64) -> Lease {
    Lease {
        duty: "keys".to_owned(),
        holder: holder.to_owned(),
        beat,
    }
}

async fn listed(store: &Store) -> Vec<Lease> {
    read(store, async |tx| leases::list(tx).await).await
}

async fn beat(store: &Store, holder: &str) -> Vec<String> {
    write(store, async |tx| leases::beat(tx, holder).await).await
}

on_every_backend! {
    async fn a_duty_has_one_holder_however_many_take_it_at_once(store) {
        let taken = at_once(20, |number| {
            let store = store.clone();
            async move { write(&store, async |tx| leases::take(tx, "keys", &number.to_string()).await).await }
        }).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert_eq!(listed(&store).await.len(), 1);
    }

    async fn a_number_moves_for_its_holder_alone(store) {
        write(&store, async |tx| leases::take(tx, "keys", "one").await).await;
        assert_eq!(beat(&store, "two").await, [""; 0]);
        assert_eq!(beat(&store, "one").await, ["keys"]);
        assert_eq!(listed(&store).await, [lease("one", 2)]);
    }

    async fn of_many_who_saw_a_number_stand_one_takes_over(store) {
        write(&store, async |tx| leases::take(tx, "keys", "dead").await).await;
        let taken = at_once(20, |number| {
            let store = store.clone();
            async move {
                let (stood, own) = (lease("dead", 1), number.to_string());
                write(&store, async |tx| leases::take_over(tx, &stood, &own).await).await
            }
        }).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert_eq!(beat(&store, "dead").await, [""; 0]);
    }

    async fn a_number_that_moved_meanwhile_stays_with_its_holder(store) {
        write(&store, async |tx| leases::take(tx, "keys", "one").await).await;
        beat(&store, "one").await;
        assert!(!write(&store, async |tx| leases::take_over(tx, &lease("one", 1), "two").await).await);
        assert_eq!(listed(&store).await, [lease("one", 2)]);
    }

    async fn what_was_given_back_is_free_at_once(store) {
        write(&store, async |tx| leases::take(tx, "keys", "one").await).await;
        assert_eq!(write(&store, async |tx| leases::release(tx, "two").await).await, 0);
        assert_eq!(write(&store, async |tx| leases::release(tx, "one").await).await, 1);
        assert!(write(&store, async |tx| leases::take(tx, "keys", "two").await).await);
    }
}
