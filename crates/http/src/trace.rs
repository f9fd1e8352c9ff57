//! A request's place in a trace (W3C Trace Context): whose work it is part of, the span that it is itself, and what its
//! answer says of both.
//!
//! The span is for a collector of traces and holds the method, the template of the route and the status. Where no
//! collector is configured it is nothing and costs nothing; a parent that a trusted proxy named is answered all the same.

use doorward_domain::TRACED;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The span that a trusted proxy says the request is part of: a well-formed `traceparent` (section 3.2).
pub(crate) fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut parts = headers.get(TRACEPARENT)?.to_str().ok()?.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(span, 16)
        && is_hex(flags, 2)
        && (version != "00" || parts.next().is_none());
    if !well_formed {
        return None;
    }
    let parent = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    parent.is_valid().then_some(parent)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A request's span, from its arrival to its answer.
pub(crate) struct Trace {
    span: Span,
    /// Ours where there is a collector, else the parent's.
    context: Option<SpanContext>,
}

impl Trace {
    pub(crate) fn begin(parent: Option<SpanContext>) -> Self {
        let span = info_span!(target: TRACED, parent: None, "request", otel.kind = "server");
        if let Some(parent) = &parent {
            // This fails where nobody collects traces.
            let _ = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
        }
        let own = span.context().span().span_context().clone();
        let context = if own.is_valid() { Some(own) } else { parent };
        Self { span, context }
    }

    /// Probes come every few seconds and are no work that anybody follows.
    pub(crate) const fn of_probe(parent: Option<SpanContext>) -> Self {
        Self {
            span: Span::none(),
            context: parent,
        }
    }

    /// What the work for the request is done in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The trace's id, for the log.
    pub(crate) fn id(&self) -> Option<String> {
        self.context
            .as_ref()
            .map(|context| context.trace_id().to_string())
    }

    /// Tells whoever asked which span answered.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Some(context) = &self.context else { return };
        let text = format!(
            "00-{}-{}-{:02x}",
            context.trace_id(),
            context.span_id(),
            context.trace_flags()
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(TRACEPARENT, value);
        }
    }

    /// Says what the request was and what became of it.
    pub(crate) fn end(&self, method: &'static str, route: &str, status: StatusCode) {
        let context = self.span.context();
        let span = context.span();
        if !span.is_recording() {
            return;
        }
        span.update_name(format!("{method} {route}"));
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ]);
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL_FORMED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(TRACEPARENT, value.parse().unwrap())])
    }

    #[test]
    fn a_well_formed_parent_is_read_and_answered() {
        let parent = parent(&headers(WELL_FORMED)).unwrap();
        assert!(parent.is_sampled() && parent.is_remote());
        let trace = Trace::begin(Some(parent));
        assert_eq!(
            trace.id().as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        let mut answered = HeaderMap::new();
        trace.tell(&mut answered);
        assert_eq!(answered, headers(WELL_FORMED));
    }

    #[test]
    fn a_malformed_parent_is_none() {
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f35-00f067aa0ba902b7-01",
        ] {
            assert!(parent(&headers(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn without_a_collector_and_a_parent_nothing_is_said() {
        let trace = Trace::begin(None);
        let mut answered = HeaderMap::new();
        trace.tell(&mut answered);
        assert!(answered.is_empty() && trace.id().is_none());
    }
}
