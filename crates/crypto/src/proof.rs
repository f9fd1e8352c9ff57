//! The signature of an identity proof, which other services check with a key that they share.

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

/// HMAC-SHA256 (RFC 2104) in lower-case hexadecimal digits. The key is the UTF-8 bytes of the configured text, as the
/// consumers of proofs use it.
pub fn proof_signature(key: &SecretString, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    hex::encode(hmac::sign(&key, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_s18_the_signature_is_that_of_other_languages() {
        // Python: hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest(), RFC 4231 section 4.3.
        assert_eq!(
            proof_signature(&"Jefe".into(), b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
