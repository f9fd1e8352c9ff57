//! JSON Web Signatures and Keys (RFC 7515, 7517, 7518, 8037), in the compact form alone.
//!
//! A key is parsed once and has one algorithm. A token names its key by `kid`, and that key, never the token,
//! says how the signature is checked; claims are read only behind a good signature.

mod algorithm;
mod claims;
mod der;
mod foreign;
mod hmac;
mod jwk;
mod key_set;
mod pem;
mod public;
mod signer;
mod signing;

use thiserror::Error;

pub use self::algorithm::{Algorithm, UnknownAlgorithm};
pub use self::claims::parse_claims;
pub use self::foreign::{ForeignKeys, ForeignToken};
pub use self::hmac::HmacKey;
pub use self::jwk::Jwk;
pub use self::key_set::{KeySet, Verified, VerifyingKey};
pub use self::public::PublicKey;
pub use self::signer::{Signer, SigningSecret};
pub use self::signing::{RsaSize, SigningKey};

/// Why a token is refused, or could not be made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum JoseError {
    /// Not a token in compact form, or one whose header asks for what is not done: critical extensions, keys
    /// that the header itself brings.
    #[error("not a signed token")]
    Malformed,
    /// No key goes by the token's `kid`.
    #[error("the token names no known key")]
    UnknownKey,
    /// The header names another algorithm than the key has.
    #[error("the token names another algorithm than its key has")]
    Algorithm,
    /// The signature is not that of the key over these bytes.
    #[error("the signature of the token is wrong")]
    Signature,
    /// The claims are no JSON object, hold a member twice, or one of the wrong type.
    #[error("the claims of the token are malformed")]
    Claims,
}

/// Why a key is not accepted. Never repeats the key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// No PEM block of a kind that holds such a key.
    #[error("no PEM block that holds a key")]
    Pem,
    /// The bytes are no key of the asked algorithm.
    #[error("not a key of the algorithm")]
    Encoding,
    /// The key is weaker than what is signed with it: RSA below 2048 bits, HMAC below 256.
    #[error("the key is too short")]
    TooShort,
    /// Keys of the algorithm are not made this way: HMAC keys are bytes, not key pairs.
    #[error("the algorithm has no key pairs")]
    Algorithm,
    /// The library made no key.
    #[error("the key could not be made")]
    Generation,
}

#[cfg(test)]
mod tests;
