//! How the native API and its pages limit their clients.

use super::problem::Problem;
use crate::recovery;
use axum::response::{IntoResponse, Response};
use doorward_domain::{Quota, Rejection};
use doorward_http::limits::{Applies, Endpoint};
use doorward_http::{Exceeded, LimitPlan, Rule};
use http::Method;

/// The limits of the API.
pub(super) fn api() -> LimitPlan {
    plan(refuse)
}

/// The limits of the pages: the same counters, answered as a page.
pub(crate) fn pages() -> LimitPlan {
    plan(recovery::too_many)
}

fn plan(refuse: fn(&Exceeded) -> Response) -> LimitPlan {
    let post = |path: &str| Endpoint::new(Method::POST, path);
    LimitPlan {
        rules: vec![
            Rule {
                name: "native_forgotten",
                applies: Applies::Each(vec![post("/v1/password/forgot")]),
                quota: Quota::per_minute(5),
            },
            Rule {
                name: "native_resets",
                applies: Applies::Together(vec![post("/v1/password/reset"), post(recovery::PATH)]),
                quota: Quota::per_minute(10),
            },
            Rule {
                name: "native",
                applies: Applies::Others,
                quota: Quota::per_minute(60),
            },
        ],
        same_as: Vec::new(),
        refuse,
        headers: true,
    }
}

fn refuse(_: &Exceeded) -> Response {
    Problem::from(Rejection::RateLimited).into_response()
}
