//! Keys that both sign and verify.

use std::sync::Arc;

use aws_lc_rs::hmac;

use super::{JoseError, KeyError};

/// RFC 7518 section 3.2: a key as long as the hash, or longer.
const SHORTEST: usize = 32;

/// An HS256 key. Whoever holds it can sign, so it is shared with nobody or with those who may.
#[derive(Clone)]
pub struct HmacKey(Arc<hmac::Key>);

impl HmacKey {
    /// A key of at least 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < SHORTEST {
            return Err(KeyError::TooShort);
        }
        Ok(Self::keyed(bytes))
    }

    pub(crate) fn derived(bytes: &[u8; SHORTEST]) -> Self {
        Self::keyed(bytes)
    }

    fn keyed(bytes: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        hmac::verify(&self.0, message, signature).map_err(|_| JoseError::Signature)
    }
}
