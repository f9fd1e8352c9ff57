//! Who gets a place: so many connections in all, and so many of one client, so that none can take all of them.
//!
//! Before all are taken, each newcomer asks one to go that does nothing: first of those who never said what they came for,
//! the longest there, and then of those who rest between two requests.

use doorward_domain::ClientAddr;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Counts the connections of one or more listeners.
#[derive(Debug)]
pub(crate) struct Admission {
    most: usize,
    share: usize,
    taken: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, usize>>,
    /// How many have not said yet what they came for, and what asks them to go, the longest there first.
    strangers: AtomicUsize,
    strangers_go: Notify,
    resting_go: Notify,
}

impl Admission {
    /// So many places, and so many of them for one client.
    pub(crate) fn new(most: usize, share: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            share,
            taken: AtomicUsize::new(0),
            clients: Mutex::default(),
            strangers: AtomicUsize::new(0),
            strangers_go: Notify::new(),
            resting_go: Notify::new(),
        })
    }

    /// A place, unless all are taken.
    pub(super) fn seat(self: &Arc<Self>) -> Option<Seat> {
        let take = |taken: usize| (taken < self.most).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        if taken.unwrap_or_else(|taken| taken) >= self.most - self.most / 16 {
            self.make_room();
        }
        taken.is_ok().then(|| Seat {
            admission: Arc::clone(self),
            client: None,
        })
    }

    fn make_room(&self) {
        if self.strangers.load(Ordering::Acquire) > 0 {
            self.strangers_go.notify_one();
        } else {
            self.resting_go.notify_one();
        }
    }

    /// Whether three of four places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.most - self.most / 4
    }

    /// Resolves when this one of those who wait for it is asked to go. A word that nobody was there for is heard later, when
    /// it may mean nothing any more.
    async fn asked(&self, go: &Notify) {
        go.notified().await;
        while !self.is_crowded() {
            go.notified().await;
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    admission: Arc<Admission>,
    client: Option<IpAddr>,
}

impl Seat {
    /// Whether this client may have one more; it is counted until the seat is dropped.
    pub(super) fn belong_to(&mut self, client: IpAddr) -> bool {
        let client = ClientAddr::new(client).limit_key();
        let mut clients = self.admission.clients();
        let held = clients.entry(client).or_default();
        if *held >= self.admission.share {
            return false;
        }
        *held += 1;
        self.client = Some(client);
        true
    }

    /// Whether few places are left.
    pub(super) fn is_scarce(&self) -> bool {
        self.admission.is_crowded()
    }

    /// Counts this connection among those who have not said what they came for, until the guard is dropped.
    pub(super) fn stranger(&self) -> Stranger {
        self.admission.strangers.fetch_add(1, Ordering::AcqRel);
        Stranger(Arc::clone(&self.admission))
    }

    /// Resolves when somebody needs a place, and this connection should go if it rests.
    pub(super) async fn asked_to_go(&self) {
        self.admission.asked(&self.admission.resting_go).await;
    }
}

/// See [`Seat::stranger`].
#[derive(Debug)]
pub(super) struct Stranger(Arc<Admission>);

impl Stranger {
    /// Resolves when somebody needs the place.
    pub(super) async fn asked_to_go(&self) {
        self.0.asked(&self.0.strangers_go).await;
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.strangers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.admission.taken.fetch_sub(1, Ordering::AcqRel);
        let Some(client) = self.client else { return };
        let mut clients = self.admission.clients();
        if let Some(held) = clients.get_mut(&client) {
            *held -= 1;
            if *held == 0 {
                clients.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let admission = Admission::new(2, 2);
        let first = admission.seat().unwrap();
        let _second = admission.seat().unwrap();
        assert!(admission.seat().is_none());
        drop(first);
        assert!(admission.seat().is_some());
    }

    #[test]
    fn sec_i44_one_client_cannot_take_all_places() {
        let admission = Admission::new(10, 2);
        let mut seats: Vec<Seat> = (0..4).map(|_| admission.seat().unwrap()).collect();
        let mut of = |n: usize, client: &str| seats[n].belong_to(ip(client));
        assert!(of(0, "2001:db8::1") && of(1, "2001:db8::2"));
        assert!(!of(2, "2001:db8::3"), "a /64 is one client");
        assert!(of(3, "192.0.2.1"));
        seats.clear();
        assert!(admission.clients().is_empty());
    }

    #[tokio::test]
    async fn sec_i44_a_newcomer_asks_the_stranger_who_is_longest_there_to_go() {
        let admission = Admission::new(16, 16);
        let seats: Vec<_> = (0..15).map(|_| admission.seat().unwrap()).collect();
        let strangers = [seats[0].stranger(), seats[1].stranger()];
        let mut asked = strangers.each_ref().map(|one| Box::pin(one.asked_to_go()));
        let mut resting = Box::pin(seats[2].asked_to_go());
        assert!(asked.iter_mut().all(|one| one.now_or_never().is_none()));
        assert!((&mut resting).now_or_never().is_none());
        let _last = admission.seat().unwrap();
        assert!((&mut asked[0]).now_or_never().is_some());
        assert!((&mut asked[1]).now_or_never().is_none());
        drop(asked);
        drop(strangers);
        assert!(admission.seat().is_none());
        assert!(resting.now_or_never().is_some(), "and then one that rests");
    }

    #[test]
    fn three_of_four_is_crowded() {
        let admission = Admission::new(4, 4);
        let _seats = [admission.seat().unwrap(), admission.seat().unwrap()];
        assert!(!admission.is_crowded());
        let _third = admission.seat().unwrap();
        assert!(admission.is_crowded());
    }
}
