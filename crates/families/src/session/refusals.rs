//! What family `session` says to every refusal.

use crate::call::Table;
use crate::detail::{Answer, documented};
use doorward_domain::{Class, Family, Rejection};
use http::StatusCode as Status;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Response};

/// Where a refusal met its caller: the same one can read differently in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Registering.
    Register,
    /// Login and delete, which both check a password.
    Password,
    /// Logging out.
    SignOut,
    /// Whatever else takes a token.
    Token,
}

impl Table for At {
    const FAMILY: Family = Family::Session;
    const ALL: &'static [Self] = &[Self::Register, Self::Password, Self::SignOut, Self::Token];
    const TOKEN: Self = Self::Token;

    fn answer(self, rejection: Rejection) -> Answer {
        use Rejection as R;
        let said = rejection.title();
        match (self, rejection) {
            (
                Self::Password,
                R::InvalidCredentials | R::AccountSuspended | R::AccountBanned | R::AccountDeleted,
            ) => {
                return Answer::message(Status::UNAUTHORIZED, "Invalid credentials")
                    .with_challenge();
            }
            (_, R::LoginTaken) => return Answer::detail(Status::CONFLICT, "Login already exists"),
            (_, R::LoginLooksLikeAddress) => return Answer::field("login", said),
            (_, R::TokenMissing) => return Answer::detail(Status::FORBIDDEN, "Not authenticated"),
            (
                Self::SignOut,
                R::TokenExpired
                | R::TokenMalformed
                | R::TokenSignature
                | R::TokenClaims
                | R::TokenWrongKind
                | R::TokenRevoked
                | R::AccountSuspended
                | R::AccountBanned
                | R::AccountDeleted,
            ) => return Answer::detail(Status::BAD_REQUEST, "Failed to logout token"),
            (_, R::TokenExpired) => return token("Token has expired"),
            (_, R::TokenMalformed | R::TokenSignature) => return token("Invalid token"),
            (_, R::TokenClaims | R::TokenWrongKind) => return token("Invalid token payload"),
            (_, R::TokenRevoked | R::AccountSuspended | R::AccountBanned | R::AccountDeleted) => {
                return token("Token not found or expired");
            }
            (
                _,
                R::PasswordTooShort
                | R::PasswordTooLong
                | R::PasswordNeedsUpper
                | R::PasswordNeedsLower
                | R::PasswordNeedsDigit
                | R::PasswordCommon,
            ) => return Answer::field("password", said),
            _ => {}
        }
        match rejection.class() {
            Class::Invalid => Answer::invalid(said),
            Class::Unauthenticated => token(said),
            Class::Forbidden => Answer::detail(Status::FORBIDDEN, said),
            Class::NotFound => Answer::detail(Status::NOT_FOUND, said),
            Class::Conflict => Answer::detail(Status::CONFLICT, said),
            Class::Expired | Class::Unsupported => Answer::detail(Status::BAD_REQUEST, said),
            Class::TooMany => Answer::detail(Status::TOO_MANY_REQUESTS, said),
            Class::Unavailable => Answer::detail(Status::SERVICE_UNAVAILABLE, said),
        }
    }
}

const fn token(said: &'static str) -> Answer {
    Answer::detail(Status::UNAUTHORIZED, said).with_challenge()
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
    fn a_suspended_account_reads_like_a_wrong_password() {
        let wrong = At::Password.answer(Rejection::InvalidCredentials);
        for state in [
            Rejection::AccountSuspended,
            Rejection::AccountBanned,
            Rejection::AccountDeleted,
        ] {
            assert_eq!(At::Password.answer(state), wrong);
        }
    }

    #[test]
    fn the_documented_sentences_stand_where_the_document_has_them() {
        for (at, rejection, status, sentence) in [
            (
                At::Register,
                Rejection::LoginTaken,
                409,
                "Login already exists",
            ),
            (
                At::Password,
                Rejection::InvalidCredentials,
                401,
                "Invalid credentials",
            ),
            (At::Token, Rejection::TokenMissing, 403, "Not authenticated"),
            (
                At::SignOut,
                Rejection::TokenMissing,
                403,
                "Not authenticated",
            ),
            (At::Token, Rejection::TokenExpired, 401, "Token has expired"),
            (
                At::Password,
                Rejection::TokenExpired,
                401,
                "Token has expired",
            ),
            (At::Token, Rejection::TokenMalformed, 401, "Invalid token"),
            (At::Token, Rejection::TokenSignature, 401, "Invalid token"),
            (
                At::Token,
                Rejection::TokenWrongKind,
                401,
                "Invalid token payload",
            ),
            (
                At::Token,
                Rejection::TokenClaims,
                401,
                "Invalid token payload",
            ),
            (
                At::Token,
                Rejection::TokenRevoked,
                401,
                "Token not found or expired",
            ),
            (
                At::Token,
                Rejection::AccountBanned,
                401,
                "Token not found or expired",
            ),
            (
                At::SignOut,
                Rejection::TokenRevoked,
                400,
                "Failed to logout token",
            ),
        ] {
            let answer = at.answer(rejection);
            assert_eq!(
                (answer.status().as_u16(), answer.sentence()),
                (status, sentence),
                "{at:?} {rejection:?}"
            );
        }
    }
}
