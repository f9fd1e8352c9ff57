//! Requests that are refused for how they are put together, before anybody looks at what they ask for.

use super::transport::Transport;
use crate::answer;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, HeaderValue};
use http::{StatusCode, Version};

/// The most lines that the head of a request may have beside the first. Browsers send about 20.
const MOST_HEADERS: usize = 100;

/// The answer to a request that nobody should try to understand.
pub(super) fn refusal(request: &Request) -> Option<Response> {
    let ambiguous = request
        .extensions()
        .get::<Transport>()
        .is_some_and(|transport| transport.ambiguous_length);
    if ambiguous {
        let answer = answer::detail(
            StatusCode::BAD_REQUEST,
            "This request says more than once how long it is",
        );
        return Some(answer::denied("ambiguous_length", answer));
    }
    (request.headers().len() > MOST_HEADERS).then(|| {
        let answer = answer::detail(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "This request has too many headers",
        );
        answer::denied("many_headers", answer)
    })
}

/// Makes an answer the last of its connection: what follows on it is not to be trusted, or will not come. HTTP/2 has no
/// such header (RFC 9113 section 8.2.2); there each request stands for itself.
pub(super) fn part(version: Version, response: &mut Response) {
    if version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
}
