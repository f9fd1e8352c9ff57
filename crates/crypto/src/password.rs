//! Passwords: the hashes Doorward makes, the foreign ones it accepts, and the bounded pool that works on them.
//!
//! No byte of a password is ever ignored by a hash made here (no cut at 72 bytes, no stop at NUL). Hashes of
//! other programs are taken as those programs made them, marked as such, and replaced at the next sign-in.

mod argon;
mod bcrypt;
mod pool;
mod stored;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

pub use self::pool::{HashPool, PoolError, PoolSize, Verdict};
use self::{argon::Scratch, stored::Stored};
use crate::Entropy;

/// What new hashes are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Argon2id (RFC 9106), written as a PHC string.
    Argon2id {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// bcrypt, for installations that share their hashes with older services: `$2b$` where the password has
    /// at most 72 bytes and no NUL, else passlib's `$bcrypt-sha256$`.
    Bcrypt {
        /// Binary logarithm of the rounds.
        cost: u32,
    },
}

impl Default for Scheme {
    /// Argon2id with 19 MiB and two passes: the least that OWASP recommends.
    fn default() -> Self {
        Self::Argon2id {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

/// Why a hash, or the cost of one, is not accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HashRejected {
    /// No kind of hash that can be verified.
    #[error("not a password hash of a known kind")]
    Unknown,
    /// The cost is below what the algorithm is defined for, or above what a server spends on one sign-in:
    /// 256 MiB, 16 passes and 16 lanes for Argon2, 2^16 rounds for bcrypt.
    #[error("the cost of the password hash is out of bounds")]
    Cost,
    /// The memory for the hash could not be had.
    #[error("no memory for the password hash")]
    Memory,
}

impl Scheme {
    /// Whether hashes can be made so at all.
    pub fn check(&self) -> Result<(), HashRejected> {
        self.blocks().map(drop)
    }

    /// KiB of memory that a hash needs for itself.
    fn blocks(&self) -> Result<usize, HashRejected> {
        match *self {
            Self::Argon2id {
                memory_kib,
                iterations,
                parallelism,
            } => argon::params(memory_kib, iterations, parallelism).map(|it| it.block_count()),
            Self::Bcrypt { cost } => bcrypt::check_cost(cost).map(|()| 0),
        }
    }
}

/// A password to hash or to verify.
pub struct Password {
    canonical: SecretString,
    typed: Option<SecretString>,
}

impl Password {
    /// A password in the one form that is hashed: normalised (NFC) once, neither trimmed, folded nor cut.
    pub fn new(canonical: SecretString) -> Self {
        Self {
            canonical,
            typed: None,
        }
    }

    /// Adds the password as it was typed, for hashes that another program made of it without normalising.
    #[must_use]
    pub fn typed_as(self, typed: SecretString) -> Self {
        let differs = typed.expose_secret() != self.canonical.expose_secret();
        Self {
            typed: differs.then_some(typed),
            ..self
        }
    }

    fn candidates(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.canonical)
            .chain(&self.typed)
            .map(|text| text.expose_secret().as_bytes())
    }
}

impl From<SecretString> for Password {
    fn from(canonical: SecretString) -> Self {
        Self::new(canonical)
    }
}

/// Checks a hash that another program made and gives the form in which it is to be stored.
///
/// A plain bcrypt hash may have ignored bytes of its password; it is marked, so that it verifies as its
/// library did and is replaced at first use, while a plain hash of our own ignores nothing.
pub fn adopt_hash(foreign: &str) -> Result<String, HashRejected> {
    Stored::parse(foreign).map(|stored| match stored {
        Stored::Bcrypt(_) => format!("{}{foreign}", stored::FOREIGN),
        _ => foreign.to_owned(),
    })
}

/// Whether a stored hash is to be replaced by one of `scheme` when its password is next known.
pub fn needs_rehash(stored: &str, scheme: &Scheme) -> bool {
    Stored::parse(stored).is_ok_and(|stored| !stored.is_of(scheme))
}

fn hash(
    scheme: &Scheme,
    entropy: &Entropy,
    password: &[u8],
    scratch: &mut Scratch,
) -> Result<String, HashRejected> {
    match *scheme {
        Scheme::Argon2id {
            memory_kib,
            iterations,
            parallelism,
        } => {
            let params = argon::params(memory_kib, iterations, parallelism)?;
            argon::hash(params, &entropy.bytes(), password, scratch)
        }
        Scheme::Bcrypt { cost } => bcrypt::hash(cost, entropy.bytes(), password),
    }
}

/// A stored hash that no password has. It costs what a hash of the scheme costs.
fn unmatchable(scheme: &Scheme, entropy: &Entropy) -> Result<String, HashRejected> {
    match *scheme {
        Scheme::Argon2id {
            memory_kib,
            iterations,
            parallelism,
        } => argon::params(memory_kib, iterations, parallelism)
            .map(|params| argon::write(&params, &entropy.bytes(), &entropy.bytes())),
        Scheme::Bcrypt { cost } => {
            bcrypt::check_cost(cost).map(|()| bcrypt::write(cost, entropy.bytes(), entropy.bytes()))
        }
    }
}

fn verify(
    stored: &str,
    scheme: &Scheme,
    password: &Password,
    scratch: &mut Scratch,
) -> Result<Verdict, HashRejected> {
    let hash = Stored::parse(stored)?;
    for (place, candidate) in password.candidates().enumerate() {
        if hash.matches(candidate, scratch)? {
            return Ok(Verdict {
                matches: true,
                rehash: place > 0 || !hash.is_of(scheme),
            });
        }
    }
    Ok(Verdict::NO)
}

#[cfg(test)]
mod tests;
