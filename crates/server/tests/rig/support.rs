//! What the scenarios are made of: replicas behind a balancer, clients, people, load, and figures.

mod door;
mod figures;
mod ledger;
mod load;
pub(crate) mod people;
mod rig;

pub(crate) use door::{Answer, Call, Door};
pub(crate) use figures::{figure, seconds};
pub(crate) use ledger::Record;
pub(crate) use load::{Load, Unexpected};
pub(crate) use rig::{Ground, Rig, turn};

use std::time::{Duration, Instant};

/// How long to wait before looking again.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// Waits until something holds, and gives how long that took.
#[track_caller]
pub(crate) fn within(
    bound: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> bool,
) -> impl Future<Output = Duration> {
    let caller = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        while !holds().await {
            assert!(
                began.elapsed() < bound,
                "not within {bound:?}: {what}, at {caller}"
            );
            tokio::time::sleep(GLANCE).await;
        }
        began.elapsed()
    }
}

/// A number that the environment may raise for a longer run.
pub(crate) fn repetitions(variable: &str, usual: usize) -> usize {
    let named = std::env::var_os(variable).and_then(|value| value.into_string().ok());
    named.map_or(usual, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number"))
    })
}
