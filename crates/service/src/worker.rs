//! The worker: takes jobs from the queue, does them, and takes over from workers that have died.
//!
//! A job belongs to the worker whose name it bears. A worker shows that it lives by moving a number on; who sees a
//! number stand still for [`DEAD_AFTER`] of its own time takes that worker's jobs back into the queue. No clock of one
//! machine is compared with that of another.

mod cleaning;
mod handling;

use crate::leases::{self, Duty};
use crate::ports::Couriers;
use crate::{App, Ctx, Error, Fault, SharedApp, keys, master_key};
use doorward_domain::{ClientAddr, Family, JobId, Span};
use doorward_store::workers;
use futures_util::{FutureExt, StreamExt};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// How often a worker shows that it lives and looks after the others.
const BEAT: Duration = Duration::from_secs(5);

/// A worker whose number stood still this long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// How often the queue is looked at when nothing was heard: another process may have put something in.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether a key has to be rotated.
const KEYS_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether something is still sealed with the previous master key, while there is one.
const SEALS_EVERY: Duration = Duration::from_mins(5);

/// How many jobs are taken at a time.
const BATCH: u32 = 32;

/// How many of them are done at once.
const AT_ONCE: usize = 8;

/// Works the queue.
pub struct Worker {
    app: SharedApp,
    hands: handling::Hands,
    name: String,
}

impl Worker {
    /// A worker with a name of its own.
    pub fn new(app: SharedApp, couriers: Couriers) -> Self {
        let name = JobId::new(app.now(), app.entropy.bytes()).to_string();
        let hands = handling::Hands::new(Arc::clone(&app), couriers);
        Self { app, hands, name }
    }

    /// Works until `shutdown` resolves, finishes what it has begun, and hands back what it has not.
    ///
    /// The heartbeat goes on beside the work, however long a mail server takes: a number that stands still says that
    /// the process is dead, and nothing else.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = self.keep_working(shutdown) => {}
            () = self.keep_beating() => {}
            () = leases::keep(&self.app) => {}
            () = self.keep_up() => {}
        }
        log_fault(
            "giving the leases back failed",
            leases::release(&self.app).await,
        );
        log_fault("signing off failed", self.sign_off().await);
    }

    /// Works the queue whenever the bell rings or a while has passed; ends with the batch at hand once `shutdown`
    /// resolves.
    async fn keep_working(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut look = steady(LOOK_EVERY);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                _ = look.tick() => {}
                () = self.app.queue_bell.notified() => {}
            }
            loop {
                match self.work_once().await {
                    Ok(0) => break,
                    Ok(_) if (&mut shutdown).now_or_never().is_some() => return,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(%error, "working the queue failed");
                        break;
                    }
                }
            }
        }
    }

    /// Shows that this worker lives, and takes over from those that do not.
    async fn keep_beating(&self) {
        let mut watch = Watch::default();
        let mut beat = steady(BEAT);
        loop {
            beat.tick().await;
            log_fault("the heartbeat failed", self.beat(&mut watch).await);
        }
    }

    /// Looks after the signing keys and removes what has ended, where that is this process's duty.
    async fn keep_up(&self) {
        let mut keys = Due::every(KEYS_EVERY);
        let mut seals = Due::every(SEALS_EVERY);
        let mut cleaning = Due::every(self.app.settings.cleanup.interval.to_std());
        let mut look = steady(LOOK_EVERY);
        loop {
            look.tick().await;
            if leases::holds(&self.app, Duty::Keys) && keys.is_due(Instant::now()) {
                let done = keys::look_after(&self.app, &internal_ctx(&self.app)).await;
                log_error("looking after the signing keys failed", done);
            }
            if leases::holds(&self.app, Duty::Keys) && seals.is_due(Instant::now()) {
                log_error("sealing anew failed", master_key::move_on(&self.app).await);
            }
            if leases::holds(&self.app, Duty::Cleaning) && cleaning.is_due(Instant::now()) {
                log_error("cleaning failed", cleaning::run(&self.app).await);
            }
        }
    }

    /// Does all that is due now. For tests and commands, which have no loop.
    pub async fn run_until_idle(&self) -> Result<(), Error> {
        while self.work_once().await? > 0 {}
        Ok(())
    }

    /// Removes what has ended, once.
    pub async fn clean(&self) -> Result<(), Error> {
        cleaning::run(&self.app).await
    }

    /// Looks after the signing keys and the seals of the previous master key, once.
    pub async fn look_after_keys(&self) -> Result<(), Error> {
        keys::look_after(&self.app, &internal_ctx(&self.app)).await?;
        master_key::move_on(&self.app).await
    }

    async fn work_once(&self) -> Result<usize, Error> {
        let now = self.app.now();
        // Looking needs no write: an idle worker costs the disk nothing.
        let mut tx = self.app.read().await?;
        let next = doorward_store::jobs::next_due(&mut tx).await?;
        drop(tx);
        if next.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let mut tx = self.app.write().await?;
        let jobs = doorward_store::jobs::claim(&mut tx, &self.name, now, BATCH).await?;
        tx.commit().await?;
        let count = jobs.len();
        let handled =
            futures_util::stream::iter(jobs).map(|job| handling::handle(&self.hands, job));
        // Those that end together are written down together: a commit each would cost more than the work.
        let finished = handled.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
        finished
            .for_each(|finished| handling::conclude(self, finished))
            .await;
        Ok(count)
    }

    async fn beat(&self, watch: &mut Watch) -> Result<(), Fault> {
        let mut tx = self.app.write().await?;
        workers::beat(&mut tx, &self.name, self.app.now()).await?;
        let others = workers::list(&mut tx).await?;
        for dead in watch.dead(&self.name, others, Instant::now()) {
            let released = workers::remove(&mut tx, &dead).await?;
            tracing::warn!(worker = %dead, jobs = released, "took over from a worker that stood still");
        }
        Ok(tx.commit().await?)
    }

    async fn sign_off(&self) -> Result<(), Fault> {
        let mut tx = self.app.write().await?;
        workers::remove(&mut tx, &self.name).await?;
        Ok(tx.commit().await?)
    }
}

/// The circumstances of work that nobody asked for.
pub(crate) fn internal_ctx(app: &App) -> Ctx {
    Ctx {
        now: app.now(),
        client: ClientAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        user_agent: None,
        request_id: "worker".to_owned(),
        family: Family::Native,
    }
}

/// What is known of the other workers: their numbers, and since when they have stood still.
#[derive(Default)]
struct Watch(HashMap<String, (i64, Instant)>);

impl Watch {
    /// Takes note of the numbers as they are at `now` and gives the names of those that stood still too long.
    fn dead(&mut self, own: &str, listed: Vec<workers::Worker>, now: Instant) -> Vec<String> {
        let mut seen = HashMap::new();
        let mut dead = Vec::new();
        for worker in listed.into_iter().filter(|worker| worker.id != own) {
            let since = match self.0.get(&worker.id) {
                Some((beat, since)) if *beat == worker.beat => *since,
                _ => now,
            };
            if now.duration_since(since) >= DEAD_AFTER {
                dead.push(worker.id);
            } else {
                seen.insert(worker.id, (worker.beat, since));
            }
        }
        self.0 = seen;
        dead
    }
}

/// Something that is done now and then: when first asked, and each time that its period has passed since.
struct Due {
    period: Duration,
    last: Option<Instant>,
}

impl Due {
    const fn every(period: Duration) -> Self {
        Self { period, last: None }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let due = self
            .last
            .is_none_or(|last| now.duration_since(last) >= self.period);
        if due {
            self.last = Some(now);
        }
        due
    }
}

/// Ticks at once and then every `period`, however long the work between takes.
fn steady(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn log_fault(what: &'static str, result: Result<(), Fault>) {
    log_error(what, result.map_err(Error::from));
}

fn log_error(what: &'static str, result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::error!(%error, "{what}");
    }
}

/// How long until the next try: 5 s, doubled each time up to an hour, give or take a quarter, so that what failed
/// together does not come back together.
fn backoff(attempts: i64, jitter: u64) -> Span {
    const FIRST_MILLIS: u32 = 5_000;
    const MOST_MILLIS: u32 = 3_600_000;
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or_default();
    let millis = FIRST_MILLIS
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(MOST_MILLIS);
    let quarter = millis / 4;
    let shift = u32::try_from(jitter % u64::from(2 * quarter + 1)).unwrap_or_default();
    Span::millis(millis - quarter + shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retries_come_within_thirty_seconds() {
        for jitter in [0, 1_000, u64::MAX] {
            let first_two = backoff(1, jitter).as_millis() + backoff(2, jitter).as_millis();
            assert!(first_two <= 30_000, "{first_two}");
        }
        assert!(backoff(50, 0) <= Span::hours(1) && backoff(50, u64::MAX) <= Span::minutes(75));
    }

    #[test]
    fn a_worker_is_dead_once_its_number_stood_still_for_twenty_seconds() {
        let worker = |beat| workers::Worker {
            id: "other".to_owned(),
            beat,
        };
        let mut watch = Watch::default();
        let start = Instant::now();
        assert!(watch.dead("own", vec![worker(1)], start).is_empty());
        assert!(
            watch
                .dead("own", vec![worker(1)], start + Duration::from_secs(19))
                .is_empty()
        );
        assert!(
            watch
                .dead("own", vec![worker(2)], start + Duration::from_secs(25))
                .is_empty()
        );
        assert_eq!(
            watch.dead("own", vec![worker(2)], start + Duration::from_secs(45)),
            ["other"]
        );
        assert!(
            watch
                .dead("other", vec![worker(2)], start + Duration::from_secs(99))
                .is_empty()
        );
    }
}
