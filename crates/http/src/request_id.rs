//! The id under which a request is logged and answered.

use http::HeaderMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes request ids: names that do not repeat and tell nothing, such as how many requests came before. They open
/// nothing, so they need no secret generator.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    count: AtomicU64,
    left: RandomState,
    right: RandomState,
}

impl RequestIds {
    /// A new id of 32 hexadecimal digits.
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!(
            "{:016x}{:016x}",
            self.left.hash_one(count),
            self.right.hash_one(count)
        )
    }
}

/// The id that a trusted proxy gave the request already: a well-formed `X-Request-Id`, else the trace id of a
/// well-formed `traceparent` (W3C Trace Context section 3.2).
pub(crate) fn given(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let named = header("x-request-id").filter(|id| is_id(id));
    named
        .or_else(|| header("traceparent").and_then(trace_id))
        .map(str::to_owned)
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn trace_id(text: &str) -> Option<&str> {
    let mut parts = text.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(parent, 16)
        && is_hex(flags, 2)
        && (version != "00" || parts.next().is_none());
    (well_formed && trace.bytes().any(|b| b != b'0') && parent.bytes().any(|b| b != b'0'))
        .then_some(trace)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn ids_do_not_repeat() {
        let ids = RequestIds::default();
        let made: std::collections::HashSet<_> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| is_hex(id, 32)));
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        assert_eq!(
            given(&headers("x-request-id", "a-1_b.2")).as_deref(),
            Some("a-1_b.2")
        );
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            given(&headers("traceparent", parent)).as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
    }

    #[test]
    fn a_malformed_id_is_not() {
        for bad in ["", "a b", "a\"b", "a;b", &"x".repeat(65)] {
            assert_eq!(given(&headers("x-request-id", bad)), None, "{bad:?}");
        }
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f35-00f067aa0ba902b7-01",
        ] {
            assert_eq!(given(&headers("traceparent", bad)), None, "{bad}");
        }
    }
}
