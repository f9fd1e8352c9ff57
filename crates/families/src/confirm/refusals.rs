//! What family `confirm` says to every refusal.

use crate::call::Table;
use crate::detail::{Answer, documented};
use doorward_domain::{Class, Family, Rejection};
use http::StatusCode as Status;
use std::collections::BTreeMap;
use utoipa::openapi::{Content, ObjectBuilder, RefOr, Response, Type};

/// Where a refusal met its caller: the same one can read differently in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Registering.
    Register,
    /// Behind a mailed link.
    Link,
    /// Signing in.
    Login,
    /// Showing a refresh token.
    Refresh,
    /// The token form with a password in it.
    PasswordGrant,
    /// The token form with a refresh token in it.
    RefreshGrant,
    /// Changing the password.
    Password,
    /// Whatever else takes an access token, and what takes none.
    Token,
}

impl Table for At {
    const FAMILY: Family = Family::Confirm;
    const ALL: &'static [Self] = &[
        Self::Register,
        Self::Link,
        Self::Login,
        Self::Refresh,
        Self::PasswordGrant,
        Self::RefreshGrant,
        Self::Password,
        Self::Token,
    ];
    const TOKEN: Self = Self::Token;

    fn answer(self, rejection: Rejection) -> Answer {
        if let Some(answer) = self.documented(rejection) {
            return answer;
        }
        let said = rejection.title();
        match rejection.class() {
            Class::Invalid => Answer::invalid(said),
            Class::Unauthenticated => self.token(),
            Class::Forbidden => Answer::detail(Status::FORBIDDEN, said),
            Class::NotFound => Answer::detail(Status::NOT_FOUND, said),
            Class::Conflict => Answer::detail(Status::CONFLICT, said),
            Class::Expired | Class::Unsupported => Answer::detail(Status::BAD_REQUEST, said),
            Class::TooMany => Answer::detail(Status::TOO_MANY_REQUESTS, said),
            Class::Unavailable => Answer::detail(Status::SERVICE_UNAVAILABLE, said),
        }
    }
}

impl At {
    /// What the document or its page has a sentence for.
    fn documented(self, rejection: Rejection) -> Option<Answer> {
        use Rejection as R;
        let bad = |sentence| Answer::detail(Status::BAD_REQUEST, sentence);
        let unauthenticated =
            |sentence| Answer::detail(Status::UNAUTHORIZED, sentence).with_challenge();
        Some(match (self, rejection) {
            (_, R::EmailTaken) => bad("Email already registered"),
            (_, R::CredentialMissing) => bad("Password or third-party ID must be provided"),
            (_, R::ProviderUnknown) => bad("Unsupported third-party provider"),
            (_, R::ProviderTokenInvalid) => unauthenticated("Invalid third-party token"),
            (_, R::LinkInvalid) => bad("Invalid or expired token"),
            (Self::PasswordGrant, R::AddressUnproven) => {
                Answer::oauth("invalid_grant", NOT_VERIFIED)
            }
            (_, R::AddressUnproven) => Answer::detail(Status::FORBIDDEN, NOT_VERIFIED),
            (
                Self::Password,
                R::PasswordWrong
                | R::PasswordRequired
                | R::OldPasswordRequired
                | R::InvalidCredentials,
            ) => bad("Current password is incorrect"),
            (_, R::AccountSuspended | R::AccountBanned | R::AccountDeleted) => self.token(),
            (Self::Token, R::TokenMissing) => unauthenticated(NO_HEADER),
            (Self::Token, R::TokenExpired) => unauthenticated("Token has expired."),
            (
                _,
                R::PasswordTooShort
                | R::PasswordTooLong
                | R::PasswordNeedsUpper
                | R::PasswordNeedsLower
                | R::PasswordNeedsDigit
                | R::PasswordCommon,
            ) => Answer::field(self.password_field(), rejection.title()),
            _ => return None,
        })
    }

    /// Who is not let in, for whatever reason.
    const fn token(self) -> Answer {
        match self {
            Self::Login => challenge("Invalid credentials"),
            Self::PasswordGrant => Answer::oauth("invalid_grant", "Invalid credentials"),
            Self::Refresh => challenge(NO_REFRESH),
            Self::RefreshGrant => Answer::oauth("invalid_grant", NO_REFRESH),
            Self::Link => Answer::detail(Status::BAD_REQUEST, "Invalid or expired token"),
            Self::Register | Self::Password | Self::Token => challenge("Invalid token."),
        }
    }

    /// The field that a new password comes in.
    const fn password_field(self) -> &'static str {
        match self {
            Self::Password => "new_password",
            _ => "password",
        }
    }

    /// What is said to something else than a bearer token.
    pub(super) const fn another_scheme() -> Answer {
        challenge("Invalid authorization header format. Expected 'Bearer <token>'.")
    }
}

const fn challenge(sentence: &'static str) -> Answer {
    Answer::detail(Status::UNAUTHORIZED, sentence).with_challenge()
}

const NO_HEADER: &str =
    "Authorization header is missing. Please include a valid 'Authorization' header.";
const NO_REFRESH: &str = "Invalid or expired refresh token";
const NOT_VERIFIED: &str = "Email not verified";

impl utoipa::IntoResponses for At {
    /// What the table can answer, for the OpenAPI document.
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        documented::<Self>()
    }
}

/// The same behind a link, where browsers read a page.
pub(super) struct AtLink;

impl utoipa::IntoResponses for AtLink {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = documented::<At>();
        let page = Content::new(Some(ObjectBuilder::new().schema_type(Type::String)));
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                let page = RefOr::T(page.clone());
                response.content.insert("text/html".to_owned(), page);
            }
        }
        responses
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
    fn a_stopped_account_reads_like_whatever_is_wrong_there() {
        for (at, wrong) in [
            (At::Login, Rejection::InvalidCredentials),
            (At::PasswordGrant, Rejection::InvalidCredentials),
            (At::Refresh, Rejection::TokenRevoked),
            (At::RefreshGrant, Rejection::TokenRevoked),
            (At::Token, Rejection::TokenRevoked),
            (At::Password, Rejection::TokenRevoked),
            (At::Link, Rejection::LinkInvalid),
        ] {
            for state in [
                Rejection::AccountSuspended,
                Rejection::AccountBanned,
                Rejection::AccountDeleted,
            ] {
                assert_eq!(at.answer(state), at.answer(wrong), "{at:?} {state:?}");
            }
        }
    }

    #[test]
    fn every_dead_refresh_token_reads_alike() {
        for at in [At::Refresh, At::RefreshGrant] {
            let revoked = at.answer(Rejection::TokenRevoked);
            for dead in [
                Rejection::TokenExpired,
                Rejection::TokenMalformed,
                Rejection::TokenSignature,
                Rejection::TokenClaims,
                Rejection::TokenWrongKind,
                Rejection::TokenMissing,
            ] {
                assert_eq!(at.answer(dead), revoked, "{at:?} {dead:?}");
            }
        }
    }

    #[track_caller]
    fn says(at: At, rejection: Rejection, status: u16, sentence: &str) {
        let answer = at.answer(rejection);
        let said = (answer.status().as_u16(), answer.sentence());
        assert_eq!(said, (status, sentence), "{at:?} {rejection:?}");
    }

    #[test]
    fn who_comes_reads_the_documented_sentences() {
        use Rejection as R;
        let provide = "Password or third-party ID must be provided";
        for at in [At::Register, At::Token] {
            says(at, R::EmailTaken, 400, "Email already registered");
        }
        says(At::Register, R::CredentialMissing, 400, provide);
        for at in [At::Register, At::Login, At::Token] {
            says(
                at,
                R::ProviderUnknown,
                400,
                "Unsupported third-party provider",
            );
            says(
                at,
                R::ProviderTokenInvalid,
                401,
                "Invalid third-party token",
            );
        }
        says(At::Link, R::LinkInvalid, 400, "Invalid or expired token");
        says(At::Login, R::InvalidCredentials, 401, "Invalid credentials");
        says(
            At::PasswordGrant,
            R::InvalidCredentials,
            400,
            "Invalid credentials",
        );
        says(At::Login, R::AddressUnproven, 403, "Email not verified");
        says(
            At::PasswordGrant,
            R::AddressUnproven,
            400,
            "Email not verified",
        );
    }

    #[test]
    fn who_is_there_reads_the_documented_sentences() {
        use Rejection as R;
        let missing =
            "Authorization header is missing. Please include a valid 'Authorization' header.";
        says(
            At::Refresh,
            R::TokenExpired,
            401,
            "Invalid or expired refresh token",
        );
        says(
            At::RefreshGrant,
            R::TokenExpired,
            400,
            "Invalid or expired refresh token",
        );
        says(
            At::Password,
            R::PasswordWrong,
            400,
            "Current password is incorrect",
        );
        says(At::Token, R::TokenMissing, 401, missing);
        says(At::Token, R::TokenExpired, 401, "Token has expired.");
        says(At::Token, R::TokenSignature, 401, "Invalid token.");
        says(At::Token, R::TokenWrongKind, 401, "Invalid token.");
    }

    #[test]
    fn a_new_password_is_blamed_where_it_was_sent() {
        let blamed = |at: At| format!("{:?}", at.answer(Rejection::PasswordCommon));
        assert!(blamed(At::Register).contains("\"password\""));
        assert!(blamed(At::Password).contains("\"new_password\""));
    }
}
