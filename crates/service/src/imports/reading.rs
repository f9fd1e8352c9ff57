//! The one shape in which every service's rows are decided about, and reading its parts.
//!
//! Why something cannot be read is told to the operator, and says nothing of what stood there: rows hold addresses.

use doorward_crypto::{HashRejected, adopt_hash};
use doorward_domain::{
    Email, Identifier, Login, Nickname, Phone, Profile, ProviderName, Status, Timestamp, UserId,
};
use doorward_store::imports::Claims;

use super::report::Skip;

/// Longer names are none that a person has.
const LONGEST_NAME: usize = 255;

/// In years.
const AGES: std::ops::RangeInclusive<i64> = 0..=150;

/// What a row says.
pub(super) enum Reading {
    /// Here is a user.
    User(Box<Incoming>),
    /// Here was a user, who was deleted.
    Deleted {
        identifiers: Vec<Identifier>,
        at: Option<Timestamp>,
    },
    /// A rule leaves this one where it is.
    Skipped(Skip),
}

/// Whether the identifiers of a row have been proven there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    No,
    /// At that time, if it is known.
    Yes(Option<Timestamp>),
}

impl Proven {
    pub(super) fn when(self, otherwise: Timestamp) -> Option<Timestamp> {
        match self {
            Self::No => None,
            Self::Yes(at) => Some(at.unwrap_or(otherwise)),
        }
    }
}

/// Who somebody is at an identity provider.
pub(super) struct Subject {
    pub(super) provider: ProviderName,
    pub(super) subject: String,
}

/// A user as another service knows them.
pub(super) struct Incoming {
    pub(super) id: Option<UserId>,
    pub(super) status: Status,
    pub(super) email: Option<Email>,
    pub(super) phone: Option<Phone>,
    pub(super) login: Option<Login>,
    pub(super) proven: Proven,
    pub(super) profile: Profile,
    /// In the form that is stored.
    pub(super) password_hash: Option<String>,
    pub(super) identity: Option<Subject>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) last_login_at: Option<Timestamp>,
}

impl Incoming {
    /// Somebody with nothing.
    pub(super) fn nobody(created_at: Option<Timestamp>) -> Self {
        Self {
            id: None,
            status: Status::Active,
            email: None,
            phone: None,
            login: None,
            proven: Proven::No,
            profile: Profile::default(),
            password_hash: None,
            identity: None,
            created_at,
            last_login_at: None,
        }
    }

    /// What nobody else may have.
    pub(super) fn claims(&self) -> Claims<'_> {
        Claims {
            id: self.id,
            email: self.email.as_ref(),
            phone: self.phone.as_ref(),
            login: self.login.as_ref(),
            nickname: self.profile.nickname.as_ref(),
        }
    }
}

/// The text, unless it is empty.
pub(super) fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// The id, where it is a UUID; a number is none, and neither is any other text.
pub(super) fn uuid(text: &str) -> Option<UserId> {
    text.parse().ok()
}

pub(super) fn email(text: Option<&String>) -> Result<Option<Email>, String> {
    let email = filled(text).map(Email::parse).transpose();
    email.map_err(|error| format!("its e-mail address: {error}"))
}

pub(super) fn phone(text: Option<&String>) -> Result<Option<Phone>, String> {
    let phone = filled(text).map(Phone::parse).transpose();
    phone.map_err(|error| format!("its telephone number: {error}"))
}

pub(super) fn login(text: Option<&String>) -> Result<Login, String> {
    let login = Login::parse(filled(text).unwrap_or_default());
    login.map_err(|error| format!("its login: {error}"))
}

/// A hash that was made elsewhere, in the form in which it is stored. One of an unknown kind, or that costs more than a
/// sign-in may cost, is refused.
pub(super) fn password_hash(text: Option<&String>) -> Result<Option<String>, String> {
    let hash = filled(text).map(adopt_hash).transpose();
    hash.map_err(|error| match error {
        HashRejected::Unknown => "its password hash is of no known kind".to_owned(),
        HashRejected::Cost | HashRejected::Memory => {
            "its password hash would cost too much to check, or too little to be safe".to_owned()
        }
    })
}

pub(super) fn name(what: &str, text: Option<&String>) -> Result<Option<String>, String> {
    match filled(text) {
        Some(text) if text.chars().count() > LONGEST_NAME => Err(format!(
            "its {what} has more than {LONGEST_NAME} characters"
        )),
        text => Ok(text.map(str::to_owned)),
    }
}

pub(super) fn nickname(text: Option<&String>) -> Result<Option<Nickname>, String> {
    let nickname = filled(text).map(|text| Nickname::parse(text, 1..=LONGEST_NAME));
    nickname
        .transpose()
        .map_err(|error| format!("its nickname {error}"))
}

pub(super) fn age(years: Option<i64>) -> Result<Option<i64>, String> {
    match years {
        Some(years) if !AGES.contains(&years) => {
            Err("its age is none that a person has".to_owned())
        }
        years => Ok(years),
    }
}

/// An identity at a provider. Accounts with an address and a password have `email` for a provider, and that is none.
pub(super) fn identity(
    provider: Option<&String>,
    subject: Option<&String>,
) -> Result<Option<Subject>, String> {
    let (Some(provider), Some(subject)) = (filled(provider), filled(subject)) else {
        return Ok(None);
    };
    let provider = provider.to_lowercase();
    if provider == "email" {
        return Ok(None);
    }
    if subject.chars().count() > LONGEST_NAME {
        return Err("its third-party id is too long".to_owned());
    }
    Ok(Some(Subject {
        provider: ProviderName::parse(&provider).map_err(|error| error.to_string())?,
        subject: subject.to_owned(),
    }))
}
