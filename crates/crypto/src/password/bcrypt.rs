//! bcrypt, plain and behind a digest.
//!
//! bcrypt sees 72 bytes of a password followed by NUL, repeated: a longer one is cut, and one with NUL inside
//! can equal another. So what is longer or holds NUL is hashed by HMAC-SHA256 first, exactly as passlib's
//! `bcrypt_sha256` does, and other services that use passlib read it.

use aws_lc_rs::hmac;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine};
use zeroize::{Zeroize, Zeroizing};

use super::HashRejected;
use crate::{constant_time_eq, sha256};

const COSTS: std::ops::RangeInclusive<u32> = 4..=16;
/// Bytes of a password that bcrypt sees.
const SEEN: usize = 72;
const SALT: usize = 16;
const DIGEST: usize = 23;
const SALT_TEXT: usize = 22;
const DIGEST_TEXT: usize = 31;

/// bcrypt's own base64. Some libraries leave the unused bits of a salt set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn check_cost(cost: u32) -> Result<(), HashRejected> {
    COSTS
        .contains(&cost)
        .then_some(())
        .ok_or(HashRejected::Cost)
}

/// A new hash that ignores no byte of the password.
pub(super) fn hash(cost: u32, salt: [u8; SALT], password: &[u8]) -> Result<String, HashRejected> {
    check_cost(cost)?;
    if seen_whole(password) {
        return Ok(write(cost, salt, digest(cost, salt, password)));
    }
    let digest = digest(cost, salt, keyed(salt, password).as_bytes());
    Ok(format!(
        "$bcrypt-sha256$v=2,t=2b,r={cost}${}${}",
        BASE64.encode(salt),
        BASE64.encode(digest)
    ))
}

/// A plain hash.
pub(super) fn write(cost: u32, salt: [u8; SALT], digest: [u8; DIGEST]) -> String {
    format!(
        "$2b${cost:02}${}{}",
        BASE64.encode(salt),
        BASE64.encode(digest)
    )
}

fn seen_whole(password: &[u8]) -> bool {
    password.len() <= SEEN && !password.contains(&0)
}

fn digest(cost: u32, salt: [u8; SALT], password: &[u8]) -> [u8; DIGEST] {
    let mut key = [0; SEEN];
    for (byte, typed) in key.iter_mut().zip(password) {
        *byte = *typed;
    }
    let (used, _) = key.split_at((password.len() + 1).min(SEEN));
    let full = ::bcrypt::bcrypt(cost, salt, used);
    key.zeroize();
    let mut digest = [0; DIGEST];
    for (byte, computed) in digest.iter_mut().zip(full) {
        *byte = computed;
    }
    digest
}

/// What passlib's second version gives bcrypt: the digest keyed with the salt, as text.
fn keyed(salt: [u8; SALT], password: &[u8]) -> Zeroizing<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, BASE64.encode(salt).as_bytes());
    Zeroizing::new(STANDARD.encode(hmac::sign(&key, password)))
}

/// What bcrypt hashes have in common.
struct Parts {
    cost: u32,
    salt: [u8; SALT],
    digest: [u8; DIGEST],
}

impl Parts {
    fn parse(cost: &str, salt: &str, digest: &str) -> Result<Self, HashRejected> {
        let digits = !cost.is_empty() && cost.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || salt.len() != SALT_TEXT || digest.len() != DIGEST_TEXT {
            return Err(HashRejected::Unknown);
        }
        let cost = cost.parse().map_err(|_| HashRejected::Cost)?;
        check_cost(cost)?;
        Ok(Self {
            cost,
            salt: decode(salt)?,
            digest: decode(digest)?,
        })
    }

    fn matches(&self, password: &[u8]) -> bool {
        constant_time_eq(&digest(self.cost, self.salt, password), &self.digest)
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], HashRejected> {
    let bytes = BASE64.decode(text).map_err(|_| HashRejected::Unknown)?;
    bytes.try_into().map_err(|_| HashRejected::Unknown)
}

/// `$2b$12$..`: sees 72 bytes of the password.
pub(super) struct Plain {
    parts: Parts,
    modern: bool,
}

impl Plain {
    pub(super) fn parse(text: &str) -> Result<Self, HashRejected> {
        let (modern, rest) = text
            .strip_prefix("$2b$")
            .map(|rest| (true, rest))
            .or_else(|| text.strip_prefix("$2a$").map(|rest| (false, rest)))
            .or_else(|| text.strip_prefix("$2y$").map(|rest| (false, rest)))
            .ok_or(HashRejected::Unknown)?;
        let (cost, rest) = rest.split_once('$').ok_or(HashRejected::Unknown)?;
        if cost.len() != 2 {
            return Err(HashRejected::Unknown);
        }
        let (salt, digest) = rest
            .split_at_checked(SALT_TEXT)
            .ok_or(HashRejected::Unknown)?;
        Ok(Self {
            parts: Parts::parse(cost, salt, digest)?,
            modern,
        })
    }

    /// Takes the hash as one of our own, which is never made of a password that bcrypt does not see whole.
    pub(super) fn matches_whole(&self, password: &[u8]) -> bool {
        self.parts.matches(password) & seen_whole(password)
    }

    /// Takes the hash as a foreign one: bytes behind the 72nd never counted in it, and NUL is a byte like
    /// others.
    pub(super) fn matches_cut(&self, password: &[u8]) -> bool {
        self.parts.matches(password)
    }

    pub(super) fn is_current(&self, cost: u32) -> bool {
        self.modern && self.parts.cost == cost
    }
}

/// passlib's `bcrypt_sha256`, of its first version (plain SHA-256) or its second (HMAC).
pub(super) struct Prehashed {
    parts: Parts,
    keyed: bool,
}

impl Prehashed {
    pub(super) fn parse(text: &str) -> Result<Self, HashRejected> {
        let mut fields = text
            .strip_prefix("$bcrypt-sha256$")
            .ok_or(HashRejected::Unknown)?
            .split('$');
        let (Some(settings), Some(salt), Some(digest), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(HashRejected::Unknown);
        };
        let second = settings.strip_prefix("v=2,t=2b,r=");
        let first = settings
            .strip_prefix("2b,")
            .or_else(|| settings.strip_prefix("2a,"));
        let cost = second.or(first).ok_or(HashRejected::Unknown)?;
        Ok(Self {
            parts: Parts::parse(cost, salt, digest)?,
            keyed: second.is_some(),
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let text = if self.keyed {
            keyed(self.parts.salt, password)
        } else {
            Zeroizing::new(STANDARD.encode(sha256(password)))
        };
        self.parts.matches(text.as_bytes())
    }

    pub(super) fn is_current(&self, cost: u32) -> bool {
        self.keyed && self.parts.cost == cost
    }
}
