//! Keys that verify.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, VerificationAlgorithm};

use super::{Algorithm, JoseError, KeyError, der, pem};

/// 2048 bits.
const SHORTEST_MODULUS: usize = 256;
const LABEL: &str = "PUBLIC KEY";

/// A public key, parsed once, with the one algorithm it is used with.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
    spki: Vec<u8>,
    material: Material,
}

/// The numbers of a key, big-endian.
#[derive(Clone)]
pub(super) enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    /// Reads `PUBLIC KEY` (RFC 7468 section 13), with real or escaped line ends.
    pub fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_spki_der(&pem::decode(text, &[LABEL])?.der, algorithm)
    }

    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    pub fn from_spki_der(spki: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        if der::subject_public_key(spki).is_none() {
            return Err(KeyError::Encoding);
        }
        let parsed =
            ParsedPublicKey::new(verification(algorithm)?, spki).map_err(|_| KeyError::Encoding)?;
        Self::from_parsed(parsed, algorithm)
    }

    pub(super) fn from_parsed(
        parsed: ParsedPublicKey,
        algorithm: Algorithm,
    ) -> Result<Self, KeyError> {
        let encoded: PublicKeyX509Der<'_> = parsed.as_der().map_err(|_| KeyError::Encoding)?;
        let spki = encoded.as_ref().to_vec();
        let key = der::subject_public_key(&spki).ok_or(KeyError::Encoding)?;
        let material = Material::read(key, algorithm)?;
        Ok(Self {
            algorithm,
            parsed,
            spki,
            material,
        })
    }

    /// The algorithm the key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Bits of the modulus, for an RSA key.
    pub fn rsa_bits(&self) -> Option<usize> {
        match &self.material {
            Material::Rsa { n, .. } => Some(bits(n)),
            Material::P256 { .. } | Material::Ed25519 { .. } => None,
        }
    }

    /// The key as `-----BEGIN PUBLIC KEY-----` with lines of 64 characters and a line end behind the last.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.spki)
    }

    /// The key as `SubjectPublicKeyInfo`.
    pub fn to_spki_der(&self) -> &[u8] {
        &self.spki
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        self.parsed
            .verify_sig(message, signature)
            .map_err(|_| JoseError::Signature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PublicKey({})", self.algorithm)
    }
}

impl Material {
    fn read(key: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let (n, e) = der::rsa_public_key(key).ok_or(KeyError::Encoding)?;
                if bits(n) < SHORTEST_MODULUS * 8 {
                    return Err(KeyError::TooShort);
                }
                Ok(Self::Rsa {
                    n: n.to_vec(),
                    e: e.to_vec(),
                })
            }
            Algorithm::Es256 => match key {
                // SEC 1 section 2.3.3: an uncompressed point.
                [4, point @ ..] if point.len() == 64 => {
                    let (x, y) = point.split_at(32);
                    Ok(Self::P256 {
                        x: x.to_vec(),
                        y: y.to_vec(),
                    })
                }
                _ => Err(KeyError::Encoding),
            },
            Algorithm::EdDsa => Ok(Self::Ed25519 { x: key.to_vec() }),
            Algorithm::Hs256 => Err(KeyError::Algorithm),
        }
    }
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |first| first.leading_zeros());
    number.len() * 8 - leading as usize
}

pub(super) fn rsa_parameters(algorithm: Algorithm) -> Result<&'static RsaParameters, KeyError> {
    match algorithm {
        Algorithm::Rs256 => Ok(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Ps256 => Ok(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Hs256 => Err(KeyError::Algorithm),
    }
}

pub(super) fn verification(
    algorithm: Algorithm,
) -> Result<&'static dyn VerificationAlgorithm, KeyError> {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => Ok(rsa_parameters(algorithm)?),
        Algorithm::Es256 => Ok(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::EdDsa => Ok(&signature::ED25519),
        Algorithm::Hs256 => Err(KeyError::Algorithm),
    }
}
