//! What family `proof` says to every refusal.

use crate::call::Table;
use crate::detail::{Answer, documented};
use doorward_domain::{Class, Family, Rejection};
use http::StatusCode as Status;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Response};

/// Where a refusal met its caller: the family says the same everywhere, and takes no token anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At;

/// Whoever asks too often reads this, whichever limit it was.
pub(super) const TOO_MANY: &str = "Too many requests. Please try again later.";

impl Table for At {
    const FAMILY: Family = Family::Proof;
    const ALL: &'static [Self] = &[Self];
    const TOKEN: Self = Self;

    fn answer(self, rejection: Rejection) -> Answer {
        use Rejection as R;
        let said = rejection.title();
        match rejection {
            R::CodeInvalid
            | R::CodeExpired
            | R::CodeExhausted
            | R::AccountSuspended
            | R::AccountBanned
            | R::AccountDeleted => {
                return Answer::detail(
                    Status::UNAUTHORIZED,
                    "Invalid or expired verification code",
                );
            }
            R::ProjectUnknown => return Answer::field("project_id", said),
            _ => {}
        }
        match rejection.class() {
            Class::Invalid => Answer::invalid(said),
            Class::Unauthenticated => Answer::detail(Status::UNAUTHORIZED, said),
            Class::Forbidden => Answer::detail(Status::FORBIDDEN, said),
            Class::NotFound => Answer::detail(Status::NOT_FOUND, said),
            Class::Conflict => Answer::detail(Status::CONFLICT, said),
            Class::Expired | Class::Unsupported => Answer::detail(Status::BAD_REQUEST, said),
            Class::TooMany => Answer::detail(Status::TOO_MANY_REQUESTS, TOO_MANY),
            Class::Unavailable => Answer::detail(Status::SERVICE_UNAVAILABLE, said),
        }
    }
}

impl utoipa::IntoResponses for At {
    /// What the table can answer, for the OpenAPI document.
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_an_answer_and_none_is_a_fault() {
        crate::call::assert_table_is_whole::<At>();
    }

    #[test]
    fn every_dead_code_and_every_account_in_disgrace_reads_alike() {
        for rejection in [
            Rejection::CodeInvalid,
            Rejection::CodeExpired,
            Rejection::CodeExhausted,
            Rejection::AccountSuspended,
            Rejection::AccountBanned,
            Rejection::AccountDeleted,
        ] {
            let answer = At.answer(rejection);
            assert_eq!(
                (answer.status().as_u16(), answer.sentence()),
                (401, "Invalid or expired verification code"),
                "{rejection:?}"
            );
        }
    }

    #[test]
    fn every_limit_reads_alike() {
        for rejection in [Rejection::RateLimited, Rejection::CodeCooldown] {
            let answer = At.answer(rejection);
            assert_eq!(
                (answer.status().as_u16(), answer.sentence()),
                (429, "Too many requests. Please try again later."),
                "{rejection:?}"
            );
        }
    }
}
