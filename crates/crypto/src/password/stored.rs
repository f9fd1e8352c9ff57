//! Reading stored hashes, with a ceiling on what one of them may cost.

use super::argon::{ArgonHash, Scratch};
use super::bcrypt::{Plain, Prehashed};
use super::{HashRejected, Scheme};

/// Stands before a plain bcrypt hash that another program made.
pub(super) const FOREIGN: &str = "foreign:";

/// Longer texts are no hash of any kind known here.
const LONGEST: usize = 256;

pub(super) enum Stored {
    Argon(ArgonHash),
    Bcrypt(Plain),
    ForeignBcrypt(Plain),
    BcryptSha256(Prehashed),
}

impl Stored {
    pub(super) fn parse(text: &str) -> Result<Self, HashRejected> {
        if text.len() > LONGEST {
            return Err(HashRejected::Unknown);
        }
        if let Some(foreign) = text.strip_prefix(FOREIGN) {
            return Plain::parse(foreign).map(Self::ForeignBcrypt);
        }
        if text.starts_with("$argon2") {
            return ArgonHash::parse(text).map(Self::Argon);
        }
        if text.starts_with("$bcrypt-sha256$") {
            return Prehashed::parse(text).map(Self::BcryptSha256);
        }
        Plain::parse(text).map(Self::Bcrypt)
    }

    /// Whether the password is the one that was hashed.
    pub(super) fn matches(
        &self,
        password: &[u8],
        scratch: &mut Scratch,
    ) -> Result<bool, HashRejected> {
        match self {
            Self::Argon(hash) => hash.matches(password, scratch),
            Self::Bcrypt(hash) => Ok(hash.matches_whole(password)),
            Self::ForeignBcrypt(hash) => Ok(hash.matches_cut(password)),
            Self::BcryptSha256(hash) => Ok(hash.matches(password)),
        }
    }

    /// Whether this is what `scheme` would make today.
    pub(super) fn is_of(&self, scheme: &Scheme) -> bool {
        match (self, *scheme) {
            (
                Self::Argon(hash),
                Scheme::Argon2id {
                    memory_kib,
                    iterations,
                    parallelism,
                },
            ) => hash.is_current(memory_kib, iterations, parallelism),
            (Self::Bcrypt(hash), Scheme::Bcrypt { cost }) => hash.is_current(cost),
            (Self::BcryptSha256(hash), Scheme::Bcrypt { cost }) => hash.is_current(cost),
            (Self::ForeignBcrypt(_), _)
            | (Self::Argon(_), Scheme::Bcrypt { .. })
            | (Self::Bcrypt(_) | Self::BcryptSha256(_), Scheme::Argon2id { .. }) => false,
        }
    }
}
