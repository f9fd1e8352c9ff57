//! Keys that a provider signs with, and the tokens that they, or a forger, make.
//!
//! The bytes are a stranger's (the `jsonwebtoken` crate): who reads them here is checked against another's
//! understanding of the standards.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use serde_json::Value;

/// A key pair under a name.
pub struct Key {
    kid: String,
    algorithm: Algorithm,
    secret: EncodingKey,
    jwk: Value,
    public_pem: String,
}

impl Key {
    /// A fresh one, for RS256, PS256, ES256 or `EdDSA`.
    pub fn generate(kid: &str, algorithm: Algorithm) -> Self {
        let (private, public) = pair(algorithm);
        let pem = pem("PRIVATE KEY", &private);
        let secret = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let secret = secret.expect("a key that was just made can be read");
        let mut jwk =
            Jwk::from_encoding_key(&secret, algorithm).expect("a key pair has a public half");
        jwk.common.key_id = Some(kid.to_owned());
        Self {
            kid: kid.to_owned(),
            algorithm,
            secret,
            jwk: serde_json::to_value(&jwk).expect("a JWK is JSON"),
            public_pem: self::pem("PUBLIC KEY", &public),
        }
    }

    /// The name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, as it stands in a key set.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The public half in PEM.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// A token with these claims, under a header that names the key.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.secret).expect("a key signs by its algorithm")
    }

    /// A token with these claims under any header whatever.
    pub fn sign_under(&self, header: &Value, claims: &Value) -> String {
        sealed(header, claims, &self.secret, self.algorithm)
    }
}

/// A token without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}.", part(header), part(claims))
}

/// A token whose signature is an HMAC-SHA256 under these bytes.
pub fn hashed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let secret = EncodingKey::from_secret(secret);
    sealed(header, claims, &secret, Algorithm::HS256)
}

fn sealed(header: &Value, claims: &Value, secret: &EncodingKey, algorithm: Algorithm) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(signed.as_bytes(), secret, algorithm);
    format!(
        "{signed}.{}",
        signature.expect("a key signs by its algorithm")
    )
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// PKCS#8 of the private key, and `SubjectPublicKeyInfo` of the public one.
fn pair(algorithm: Algorithm) -> (Vec<u8>, Vec<u8>) {
    const MADE: &str = "the library makes keys, and writes them";
    match algorithm {
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect(MADE);
            let private = pair.to_pkcs8v1().expect(MADE);
            (private.as_ref().to_vec(), public_half(pair.public_key()))
        }
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().expect(MADE);
            let private = pair.to_pkcs8v1().expect(MADE);
            (private.as_ref().to_vec(), public_half(pair.public_key()))
        }
        _ => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect(MADE);
            let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect(MADE);
            (private.as_ref().to_vec(), public_half(pair.public_key()))
        }
    }
}

fn public_half(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    let der = key.as_der().expect("a key can be written");
    der.as_ref().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
