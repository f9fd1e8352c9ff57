//! By what an import sees that a row has changed where it came from.
//!
//! The hashes are keyed: they outlive their users, and must not tell whose address a deleted one had.

use super::reading::{Incoming, Proven, Reading};
use crate::App;
use doorward_crypto::Label;
use doorward_domain::{Email, Family, Identifier, Login, Nickname, Phone};
use doorward_store::imports::Imported;
use serde_json::{Value, json};

/// A keyed hash, and the one that the previous master key gives.
pub(super) struct Digest {
    current: String,
    previous: Option<String>,
}

/// Of all that is taken of a row, and of its password's hash alone.
pub(super) struct Digests {
    pub(super) whole: Digest,
    pub(super) password: Option<Digest>,
}

impl Digest {
    fn of(app: &App, text: &str) -> Self {
        let parts: &[&[u8]] = &[text.as_bytes()];
        let previous = app.vault.keyed_previous(Label::Imported, parts);
        Self {
            current: app.vault.keyed(Label::Imported, parts).to_hex(),
            previous: previous.map(|hash| hash.to_hex()),
        }
    }

    pub(super) fn is(&self, stored: &str) -> bool {
        self.current == stored || self.previous.as_deref() == Some(stored)
    }

    pub(super) fn current(&self) -> String {
        self.current.clone()
    }

    /// Whether it was the previous master key that gave what is stored, so that it has to be stored anew.
    pub(super) fn is_dated(&self, stored: &str) -> bool {
        self.current != stored
    }
}

impl Digests {
    /// Of a row; one that cannot be read has those of nothing, and they are not kept.
    pub(super) fn of(app: &App, family: Family, reading: Option<&Reading>) -> Self {
        let incoming = match reading {
            Some(Reading::User(incoming)) => Some(incoming.as_ref()),
            _ => None,
        };
        let password = incoming.and_then(|incoming| incoming.password_hash.as_deref());
        let text = json!([family.as_str(), reading.map(written)]).to_string();
        Self {
            whole: Digest::of(app, &text),
            password: password.map(|hash| Digest::of(app, hash)),
        }
    }

    /// Whether the password is the one that was taken.
    pub(super) fn same_password(&self, known: &Imported) -> bool {
        match (&self.password, &known.password_digest) {
            (None, None) => true,
            (Some(digest), Some(stored)) => digest.is(stored),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

fn written(reading: &Reading) -> Value {
    match reading {
        Reading::User(incoming) => user(incoming),
        Reading::Deleted { identifiers, .. } => {
            let keys: Vec<String> = identifiers.iter().map(Identifier::key).collect();
            json!(["deleted", keys])
        }
        Reading::Skipped(skip) => json!(["skipped", skip.as_str()]),
    }
}

fn user(incoming: &Incoming) -> Value {
    let profile = &incoming.profile;
    let proven = match incoming.proven {
        Proven::No => json!(false),
        Proven::Yes(at) => json!([at]),
    };
    let identity = incoming.identity.as_ref();
    json!([
        incoming.id,
        incoming.status,
        incoming.email.as_ref().map(Email::as_str),
        incoming.phone.as_ref().map(Phone::as_str),
        incoming.login.as_ref().map(Login::as_str),
        proven,
        profile.nickname.as_ref().map(Nickname::as_str),
        profile.first_name,
        profile.last_name,
        profile.full_name,
        profile.age,
        incoming.password_hash,
        identity.map(|it| (it.provider.as_str(), it.subject.as_str())),
        incoming.created_at,
        incoming.last_login_at,
    ])
}
