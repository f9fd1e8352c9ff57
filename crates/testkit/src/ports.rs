//! Ports of loopback that a server may leave and take again.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that the kernel gives to outgoing connections (32768 on Linux), so that while a server is restarted
/// nobody's connection takes its place.
const FIRST: u16 = 16_000;
const SPAN: u16 = 16_000;

/// A port that nobody listens on, and that this process gives out once.
pub(crate) fn port_to_keep() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run beside one another begin at different places.
    let start = u16::try_from(std::process::id() % u32::from(SPAN)).unwrap_or_default();
    for _ in 0..SPAN {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(step) % SPAN;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    unreachable!("loopback has a free port");
}
