//! What these surfaces say to a refusal.

use axum::response::Response;
use doorward_domain::{Class, Rejection};
use doorward_http::{Web, detail, refused};
use doorward_service::{Ctx, Error, Refusal};
use http::StatusCode;

/// Answers an error of a use case.
pub(crate) fn refuse(web: &Web, ctx: &Ctx, error: &Error) -> Response {
    match error {
        Error::Rejected(refusal) => refusal_response(refusal),
        Error::Fault(fault) => web.fault(ctx, fault),
    }
}

fn refusal_response(refusal: &Refusal) -> Response {
    let (status, sentence) = match refusal.rejection {
        Rejection::KeyVersionUnknown => (
            StatusCode::NOT_FOUND,
            "Version of public key does not exist",
        ),
        Rejection::PublicKeyAbsent => (StatusCode::NOT_FOUND, "Not Found"),
        other => (status_of(other.class()), other.title()),
    };
    refused(refusal, detail(status, sentence))
}

/// The status of a kind of refusal, wherever a document does not say another.
pub(crate) const fn status_of(class: Class) -> StatusCode {
    match class {
        Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::Expired | Class::Unsupported => StatusCode::BAD_REQUEST,
        Class::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_that_is_not_there_is_a_404() {
        for rejection in [Rejection::KeyVersionUnknown, Rejection::PublicKeyAbsent] {
            assert_eq!(
                refusal_response(&rejection.into()).status(),
                StatusCode::NOT_FOUND
            );
        }
    }

    #[test]
    fn every_refusal_is_a_client_error_or_a_wait() {
        for rejection in Rejection::ALL {
            let answer = refusal_response(&(*rejection).into());
            assert!(
                answer.status().is_client_error() || answer.headers().contains_key("retry-after"),
                "{rejection:?}"
            );
        }
    }
}
