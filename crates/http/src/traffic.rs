//! Notices when nearly all traffic comes from one address, as it does behind a proxy that nobody named.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Requests after which a window is judged.
const WINDOW: u32 = 1000;

/// In a majority vote over a window, the lead of an address that sent 95 % of it.
const LEAD: u32 = 900;

/// A majority vote over windows of requests (Boyer and Moore): one candidate and its lead, however many clients.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    seen: u32,
    candidate: Option<IpAddr>,
    lead: u32,
}

impl Traffic {
    /// Counts a request; true when it ends a window that one address sent nearly whole.
    pub(crate) fn is_one_sided(&self, client: IpAddr) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.vote(client);
        if window.seen < WINDOW {
            return false;
        }
        let one_sided = window.lead >= LEAD;
        *window = Window::default();
        one_sided
    }
}

impl Window {
    fn vote(&mut self, client: IpAddr) {
        self.seen += 1;
        if self.lead == 0 {
            self.candidate = Some(client);
        }
        if self.candidate == Some(client) {
            self.lead += 1;
        } else {
            self.lead -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_window_from_one_address_is_noticed() {
        let traffic = Traffic::default();
        let noticed = (0..WINDOW)
            .filter(|n| traffic.is_one_sided(address(u8::from(n % 50 == 0))))
            .count();
        assert_eq!(noticed, 1);
    }

    #[test]
    fn a_mixed_window_is_not() {
        let traffic = Traffic::default();
        assert!((0..3 * WINDOW).all(|n| !traffic.is_one_sided(address(u8::from(n % 10 == 0)))));
    }
}
