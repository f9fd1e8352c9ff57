//! The id under which a request is logged and answered.

use http::HeaderMap;
use opentelemetry::trace::SpanContext;
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

/// The id that a trusted proxy gave the request already: a well-formed `X-Request-Id`, else the id of the trace that the
/// request is part of.
pub(crate) fn given(headers: &HeaderMap, parent: Option<&SpanContext>) -> Option<String> {
    let named = headers.get("x-request-id").and_then(|id| id.to_str().ok());
    let named = named.filter(|id| is_id(id)).map(str::to_owned);
    named.or_else(|| parent.map(|parent| parent.trace_id().to_string()))
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{TraceFlags, TraceState};

    #[test]
    fn ids_do_not_repeat() {
        let ids = RequestIds::default();
        let made: std::collections::HashSet<_> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(made.len(), 1000);
        let is_hex = |id: &String| id.len() == 32 && u128::from_str_radix(id, 16).is_ok();
        assert!(made.iter().all(is_hex));
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        let parent = SpanContext::new(
            7.into(),
            9.into(),
            TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        let trace = format!("{:032x}", 7);
        let kept = |id: &str| {
            let headers = [("x-request-id".parse().unwrap(), id.parse().unwrap())];
            given(&HeaderMap::from_iter(headers), Some(&parent))
        };
        assert_eq!(kept("a-1_b.2").as_deref(), Some("a-1_b.2"));
        for bad in ["", "a b", "a\"b", "a;b", &"x".repeat(65)] {
            assert_eq!(kept(bad).as_deref(), Some(&*trace), "{bad:?}");
        }
        assert_eq!(given(&HeaderMap::new(), None), None);
    }
}
