//! The master key: 32 random bytes from which every other secret of the installation is derived.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Entropy;

const LENGTH: usize = 32;

/// The secret that seals private keys and keys the hashes of codes and links. Nothing outside the
/// installation ever needs it; all replicas hold the same one.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; LENGTH]>);

/// Why a text is no master key. Never repeats the text.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MasterKeyError {
    /// The text is not base64.
    #[error("the master key is not base64")]
    Encoding,
    /// It does not hold 32 bytes.
    #[error("the master key holds {0} bytes instead of 32")]
    Length(usize),
    /// Its bytes are all the same: a placeholder.
    #[error("the master key is a placeholder, not random bytes")]
    Placeholder,
}

impl MasterKey {
    /// A new key.
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    /// Reads the key as it is configured: base64 with padding, white space around it ignored.
    pub fn parse_base64(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| MasterKeyError::Encoding)?,
        );
        let key: [u8; LENGTH] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| MasterKeyError::Length(bytes.len()))?;
        if key.iter().all(|byte| Some(byte) == key.first()) {
            return Err(MasterKeyError::Placeholder);
        }
        Ok(Self(Zeroizing::new(key)))
    }

    /// The key as it is configured, for the file or the screen of the one who sets the installation up.
    pub fn to_base64(&self) -> SecretString {
        SecretString::from(STANDARD.encode(self.0.as_ref()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_written() {
        let key = MasterKey::generate(&Entropy::os());
        let text = format!(" {}\n", key.to_base64().expose_secret());
        assert_eq!(MasterKey::parse_base64(&text).unwrap().0, key.0);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let refusal = |text: &str| MasterKey::parse_base64(text).err();
        assert_eq!(refusal("change me"), Some(MasterKeyError::Encoding));
        assert_eq!(refusal(""), Some(MasterKeyError::Length(0)));
        assert_eq!(
            refusal(&STANDARD.encode([1; 31])),
            Some(MasterKeyError::Length(31))
        );
        assert_eq!(
            refusal(&STANDARD.encode([0; 32])),
            Some(MasterKeyError::Placeholder)
        );
    }
}
