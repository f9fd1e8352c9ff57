//! What Doorward writes to people.
//!
//! An [`Envelope`] rests sealed in the outbox, committed with what caused it; it is put into words when it leaves. What
//! it holds is read back by later versions too: fields are added, and none changes its shape.

mod rendering;

pub(crate) use rendering::{render, render_text};

use doorward_domain::{Email, Phone, Purpose, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A message on its way, as it rests sealed in the outbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// The stored address of the account; the message goes there and nowhere else.
    pub(crate) to: Address,
    /// What it says.
    pub(crate) content: Content,
    /// It was caused by somebody who named an address without an account: the worker drops it, where nobody can
    /// measure.
    pub(crate) dropped: bool,
    /// After this it is of no use to its reader and is not sent.
    pub(crate) good_until: Option<Timestamp>,
}

impl Envelope {
    /// A message that is true whenever it arrives.
    pub(crate) const fn notice(to: Address, content: Content) -> Self {
        Self {
            to,
            content,
            dropped: false,
            good_until: None,
        }
    }
}

/// Where a message goes, as its account has it.
///
/// An e-mail address rests as a plain text, which is how it rested before there were text messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Address {
    /// An e-mail address.
    Mail(String),
    /// A telephone number in E.164.
    Phone {
        /// The number.
        number: String,
    },
}

impl Address {
    /// An e-mail address as an account has it.
    pub(crate) fn mail(stored: &str) -> Self {
        Self::Mail(stored.to_owned())
    }

    /// What kind of contact it is.
    pub(crate) const fn kind(&self) -> ContactKind {
        match self {
            Self::Mail(_) => ContactKind::Email,
            Self::Phone { .. } => ContactKind::Phone,
        }
    }

    /// A number as an account has it.
    pub(crate) fn phone(stored: &str) -> Self {
        Self::Phone {
            number: stored.to_owned(),
        }
    }
}

impl From<&Email> for Address {
    fn from(email: &Email) -> Self {
        Self::mail(email.as_str())
    }
}

impl From<&Phone> for Address {
    fn from(phone: &Phone) -> Self {
        Self::phone(phone.as_str())
    }
}

/// The messages there are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub(crate) enum Content {
    /// A one-time code.
    Code {
        purpose: Purpose,
        code: String,
        lifetime: Span,
    },
    /// Somebody tried to register with the address of an account.
    AlreadyRegistered,
    /// What was dropped when the address was proven by somebody new.
    FirstProof(Dropped),
    /// The way back in after a forgotten password: a code and a link, each of which spends the other.
    ResetCode {
        code: String,
        lifetime: Span,
        link: String,
        link_lifetime: Span,
    },
    /// The way back in, which an operator sends.
    ResetLink { link: String, lifetime: Span },
    /// Somebody registered with this address: the link to confirm or to disown that.
    ConfirmLink { link: String, lifetime: Span },
    /// An account is to have this address: the link to confirm or to disown that.
    ChangeLink { link: String, lifetime: Span },
    /// The account is to have another address, once that is confirmed; told to everything that it has until then.
    AddressChanging,
    /// Somebody with the way back in set a new password; told to every address.
    PasswordWasReset,
    /// Somebody who was signed in changed what the password is; told to every address.
    PasswordChanged { change: PasswordStep },
    /// The account has another address or number; told to what it had before and to what else it has.
    ContactChanged { kind: ContactKind },
    /// The account no longer has an address or number, since somebody else proved to hold it; told to what is left.
    ContactLost { kind: ContactKind },
    /// Too many wrong passwords suspended the account.
    Suspended,
    /// An identity at another provider signs in to the account from now on.
    IdentityLinked { provider: String },
}

/// What became of a password.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordStep {
    /// There was none before.
    Added,
    /// Another one took its place.
    Changed,
    /// There is none any more.
    Removed,
}

impl PasswordStep {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What people are reached at.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContactKind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
}

impl ContactKind {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Phone => "telephone number",
        }
    }
}

/// What the first proof of an address swept away.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dropped {
    pub(crate) password: bool,
    pub(crate) profile: bool,
    pub(crate) sessions: usize,
    pub(crate) files: usize,
    /// Accounts at other services that would have signed in.
    #[serde(default)]
    pub(crate) identities: u64,
}

impl Dropped {
    /// Whether there is anything to tell of.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.password
            && !self.profile
            && self.sessions == 0
            && self.files == 0
            && self.identities == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_from_before_there_were_text_messages_is_read() {
        let kept = r#"{"to":"ada@example.com","content":{"message":"already_registered"},"dropped":false,"good_until":null}"#;
        let envelope: Envelope = serde_json::from_str(kept).unwrap();
        assert!(envelope.to == Address::mail("ada@example.com"));
        assert_eq!(serde_json::to_string(&envelope).unwrap(), kept);
    }

    #[test]
    fn an_address_and_a_number_are_told_apart() {
        for address in [
            Address::mail("+441632960018"),
            Address::phone("+441632960018"),
        ] {
            let kept = serde_json::to_string(&address).unwrap();
            assert!(
                serde_json::from_str::<Address>(&kept).unwrap() == address,
                "{kept}"
            );
        }
    }

    #[test]
    fn what_was_dropped_before_identities_were_counted_is_read() {
        let kept = r#"{"password":true,"profile":false,"sessions":1,"files":0}"#;
        let dropped: Dropped = serde_json::from_str(kept).unwrap();
        assert!(dropped.identities == 0 && !dropped.is_empty());
    }
}
