//! Keyed hashes: what a code, a link or a network is remembered as.
//!
//! A six-digit code hashed without a key is found by trying a million of them; with a key that is not in the
//! database, a stolen database says nothing. Each purpose has a [`Label`] and so a key of its own.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::master::MasterKey;

/// What a derived key is for. Two labels never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// One-time codes.
    Code,
    /// Links sent by mail.
    Link,
    /// Refresh tokens.
    Refresh,
    /// Networks that an account has signed in from.
    Network,
    /// The subject that a limit or a code counts by.
    Subject,
    /// Nonces that ID tokens of identity providers carry.
    Nonce,
    /// Identifiers of deleted accounts.
    Tombstone,
    /// Rows of other services, by which an import sees that one has changed.
    Imported,
    /// Ids of tokens, made from session and counter.
    Jti,
    /// Keys of rate limits.
    RateKey,
    /// The value by which a process sees that its key is the database's.
    Check,
}

impl Label {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Code => b"doorward/1/code",
            Self::Link => b"doorward/1/link",
            Self::Refresh => b"doorward/1/refresh",
            Self::Network => b"doorward/1/network",
            Self::Subject => b"doorward/1/subject",
            Self::Nonce => b"doorward/1/nonce",
            Self::Tombstone => b"doorward/1/tombstone",
            Self::Imported => b"doorward/1/imported",
            Self::Jti => b"doorward/1/jti",
            Self::RateKey => b"doorward/1/rate-key",
            Self::Check => b"doorward/1/check",
        }
    }
}

/// The keys derived from one master key, by HKDF-SHA256 (RFC 5869).
pub(crate) struct Derivation(hkdf::Prk);

impl Derivation {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, b"doorward").extract(master.as_bytes()))
    }

    pub(crate) fn labelled(&self, label: Label) -> Zeroizing<[u8; 32]> {
        self.derive(label.info())
    }

    /// 32 bytes that only this master key and this purpose give.
    pub(crate) fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.0
            .expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|output| output.fill(key.as_mut()))
            .expect("32 bytes are within what HKDF-SHA256 gives");
        key
    }

    /// HMAC-SHA256 over the parts, each behind its length: no two lists of parts are one message.
    pub(crate) fn hash(&self, label: Label, parts: &[&[u8]]) -> KeyedHash {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.labelled(label).as_ref());
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        KeyedHash(hash)
    }
}

/// An HMAC-SHA256. It is compared by [`KeyedHash::matches`] alone, in constant time, and so has no `==`.
#[derive(Clone, Copy)]
pub struct KeyedHash([u8; 32]);

impl KeyedHash {
    /// Reads back what [`KeyedHash::to_hex`] wrote; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).ok()?;
        Some(Self(hash))
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same hash, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        crate::constant_time_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyedHash(..)")
    }
}
