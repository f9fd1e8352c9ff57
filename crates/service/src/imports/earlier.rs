//! What a rehearsal remembers in place of the database: identifiers that rows which it has read already would have
//! taken.
//!
//! Rows that share a transaction see one another there. Once that has been rolled back, this is all that is left of
//! them.

use super::reading::{Incoming, Proven};
use doorward_domain::{Email, Login, Nickname, Phone};
use std::collections::HashMap;

/// See the module.
#[derive(Default)]
pub(super) struct Earlier {
    finished: HashMap<String, Proven>,
    unfinished: Vec<(String, Proven)>,
}

/// Who has an identifier that a row claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Nobody.
    Nobody,
    /// Somebody who has proven the same address.
    SamePerson,
    /// Somebody else.
    Somebody,
}

impl Earlier {
    /// Notes that a row was taken.
    pub(super) fn note(&mut self, incoming: &Incoming) {
        let keys = keys(incoming).into_iter();
        let with_proof = keys.map(|key| (key, incoming.proven));
        self.unfinished.extend(with_proof);
    }

    /// A transaction broke: what was noted in it did not happen.
    pub(super) fn forget_unfinished(&mut self) {
        self.unfinished.clear();
    }

    /// A transaction was rolled back at its end.
    pub(super) fn finish(&mut self) {
        self.finished.extend(self.unfinished.drain(..));
    }

    /// Whether an earlier row has what this one claims.
    pub(super) fn meet(&self, incoming: &Incoming) -> Met {
        let keys = keys(incoming);
        let mut met = keys
            .iter()
            .filter_map(|key| Some((key, self.finished.get(key)?)))
            .peekable();
        if met.peek().is_none() {
            return Met::Nobody;
        }
        let both_proven = met.any(|(key, proven)| {
            let is_address = key.starts_with("email:") || key.starts_with("phone:");
            is_address && *proven != Proven::No && incoming.proven != Proven::No
        });
        if both_proven {
            Met::SamePerson
        } else {
            Met::Somebody
        }
    }
}

fn keys(incoming: &Incoming) -> Vec<String> {
    let nickname = incoming.profile.nickname.as_ref().map(Nickname::key);
    let identity = incoming.identity.as_ref();
    let named = [
        ("email", incoming.email.as_ref().map(Email::key)),
        ("phone", incoming.phone.as_ref().map(Phone::key)),
        ("login", incoming.login.as_ref().map(Login::key)),
        ("nickname", nickname),
    ];
    named
        .into_iter()
        .filter_map(|(kind, key)| Some(format!("{kind}:{}", key?)))
        .chain(incoming.id.map(|id| format!("id:{id}")))
        .chain(identity.map(|it| format!("identity:{}:{}", it.provider, it.subject)))
        .collect()
}
