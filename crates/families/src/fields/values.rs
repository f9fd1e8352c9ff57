//! The values that several families read alike.

use super::Flaw;
use doorward_domain::{Email, PasswordFault, PasswordRules, Phone};
use doorward_service::passwords::NewPassword;
use secrecy::SecretString;

/// An address, in whatever spelling.
pub(crate) fn email(text: &str) -> Result<Email, Flaw> {
    Email::parse(text).map_err(|error| Flaw::value(error.to_string()))
}

/// A telephone number with its country.
pub(crate) fn phone(text: &str) -> Result<Phone, Flaw> {
    Phone::parse(text).map_err(|error| Flaw::value(error.to_string()))
}

/// A password that is to be set. Its length is told as that of any other text; the rest is a rule of its own.
pub(crate) fn new_password(text: SecretString, rules: &PasswordRules) -> Result<NewPassword, Flaw> {
    NewPassword::parse(text, rules).map_err(|fault| match fault {
        PasswordFault::TooShort(min) => Flaw::TooShort(min),
        PasswordFault::TooLong(max) => Flaw::TooLong(max),
        PasswordFault::NoUpper | PasswordFault::NoLower | PasswordFault::NoDigit => {
            Flaw::value(fault.to_string())
        }
    })
}
