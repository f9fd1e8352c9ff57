//! Making tokens: one signature each, the header encoded once.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::{Algorithm, HmacKey, JoseError, SigningKey};

/// A key that signs, under the name by which tokens refer to it. Clones share the key.
#[derive(Clone)]
pub struct Signer {
    kid: String,
    secret: SigningSecret,
    header: String,
}

/// What a [`Signer`] signs with.
#[derive(Clone)]
pub enum SigningSecret {
    /// A key pair: everybody can verify.
    Pair(Arc<SigningKey>),
    /// A shared key: who can verify can sign.
    Hmac(HmacKey),
}

/// The header of our tokens (RFC 7515 section 4.1).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'a str,
}

impl Signer {
    /// A signer whose tokens say `"typ":"JWT"`.
    pub fn new(kid: impl Into<String>, secret: impl Into<SigningSecret>) -> Self {
        let (kid, secret) = (kid.into(), secret.into());
        let header = header(secret.algorithm(), &kid, "JWT");
        Self {
            kid,
            secret,
            header,
        }
    }

    /// The name of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.secret.algorithm()
    }

    /// A token with these claims. Fails with [`JoseError::Claims`] when they are not JSON.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, JoseError> {
        self.sign_under(&self.header, claims)
    }

    /// A token of another `typ`, such as `at+jwt` (RFC 9068 section 2.1).
    pub fn sign_as(&self, typ: &str, claims: &impl Serialize) -> Result<String, JoseError> {
        self.sign_under(&header(self.algorithm(), &self.kid, typ), claims)
    }

    fn sign_under(&self, header: &str, claims: &impl Serialize) -> Result<String, JoseError> {
        let payload = serde_json::to_vec(claims).map_err(|_| JoseError::Claims)?;
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 360);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.secret.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

fn header(algorithm: Algorithm, kid: &str, typ: &str) -> String {
    let alg = algorithm.name();
    let json = serde_json::to_vec(&Header { alg, kid, typ }).expect("three strings are JSON");
    URL_SAFE_NO_PAD.encode(json)
}

impl SigningSecret {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Pair(key) => key.algorithm(),
            Self::Hmac(_) => Algorithm::Hs256,
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        match self {
            Self::Pair(key) => key.sign(message),
            Self::Hmac(key) => Ok(key.sign(message)),
        }
    }
}

impl From<SigningKey> for SigningSecret {
    fn from(key: SigningKey) -> Self {
        Self::Pair(Arc::new(key))
    }
}

impl From<Arc<SigningKey>> for SigningSecret {
    fn from(key: Arc<SigningKey>) -> Self {
        Self::Pair(key)
    }
}

impl From<HmacKey> for SigningSecret {
    fn from(key: HmacKey) -> Self {
        Self::Hmac(key)
    }
}
