use crate::support::*;
use doorward_domain::{JobId, Span, Timestamp};
use doorward_store::jobs::{self, Job, KindStats, NewJob, QueueStats};
use doorward_store::{Store, workers};
use std::collections::HashSet;

async fn enqueue(store: &Store, run_at: Timestamp) -> JobId {
    let job = NewJob {
        id: JobId::new(NOW, fresh()),
        kind: "mail".to_owned(),
        payload: b"sealed".to_vec(),
        run_at,
        created_at: NOW,
    };
    write(store, async |tx| jobs::enqueue(tx, &job).await).await;
    job.id
}

async fn claim(store: &Store, holder: &str, now: Timestamp, limit: u32) -> Vec<Job> {
    write(store, async |tx| jobs::claim(tx, holder, now, limit).await).await
}

on_every_backend! {
    async fn a_job_is_claimed_when_it_is_due_and_done_by_its_holder(store) {
        let soon = later(Span::seconds(5));
        let id = enqueue(&store, soon).await;
        assert!(claim(&store, "one", NOW, 9).await.is_empty());
        assert_eq!(read(&store, async |tx| jobs::next_due(tx).await).await, Some(soon));
        let claimed = claim(&store, "one", soon, 9).await;
        assert_eq!(claimed, [Job {
            id,
            kind: "mail".to_owned(),
            payload: b"sealed".to_vec(),
            attempts: 1,
            run_at: soon,
            created_at: NOW,
            dead_at: None,
            last_error: None,
        }]);
        assert!(claim(&store, "two", soon, 9).await.is_empty());
        assert_eq!(read(&store, async |tx| jobs::holders(tx).await).await, ["one"]);
        assert!(!write(&store, async |tx| jobs::done(tx, id, "two").await).await);
        assert!(write(&store, async |tx| jobs::done(tx, id, "one").await).await);
        assert!(!write(&store, async |tx| jobs::done(tx, id, "one").await).await);
        assert_eq!(read(&store, async |tx| jobs::next_due(tx).await).await, None);
    }

    async fn a_failed_job_is_tried_again_later_and_given_up_at_last(store) {
        let id = enqueue(&store, NOW).await;
        claim(&store, "one", NOW, 1).await;
        let soon = later(Span::seconds(30));
        assert!(!write(&store, async |tx| jobs::retry(tx, id, "two", soon, "no").await).await);
        assert!(write(&store, async |tx| jobs::retry(tx, id, "one", soon, "451").await).await);
        assert!(claim(&store, "one", NOW, 1).await.is_empty());
        let again = claim(&store, "two", soon, 1).await;
        assert_eq!((again[0].attempts, again[0].last_error.as_deref()), (2, Some("451")));
        assert!(!write(&store, async |tx| jobs::bury(tx, id, "one", soon, "550").await).await);
        assert!(write(&store, async |tx| jobs::bury(tx, id, "two", soon, "550").await).await);
        assert!(claim(&store, "two", later(Span::days(1)), 1).await.is_empty());
        let dead = read(&store, async |tx| jobs::dead(tx, 9).await).await;
        assert_eq!((dead[0].id, dead[0].dead_at, dead[0].last_error.as_deref()), (id, Some(soon), Some("550")));
        let purge = async |before| write(&store, async |tx| jobs::purge_dead(tx, before, 9).await).await;
        assert_eq!(purge(soon).await, 0);
        assert_eq!(purge(later(Span::days(1))).await, 1);
    }

    async fn a_job_that_is_done_is_erased_and_its_sealed_payload_with_it(store, url) {
        let id = enqueue(&store, NOW).await;
        claim(&store, "one", NOW, 1).await;
        assert_eq!(rows_beside(&url, "SELECT count(*) FROM jobs WHERE payload IS NOT NULL").await, 1);
        assert!(write(&store, async |tx| jobs::done(tx, id, "one").await).await);
        assert_eq!(rows_beside(&url, "SELECT count(*) FROM jobs").await, 0);
    }

    async fn the_first_due_are_claimed_first(store) {
        let second = enqueue(&store, later(Span::seconds(2))).await;
        let first = enqueue(&store, later(Span::seconds(1))).await;
        let third = enqueue(&store, later(Span::seconds(3))).await;
        let now = later(Span::minutes(1));
        let claimed: HashSet<_> = claim(&store, "one", now, 2).await.iter().map(|job| job.id).collect();
        assert_eq!(claimed, HashSet::from([first, second]));
        assert_eq!(claim(&store, "one", now, 2).await[0].id, third);
    }

    async fn the_queue_says_how_it_stands(store) {
        for _ in 0..3 {
            enqueue(&store, NOW).await;
        }
        enqueue(&store, later(Span::hours(1))).await;
        let dead = claim(&store, "one", NOW, 1).await.remove(0).id;
        write(&store, async |tx| jobs::bury(tx, dead, "one", NOW, "no").await).await;
        claim(&store, "one", NOW, 1).await;
        let stats = async || read(&store, async |tx| jobs::stats(tx, later(Span::seconds(9))).await).await;
        assert_eq!(stats().await, QueueStats { ready: 1, held: 1, dead: 1, oldest_ready_at: Some(NOW) });
        assert_eq!(write(&store, async |tx| jobs::release(tx, "one").await).await, 1);
        assert_eq!((stats().await.ready, stats().await.held), (2, 0));
    }

    async fn the_queue_says_how_each_kind_stands(store) {
        let soon = later(Span::seconds(5));
        for run_at in [NOW, NOW, NOW, later(Span::hours(1))] {
            enqueue(&store, run_at).await;
        }
        let claimed = claim(&store, "one", NOW, 3).await;
        write(&store, async |tx| jobs::bury(tx, claimed[0].id, "one", NOW, "no").await).await;
        write(&store, async |tx| jobs::retry(tx, claimed[1].id, "one", later(Span::hours(1)), "not now").await).await;
        let sms = JobId::new(NOW, fresh());
        let job = NewJob { id: sms, kind: "sms".to_owned(), payload: Vec::new(), run_at: soon, created_at: NOW };
        write(&store, async |tx| jobs::enqueue(tx, &job).await).await;
        let stats = async |now| read(&store, async |tx| jobs::stats_by_kind(tx, now).await).await;
        let mail = KindStats { kind: "mail".to_owned(), ready: 0, held: 1, delayed: 2, dead: 1, waiting_since: Some(NOW) };
        let sms = KindStats { kind: "sms".to_owned(), ready: 0, held: 0, delayed: 1, dead: 0, waiting_since: None };
        assert_eq!(stats(NOW).await, [mail.clone(), sms.clone()]);
        let sms = KindStats { ready: 1, delayed: 0, waiting_since: Some(NOW), ..sms };
        assert_eq!(stats(soon).await, [mail, sms]);
    }

    async fn two_hundred_jobs_go_to_sixteen_claimers_each_exactly_once(store) {
        let mut expected = HashSet::new();
        let mut tx = store.write().await.unwrap();
        for _ in 0..200 {
            let id = JobId::new(NOW, fresh());
            let job = NewJob { id, kind: "mail".to_owned(), payload: Vec::new(), run_at: NOW, created_at: NOW };
            jobs::enqueue(&mut tx, &job).await.unwrap();
            expected.insert(id);
        }
        tx.commit().await.unwrap();
        let claimed = at_once(16, |number| {
            let store = store.clone();
            async move {
                let holder = format!("worker {number}");
                let mut claimed = Vec::new();
                loop {
                    let jobs = claim(&store, &holder, NOW, 3).await;
                    assert!(jobs.len() <= 3);
                    if jobs.is_empty() {
                        return claimed;
                    }
                    claimed.extend(jobs.into_iter().map(|job| job.id));
                }
            }
        }).await;
        let claimed: Vec<_> = claimed.into_iter().flatten().collect();
        assert_eq!(claimed.len(), 200);
        assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), expected);
    }

    async fn a_worker_that_goes_gives_its_jobs_back(store) {
        let beat = async |id| write(&store, async |tx| workers::beat(tx, id, NOW).await).await;
        assert_eq!((beat("one").await, beat("one").await, beat("two").await), (1, 2, 1));
        let list = read(&store, async |tx| workers::list(tx).await).await;
        assert_eq!(list.iter().map(|worker| (worker.id.as_str(), worker.beat)).collect::<Vec<_>>(), [("one", 2), ("two", 1)]);
        enqueue(&store, NOW).await;
        claim(&store, "one", NOW, 1).await;
        assert_eq!(write(&store, async |tx| workers::remove(tx, "one").await).await, 1);
        assert_eq!(claim(&store, "two", NOW, 1).await[0].attempts, 2);
        assert_eq!(read(&store, async |tx| workers::list(tx).await).await.len(), 1);
    }
}
