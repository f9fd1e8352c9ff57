//! How long callers wait for a connection, and how long a commit takes, as the metrics tell it.

use crate::{Error, Result};
use metrics::{counter, gauge, histogram};
use std::time::{Duration, Instant};

/// What a connection is wanted for.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Access {
    /// Labels are literals here: then nothing is allocated, and a read costs little more than itself.
    fn waited(self, wait: Duration) {
        match self {
            Self::Read => {
                histogram!("doorward_database_wait_seconds", "access" => "read").record(wait);
            }
            Self::Write => {
                histogram!("doorward_database_wait_seconds", "access" => "write").record(wait);
            }
        }
    }

    fn refused(self) {
        match self {
            Self::Read => {
                counter!("doorward_database_refused_total", "access" => "read").increment(1);
            }
            Self::Write => {
                counter!("doorward_database_refused_total", "access" => "write").increment(1);
            }
        }
    }
}

/// One who waits for a connection; counted also if nobody waits to the end.
pub(crate) struct Waiter {
    access: Access,
    since: Instant,
}

impl Waiter {
    pub(crate) fn new(access: Access) -> Self {
        gauge!("doorward_database_waiting").increment(1);
        Self {
            access,
            since: Instant::now(),
        }
    }

    /// Counts how long it took, and whether it was in vain.
    pub(crate) fn end<T>(self, connection: &Result<T>) {
        self.access.waited(self.since.elapsed());
        if matches!(connection, Err(Error::Unavailable(_))) {
            self.access.refused();
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        gauge!("doorward_database_waiting").decrement(1);
    }
}

/// Counts a commit that began at `since` and has an answer.
pub(crate) fn committed(since: Instant) {
    histogram!("doorward_database_commit_seconds").record(since.elapsed());
}
