//! Tokens as they should be, checked with a stranger's library, and what the tests share.

mod foreign;
mod forgeries;
mod keys;

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken as stranger;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

const PAIRS: [Algorithm; 4] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::EdDsa,
];

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Claims {
    sub: String,
    exp: u64,
}

fn claims() -> Claims {
    Claims {
        sub: "0190a1b2".to_owned(),
        exp: 4_000_000_000,
    }
}

/// RSA keys are slow to make: the tests share one.
fn rsa_der() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        key.to_pkcs8_der().to_vec()
    })
}

fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => {
            SigningKey::from_pkcs8_der(rsa_der(), algorithm).unwrap()
        }
        _ => SigningKey::generate(algorithm).unwrap(),
    }
}

fn hmac_key() -> HmacKey {
    HmacKey::new(&[7; 32]).unwrap()
}

/// A signer and the set that knows its key, for every algorithm.
fn parties() -> Vec<(Signer, KeySet)> {
    let hmac = (
        Signer::new("shared", hmac_key()),
        KeySet::from_iter([("shared", hmac_key())]),
    );
    PAIRS
        .into_iter()
        .map(|algorithm| {
            let key = key(algorithm);
            let keys = KeySet::from_iter([("1", key.public().clone())]);
            (Signer::new("1", key), keys)
        })
        .chain([hmac])
        .collect()
}

fn private_pem(key: &SigningKey) -> String {
    pem::encode("PRIVATE KEY", &key.to_pkcs8_der())
}

fn their(algorithm: Algorithm) -> stranger::Algorithm {
    match algorithm {
        Algorithm::Rs256 => stranger::Algorithm::RS256,
        Algorithm::Ps256 => stranger::Algorithm::PS256,
        Algorithm::Es256 => stranger::Algorithm::ES256,
        Algorithm::EdDsa => stranger::Algorithm::EdDSA,
        Algorithm::Hs256 => stranger::Algorithm::HS256,
    }
}

fn their_encoding_key(key: &SigningKey) -> stranger::EncodingKey {
    let pem = private_pem(key);
    match key.algorithm() {
        Algorithm::Es256 => stranger::EncodingKey::from_ec_pem(pem.as_bytes()),
        Algorithm::EdDsa => stranger::EncodingKey::from_ed_pem(pem.as_bytes()),
        _ => stranger::EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

fn their_decoding_key(key: &PublicKey) -> stranger::DecodingKey {
    let pem = key.to_pem();
    match key.algorithm() {
        Algorithm::Es256 => stranger::DecodingKey::from_ec_pem(pem.as_bytes()),
        Algorithm::EdDsa => stranger::DecodingKey::from_ed_pem(pem.as_bytes()),
        _ => stranger::DecodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

fn accepted_by_stranger(token: &str, key: &stranger::DecodingKey, algorithm: Algorithm) {
    let validation = stranger::Validation::new(their(algorithm));
    let read = stranger::decode::<Claims>(token, key, &validation).unwrap();
    assert_eq!(read.claims, claims());
    assert_eq!(read.header.alg, their(algorithm));
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[test]
fn a_signed_token_is_verified_and_gives_its_claims_back() {
    for (signer, keys) in parties() {
        let token = signer.sign(&claims()).unwrap();
        let verified = keys.verify(&token).unwrap();
        assert_eq!(verified.kid, signer.kid());
        assert_eq!(verified.algorithm, signer.algorithm());
        assert_eq!(verified.typ.as_deref(), Some("JWT"));
        assert_eq!(verified.claims(), Ok(claims()));
    }
}

#[test]
fn a_token_states_the_kind_it_was_signed_as() {
    for (signer, keys) in parties() {
        let token = signer.sign_as("at+jwt", &claims()).unwrap();
        let verified = keys.verify(&token).unwrap();
        assert_eq!(verified.typ.as_deref(), Some("at+jwt"));
    }
}

#[test]
fn a_stranger_reads_our_tokens_with_our_pem() {
    for algorithm in PAIRS {
        let key = key(algorithm);
        let theirs = their_decoding_key(key.public());
        let token = Signer::new("1", key).sign(&claims()).unwrap();
        accepted_by_stranger(&token, &theirs, algorithm);
    }
    let token = Signer::new("1", hmac_key()).sign(&claims()).unwrap();
    let theirs = stranger::DecodingKey::from_secret(&[7; 32]);
    accepted_by_stranger(&token, &theirs, Algorithm::Hs256);
}

#[test]
fn a_stranger_reads_our_tokens_with_our_jwk() {
    for algorithm in PAIRS {
        let key = key(algorithm);
        let jwk = serde_json::to_string(&key.public().jwk("1")).unwrap();
        let jwk: stranger::jwk::Jwk = serde_json::from_str(&jwk).unwrap();
        assert_eq!(jwk.common.key_id.as_deref(), Some("1"));
        let theirs = stranger::DecodingKey::from_jwk(&jwk).unwrap();
        let token = Signer::new("1", key).sign(&claims()).unwrap();
        accepted_by_stranger(&token, &theirs, algorithm);
    }
}

#[test]
fn we_read_a_strangers_tokens() {
    for algorithm in PAIRS {
        let key = key(algorithm);
        let mut header = stranger::Header::new(their(algorithm));
        header.kid = Some("1".to_owned());
        let token = stranger::encode(&header, &claims(), &their_encoding_key(&key)).unwrap();
        let keys = KeySet::from_iter([("1", key.public().clone())]);
        assert_eq!(keys.verify(&token).unwrap().claims(), Ok(claims()));
    }
}

#[test]
fn an_empty_set_verifies_nothing() {
    let token = Signer::new("1", hmac_key()).sign(&claims()).unwrap();
    assert_eq!(
        KeySet::new().verify(&token).err(),
        Some(JoseError::UnknownKey)
    );
}

#[test]
fn algorithms_go_by_their_registered_names_alone() {
    for name in ["RS256", "PS256", "ES256", "EdDSA", "HS256"] {
        assert_eq!(name.parse::<Algorithm>().unwrap().to_string(), name);
    }
    for name in ["", "none", "rs256", "RS512", "ES256K"] {
        assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm));
    }
}

proptest! {
    #[test]
    fn no_text_is_a_token_or_makes_the_parser_panic(
        text in "\\PC*|[A-Za-z0-9_=-]*\\.[A-Za-z0-9_=-]*\\.[A-Za-z0-9_=-]*"
    ) {
        let keys = KeySet::from_iter([("1", hmac_key())]);
        prop_assert!(keys.verify(&text).is_err());
    }

    #[test]
    fn no_header_and_payload_pass_without_the_key(header in "\\PC*", payload in "\\PC*") {
        let keys = KeySet::from_iter([("1", hmac_key())]);
        let token = format!("{}.{}.{}", part(&header), part(&payload), part("signature"));
        prop_assert!(keys.verify(&token).is_err());
    }

    #[test]
    fn no_payload_makes_the_claims_parser_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_claims::<Claims>(&payload);
    }

    #[test]
    fn any_subject_survives_a_token(sub in "\\PC*", exp in 0..i64::MAX as u64) {
        let keys = KeySet::from_iter([("1", hmac_key())]);
        let claims = Claims { sub, exp };
        let token = Signer::new("1", hmac_key()).sign(&claims).unwrap();
        if token.len() <= 8 * 1024 {
            prop_assert_eq!(keys.verify(&token).unwrap().claims(), Ok(claims));
        }
    }
}
