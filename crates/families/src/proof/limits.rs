//! How family `proof` limits its clients: asking for a code and showing one, each by itself.

use super::refusals::TOO_MANY;
use axum::response::Response;
use doorward_domain::Quota;
use doorward_http::limits::{Applies, Endpoint};
use doorward_http::{Exceeded, LimitPlan, Rule, detail};
use http::{Method, StatusCode};

/// For each client; so many codes for each mailbox is a rule of the use case.
const SEND_CODE: u32 = 10;
const VERIFY_CODE: u32 = 30;

/// The plan under the family's base path.
pub(crate) fn limits(base: &str) -> LimitPlan {
    let post = |name, path: &str, count| Rule {
        name,
        applies: Applies::Each(vec![Endpoint::new(Method::POST, format!("{base}{path}"))]),
        quota: Quota::per_minute(count),
    };
    LimitPlan {
        rules: vec![
            post("send_code", "/auth/send-code", SEND_CODE),
            post("verify_code", "/auth/verify-code", VERIFY_CODE),
        ],
        refuse,
        ..LimitPlan::default()
    }
}

fn refuse(_: &Exceeded) -> Response {
    detail(StatusCode::TOO_MANY_REQUESTS, TOO_MANY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_limited_client_reads_one_sentence() {
        let response = refuse(&Exceeded {
            quota: Quota::per_minute(10),
            wait_seconds: 6,
        });
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        assert_eq!(
            body.unwrap(),
            r#"{"detail":"Too many requests. Please try again later."}"#
        );
    }
}
