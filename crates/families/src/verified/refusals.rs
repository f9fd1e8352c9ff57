//! What family `verified` says to every refusal.

use crate::call::Table;
use crate::detail::{Answer, documented};
use doorward_domain::{Class, Family, Quota, Rejection};
use doorward_http::NamedLimits;
use http::StatusCode as Status;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Response};

/// Where a refusal met its caller: the same one can read differently in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Registering.
    Register,
    /// Asking for a code.
    SendOtp,
    /// Showing a code.
    VerifyOtp,
    /// Signing in.
    Login,
    /// Showing a refresh token.
    Refresh,
    /// Whatever takes an access token.
    Token,
}

impl Table for At {
    const FAMILY: Family = Family::Verified;
    const ALL: &'static [Self] = &[
        Self::Register,
        Self::SendOtp,
        Self::VerifyOtp,
        Self::Login,
        Self::Refresh,
        Self::Token,
    ];
    const TOKEN: Self = Self::Token;

    fn answer(self, rejection: Rejection) -> Answer {
        use Rejection as R;
        let said = rejection.title();
        match (self, rejection) {
            (_, R::EmailTaken) => {
                return Answer::detail(Status::BAD_REQUEST, "Email already registered");
            }
            (_, R::CodeCooldown) => {
                return Answer::detail(Status::TOO_MANY_REQUESTS, RECENTLY_SENT);
            }
            (_, R::CodeInvalid | R::CodeExpired | R::CodeExhausted)
            | (Self::VerifyOtp, R::AccountSuspended | R::AccountBanned | R::AccountDeleted) => {
                return Answer::detail(Status::BAD_REQUEST, "Invalid or expired OTP");
            }
            (_, R::InvalidCredentials)
            | (Self::Login, R::AccountSuspended | R::AccountBanned | R::AccountDeleted) => {
                return Answer::detail(Status::BAD_REQUEST, "Incorrect email or password");
            }
            (_, R::AddressUnproven) => return Answer::detail(Status::FORBIDDEN, NOT_VERIFIED),
            (_, R::TokenMissing) => return Answer::detail(Status::FORBIDDEN, "Not authenticated"),
            (_, R::FileNotFound) => return Answer::detail(Status::NOT_FOUND, "File not found"),
            (_, R::FileTooLarge) => return Answer::detail(Status::PAYLOAD_TOO_LARGE, said),
            (_, R::AccountSuspended | R::AccountBanned | R::AccountDeleted) => return self.token(),
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
            Class::Unauthenticated => self.token(),
            Class::Forbidden => Answer::detail(Status::FORBIDDEN, said),
            Class::NotFound => Answer::detail(Status::NOT_FOUND, said),
            Class::Conflict => Answer::detail(Status::CONFLICT, said),
            Class::Expired | Class::Unsupported => Answer::detail(Status::BAD_REQUEST, said),
            Class::TooMany => Answer::limit(said),
            Class::Unavailable => Answer::detail(Status::SERVICE_UNAVAILABLE, said),
        }
    }

    fn limit(self, named: &NamedLimits) -> Option<Quota> {
        Some(self.named(named))
    }
}

impl At {
    /// Wrong passwords and wrong codes are counted by account too; what a client reads then has the same shape.
    const fn named(self, named: &NamedLimits) -> Quota {
        match self {
            Self::Login => named.login,
            Self::Refresh => named.refresh,
            Self::SendOtp => named.send_otp,
            Self::VerifyOtp => named.verify_otp,
            Self::Register | Self::Token => named.default,
        }
    }

    /// A token that is not good, whatever is wrong with it.
    const fn token(self) -> Answer {
        let sentence = match self {
            Self::Refresh => "Invalid refresh token",
            Self::Register | Self::SendOtp | Self::VerifyOtp | Self::Login | Self::Token => {
                "Could not validate credentials"
            }
        };
        Answer::detail(Status::UNAUTHORIZED, sentence).with_challenge()
    }
}

const RECENTLY_SENT: &str = "OTP recently sent. Please wait before requesting again.";
const NOT_VERIFIED: &str =
    "Email not verified. Please verify your email using the OTP sent to you.";

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
        let wrong = At::Login.answer(Rejection::InvalidCredentials);
        for state in [
            Rejection::AccountSuspended,
            Rejection::AccountBanned,
            Rejection::AccountDeleted,
        ] {
            assert_eq!(At::Login.answer(state), wrong);
        }
    }

    #[test]
    fn every_dead_code_reads_alike() {
        let wrong = At::VerifyOtp.answer(Rejection::CodeInvalid);
        for state in [
            Rejection::CodeExpired,
            Rejection::CodeExhausted,
            Rejection::AccountSuspended,
        ] {
            assert_eq!(At::VerifyOtp.answer(state), wrong);
        }
    }

    #[test]
    fn the_documented_sentences_stand_where_the_document_has_them() {
        let unproven = "Email not verified. Please verify your email using the OTP sent to you.";
        for (at, rejection, status, sentence) in [
            (
                At::Register,
                Rejection::EmailTaken,
                400,
                "Email already registered",
            ),
            (At::SendOtp, Rejection::CodeCooldown, 429, RECENTLY_SENT),
            (
                At::VerifyOtp,
                Rejection::CodeInvalid,
                400,
                "Invalid or expired OTP",
            ),
            (
                At::Login,
                Rejection::InvalidCredentials,
                400,
                "Incorrect email or password",
            ),
            (At::Login, Rejection::AddressUnproven, 403, unproven),
            (
                At::Refresh,
                Rejection::TokenExpired,
                401,
                "Invalid refresh token",
            ),
            (
                At::Refresh,
                Rejection::TokenWrongKind,
                401,
                "Invalid refresh token",
            ),
            (
                At::Refresh,
                Rejection::AccountBanned,
                401,
                "Invalid refresh token",
            ),
            (
                At::Token,
                Rejection::TokenRevoked,
                401,
                "Could not validate credentials",
            ),
            (
                At::Token,
                Rejection::AccountDeleted,
                401,
                "Could not validate credentials",
            ),
            (At::Token, Rejection::TokenMissing, 403, "Not authenticated"),
            (At::Token, Rejection::FileNotFound, 404, "File not found"),
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
