//! Verifying tokens against the keys that are known.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Algorithm, HmacKey, JoseError, PublicKey, claims};

/// Longer tokens are refused unread.
const LONGEST: usize = 8 * 1024;

/// Members by which a header would bring its own key or ask for a rule of its own (RFC 7515 section 4.1.2 to
/// 4.1.6 and 4.1.11).
const FORBIDDEN: [&str; 5] = ["crit", "jwk", "jku", "x5u", "x5c"];

/// A key that verifies.
#[derive(Clone)]
pub enum VerifyingKey {
    /// The public half of a pair.
    Public(PublicKey),
    /// A shared key.
    Hmac(HmacKey),
}

/// The keys that tokens may name, by `kid`.
#[derive(Clone, Default)]
pub struct KeySet(HashMap<String, VerifyingKey>);

/// A token whose signature is good. Nothing else was checked: neither times nor who it is for.
#[derive(Debug)]
pub struct Verified<'a> {
    /// The name of the key, as the key set holds it.
    pub kid: &'a str,
    /// The key's algorithm.
    pub algorithm: Algorithm,
    /// The kind that the header states.
    pub typ: Option<String>,
    /// The claims, as they were signed.
    pub payload: Vec<u8>,
}

impl Verified<'_> {
    /// The claims, by the rules of [`parse_claims`](super::parse_claims).
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        claims::parse_claims(&self.payload)
    }
}

impl KeySet {
    /// A set without keys: it verifies nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key under the name by which tokens refer to it, in place of one of the same name.
    pub fn insert(&mut self, kid: impl Into<String>, key: impl Into<VerifyingKey>) {
        self.0.insert(kid.into(), key.into());
    }

    /// Whether a key goes by that name.
    pub fn contains(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }

    /// Checks the signature of a token in compact form. `kid` fixes the key, the key fixes the algorithm, and
    /// the header must agree (RFC 8725 section 3.1).
    pub fn verify(&self, token: &str) -> Result<Verified<'_>, JoseError> {
        let compact = Compact::split(token)?;
        let header = Header::parse(compact.header)?;
        let kid = header.kid.as_deref().ok_or(JoseError::UnknownKey)?;
        let (kid, key) = self.0.get_key_value(kid).ok_or(JoseError::UnknownKey)?;
        if header.algorithm != Some(key.algorithm()) {
            return Err(JoseError::Algorithm);
        }
        key.verify(compact.signed.as_bytes(), &decode(compact.signature)?)?;
        Ok(Verified {
            kid,
            algorithm: key.algorithm(),
            typ: header.typ,
            payload: decode(compact.payload)?,
        })
    }
}

impl<K: Into<String>, V: Into<VerifyingKey>> FromIterator<(K, V)> for KeySet {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(keys: I) -> Self {
        Self(
            keys.into_iter()
                .map(|(kid, key)| (kid.into(), key.into()))
                .collect(),
        )
    }
}

impl VerifyingKey {
    /// The one algorithm the key verifies by.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Public(key) => key.algorithm(),
            Self::Hmac(_) => Algorithm::Hs256,
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        match self {
            Self::Public(key) => key.verify(message, signature),
            Self::Hmac(key) => key.verify(message, signature),
        }
    }
}

impl From<PublicKey> for VerifyingKey {
    fn from(key: PublicKey) -> Self {
        Self::Public(key)
    }
}

impl From<HmacKey> for VerifyingKey {
    fn from(key: HmacKey) -> Self {
        Self::Hmac(key)
    }
}

/// The three parts of the compact form (RFC 7515 section 7.1), still encoded.
pub(super) struct Compact<'a> {
    pub(super) signed: &'a str,
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self, JoseError> {
        if token.len() > LONGEST {
            return Err(JoseError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JoseError::Malformed)?;
        if payload.contains('.') {
            return Err(JoseError::Malformed);
        }
        Ok(Self {
            signed,
            header,
            payload,
            signature,
        })
    }
}

/// What of a header decides something.
pub(super) struct Header {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl Header {
    pub(super) fn parse(encoded: &str) -> Result<Self, JoseError> {
        let mut members = claims::object(&decode(encoded)?).ok_or(JoseError::Malformed)?;
        if FORBIDDEN.iter().any(|name| members.contains_key(*name)) {
            return Err(JoseError::Malformed);
        }
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JoseError::Malformed),
        };
        let name = text("alg")?.ok_or(JoseError::Malformed)?;
        Ok(Self {
            algorithm: name.parse().ok(),
            kid: text("kid")?,
            typ: text("typ")?,
        })
    }
}

/// Base64url without padding, white space or bits that stand for nothing (RFC 7515 section 2): one text for
/// each value, so that no changed character leaves a token good.
pub(super) fn decode(encoded: &str) -> Result<Vec<u8>, JoseError> {
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| JoseError::Malformed)
}
