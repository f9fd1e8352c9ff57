//! How long a connection may take for what it does.

use std::time::Duration;

/// See the module. The product has one; tests have less of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until the first byte of a connection, and until a PROXY header is whole.
    pub(super) greeting: Duration,
    /// Until a TLS handshake is done.
    pub(super) handshake: Duration,
    /// Until the first request of a connection begins. Browsers open connections that they may use later.
    pub(super) first_request: Duration,
    /// From the first byte of a request until its head is whole.
    pub(super) head: Duration,
    /// Between two requests. Longer than load balancers keep a connection (60 s): who closes first must be they, or a
    /// request of theirs meets a closing connection.
    pub(super) silence: Duration,
    /// How long a client may leave an answer lying before it takes the next part.
    pub(super) taking: Duration,
    /// When few places are left, no connection may sit idle for longer than this.
    pub(super) crowded: Duration,
    /// How often a connection is looked at; the times above are kept to within this.
    pub(super) look: Duration,
    /// When no more connections are taken: how long one that said nothing yet has to say something.
    pub(super) last_word: Duration,
    /// Then too: how long a request may be on its way on a connection that has had some.
    pub(super) on_its_way: Duration,
}

impl Patience {
    /// What the product has.
    pub(crate) const USUAL: Self = Self {
        greeting: Duration::from_secs(15),
        handshake: Duration::from_secs(10),
        first_request: Duration::from_secs(30),
        head: Duration::from_secs(15),
        silence: Duration::from_secs(75),
        taking: Duration::from_secs(30),
        crowded: Duration::from_secs(5),
        look: Duration::from_secs(5),
        last_word: Duration::from_secs(1),
        on_its_way: Duration::from_millis(100),
    };

    /// Until the first byte; where places are scarce, nobody holds one for long without saying what for.
    pub(super) fn at_the_door(&self, scarce: bool) -> Duration {
        if scarce {
            self.greeting.min(self.crowded)
        } else {
            self.greeting
        }
    }
}
