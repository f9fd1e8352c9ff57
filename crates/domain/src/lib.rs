//! Words and rules: identifiers, time, state machines and the one table of refusals.
//!
//! Everything here is a value. Nothing in this crate does I/O, waits, reads a clock or draws a random number: time
//! and randomness come in as arguments, so that a rule can be tested by writing down what it says.
#![warn(missing_docs)]

mod client;
mod email;
mod family;
mod ids;
mod limit;
mod login;
mod names;
mod password;
mod phone;
mod profile;
mod project;
mod provider;
mod purpose;
mod rejection;
mod status;
mod text;
mod time;
mod tracing;

pub use client::{ClientAddr, Network};
pub use email::{Email, EmailError};
pub use family::{Families, Family};
pub use ids::{CodeId, FileId, JobId, KeyVersion, SessionId, UserId};
pub use limit::{Quota, QuotaError};
pub use login::{Login, LoginError};
pub use names::{FileName, FileNameError, Nickname};
pub use password::{PasswordFault, PasswordRules};
pub use phone::{Phone, PhoneError};
pub use profile::Profile;
pub use project::{ProjectId, ProjectIdError};
pub use provider::{ProviderName, ProviderNameError};
pub use purpose::{LinkPurpose, Purpose};
pub use rejection::{Class, Rejection};
pub use status::Status;
pub use text::{TextError, UnknownWord};
pub use time::{Span, Timestamp};
pub use tracing::TRACED;

/// One of the identifiers that an account is found by.
///
/// The variants never stand in for one another: a login that looks like an address is still only a login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// An e-mail address.
    Email(Email),
    /// A telephone number.
    Phone(Phone),
    /// A login name.
    Login(Login),
}

impl Identifier {
    /// The canonical form with its kind in front, which is what keyed hashes and limits are made from:
    /// `ada@example.com` as a login and as an address are two different keys.
    pub fn key(&self) -> String {
        match self {
            Self::Email(email) => format!("email:{}", email.key()),
            Self::Phone(phone) => format!("phone:{}", phone.key()),
            Self::Login(login) => format!("login:{}", login.key()),
        }
    }
}

impl From<Email> for Identifier {
    fn from(email: Email) -> Self {
        Self::Email(email)
    }
}

impl From<Login> for Identifier {
    fn from(login: Login) -> Self {
        Self::Login(login)
    }
}

impl From<Phone> for Identifier {
    fn from(phone: Phone) -> Self {
        Self::Phone(phone)
    }
}
