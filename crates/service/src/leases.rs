//! Duties that one process does for all replicas: cleaning, keys, certificates.
//!
//! A lease is a number in the database that its holder moves on every [`BEAT`]. Who sees a number stand still for
//! [`DEAD_AFTER`] of its own monotonic time takes over; a holder that has not moved its number for [`HELD_FOR`], counted
//! from before the statement was sent, does the duty no more. The second is shorter than the first, so that no two
//! processes do a duty at once, whatever their clocks say; and whoever takes over begins within 30 s of the last beat.

use crate::{App, Fault, SharedApp};
use doorward_store::leases::{self as rows, Lease};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// How often a holder moves its numbers on.
const BEAT: Duration = Duration::from_secs(5);

/// How often everybody looks at the numbers.
const LOOK: Duration = Duration::from_secs(2);

/// A holder whose number stood still this long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// How long a holder trusts its last beat.
const HELD_FOR: Duration = Duration::from_secs(15);

/// What one process does for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Removing what has ended.
    Cleaning,
    /// Rotating signing keys, and sealing anew what the previous master key sealed.
    Keys,
    /// Ordering certificates.
    Certificates,
}

impl Duty {
    const fn name(self) -> &'static str {
        match self {
            Self::Cleaning => "cleaning",
            Self::Keys => "keys",
            Self::Certificates => "certificates",
        }
    }
}

/// Whether this process does `duty` now. Who asks stands for it: from then on the worker of this process takes the lease
/// when nobody else has it. Ask again before each step that must not be done twice.
pub fn holds(app: &App, duty: Duty) -> bool {
    app.leases.stand_for(duty);
    app.leases.holds(duty, Instant::now())
}

/// Takes and keeps leases of the duties that this process stands for, until it is dropped.
pub(crate) async fn keep(app: &SharedApp) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Watch::default();
    loop {
        looks.tick().await;
        if let Err(error) = look(app, &mut watch).await {
            tracing::error!(%error, "looking after the leases failed");
        }
    }
}

/// Looks at the numbers once: moves its own on when that is due, and takes what nobody has or the dead had.
pub(crate) async fn look(app: &App, watch: &mut Watch) -> Result<(), Fault> {
    let started = Instant::now();
    let mut tx = app.read().await?;
    let listed = rows::list(&mut tx).await?;
    drop(tx);
    let seen = watch.note(listed, Instant::now());
    let own = app.leases.name.as_str();
    let beats = app.leases.beat_due(started) && seen.iter().any(|seen| seen.lease.holder == own);
    let wanted: Vec<Wanted> = app.leases.wanted(&seen);
    if !beats && wanted.is_empty() {
        return Ok(());
    }
    let mut held = HashSet::new();
    let mut tx = app.write().await?;
    if beats {
        held.extend(rows::beat(&mut tx, own).await?);
    }
    for Wanted { duty, stood } in wanted {
        let taken = match &stood {
            None => rows::take(&mut tx, duty.name(), own).await?,
            Some(stood) => rows::take_over(&mut tx, stood, own).await?,
        };
        if taken {
            tracing::info!(duty = duty.name(), after = ?stood.map(|stood| stood.holder), "this process does it from now on");
            held.insert(duty.name().to_owned());
        }
    }
    tx.commit().await?;
    app.leases.hold(&held, started, beats);
    Ok(())
}

/// Gives the leases back and takes no more: this process stops.
pub(crate) async fn release(app: &App) -> Result<(), Fault> {
    app.leases.lay_down();
    let mut tx = app.write().await?;
    rows::release(&mut tx, &app.leases.name).await?;
    Ok(tx.commit().await?)
}

/// What this process stands for and holds.
pub(crate) struct Leases {
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stands_for: HashSet<Duty>,
    /// Since before which moment each duty is held for sure.
    held: HashMap<Duty, Instant>,
    beaten_at: Option<Instant>,
}

/// A duty that is to be had, and the standing lease of the dead holder who had it.
struct Wanted {
    duty: Duty,
    stood: Option<Lease>,
}

impl Leases {
    /// `name` is no other process's.
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no thread panics while it holds these few maps")
    }

    fn stand_for(&self, duty: Duty) {
        self.state().stands_for.insert(duty);
    }

    fn holds(&self, duty: Duty, now: Instant) -> bool {
        let beaten = self.state().held.get(&duty).copied();
        beaten.is_some_and(|beaten| now.duration_since(beaten) < HELD_FOR)
    }

    /// A little early, so that the next look is not a whole one too late.
    fn beat_due(&self, now: Instant) -> bool {
        let beaten = self.state().beaten_at;
        beaten.is_none_or(|beaten| now.duration_since(beaten) + LOOK > BEAT)
    }

    /// The duties to take: those without a row, and those whose holder stood still too long.
    fn wanted(&self, seen: &[Seen]) -> Vec<Wanted> {
        let stands_for = self.state().stands_for.clone();
        let wanted = stands_for.into_iter().filter_map(|duty| {
            let Some(seen) = seen.iter().find(|seen| seen.lease.duty == duty.name()) else {
                return Some(Wanted { duty, stood: None });
            };
            let dead = seen.lease.holder != self.name && seen.stood_for >= DEAD_AFTER;
            dead.then(|| Wanted {
                duty,
                stood: Some(seen.lease.clone()),
            })
        });
        wanted.collect()
    }

    /// Notes what a commit has shown to be held since `started`. A full beat also shows what is held no more.
    fn hold(&self, held: &HashSet<String>, started: Instant, beaten: bool) {
        let mut state = self.state();
        if beaten {
            state.beaten_at = Some(started);
            state.held.clear();
        }
        let confirmed: Vec<Duty> = state
            .stands_for
            .iter()
            .copied()
            .filter(|duty| held.contains(duty.name()))
            .collect();
        for duty in confirmed {
            state.held.insert(duty, started);
        }
    }

    fn lay_down(&self) {
        *self.state() = State::default();
    }
}

/// A lease with how long its number has stood still.
struct Seen {
    lease: Lease,
    stood_for: Duration,
}

/// What is known of the leases: their numbers, and since when those have stood still.
#[derive(Default)]
pub(crate) struct Watch(HashMap<String, (Lease, Instant)>);

impl Watch {
    fn note(&mut self, listed: Vec<Lease>, now: Instant) -> Vec<Seen> {
        let mut known = HashMap::new();
        let mut seen = Vec::new();
        for lease in listed {
            let since = match self.0.get(&lease.duty) {
                Some((before, since)) if *before == lease => *since,
                _ => now,
            };
            known.insert(lease.duty.clone(), (lease.clone(), since));
            seen.push(Seen {
                lease,
                stood_for: now.duration_since(since),
            });
        }
        self.0 = known;
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str, beat: i64) -> Lease {
        Lease {
            duty: "keys".to_owned(),
            holder: holder.to_owned(),
            beat,
        }
    }

    fn standing(name: &str) -> Leases {
        let leases = Leases::new(name.to_owned());
        leases.stand_for(Duty::Keys);
        leases
    }

    #[test]
    fn a_lease_is_taken_over_once_its_number_stood_still_for_twenty_seconds() {
        let leases = standing("ours");
        let start = Instant::now();
        let mut watch = Watch::default();
        let mut wanted_at = |seconds, lease: Lease| {
            let seen = watch.note(vec![lease], start + Duration::from_secs(seconds));
            !leases.wanted(&seen).is_empty()
        };
        assert!(!wanted_at(0, lease("theirs", 1)));
        assert!(!wanted_at(19, lease("theirs", 1)));
        assert!(!wanted_at(21, lease("theirs", 2)));
        assert!(!wanted_at(40, lease("theirs", 2)));
        assert!(wanted_at(41, lease("theirs", 2)));
        assert!(!wanted_at(42, lease("another", 2)));
    }

    #[test]
    fn a_holder_that_could_not_beat_holds_no_more_before_others_may_take_over() {
        let leases = standing("ours");
        let start = Instant::now();
        leases.hold(&HashSet::from(["keys".to_owned()]), start, true);
        assert!(leases.holds(Duty::Keys, start + Duration::from_secs(14)));
        assert!(!leases.holds(Duty::Keys, start + HELD_FOR));
        assert!(HELD_FOR < DEAD_AFTER);
    }

    #[test]
    fn what_the_beat_did_not_find_is_held_no_more() {
        let leases = standing("ours");
        let start = Instant::now();
        leases.hold(&HashSet::from(["keys".to_owned()]), start, true);
        leases.hold(&HashSet::new(), start + BEAT, true);
        assert!(!leases.holds(Duty::Keys, start + BEAT));
    }

    #[test]
    fn nothing_is_held_of_what_nobody_stands_for() {
        let leases = Leases::new("ours".to_owned());
        leases.hold(&HashSet::from(["keys".to_owned()]), Instant::now(), true);
        assert!(!leases.holds(Duty::Keys, Instant::now()));
        assert!(leases.wanted(&[]).is_empty());
    }

    #[test]
    fn a_process_that_stops_holds_nothing_and_takes_nothing() {
        let leases = standing("ours");
        leases.hold(&HashSet::from(["keys".to_owned()]), Instant::now(), true);
        leases.lay_down();
        assert!(!leases.holds(Duty::Keys, Instant::now()));
        assert!(leases.wanted(&[]).is_empty());
    }
}
