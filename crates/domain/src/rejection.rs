//! The one table of refusals: every way in which Doorward says no to a caller.
//!
//! A refusal is an answer, not a fault. Each surface translates the [`Class`] with one exhaustive `match` and gives
//! single refusals the words that its document promises.

/// What kind of refusal it is; a closed set that every surface must translate whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The input breaks a rule.
    Invalid,
    /// Nobody is signed in, or what they showed does not sign them in.
    Unauthenticated,
    /// Signed in, and not allowed.
    Forbidden,
    /// There is no such thing for this caller.
    NotFound,
    /// Somebody else has it.
    Conflict,
    /// It was good once.
    Expired,
    /// Too many tries; carries a wait.
    TooMany,
    /// This installation does not do that.
    Unsupported,
    /// Not now; trying again later helps.
    Unavailable,
}

macro_rules! rejections {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $class:ident, $title:literal;)+) => {
        /// A refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rejection {
            $($(#[$meta])* #[doc = $title] $name),+
        }

        impl Rejection {
            /// Every refusal there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// A stable word for programs.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What kind of refusal it is.
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class),+ }
            }

            /// A sentence for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

rejections! {
    InvalidCredentials = "invalid_credentials", Unauthenticated, "The identifier or the password is wrong.";
    AddressUnproven = "address_unproven", Forbidden, "This address has not been confirmed yet.";
    AccountSuspended = "account_suspended", Forbidden, "This account is suspended.";
    AccountBanned = "account_banned", Forbidden, "This account is banned.";
    AccountDeleted = "account_deleted", Forbidden, "This account is deleted.";
    EmailTaken = "email_taken", Conflict, "An account already uses this e-mail address.";
    PhoneTaken = "phone_taken", Conflict, "An account already uses this telephone number.";
    LoginTaken = "login_taken", Conflict, "An account already uses this login.";
    NicknameTaken = "nickname_taken", Conflict, "Somebody already uses this nickname.";
    LoginLooksLikeAddress = "login_looks_like_address", Invalid, "A login must not look like an e-mail address.";
    PasswordTooShort = "password_too_short", Invalid, "The password is too short.";
    PasswordTooLong = "password_too_long", Invalid, "The password is too long.";
    PasswordNeedsUpper = "password_needs_upper", Invalid, "The password needs an upper-case letter.";
    PasswordNeedsLower = "password_needs_lower", Invalid, "The password needs a lower-case letter.";
    PasswordNeedsDigit = "password_needs_digit", Invalid, "The password needs a digit.";
    PasswordCommon = "password_common", Invalid, "This password is among the first that an attacker tries.";
    CodeInvalid = "code_invalid", Unauthenticated, "This code is wrong.";
    CodeExpired = "code_expired", Expired, "This code has expired or was used.";
    CodeExhausted = "code_exhausted", TooMany, "Too many wrong codes; ask for a new one.";
    CodeCooldown = "code_cooldown", TooMany, "A code was sent a moment ago.";
    PasswordRequired = "password_required", Invalid, "The password is needed here.";
    PasswordWrong = "password_wrong", Forbidden, "The password is wrong.";
    OldPasswordRequired = "old_password_required", Invalid, "The old password is needed to change it.";
    TokenCooldown = "token_cooldown", TooMany, "Tokens were given a moment ago.";
    IdentifierAmbiguous = "identifier_ambiguous", Invalid, "Exactly one of e-mail address and telephone number is needed.";
    IdentifierGuarded = "identifier_guarded", Conflict, "The account that has this address has a password, and keeps it.";
    CredentialMissing = "credential_missing", Invalid, "A password or an identity of a provider is needed.";
    ProviderUnknown = "provider_unknown", Unsupported, "This identity provider is not configured.";
    ProviderTokenInvalid = "provider_token_invalid", Unauthenticated, "The identity provider's token is not good here.";
    ProviderAddressUnproven = "provider_address_unproven", Conflict, "The identity provider has not verified this address, and an account has it.";
    ProviderUnavailable = "provider_unavailable", Unavailable, "The identity provider cannot be reached; try again in a moment.";
    IdentityTaken = "identity_taken", Conflict, "An account already uses this identity.";
    PasswordTriesExhausted = "password_tries_exhausted", TooMany, "Too many wrong passwords; try again later.";
    RateLimited = "rate_limited", TooMany, "Too many requests.";
    TokenMissing = "token_missing", Unauthenticated, "A token is needed here.";
    TokenMalformed = "token_malformed", Unauthenticated, "This is no token.";
    TokenSignature = "token_signature", Unauthenticated, "The token's signature is not ours.";
    TokenClaims = "token_claims", Unauthenticated, "The token's claims are not those of a token of ours.";
    TokenExpired = "token_expired", Unauthenticated, "The token has expired.";
    TokenWrongKind = "token_wrong_kind", Unauthenticated, "This kind of token is not good here.";
    TokenRevoked = "token_revoked", Unauthenticated, "The token's session has ended.";
    LinkInvalid = "link_invalid", Expired, "This link is wrong, was used, or has expired.";
    SessionNotFound = "session_not_found", NotFound, "There is no such session.";
    ProjectUnknown = "project_unknown", Invalid, "This project is not known here.";
    FieldInvalid = "field_invalid", Invalid, "A field has a value that it cannot have.";
    FileNotFound = "file_not_found", NotFound, "There is no such file.";
    FileTooLarge = "file_too_large", Invalid, "The file is larger than allowed.";
    UploadBroken = "upload_broken", Invalid, "The upload broke off.";
    FileKindUnclear = "file_kind_unclear", Unsupported, "The file's name, type and first bytes do not agree.";
    FileCountExceeded = "file_count_exceeded", Conflict, "The limit of files is reached.";
    UserNotFound = "user_not_found", NotFound, "There is no such user.";
    KeyVersionUnknown = "key_version_unknown", NotFound, "There is no key of this version.";
    PublicKeyAbsent = "public_key_absent", Unsupported, "Tokens are signed with a shared key here; there is no public one.";
    PhoneUnavailable = "phone_unavailable", Unsupported, "Phone sign-in is not available.";
    HashingBusy = "hashing_busy", Unavailable, "Too many sign-ins at once; try again in a moment.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_one_word_and_used_once() {
        let codes: HashSet<_> = Rejection::ALL
            .iter()
            .map(|rejection| rejection.code())
            .collect();
        assert_eq!(codes.len(), Rejection::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }

    #[test]
    fn every_title_is_a_sentence() {
        assert!(
            Rejection::ALL
                .iter()
                .all(|rejection| rejection.title().ends_with('.'))
        );
    }
}
