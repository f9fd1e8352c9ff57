//! How family `code` limits its clients: asking for codes, and asking for tokens by whichever method.

use super::refusals::TOO_MANY;
use axum::response::Response;
use doorward_domain::Quota;
use doorward_http::limits::{Applies, Endpoint};
use doorward_http::{Exceeded, LimitPlan, Rule, detail};
use http::{Method, StatusCode};

/// For each client, whatever identifiers it names.
const CODES: u32 = 20;
const TOKENS: u32 = 30;
/// Each of the other routes: some hash passwords, and some send messages.
const OTHERS: u32 = 60;

/// The plan of all of the family's routes, those among them that cross another family's.
pub(crate) fn limits() -> LimitPlan {
    let rule = |name, routes: Vec<Endpoint>, count| Rule {
        name,
        applies: Applies::Together(routes),
        quota: Quota::per_minute(count),
    };
    let tokens = vec![
        Endpoint::new(Method::PUT, "/auth/token"),
        Endpoint::new(Method::POST, "/auth/token"),
        Endpoint::new(Method::PATCH, "/auth/refresh"),
        Endpoint::new(Method::POST, "/auth/refresh"),
    ];
    LimitPlan {
        rules: vec![
            rule(
                "sign_in_codes",
                vec![Endpoint::new(Method::POST, "/auth/code")],
                CODES,
            ),
            rule("sign_in_tokens", tokens, TOKENS),
            Rule {
                name: "sign_in_others",
                applies: Applies::Others,
                quota: Quota::per_minute(OTHERS),
            },
        ],
        refuse,
        ..LimitPlan::default()
    }
}

/// Clients find the wait where every other 429 of the family has it.
fn refuse(exceeded: &Exceeded) -> Response {
    let sentence = format!("{TOO_MANY}, cooldown: {}", exceeded.wait_seconds);
    detail(StatusCode::TOO_MANY_REQUESTS, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_limited_client_reads_its_wait_in_the_sentence() {
        let response = refuse(&Exceeded {
            quota: Quota::per_minute(20),
            wait_seconds: 3,
        });
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        assert_eq!(
            body.unwrap(),
            r#"{"detail":"Too many requests, cooldown: 3"}"#
        );
    }
}
