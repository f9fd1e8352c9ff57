//! What people are reached at: an e-mail address or a telephone number, which can be proven, given and taken away.

use crate::messages::ContactKind;
use doorward_domain::{Email, Identifier, Phone, Timestamp, UserId};
use doorward_store::users::{self, User};
use doorward_store::{Result, WriteTx};

/// An identifier that messages can be sent to. A login is none.
#[derive(Clone, Copy)]
pub(crate) enum Contact<'a> {
    Email(&'a Email),
    Phone(&'a Phone),
}

impl From<Contact<'_>> for Identifier {
    fn from(contact: Contact<'_>) -> Self {
        match contact {
            Contact::Email(email) => email.clone().into(),
            Contact::Phone(phone) => phone.clone().into(),
        }
    }
}

impl<'a> Contact<'a> {
    pub(crate) const fn of(identifier: &'a Identifier) -> Option<Self> {
        match identifier {
            Identifier::Email(email) => Some(Self::Email(email)),
            Identifier::Phone(phone) => Some(Self::Phone(phone)),
            Identifier::Login(_) => None,
        }
    }

    pub(crate) const fn kind(self) -> ContactKind {
        match self {
            Self::Email(_) => ContactKind::Email,
            Self::Phone(_) => ContactKind::Phone,
        }
    }

    /// Whether it belongs to the account, proven or not.
    pub(crate) fn is_held_by(self, user: &User) -> bool {
        match self {
            Self::Email(email) => user.email_key.as_deref() == Some(email.key()),
            Self::Phone(phone) => user.phone_key.as_deref() == Some(phone.key()),
        }
    }

    /// Whether the account has proven it.
    pub(crate) fn is_proven_by(self, user: &User) -> bool {
        self.is_held_by(user)
            && match self {
                Self::Email(_) => user.email_proven_at.is_some(),
                Self::Phone(_) => user.phone_proven_at.is_some(),
            }
    }

    /// Whether the account has proven something of the other kind.
    pub(crate) const fn has_proven_sibling(self, user: &User) -> bool {
        match self {
            Self::Email(_) => user.phone_proven_at.is_some(),
            Self::Phone(_) => user.email_proven_at.is_some(),
        }
    }

    /// Whether the account has nothing else that it is found by.
    pub(crate) const fn is_all_that(self, user: &User) -> bool {
        let sibling = match self {
            Self::Email(_) => &user.phone_key,
            Self::Phone(_) => &user.email_key,
        };
        sibling.is_none() && user.login_key.is_none()
    }

    /// What the account has of this kind, in its own spelling.
    pub(crate) fn predecessor(self, user: &User) -> Option<Identifier> {
        match self {
            Self::Email(_) => Some(Email::parse(user.email.as_deref()?).ok()?.into()),
            Self::Phone(_) => Some(Phone::parse(user.phone.as_deref()?).ok()?.into()),
        }
    }

    pub(crate) async fn confirm(
        self,
        tx: &mut WriteTx,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        match self {
            Self::Email(_) => users::confirm_email(tx, user, now).await,
            Self::Phone(_) => users::confirm_phone(tx, user, now).await,
        }
    }

    pub(crate) async fn detach(
        self,
        tx: &mut WriteTx,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        match self {
            Self::Email(_) => users::detach_email(tx, user, now).await,
            Self::Phone(_) => users::detach_phone(tx, user, now).await,
        }
    }

    /// `false` when somebody else has it; then the transaction can only be dropped.
    pub(crate) async fn attach(
        self,
        tx: &mut WriteTx,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        match self {
            Self::Email(email) => users::attach_email(tx, user, email, now).await,
            Self::Phone(phone) => users::attach_phone(tx, user, phone, now).await,
        }
    }
}
