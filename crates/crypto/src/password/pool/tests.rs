//! The pool under load.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread::ThreadId;

use super::*;

const QUICK: Scheme = Scheme::Argon2id {
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
};

fn size(threads: usize, queue: usize) -> PoolSize {
    PoolSize {
        threads: NonZero::new(threads).unwrap(),
        queue,
    }
}

fn pool(threads: usize, queue: usize) -> HashPool {
    HashPool::start(size(threads, queue), QUICK, Entropy::os()).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// Holds every thread of the pool until the returned senders are dropped.
fn hold(pool: &HashPool, threads: usize) -> Vec<mpsc::Sender<()>> {
    let (started, all_started) = mpsc::channel();
    let gates = (0..threads)
        .map(|_| {
            let (gate, closed) = mpsc::channel::<()>();
            let started = started.clone();
            pool.workers
                .submit(move |_| {
                    started.send(()).unwrap();
                    closed.recv().unwrap_err();
                })
                .unwrap();
            gate
        })
        .collect();
    for _ in 0..threads {
        all_started.recv().unwrap();
    }
    gates
}

#[tokio::test]
async fn a_hashed_password_verifies_and_another_does_not() {
    let pool = pool(2, 8);
    let stored = pool.hash(secret("correct horse")).await.unwrap();
    let right = pool
        .verify(secret("correct horse"), Some(secret(&stored)))
        .await;
    assert_eq!(
        right,
        Ok(Verdict {
            matches: true,
            rehash: false
        })
    );
    let wrong = pool.verify(secret("wrong"), Some(secret(&stored))).await;
    assert_eq!(wrong, Ok(Verdict::NO));
    assert_eq!(pool.depth(), 0);
}

#[tokio::test]
async fn an_unknown_account_matches_nothing_and_costs_the_configured_hash() {
    let pool = pool(1, 8);
    assert_eq!(pool.verify(secret("anything"), None).await, Ok(Verdict::NO));
    assert!(!super::super::needs_rehash(&pool.nobody, &QUICK));
    let bcrypt = Scheme::Bcrypt { cost: 4 };
    let pool = HashPool::start(size(1, 8), bcrypt, Entropy::os()).unwrap();
    assert_eq!(pool.verify(secret("anything"), None).await, Ok(Verdict::NO));
    assert!(!super::super::needs_rehash(&pool.nobody, &bcrypt));
}

#[tokio::test]
async fn a_stored_hash_that_cannot_be_read_is_an_error_not_a_wrong_password() {
    let pool = pool(1, 8);
    let verdict = pool.verify(secret("a"), Some(secret("garbage"))).await;
    assert_eq!(verdict, Err(PoolError::Rejected(HashRejected::Unknown)));
}

#[tokio::test]
async fn sec_i40_a_full_queue_refuses_before_any_work() {
    let pool = pool(2, 3);
    let gates = hold(&pool, 2);
    let waiting: Vec<_> = (0..3)
        .map(|number| pool.workers.submit(move |_| number).unwrap())
        .collect();
    assert_eq!(pool.depth(), 5);
    assert_eq!(pool.hash(secret("a")).await, Err(PoolError::Busy));
    assert_eq!(pool.verify(secret("a"), None).await, Err(PoolError::Busy));

    drop(gates);
    for (number, answer) in waiting.into_iter().enumerate() {
        assert_eq!(answer.await, Ok(number));
    }
    assert!(pool.hash(secret("a")).await.is_ok());
}

#[tokio::test]
async fn sec_i40_a_client_that_hangs_up_frees_no_place_early() {
    let pool = pool(1, 2);
    let gates = hold(&pool, 1);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let done = Arc::clone(&done);
        let answer = pool
            .workers
            .submit(move |_| done.fetch_add(1, Ordering::SeqCst));
        drop(answer.unwrap());
    }
    assert_eq!(pool.depth(), 3);
    assert_eq!(pool.hash(secret("a")).await, Err(PoolError::Busy));
    drop(gates);
    while pool.depth() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(done.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_there_are_threads() {
    let pool = pool(3, 300);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let answers: Vec<_> = (0..300)
        .map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            pool.workers
                .submit(move |_| {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                })
                .unwrap()
        })
        .collect();
    for answer in answers {
        answer.await.unwrap();
    }
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn all_threads_work_at_the_same_time() {
    let pool = pool(3, 3);
    let meeting = Arc::new(Barrier::new(3));
    let answers: Vec<_> = (0..3)
        .map(|_| {
            let meeting = Arc::clone(&meeting);
            pool.workers
                .submit(move |_| meeting.wait().is_leader())
                .unwrap()
        })
        .collect();
    for answer in answers {
        answer.await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_in_a_job_fails_that_job_alone() {
    let pool = pool(1, 8);
    let thread = |pool: &HashPool| {
        pool.workers
            .submit(|_| std::thread::current().id())
            .unwrap()
    };
    let before: ThreadId = thread(&pool).await.unwrap();
    let broken = pool
        .workers
        .submit(|_| -> () { std::panic::resume_unwind(Box::new("broken")) })
        .unwrap();
    assert!(broken.await.is_err());
    assert_eq!(thread(&pool).await.unwrap(), before);
    assert_eq!(pool.depth(), 0);
    assert!(pool.hash(secret("a")).await.is_ok());
}

#[tokio::test]
async fn a_stopped_pool_answers_those_who_wait() {
    let pool = pool(1, 8);
    let gates = hold(&pool, 1);
    let waiting = pool.workers.submit(|_| ()).unwrap();
    let stop = std::thread::spawn(move || drop(pool));
    assert!(waiting.await.is_err());
    drop(gates);
    stop.join().unwrap();
}

#[test]
fn a_pool_of_a_cost_out_of_bounds_does_not_start() {
    let scheme = Scheme::Bcrypt { cost: 31 };
    assert!(HashPool::start(size(1, 1), scheme, Entropy::os()).is_err());
}

/// Each thread keeps the memory of one hash, whatever the number of hashes.
#[tokio::test]
async fn sec_i40_memory_is_got_once_for_each_thread() {
    let pool = pool(1, 8);
    let address = |pool: &HashPool| pool.workers.submit(|scratch| scratch.address()).unwrap();
    assert_eq!(address(&pool).await.unwrap().1, 0);
    pool.hash(secret("a")).await.unwrap();
    let first = address(&pool).await.unwrap();
    assert_eq!(first.1, 64);
    for _ in 0..20 {
        pool.hash(secret("b")).await.unwrap();
        pool.verify(secret("b"), None).await.unwrap();
    }
    assert_eq!(address(&pool).await.unwrap(), first);
}
