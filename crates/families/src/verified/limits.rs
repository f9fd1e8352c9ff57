//! How family `verified` limits its clients: four routes by name, every other by the default.

use axum::response::Response;
use doorward_domain::Quota;
use doorward_http::limits::{Applies, Endpoint};
use doorward_http::{Exceeded, LimitPlan, NamedLimits, Rule, json};
use http::{Method, StatusCode};
use serde::Serialize;

/// The plan under the family's base path.
pub(crate) fn limits(named: &NamedLimits, base: &str) -> LimitPlan {
    let post = |name, path: &str, quota: Quota| Rule {
        name,
        applies: Applies::Each(vec![Endpoint::new(Method::POST, format!("{base}{path}"))]),
        quota,
    };
    LimitPlan {
        rules: vec![
            post("login", "/auth/login", named.login),
            post("refresh", "/auth/refresh-token", named.refresh),
            post("send_otp", "/auth/send-otp", named.send_otp),
            post("verify_otp", "/auth/verify-otp", named.verify_otp),
            Rule {
                name: "default",
                applies: Applies::Others,
                quota: named.default,
            },
        ],
        same_as: Vec::new(),
        refuse,
        headers: true,
    }
}

/// 429 as the document's clients read it.
#[derive(Serialize)]
struct Refusal {
    detail: &'static str,
    retry_after_seconds: i64,
    rate_limit: String,
}

fn refuse(exceeded: &Exceeded) -> Response {
    let body = Refusal {
        detail: "Rate limit exceeded",
        retry_after_seconds: exceeded.wait_seconds,
        rate_limit: exceeded.quota.to_string(),
    };
    json(StatusCode::TOO_MANY_REQUESTS, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_limited_client_reads_its_wait_and_its_limit() {
        let response = refuse(&Exceeded {
            quota: Quota::per_minute(10),
            wait_seconds: 6,
        });
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        assert_eq!(
            body.unwrap(),
            r#"{"detail":"Rate limit exceeded","retry_after_seconds":6,"rate_limit":"10 per 1 minute"}"#
        );
    }
}
