//! Keys that sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding,
    RsaKeyPair,
};
use zeroize::Zeroizing;

use super::{Algorithm, JoseError, KeyError, PublicKey, pem};

const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";

/// A private key, parsed once, with the one algorithm it signs by.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Bits of the modulus of a new RSA key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048: 112-bit strength.
    #[default]
    Bits2048,
    /// 3072: 128-bit strength.
    Bits3072,
    /// 4096.
    Bits4096,
}

impl SigningKey {
    /// A new key, made from the operating system's randomness; RSA keys have 2048 bits.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::generate_sized(algorithm, RsaSize::default())
    }

    /// A new key; the size counts for RSA alone. An RSA key takes some 0.1 s of a core, up to 1 s for 4096 bits.
    pub fn generate_sized(algorithm: Algorithm, size: RsaSize) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let size = match size {
                    RsaSize::Bits2048 => KeySize::Rsa2048,
                    RsaSize::Bits3072 => KeySize::Rsa3072,
                    RsaSize::Bits4096 => KeySize::Rsa4096,
                };
                RsaKeyPair::generate(size)
                    .map_err(|_| KeyError::Generation)
                    .and_then(|pair| Pair::rsa(pair, algorithm))?
            }
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map(Pair::P256)
                .map_err(|_| KeyError::Generation)?,
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .map(Pair::Ed25519)
                .map_err(|_| KeyError::Generation)?,
            Algorithm::Hs256 => return Err(KeyError::Algorithm),
        };
        Self::from_pair(pair, algorithm)
    }

    /// Reads `PRIVATE KEY` (PKCS#8, RFC 5208), `RSA PRIVATE KEY` (PKCS#1, RFC 8017 appendix A.1.2) or
    /// `EC PRIVATE KEY` (RFC 5915), with real or escaped line ends. RSA below 2048 bits is refused.
    pub fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let block = pem::decode(text, &[PKCS8, PKCS1, SEC1])?;
        let pair = match (block.label.as_str(), algorithm) {
            (PKCS8, _) => return Self::from_pkcs8_der(&block.der, algorithm),
            (PKCS1, Algorithm::Rs256 | Algorithm::Ps256) => RsaKeyPair::from_der(&block.der)
                .map_err(|rejected| rsa_rejection(&rejected.to_string()))
                .and_then(|pair| Pair::rsa(pair, algorithm))?,
            (SEC1, Algorithm::Es256) => {
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &block.der)
                    .map(Pair::P256)
                    .map_err(|_| KeyError::Encoding)?
            }
            _ => return Err(KeyError::Encoding),
        };
        Self::from_pair(pair, algorithm)
    }

    /// Reads PKCS#8 (RFC 5208), unencrypted.
    pub fn from_pkcs8_der(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => RsaKeyPair::from_pkcs8(der)
                .map_err(|rejected| rsa_rejection(&rejected.to_string()))
                .and_then(|pair| Pair::rsa(pair, algorithm))?,
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                .map(Pair::P256)
                .map_err(|_| KeyError::Encoding)?,
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der)
                .map(Pair::Ed25519)
                .map_err(|_| KeyError::Encoding)?,
            Algorithm::Hs256 => return Err(KeyError::Algorithm),
        };
        Self::from_pair(pair, algorithm)
    }

    /// The key as PKCS#8, to be sealed before it rests anywhere.
    ///
    /// # Panics
    /// Never: a key that was parsed or made can be written.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let written = match &self.pair {
            Pair::Rsa(pair, _) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec())
            }
            Pair::P256(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        Zeroizing::new(written.expect("a parsed key can be written"))
    }

    /// The algorithm the key signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The half that verifies.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Pair::P256(pair) => pair.sign(&random, message).map(|it| it.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.try_sign(message).map(|it| it.as_ref().to_vec()),
        }
        .map_err(|_| JoseError::Signature)
    }

    fn from_pair(pair: Pair, algorithm: Algorithm) -> Result<Self, KeyError> {
        let public = PublicKey::from_spki_der(&pair.spki()?, algorithm)?;
        Ok(Self { pair, public })
    }
}

impl Pair {
    fn rsa(pair: RsaKeyPair, algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Rs256 => Ok(Self::Rsa(pair, &signature::RSA_PKCS1_SHA256)),
            Algorithm::Ps256 => Ok(Self::Rsa(pair, &signature::RSA_PSS_SHA256)),
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Hs256 => Err(KeyError::Algorithm),
        }
    }

    fn spki(&self) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Rsa(pair, _) => pair.public_key().as_der(),
            Self::P256(pair) => pair.public_key().as_der(),
            Self::Ed25519(pair) => pair.public_key().as_der(),
        }
        .map(|der| der.as_ref().to_vec())
        .map_err(|_| KeyError::Encoding)
    }
}

/// The library says why in words alone.
fn rsa_rejection(reason: &str) -> KeyError {
    match reason {
        "TooSmall" => KeyError::TooShort,
        _ => KeyError::Encoding,
    }
}
