//! What family `code` says to every refusal.

use crate::call::Table;
use crate::detail::{Answer, documented};
use doorward_domain::{Class, Family, Rejection};
use http::StatusCode as Status;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Response};

/// Where a refusal met its caller: the same one can read differently in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Asking for a code.
    Code,
    /// Asking for tokens with a code.
    Token,
    /// Asking for tokens with a refresh token.
    Refresh,
    /// Whatever takes an access token.
    User,
}

/// Whoever asks too often reads this, followed by the wait.
pub(super) const TOO_MANY: &str = "Too many requests";

impl Table for At {
    const FAMILY: Family = Family::Code;
    const ALL: &'static [Self] = &[Self::Code, Self::Token, Self::Refresh, Self::User];
    const TOKEN: Self = Self::User;

    fn answer(self, rejection: Rejection) -> Answer {
        use Rejection as R;
        let (status, said) = match rejection {
            R::CodeCooldown | R::CodeExhausted => {
                return Answer::cooldown("Too many code attempts");
            }
            R::TokenCooldown => return Answer::cooldown("Too many token attempts"),
            R::CodeInvalid => (Status::UNAUTHORIZED, "Invalid code"),
            R::CodeExpired => (Status::UNAUTHORIZED, "Code has expired"),
            R::IdentifierAmbiguous => (
                Status::BAD_REQUEST,
                "Either email or phone must be provided",
            ),
            R::PasswordRequired => (Status::BAD_REQUEST, "Password is required"),
            R::OldPasswordRequired => (Status::BAD_REQUEST, "Old password is required"),
            R::PasswordWrong | R::InvalidCredentials => (Status::FORBIDDEN, "Invalid password"),
            R::AccountSuspended => (
                Status::FORBIDDEN,
                "Account is suspended. Please contact support",
            ),
            R::AccountBanned => (Status::FORBIDDEN, "Account is banned"),
            R::AccountDeleted => (Status::FORBIDDEN, "Account is deleted"),
            R::NicknameTaken => (Status::CONFLICT, "Nickname already exists"),
            R::PhoneUnavailable => (Status::BAD_REQUEST, "Phone sign-in is not available"),
            R::TokenMissing
            | R::TokenMalformed
            | R::TokenSignature
            | R::TokenClaims
            | R::TokenExpired
            | R::TokenRevoked
            | R::TokenWrongKind => return self.token(rejection),
            other => return by_class(other),
        };
        Answer::detail(status, said)
    }
}

impl At {
    /// A token that is not good. Strangers learn four things about it and no more: that it is no token, is not ours, is
    /// of the other kind, or is over, for whichever reason.
    fn token(self, rejection: Rejection) -> Answer {
        let (status, said) = match (rejection, self) {
            (Rejection::TokenMissing, Self::Refresh) => {
                (Status::UNPROCESSABLE_ENTITY, "Header RT is required")
            }
            (Rejection::TokenMissing, Self::Code | Self::Token | Self::User) => {
                (Status::UNPROCESSABLE_ENTITY, "Header JWT is required")
            }
            (Rejection::TokenSignature, _) => (
                Status::UNPROCESSABLE_ENTITY,
                "Token has an invalid signature",
            ),
            (Rejection::TokenWrongKind, Self::Refresh) => {
                (Status::UNAUTHORIZED, "Expected an refresh token")
            }
            (Rejection::TokenWrongKind, Self::Code | Self::Token | Self::User) => {
                (Status::UNAUTHORIZED, "Expected an access token")
            }
            (Rejection::TokenExpired | Rejection::TokenRevoked, _) => {
                (Status::UNAUTHORIZED, "Token has expired")
            }
            _ => (Status::UNPROCESSABLE_ENTITY, "Invalid token format"),
        };
        let answer = Answer::detail(status, said);
        if status == Status::UNAUTHORIZED {
            answer.with_challenge()
        } else {
            answer
        }
    }
}

/// What no sentence is promised for. `detail` is one sentence in every status, 422 too.
fn by_class(rejection: Rejection) -> Answer {
    let said = rejection.title();
    match rejection.class() {
        Class::Invalid => Answer::detail(Status::UNPROCESSABLE_ENTITY, said),
        Class::Unauthenticated => Answer::detail(Status::UNAUTHORIZED, said).with_challenge(),
        Class::Forbidden => Answer::detail(Status::FORBIDDEN, said),
        Class::NotFound => Answer::detail(Status::NOT_FOUND, said),
        Class::Conflict => Answer::detail(Status::CONFLICT, said),
        Class::Expired | Class::Unsupported => Answer::detail(Status::BAD_REQUEST, said),
        Class::TooMany => Answer::cooldown(TOO_MANY),
        Class::Unavailable => Answer::detail(Status::SERVICE_UNAVAILABLE, said),
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

    fn told(at: At, rejection: Rejection) -> (u16, &'static str) {
        let answer = at.answer(rejection);
        (answer.status().as_u16(), answer.sentence())
    }

    #[test]
    fn every_refusal_has_an_answer_and_none_is_a_fault() {
        crate::call::assert_table_is_whole::<At>();
    }

    #[test]
    fn a_state_reads_alike_wherever_it_is_met() {
        for at in At::ALL {
            for (rejection, sentence) in [
                (
                    Rejection::AccountSuspended,
                    "Account is suspended. Please contact support",
                ),
                (Rejection::AccountBanned, "Account is banned"),
                (Rejection::AccountDeleted, "Account is deleted"),
            ] {
                assert_eq!(told(*at, rejection), (403, sentence), "{at:?}");
            }
        }
    }

    #[test]
    fn sec_s05_a_token_that_is_not_good_reads_in_one_of_four_ways() {
        for (at, kind) in [
            (At::User, "Expected an access token"),
            (At::Refresh, "Expected an refresh token"),
        ] {
            for (rejection, answer) in [
                (Rejection::TokenWrongKind, (401, kind)),
                (Rejection::TokenExpired, (401, "Token has expired")),
                (Rejection::TokenRevoked, (401, "Token has expired")),
                (
                    Rejection::TokenSignature,
                    (422, "Token has an invalid signature"),
                ),
                (Rejection::TokenMalformed, (422, "Invalid token format")),
                (Rejection::TokenClaims, (422, "Invalid token format")),
            ] {
                assert_eq!(told(at, rejection), answer, "{at:?} {rejection:?}");
            }
        }
    }

    #[test]
    fn a_missing_header_is_named() {
        let missing = Rejection::TokenMissing;
        assert_eq!(told(At::User, missing), (422, "Header JWT is required"));
        assert_eq!(told(At::Refresh, missing), (422, "Header RT is required"));
    }

    #[test]
    fn the_documented_sentences_stand_where_the_document_has_them() {
        for (rejection, status, sentence) in [
            (
                Rejection::IdentifierAmbiguous,
                400,
                "Either email or phone must be provided",
            ),
            (Rejection::CodeInvalid, 401, "Invalid code"),
            (Rejection::CodeExpired, 401, "Code has expired"),
            (Rejection::CodeCooldown, 429, "Too many code attempts"),
            (Rejection::CodeExhausted, 429, "Too many code attempts"),
            (Rejection::TokenCooldown, 429, "Too many token attempts"),
            (Rejection::PasswordRequired, 400, "Password is required"),
            (Rejection::PasswordWrong, 403, "Invalid password"),
            (
                Rejection::OldPasswordRequired,
                400,
                "Old password is required",
            ),
            (Rejection::NicknameTaken, 409, "Nickname already exists"),
            (
                Rejection::PhoneUnavailable,
                400,
                "Phone sign-in is not available",
            ),
        ] {
            for at in At::ALL {
                assert_eq!(told(*at, rejection), (status, sentence), "{at:?}");
            }
        }
    }
}
