//! Tokens of other issuers, checked against the key sets that those publish (RFC 7517 section 5).
//!
//! The parsing is that of our own tokens. What differs is who names the keys: a published set may hold keys without a
//! name, of kinds that are unknown here, or for other uses. Those are left out, and a token finds one key or none.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::key_set::{Compact, Header, decode};
use super::{Algorithm, JoseError, Jwk, KeyError, PublicKey, claims};

/// Sets with more keys are refused: each key is parsed, and nobody signs with so many.
const MOST_KEYS: usize = 100;

/// What another issuer may sign by. A shared key has no place in a published set.
const PAIRS: [Algorithm; 4] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::EdDsa,
];

/// The keys that another issuer publishes.
#[derive(Clone, Default)]
pub struct ForeignKeys(pub(super) Vec<ForeignKey>);

/// One key with one algorithm: an RSA key whose set does not say which is there once for each.
#[derive(Clone)]
pub(super) struct ForeignKey {
    kid: Option<String>,
    key: PublicKey,
}

/// A token that carries the issuer's signature. Nothing else was checked: neither times nor who it is for.
#[derive(Debug)]
pub struct ForeignToken {
    /// The kind that the header states.
    pub typ: Option<String>,
    payload: Vec<u8>,
}

impl ForeignToken {
    /// The claims, by the rules of [`parse_claims`](super::parse_claims).
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        claims::parse_claims(&self.payload)
    }
}

impl ForeignKeys {
    /// Reads a published set. Keys that cannot verify a signature here (unknown kinds and curves, RSA below 2048 bits,
    /// keys for other uses) are left out (RFC 7517 section 5); a set that holds none verifies nothing.
    pub fn parse(document: &[u8]) -> Result<Self, KeyError> {
        let mut members = claims::object(document).ok_or(KeyError::Encoding)?;
        match members.remove("keys") {
            Some(Value::Array(keys)) if keys.len() <= MOST_KEYS => {
                Ok(Self(keys.into_iter().flat_map(readings).collect()))
            }
            _ => Err(KeyError::Encoding),
        }
    }

    /// Checks the signature of a token in compact form.
    ///
    /// `kid` names the key, and a token without one is good only where a single key fits its algorithm. The algorithm
    /// must be one that the key is for, so that `none` and shared keys are never among them. The empty set tells a
    /// token that might be good ([`JoseError::UnknownKey`]) from one that no key can help.
    pub fn verify(&self, token: &str) -> Result<ForeignToken, JoseError> {
        let compact = Compact::split(token)?;
        let header = Header::parse(compact.header)?;
        let algorithm = header.algorithm.filter(|named| PAIRS.contains(named));
        let algorithm = algorithm.ok_or(JoseError::Algorithm)?;
        let key = self.select(header.kid.as_deref(), algorithm)?;
        key.verify(compact.signed.as_bytes(), &decode(compact.signature)?)?;
        Ok(ForeignToken {
            typ: header.typ,
            payload: decode(compact.payload)?,
        })
    }

    fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&PublicKey, JoseError> {
        let named = |key: &&ForeignKey| kid.is_none() || key.kid.as_deref() == kid;
        let mut fitting = self
            .0
            .iter()
            .filter(named)
            .filter(|key| key.key.algorithm() == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(&only.key),
            (None, _) if kid.is_some() && self.0.iter().any(|key| named(&key)) => {
                Err(JoseError::Algorithm)
            }
            // None, or several that nothing tells apart.
            _ => Err(JoseError::UnknownKey),
        }
    }
}

/// The key as each algorithm reads it that the set allows it for.
fn readings(key: Value) -> Vec<ForeignKey> {
    if !may_verify(&key) {
        return Vec::new();
    }
    let Ok(jwk) = Jwk::deserialize(key) else {
        return Vec::new();
    };
    let keys = PAIRS
        .into_iter()
        .filter_map(|algorithm| PublicKey::from_jwk(&jwk, algorithm).ok());
    keys.map(|key| ForeignKey {
        kid: jwk.kid().map(str::to_owned),
        key,
    })
    .collect()
}

/// RFC 7517 section 4.3: where the operations of a key are listed, verifying must be among them.
fn may_verify(key: &Value) -> bool {
    match key.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|name| name == "verify"),
        Some(_) => false,
    }
}
