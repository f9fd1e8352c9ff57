//! One line and a few metrics for every answer. None holds a query, a body or a path that a client made up: routes are
//! named by their template.

use crate::answer::Denied;
use crate::trace::Trace;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use doorward_domain::ClientAddr;
use http::Method;
use metrics::{counter, gauge, histogram};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::{info, warn};

/// What stands in place of a route where no route fits.
const UNMATCHED: &str = "unmatched";

/// Where the router notes the route it found, so that the edge knows it even when the handler never answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteSlot(Arc<OnceLock<MatchedPath>>);

impl RouteSlot {
    pub(crate) fn get(&self) -> &str {
        self.0.get().map_or(UNMATCHED, MatchedPath::as_str)
    }
}

pub(crate) async fn note_route(request: Request, next: Next) -> Response {
    let found = request.extensions().get::<MatchedPath>().cloned();
    if let (Some(slot), Some(route)) = (request.extensions().get::<RouteSlot>(), found) {
        // A slot that is filled already holds this request's route.
        let _ = slot.0.set(route);
    }
    next.run(request).await
}

/// A request that was received and is not answered yet, also if its client goes away meanwhile.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn new() -> Self {
        gauge!("http_requests_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("http_requests_in_flight").decrement(1);
    }
}

/// A request that was answered.
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    pub(crate) route: &'a str,
    pub(crate) client: ClientAddr,
    pub(crate) request_id: &'a str,
    pub(crate) trace: &'a Trace,
    pub(crate) took: Duration,
    pub(crate) slow: Duration,
    pub(crate) probe: bool,
}

pub(crate) fn record(answered: &Answered<'_>, response: &Response) {
    let status = response.status().as_u16();
    let method = method_name(answered.method);
    let route = answered.route.to_owned();
    counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string()).increment(1);
    histogram!("http_request_duration_seconds", "method" => method, "route" => route, "class" => class(status))
        .record(answered.took);
    let denied = response
        .extensions()
        .get::<Denied>()
        .map(|Denied(reason)| *reason);
    if let Some(reason) = denied {
        counter!("http_denials_total", "reason" => reason).increment(1);
    }
    answered
        .trace
        .end(method, answered.route, response.status());
    if answered.took > answered.slow {
        warn!(
            http.method = method,
            http.route = answered.route,
            http.duration_ms = millis(answered.took),
            request.id = answered.request_id,
            trace.id = answered.trace.id(),
            "slow request"
        );
    }
    log(answered, method, status, denied);
}

/// Probes come every few seconds: they are worth a line when they fail.
fn log(answered: &Answered<'_>, method: &str, status: u16, denied: Option<&str>) {
    if answered.probe && status < 400 {
        return;
    }
    info!(
        target: "doorward::access",
        {
            http.method = method,
            http.route = answered.route,
            http.status = status,
            http.duration_ms = millis(answered.took),
            client.ip = %answered.client,
            request.id = answered.request_id,
            trace.id = answered.trace.id(),
            denied
        },
        "answered"
    );
}

/// In milliseconds with their fraction: most answers take less than one.
fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

/// What the status means at large: latency of refusals says little about that of answers.
const fn class(status: u16) -> &'static str {
    match status {
        0..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// Methods are free text on the wire; a metric has a label for those that exist alone.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
