//! What the surfaces notice about their own situation: draining, an unnamed proxy, plain HTTP.
//!
//! A notice is said once in the log and stays in `/readyz` until the process ends.

use std::sync::atomic::{AtomicBool, Ordering};
use tracing::warn;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    draining: AtomicBool,
    unnamed_proxy: AtomicBool,
    one_address: AtomicBool,
    plain_http: AtomicBool,
}

const UNNAMED_PROXY: &str = "requests carry forwarding headers from a peer that `server.trusted_proxies` does not name: behind a proxy, everybody counts as one client until it is named";
const ONE_ADDRESS: &str = "nearly all requests come from one address: if that is a proxy, name it in `server.trusted_proxies`";
const PLAIN_HTTP: &str = "clients reach this server over plain HTTP (`server.plain_http`): passwords and tokens travel readable";

impl Signals {
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn notice_unnamed_proxy(&self) {
        raise(&self.unnamed_proxy, UNNAMED_PROXY);
    }

    pub(crate) fn notice_one_address(&self) {
        raise(&self.one_address, ONE_ADDRESS);
    }

    pub(crate) fn notice_plain_http(&self) {
        raise(&self.plain_http, PLAIN_HTTP);
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        let raised = [
            (&self.unnamed_proxy, UNNAMED_PROXY),
            (&self.one_address, ONE_ADDRESS),
            (&self.plain_http, PLAIN_HTTP),
        ];
        let raised = raised
            .into_iter()
            .filter(|(flag, _)| flag.load(Ordering::Relaxed));
        raised.map(|(_, text)| text.to_owned()).collect()
    }
}

/// The plain read first keeps the common case, a flag that is up already, free of writes to shared memory.
fn raise(flag: &AtomicBool, text: &str) {
    if !flag.load(Ordering::Relaxed) && !flag.swap(true, Ordering::Relaxed) {
        warn!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noticed_stays_noticed() {
        let signals = Signals::default();
        assert!(signals.notices().is_empty());
        signals.notice_unnamed_proxy();
        signals.notice_unnamed_proxy();
        assert_eq!(signals.notices(), [UNNAMED_PROXY]);
    }
}
