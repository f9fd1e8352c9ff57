//! Sealing: AES-256-GCM (NIST SP 800-38D) over what rests in the database and must come back.
//!
//! A sealed value is one byte of format, a random nonce of 96 bits, the ciphertext and its tag. The caller's
//! context (table, column and row) is authenticated with it, so that a value moved to another row does not
//! open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Entropy;
use crate::keyed::Derivation;

const FORMAT: u8 = 1;
const INFO: &[u8] = b"doorward/1/seal";

/// The value does not open: another key, another context, or changed bytes. Which of them is not told.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the sealed value does not open with this key and context")]
pub struct OpenError;

pub(crate) struct Sealer(LessSafeKey);

impl Sealer {
    pub(crate) fn new(derivation: &Derivation) -> Self {
        let key = derivation.derive(INFO);
        Self(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("32 bytes are a key of AES-256"),
        ))
    }

    pub(crate) fn seal(&self, entropy: &Entropy, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = entropy.bytes::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut body,
            )
            .expect("a message in memory is shorter than AES-GCM's limit");
        sealed.append(&mut body);
        sealed
    }

    pub(crate) fn open(
        &self,
        context: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (&format, rest) = sealed.split_first().ok_or(OpenError)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
        if format != FORMAT {
            return Err(OpenError);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(context), plain.as_mut_slice())
            .map_err(|_| OpenError)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}
