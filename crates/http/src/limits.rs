//! How many requests a client may send: each surface brings its plan, the operator's path rules come on top.
//!
//! Where several rules match, all of them count, and the first that is exceeded answers in the shape of its surface. A
//! request is counted before its body is read.

use crate::answer::{self, Retry};
use crate::settings::PathRule;
use crate::state::{State, Web};
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use doorward_domain::{Quota, Timestamp};
use doorward_service::Ctx;
use doorward_service::limits::{Decision, admit, client_key};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use metrics::counter;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A route as limits name it: a method and the template of its path. `HEAD` counts as `GET`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    method: Method,
    path: String,
}

impl Endpoint {
    /// For example `Endpoint::new(Method::POST, "/api/login")`.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let method = if method == Method::HEAD {
            Method::GET
        } else {
            method
        };
        Self {
            method,
            path: path.into(),
        }
    }

    fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Which routes of its surface a rule counts.
#[derive(Clone, Debug)]
pub enum Applies {
    /// The named ones, together: they share one counter for each client.
    Together(Vec<Endpoint>),
    /// The named ones, each with a counter of its own.
    Each(Vec<Endpoint>),
    /// Each route that no other rule of the plan names, with a counter of its own.
    Others,
}

/// A limit of a surface, for each client.
#[derive(Clone, Debug)]
pub struct Rule {
    /// A word that is the rule's own; part of the counter's name.
    pub name: &'static str,
    /// Which routes it counts.
    pub applies: Applies,
    /// How many are admitted.
    pub quota: Quota,
}

/// How a surface limits its clients.
#[derive(Clone, Debug)]
pub struct LimitPlan {
    /// The surface's own rules.
    pub rules: Vec<Rule>,
    /// Routes that share another's counters: (the route, the one it counts as).
    pub same_as: Vec<(Endpoint, Endpoint)>,
    /// The body that says no, in the surface's shape; `Retry-After` is added to it.
    pub refuse: fn(&Exceeded) -> Response,
    /// Whether every limited answer tells its limit in `X-RateLimit-*`.
    pub headers: bool,
}

impl Default for LimitPlan {
    /// The operator's path rules alone.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            same_as: Vec::new(),
            refuse: rate_limit_exceeded,
            headers: false,
        }
    }
}

/// A rule that a request exceeds.
#[derive(Clone, Copy, Debug)]
pub struct Exceeded {
    /// The rule's quota.
    pub quota: Quota,
    /// Whole seconds until the next request is admitted, never 0; the same as in `Retry-After`.
    pub wait_seconds: i64,
}

/// The documented refusal of the gateway: 429 `Rate limit exceeded`.
pub fn rate_limit_exceeded(_: &Exceeded) -> Response {
    answer::detail(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded")
}

/// Puts a surface's limits around its routes. Unknown paths are no route and are not counted.
pub fn limit(
    surface: OpenApiRouter<State>,
    state: &State,
    plan: LimitPlan,
) -> OpenApiRouter<State> {
    let (routes, document) = surface.split_for_parts();
    let routes = if state.http.limits_enabled && routes.has_routes() {
        let limiter = Limiter {
            state: Arc::clone(state),
            plan,
        };
        routes.route_layer(middleware::from_fn_with_state(Arc::new(limiter), enforce))
    } else {
        routes
    };
    OpenApiRouter::with_openapi(document).merge(routes.into())
}

struct Limiter {
    state: State,
    plan: LimitPlan,
}

async fn enforce(
    limiter: axum::extract::State<Arc<Limiter>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| Endpoint::new(request.method().clone(), path.as_str()));
    let (Some(ctx), Some(route)) = (request.extensions().get::<Ctx>(), route) else {
        return next.run(request).await;
    };
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let counters = limiter
        .plan
        .counters(&route, request.uri().path(), &limiter.state.http.rules);
    let decisions = decide(&limiter.state, ctx, counters).await;
    let now = ctx.now;
    let mut response = match decisions.iter().find(|(_, decision)| !decision.admitted) {
        Some((quota, decision)) => limiter.plan.refuse(*quota, decision),
        None => next.run(request).await,
    };
    if limiter.plan.headers {
        tell(&decisions, now, response.headers_mut());
    }
    response
}

/// Counts a request as one of `route`'s, for a handler that learns from the body alone what is asked of it; gives the
/// answer to one that is too many. The operator's path rules counted it by its own path already.
pub async fn count_as(
    web: &Web,
    ctx: &Ctx,
    plan: &LimitPlan,
    route: &Endpoint,
) -> Result<(), Box<Response>> {
    if !web.http.limits_enabled {
        return Ok(());
    }
    let decisions = decide(web, ctx, plan.counters(route, &route.path, &[])).await;
    match decisions.iter().find(|(_, decision)| !decision.admitted) {
        Some((quota, decision)) => Err(Box::new(plan.refuse(*quota, decision))),
        None => Ok(()),
    }
}

async fn decide(web: &Web, ctx: &Ctx, counters: Vec<Counter>) -> Vec<(Quota, Decision)> {
    let mut decisions = Vec::with_capacity(counters.len());
    for Counter { name, key, quota } in counters {
        let key = client_key(&name, &key, &ctx.client);
        let decision = admit(&web.app, &key, quota, ctx.now).await;
        let word = if decision.admitted {
            "admitted"
        } else {
            "refused"
        };
        counter!("doorward_limiter_total", "rule" => name, "decision" => word).increment(1);
        decisions.push((quota, decision));
    }
    decisions
}

/// A counter that a request moves.
#[derive(Debug, PartialEq, Eq)]
struct Counter {
    name: String,
    key: String,
    quota: Quota,
}

impl LimitPlan {
    fn counters(&self, route: &Endpoint, path: &str, path_rules: &[PathRule]) -> Vec<Counter> {
        let counts_as = self
            .same_as
            .iter()
            .find(|(same, _)| same == route)
            .map_or(route, |(_, other)| other);
        let own = self.rules.iter().filter_map(|rule| {
            let key = match &rule.applies {
                Applies::Together(routes) if routes.contains(counts_as) => String::new(),
                Applies::Each(routes) if routes.contains(counts_as) => counts_as.key(),
                Applies::Others if !self.names(counts_as) => counts_as.key(),
                Applies::Together(_) | Applies::Each(_) | Applies::Others => return None,
            };
            Some(Counter {
                name: rule.name.to_owned(),
                key,
                quota: rule.quota,
            })
        });
        let configured = path_rules.iter().filter(|rule| rule.pattern.matches(path));
        let configured = configured.map(|rule| Counter {
            name: rule.pattern.to_string(),
            key: counts_as.key(),
            quota: rule.quota,
        });
        own.chain(configured).collect()
    }

    fn names(&self, route: &Endpoint) -> bool {
        self.rules.iter().any(|rule| match &rule.applies {
            Applies::Together(routes) | Applies::Each(routes) => routes.contains(route),
            Applies::Others => false,
        })
    }

    fn refuse(&self, quota: Quota, decision: &Decision) -> Response {
        let exceeded = Exceeded {
            quota,
            wait_seconds: decision.retry_after.as_retry_after(),
        };
        answer::denied(
            "rate_limited",
            (self.refuse)(&exceeded).retry_after(decision.retry_after),
        )
    }
}

/// Tells the tightest of the counters: the one that refuses, else the one with the least left.
fn tell(decisions: &[(Quota, Decision)], now: Timestamp, headers: &mut HeaderMap) {
    let tightest = decisions
        .iter()
        .map(|(_, decision)| decision)
        .min_by_key(|decision| (decision.admitted, decision.remaining));
    if let Some(decision) = tightest {
        let reset = now + decision.reset_after;
        headers.insert(LIMIT, HeaderValue::from(decision.limit));
        headers.insert(REMAINING, HeaderValue::from(decision.remaining));
        headers.insert(
            RESET,
            HeaderValue::from(reset.as_millis().saturating_add(999).div_euclid(1000)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Span;

    fn post(path: &str) -> Endpoint {
        Endpoint::new(Method::POST, path)
    }

    fn plan() -> LimitPlan {
        LimitPlan {
            rules: vec![
                Rule {
                    name: "login",
                    applies: Applies::Each(vec![post("/a/login")]),
                    quota: Quota::per_minute(10),
                },
                Rule {
                    name: "codes",
                    applies: Applies::Together(vec![post("/a/send"), post("/a/check")]),
                    quota: Quota::per_minute(5),
                },
                Rule {
                    name: "default",
                    applies: Applies::Others,
                    quota: Quota::per_minute(100),
                },
            ],
            same_as: vec![(post("/a/delete"), post("/a/login"))],
            ..LimitPlan::default()
        }
    }

    fn keys(route: &Endpoint, path_rules: &[PathRule]) -> Vec<String> {
        let counters = plan().counters(route, &route.path, path_rules);
        counters
            .into_iter()
            .map(|counter| format!("{}|{}", counter.name, counter.key))
            .collect()
    }

    #[test]
    fn sec_2_4_1_every_route_has_its_counter() {
        assert_eq!(keys(&post("/a/login"), &[]), ["login|POST /a/login"]);
        assert_eq!(keys(&post("/a/other"), &[]), ["default|POST /a/other"]);
        assert_eq!(keys(&post("/a/send"), &[]), ["codes|"]);
        assert_eq!(keys(&post("/a/check"), &[]), ["codes|"]);
    }

    #[test]
    fn sec_s25_a_route_can_share_anothers_counters() {
        assert_eq!(keys(&post("/a/delete"), &[]), keys(&post("/a/login"), &[]));
    }

    #[test]
    fn head_counts_as_get() {
        let route = Endpoint::new(Method::HEAD, "/a/profile");
        assert_eq!(keys(&route, &[]), ["default|GET /a/profile"]);
    }

    #[test]
    fn the_operators_rules_count_beside_the_surfaces_own() {
        let rule = |pattern: &str| PathRule {
            pattern: pattern.parse().unwrap(),
            quota: Quota::per_minute(3),
            slow: None,
        };
        let rules = [rule("/a/*"), rule("/b/*"), rule("/**")];
        assert_eq!(
            keys(&post("/a/login"), &rules),
            [
                "login|POST /a/login",
                "/a/*|POST /a/login",
                "/**|POST /a/login"
            ]
        );
    }

    #[test]
    fn the_tightest_counter_is_told() {
        let decision = |admitted, remaining| Decision {
            admitted,
            limit: 10,
            remaining,
            retry_after: Span::millis(1500),
            reset_after: Span::millis(2500),
        };
        let quota = Quota::per_minute(10);
        let mut headers = HeaderMap::new();
        tell(
            &[(quota, decision(true, 7)), (quota, decision(true, 2))],
            Timestamp::from_millis(10_100),
            &mut headers,
        );
        assert_eq!(
            (&headers[LIMIT], &headers[REMAINING], &headers[RESET]),
            (
                &"10".parse().unwrap(),
                &"2".parse().unwrap(),
                &"13".parse().unwrap()
            )
        );
        let refused = plan().refuse(quota, &decision(false, 0));
        assert_eq!(
            (
                refused.status(),
                &refused.headers()[http::header::RETRY_AFTER]
            ),
            (StatusCode::TOO_MANY_REQUESTS, &"2".parse().unwrap())
        );
    }
}
