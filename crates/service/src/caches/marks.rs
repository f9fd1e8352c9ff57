//! Marks: by them whatever was read of a subject learns that the subject has changed since.
//!
//! A subject has one mark as long as anybody holds it. A mark that has turned stale stays so, and is no subject's any
//! more: whoever reads anew takes another.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The least number of entries for which it is worth looking which of them nobody holds any more.
const SWEPT_FROM: usize = 1024;

#[derive(Default)]
pub(super) struct Mark(AtomicBool);

impl Mark {
    pub(super) fn is_stale(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn turn_stale(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The marks that somebody holds.
pub(super) struct Marks<K>(Mutex<Held<K>>);

struct Held<K> {
    marks: HashMap<K, Weak<Mark>>,
    sweep_at: usize,
}

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self(Mutex::new(Held {
            marks: HashMap::new(),
            sweep_at: SWEPT_FROM,
        }))
    }
}

impl<K: Eq + Hash> Marks<K> {
    /// The mark of a subject.
    pub(super) fn mark(&self, subject: K) -> Arc<Mark> {
        let mut held = self.held();
        if let Some(mark) = held.marks.get(&subject).and_then(Weak::upgrade) {
            return mark;
        }
        if held.marks.len() >= held.sweep_at {
            held.marks.retain(|_, mark| mark.strong_count() > 0);
            held.sweep_at = SWEPT_FROM.max(2 * held.marks.len());
        }
        let mark = Arc::new(Mark::default());
        held.marks.insert(subject, Arc::downgrade(&mark));
        mark
    }

    pub(super) fn turn_stale(&self, subject: &K) {
        let mark = self.held().marks.remove(subject);
        if let Some(mark) = mark.and_then(|mark| mark.upgrade()) {
            mark.turn_stale();
        }
    }

    pub(super) fn turn_all_stale(&self) {
        for (_, mark) in self.held().marks.drain() {
            if let Some(mark) = mark.upgrade() {
                mark.turn_stale();
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_whoever_began_to_read_before_it_and_nobody_after() {
        let marks = Marks::default();
        let (before, other) = (marks.mark(1), marks.mark(2));
        marks.turn_stale(&1);
        let after = marks.mark(1);
        assert!(before.is_stale() && !after.is_stale() && !other.is_stale());
        marks.turn_all_stale();
        assert!(after.is_stale() && other.is_stale());
    }

    #[test]
    fn marks_that_nobody_holds_take_no_room() {
        let marks = Marks::default();
        let held = marks.mark(0);
        for subject in 1..10_000 {
            marks.mark(subject);
        }
        assert!(marks.held().marks.len() <= 2 * SWEPT_FROM);
        marks.turn_stale(&0);
        assert!(held.is_stale());
    }
}
