//! The outermost layer: whatever happens inside, the answer that leaves is a dressed one.
//!
//! On the way in it finds out who asks (client, request id), drops a trailing slash and answers preflights; on the way
//! out it adds the headers that every answer carries and writes the access log. In between it turns what no handler may
//! leave behind (a panic, a time-out, a bare 404 or 405) into an answer of the ordinary shape.

mod framing;
mod pace;
mod transport;

pub use transport::{Proxied, Transport};

use crate::answer;
use crate::client::Seen;
use crate::cors::{Cors, Grant};
use crate::headers;
use crate::monitor::{self, InFlight, RouteSlot};
use crate::request_id::{self, RequestIds};
use crate::settings::{HttpSettings, PlainHttp};
use crate::signals::Signals;
use crate::state::State;
use crate::trace::{self, Trace};
use crate::traffic::Traffic;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use doorward_domain::{Family, Timestamp};
use doorward_service::Ctx;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri, Version};
use pace::Pace;
use std::any::Any;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::{Instrument, error, info_span};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What says how the server fares; reached by probes that speak plain HTTP and are no clients. Family `proof` has one
/// more under its base.
const PROBES: [&str; 4] = ["/livez", "/readyz", "/health", "/metrics"];

/// A user agent is shown beside a session; what is longer than this is cut.
const USER_AGENT_LENGTH: usize = 256;

/// Puts the outermost layer around the finished router of a listener. The listener tells the peer's address by
/// [`ConnectInfo`]; without it the peer counts as unknown.
pub fn dress(router: Router<State>, state: &State) -> Router {
    let app = Arc::clone(&state.app);
    let now = Box::new(move || app.now());
    let mut edge = Edge::new(Arc::clone(&state.http), Arc::clone(&state.signals), now);
    let settings = state.app.settings();
    if settings.families.has(Family::Proof) {
        edge.probes.push(format!("{}/health", settings.v1_prefix));
    }
    edge.around(router.with_state(Arc::clone(state)))
}

/// The layer's own knowledge; it needs the application for nothing but the time.
struct Edge {
    http: Arc<HttpSettings>,
    signals: Arc<Signals>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    cors: Cors,
    ids: RequestIds,
    traffic: Traffic,
    probes: Vec<String>,
    pace: Pace,
}

/// What is known of a request before anything is done with it.
struct Arrival {
    started: Instant,
    method: Method,
    version: Version,
    path: String,
    request_id: String,
    seen: Seen,
    /// Everything between client and server that is not TLS lies behind a proxy that the operator trusts.
    near: bool,
    tls: bool,
    probe: bool,
    grant: Grant,
    route: RouteSlot,
    trace: Trace,
    _in_flight: InFlight,
}

impl Edge {
    fn new(
        http: Arc<HttpSettings>,
        signals: Arc<Signals>,
        now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self {
            cors: Cors::new(&http.cors_origins),
            http,
            signals,
            now,
            ids: RequestIds::default(),
            traffic: Traffic::default(),
            probes: PROBES.map(str::to_owned).into(),
            pace: Pace::USUAL,
        }
    }

    fn around(self, routes: Router) -> Router {
        let inside = routes
            .fallback(async || answer::not_found())
            .layer(middleware::from_fn(monitor::note_route))
            .layer(DefaultBodyLimit::max(self.http.body_limit));
        Router::new()
            .fallback_service(inside)
            .layer(middleware::from_fn_with_state(Arc::new(self), serve))
    }

    fn receive(&self, request: &mut Request) -> Arrival {
        drop_trailing_slash(request.uri_mut());
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or_else(
            || (Ipv4Addr::UNSPECIFIED, 0).into(),
            |ConnectInfo(peer)| *peer,
        );
        let seen = Seen::new(peer, request.headers(), &self.http.trusted_proxies);
        let transport = request.extensions().get::<Transport>().copied();
        let proxied = transport.unwrap_or_default().proxied;
        let trusted = seen.trusted_peer.then(|| request.headers());
        let parent = trusted.and_then(trace::parent);
        let given = trusted.and_then(|headers| request_id::given(headers, parent.as_ref()));
        let path = request.uri().path();
        let probe = self.probes.iter().any(|probe| probe == path);
        let arrival = Arrival {
            started: Instant::now(),
            method: request.method().clone(),
            version: request.version(),
            path: path.to_owned(),
            probe,
            request_id: given.unwrap_or_else(|| self.ids.next()),
            seen,
            near: seen.trusted_peer || proxied.is_some() || seen.client.ip().is_loopback(),
            tls: self.http.tls || seen.forwarded_tls || proxied.is_some_and(|by| by.tls),
            grant: self.cors.grant(request.headers()),
            route: RouteSlot::default(),
            trace: if probe {
                Trace::of_probe(parent)
            } else {
                Trace::begin(parent)
            },
            _in_flight: InFlight::new(),
        };
        let ctx = Ctx {
            now: (self.now)(),
            client: seen.client,
            user_agent: user_agent(request),
            request_id: arrival.request_id.clone(),
            family: Family::Native,
        };
        request.extensions_mut().insert(ctx);
        request.extensions_mut().insert(arrival.route.clone());
        arrival
    }

    /// Remembers what an operator should hear about the way that requests come in.
    fn watch(&self, arrival: &Arrival) {
        if arrival.seen.unnamed_proxy {
            self.signals.notice_unnamed_proxy();
        }
        let served = !self.http.development && !arrival.probe;
        if served && self.traffic.is_one_sided(arrival.seen.client.ip()) {
            self.signals.notice_one_address();
        }
    }

    /// Refuses passwords and tokens that would travel readable, where the operator said so.
    fn refuse_plain_http(&self, arrival: &Arrival) -> Option<Response> {
        if self.http.development || arrival.tls || arrival.near || arrival.probe {
            return None;
        }
        match self.http.plain_http {
            PlainHttp::Allow => None,
            PlainHttp::Warn => {
                self.signals.notice_plain_http();
                None
            }
            PlainHttp::Refuse => {
                let refusal = answer::detail(
                    StatusCode::FORBIDDEN,
                    "Plain HTTP is refused here (`server.plain_http`); use https",
                );
                Some(answer::denied("plain_http", refusal))
            }
        }
    }

    async fn answer(&self, arrival: &Arrival, request: Request, next: Next) -> Response {
        let limit = self.http.request_timeout.to_std();
        let (request, too_slow) = pace::watch(request, self.pace);
        let inside = AssertUnwindSafe(next.run(request)).catch_unwind();
        let mut response = match tokio::time::timeout(limit, inside).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => self.panicked(arrival, panic.as_ref()),
            Err(_) => answer::too_slow(&arrival.request_id, self.http.development),
        };
        if too_slow.happened() {
            response = answer::slow_body();
            framing::part(arrival.version, &mut response);
        }
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED if arrival.method == Method::OPTIONS => {
                answer::options(response.headers())
            }
            StatusCode::METHOD_NOT_ALLOWED if !response.headers().contains_key(CONTENT_TYPE) => {
                answer::method_not_allowed(response.headers())
            }
            _ => response,
        }
    }

    fn panicked(&self, arrival: &Arrival, panic: &(dyn Any + Send)) -> Response {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        error!(
            request.id = arrival.request_id,
            panic = text,
            "a handler panicked"
        );
        answer::failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            text,
            &arrival.request_id,
            self.http.development,
        )
    }

    fn dress(&self, arrival: &Arrival, response: &mut Response) {
        let headers = response.headers_mut();
        headers::secure(headers);
        if arrival.tls {
            headers::insist_on_tls(headers, self.http.strict);
        }
        if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
            headers.insert(X_REQUEST_ID, id);
        }
        arrival.trace.tell(headers);
        self.cors.apply(arrival.grant.clone(), headers);
    }

    fn record(&self, arrival: &Arrival, response: &Response) {
        let slow = self
            .http
            .rules
            .iter()
            .filter(|rule| rule.pattern.matches(&arrival.path))
            .find_map(|rule| rule.slow);
        monitor::record(
            &monitor::Answered {
                method: &arrival.method,
                route: arrival.route.get(),
                client: arrival.seen.client,
                request_id: &arrival.request_id,
                trace: &arrival.trace,
                took: arrival.started.elapsed(),
                slow: slow.unwrap_or(self.http.slow_request).to_std(),
                probe: arrival.probe,
            },
            response,
        );
    }
}

async fn serve(
    axum::extract::State(edge): axum::extract::State<Arc<Edge>>,
    mut request: Request,
    next: Next,
) -> Response {
    let arrival = edge.receive(&mut request);
    edge.watch(&arrival);
    let malformed = framing::refusal(&request).map(|mut refusal| {
        framing::part(arrival.version, &mut refusal);
        refusal
    });
    let early = malformed
        .or_else(|| edge.refuse_plain_http(&arrival))
        .or_else(|| Cors::preflight(&arrival.grant, &request));
    let mut response = if let Some(response) = early {
        response
    } else {
        let span = info_span!(
            "request",
            request.id = arrival.request_id,
            trace.id = arrival.trace.id()
        );
        let answer = edge.answer(&arrival, request, next).instrument(span);
        answer.instrument(arrival.trace.span()).await
    };
    edge.dress(&arrival, &mut response);
    edge.record(&arrival, &response);
    response
}

/// `/api/login/` is `/api/login`: both spellings answer directly.
fn drop_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    let Some(trimmed) = path.strip_suffix('/').filter(|path| !path.is_empty()) else {
        return;
    };
    let text = match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    if let Ok(shorter) = text.parse::<PathAndQuery>() {
        parts.path_and_query = Some(shorter);
        *uri = Uri::from_parts(parts).unwrap_or_else(|_| uri.clone());
    }
}

fn user_agent(request: &Request) -> Option<String> {
    let text = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(USER_AGENT_LENGTH).collect())
}

#[cfg(test)]
mod tests;
