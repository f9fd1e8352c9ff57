//! The shapes of answers: `{"detail": …}` as the documents' clients parse it, with what belongs beside it.

use axum::response::{IntoResponse, Response};
use doorward_domain::Span;
use doorward_service::{Fault, Refusal};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;
use std::fmt;
use tracing::{error, warn};

/// How long a client should stay away after a 503 that nobody can foresee the end of.
const BREATHER: Span = Span::seconds(1);

/// The shape of an error: a sentence, or a list of what is wrong with the input.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Detail {
    /// What went wrong.
    pub detail: String,
}

/// Why an answer is a refusal, for the log and the counters; the edge reads it from the answer's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denied(pub(crate) &'static str);

/// Answers with JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = (status, bytes).into_response();
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers `{"detail": message}`.
pub fn detail(status: StatusCode, message: impl fmt::Display) -> Response {
    json(
        status,
        &Detail {
            detail: message.to_string(),
        },
    )
}

/// Answers 422 with one fault of the input as `FastAPI` words it: where, what, and a word for programs.
pub fn validation(location: &[&str], message: &str, kind: &str) -> Response {
    json(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({"detail": [{"loc": location, "msg": message, "type": kind}]}),
    )
}

/// Answers 404 as to an unknown path.
pub fn not_found() -> Response {
    detail(StatusCode::NOT_FOUND, "Not Found")
}

/// Marks an answer as the surface's translation of `refusal`: its `Retry-After` is set, and the log and the counters
/// name it.
pub fn refused(refusal: &Refusal, mut response: Response) -> Response {
    if let Some(wait) = refusal.retry_after {
        response = response.retry_after(wait);
    }
    response
        .extensions_mut()
        .insert(Denied(refusal.rejection.code()));
    response
}

/// `Retry-After` on an answer.
pub trait Retry {
    /// Says in whole seconds, never 0, when to try again.
    #[must_use]
    fn retry_after(self, wait: Span) -> Self;
}

impl Retry for Response {
    fn retry_after(mut self, wait: Span) -> Self {
        self.headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(wait.as_retry_after()));
        self
    }
}

pub(crate) fn denied(reason: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(Denied(reason));
    response
}

/// The 405 of a path that is there, with the `Allow` that the router wrote.
pub(crate) fn method_not_allowed(router: &HeaderMap) -> Response {
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    copy_allow(router, &mut response);
    response
}

/// The answer to an `OPTIONS` that is no preflight: what the path allows.
pub(crate) fn options(router: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    copy_allow(router, &mut response);
    response
}

fn copy_allow(router: &HeaderMap, response: &mut Response) {
    if let Some(allow) = router.get(http::header::ALLOW) {
        response
            .headers_mut()
            .insert(http::header::ALLOW, allow.clone());
    }
}

/// Logs a fault and answers it.
pub(crate) fn fault(fault: &Fault, request_id: &str, development: bool) -> Response {
    if fault.is_unavailable() {
        warn!(request.id = request_id, fault = %fault, "a part that is needed is away");
        failure(
            StatusCode::SERVICE_UNAVAILABLE,
            fault,
            request_id,
            development,
        )
        .retry_after(BREATHER)
    } else {
        error!(request.id = request_id, fault = %fault, "the request failed");
        failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            fault,
            request_id,
            development,
        )
    }
}

/// The answer took too long to begin.
pub(crate) fn too_slow(request_id: &str, development: bool) -> Response {
    let cause = "the request took longer than `server.request_timeout`";
    failure(
        StatusCode::SERVICE_UNAVAILABLE,
        cause,
        request_id,
        development,
    )
    .retry_after(BREATHER)
}

/// The body came so slowly that nobody waits for its end (RFC 9110 section 15.5.9).
pub(crate) fn slow_body() -> Response {
    let refusal = detail(
        StatusCode::REQUEST_TIMEOUT,
        "The body of this request came too slowly",
    );
    denied("slow_body", refusal)
}

/// A 5xx: its cause in development, else no more than the id under which the log tells it.
pub(crate) fn failure(
    status: StatusCode,
    cause: impl fmt::Display,
    request_id: &str,
    development: bool,
) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error").to_owned();
    let detail = if development {
        cause.to_string()
    } else {
        reason
    };
    json(status, &json!({"detail": detail, "request_id": request_id}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::Rejection;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn sec_16_5_1_a_fault_tells_the_client_its_request_id_alone() {
        let broken = Fault::internal(std::io::Error::other("/var/lib/secret is on fire"));
        let response = fault(&broken, "r-1", false);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            body(response).await,
            r#"{"detail":"Internal Server Error","request_id":"r-1"}"#
        );
        assert!(body(fault(&broken, "r-1", true)).await.contains("on fire"));
    }

    #[test]
    fn a_part_that_is_away_is_worth_another_try() {
        let away = Fault::unavailable(std::io::Error::other("refused"));
        let response = fault(&away, "r-1", false);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn a_refusal_says_when_to_come_back_and_never_0() {
        let refusal = Refusal {
            rejection: Rejection::RateLimited,
            retry_after: Some(Span::ZERO),
        };
        let response = refused(&refusal, detail(StatusCode::TOO_MANY_REQUESTS, "Slow down"));
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(
            response.extensions().get::<Denied>().unwrap().0,
            "rate_limited"
        );
    }
}
