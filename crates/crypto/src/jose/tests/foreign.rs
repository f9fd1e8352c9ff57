//! Tokens of other issuers against the sets that those publish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

/// The set of an issuer whose keys are these, as it would be downloaded.
fn published(keys: &[Value]) -> ForeignKeys {
    ForeignKeys::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn listed(key: &SigningKey, kid: &str) -> Value {
    serde_json::to_value(key.public().jwk(kid)).unwrap()
}

/// What an issuer's set says of the key, without a member.
fn without(mut key: Value, member: &str) -> Value {
    key.as_object_mut().unwrap().remove(member);
    key
}

fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
    key[member] = value.into();
    key
}

/// A token with a header of anybody's choice, signed by this key.
fn signed_under(header: &Value, key: &SigningKey) -> String {
    let signed = format!(
        "{}.{}",
        part(&header.to_string()),
        part(r#"{"sub":"1","exp":1}"#)
    );
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn refusal(keys: &ForeignKeys, token: &str) -> JoseError {
    keys.verify(token).unwrap_err()
}

#[test]
fn a_strangers_token_is_verified_with_the_strangers_set() {
    for algorithm in PAIRS {
        let key = key(algorithm);
        let theirs = their_encoding_key(&key);
        let mut jwk = stranger::jwk::Jwk::from_encoding_key(&theirs, their(algorithm)).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        let keys = published(&[serde_json::to_value(&jwk).unwrap()]);
        let mut header = stranger::Header::new(their(algorithm));
        header.kid = Some("k1".to_owned());
        let token = stranger::encode(&header, &claims(), &theirs).unwrap();
        let read = keys.verify(&token).unwrap();
        assert_eq!(read.claims(), Ok(claims()));
        assert_eq!(read.typ.as_deref(), Some("JWT"));
    }
}

#[test]
fn the_kid_picks_the_key_and_an_unknown_one_has_an_error_of_its_own() {
    let (old, new) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let keys = published(&[listed(&old, "old"), listed(&new, "new")]);
    for (kid, key) in [("old", &old), ("new", &new)] {
        let token = signed_under(&json!({"alg": "ES256", "kid": kid}), key);
        assert!(keys.verify(&token).is_ok());
    }
    let token = signed_under(&json!({"alg": "ES256", "kid": "new"}), &old);
    assert_eq!(refusal(&keys, &token), JoseError::Signature);
    let token = signed_under(&json!({"alg": "ES256", "kid": "newer"}), &new);
    assert_eq!(refusal(&keys, &token), JoseError::UnknownKey);
}

#[test]
fn a_token_without_kid_is_good_where_one_key_fits_and_nowhere_else() {
    let (first, second) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let rsa = key(Algorithm::Rs256);
    let token = signed_under(&json!({"alg": "ES256"}), &first);
    assert!(
        published(&[listed(&first, "1"), listed(&rsa, "2")])
            .verify(&token)
            .is_ok()
    );
    let nameless = without(listed(&first, "1"), "kid");
    assert!(published(&[nameless]).verify(&token).is_ok());
    for keys in [
        published(&[listed(&first, "1"), listed(&second, "2")]),
        published(&[listed(&rsa, "2")]),
        published(&[]),
    ] {
        assert_eq!(refusal(&keys, &token), JoseError::UnknownKey);
    }
}

#[test]
fn two_keys_that_nothing_tells_apart_verify_nothing() {
    let (first, second) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let keys = published(&[listed(&first, "1"), listed(&second, "1")]);
    let token = signed_under(&json!({"alg": "ES256", "kid": "1"}), &first);
    assert_eq!(refusal(&keys, &token), JoseError::UnknownKey);
}

#[test]
fn sec_i31_a_foreign_token_is_checked_by_what_its_key_is_for() {
    let (pkcs1, pss) = (key(Algorithm::Rs256), key(Algorithm::Ps256));
    let keys = published(&[listed(&pkcs1, "1")]);
    let token = signed_under(&json!({"alg": "PS256", "kid": "1"}), &pss);
    assert_eq!(refusal(&keys, &token), JoseError::Algorithm);
    // A set that names no algorithm allows both of the key's kind.
    let keys = published(&[without(listed(&pkcs1, "1"), "alg")]);
    assert!(keys.verify(&token).is_ok());
    let token = signed_under(&json!({"alg": "RS256", "kid": "1"}), &pkcs1);
    assert!(keys.verify(&token).is_ok());
    let token = signed_under(&json!({"alg": "ES256", "kid": "1"}), &key(Algorithm::Es256));
    assert_eq!(refusal(&keys, &token), JoseError::Algorithm);
}

#[test]
fn sec_i31_none_and_shared_keys_sign_no_foreign_token() {
    let rsa = key(Algorithm::Rs256);
    let keys = published(&[listed(&rsa, "1")]);
    for name in ["none", "None", "", "rs256", "HS384", "RS1", "ES256K"] {
        let header = part(&json!({"alg": name, "kid": "1"}).to_string());
        let token = format!("{header}.{}.", part(r#"{"sub":"1","exp":1}"#));
        assert_eq!(refusal(&keys, &token), JoseError::Algorithm);
    }
    let pem = rsa.public().to_pem();
    let modulus = listed(&rsa, "1")["n"].as_str().unwrap().to_owned();
    for secret in [
        pem.as_bytes(),
        rsa.public().to_spki_der(),
        modulus.as_bytes(),
    ] {
        let forger = Signer::new("1", HmacKey::new(secret).unwrap());
        let token = forger.sign(&claims()).unwrap();
        assert_eq!(refusal(&keys, &token), JoseError::Algorithm);
    }
    let shared = json!({"kty": "oct", "kid": "2", "alg": "HS256", "k": part(&"k".repeat(32))});
    let keys = published(&[shared]);
    let forger = Signer::new("2", HmacKey::new("k".repeat(32).as_bytes()).unwrap());
    assert_eq!(
        refusal(&keys, &forger.sign(&claims()).unwrap()),
        JoseError::Algorithm
    );
}

#[test]
fn sec_9_1_3_a_foreign_header_brings_no_key_and_no_rule() {
    let (issuer, forger) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let keys = published(&[listed(&issuer, "1")]);
    for (member, value) in [
        ("jwk", listed(&forger, "1")),
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/chain")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
    ] {
        let header = with(json!({"alg": "ES256", "kid": "1"}), member, value);
        for key in [&issuer, &forger] {
            let token = signed_under(&header, key);
            assert_eq!(refusal(&keys, &token), JoseError::Malformed, "{member}");
        }
    }
}

#[test]
fn sec_i31_a_foreign_kid_is_a_name_and_nothing_else() {
    let issuer = key(Algorithm::Es256);
    let keys = published(&[listed(&issuer, "1")]);
    for kid in [
        "",
        "01",
        "../../dev/null",
        "1' OR '1'='1",
        "http://127.0.0.1/keys",
        "1\0",
    ] {
        let token = signed_under(&json!({"alg": "ES256", "kid": kid}), &issuer);
        assert_eq!(refusal(&keys, &token), JoseError::UnknownKey, "{kid:?}");
    }
    for kid in [json!(1), json!(null), json!(["1"])] {
        let token = signed_under(&json!({"alg": "ES256", "kid": kid}), &issuer);
        assert_eq!(refusal(&keys, &token), JoseError::Malformed);
    }
}

#[test]
fn what_cannot_verify_here_is_left_out_of_a_set() {
    let ec = key(Algorithm::Es256);
    let token = signed_under(&json!({"alg": "ES256", "kid": "1"}), &ec);
    let good = listed(&ec, "1");
    let short = URL_SAFE_NO_PAD.encode([&[0xC5; 127][..], &[1]].concat());
    for useless in [
        with(good.clone(), "use", "enc"),
        with(good.clone(), "alg", "ES384"),
        with(good.clone(), "crv", "P-384"),
        with(good.clone(), "x", "AAAA"),
        with(good.clone(), "y", good["x"].clone()),
        with(good.clone(), "kid", 1),
        with(good.clone(), "key_ops", json!(["sign"])),
        with(good.clone(), "key_ops", "verify"),
        without(good.clone(), "kty"),
        json!({"kty": "RSA", "kid": "1", "n": short, "e": "AQAB"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "1", "x": part("32 bytes of something or other..")}),
        json!("a key"),
        json!(null),
    ] {
        let keys = published(std::slice::from_ref(&useless));
        assert_eq!(refusal(&keys, &token), JoseError::UnknownKey, "{useless}");
        // The others of the set stay good.
        let other = key(Algorithm::EdDsa);
        let keys = published(&[useless, listed(&other, "2")]);
        let token = signed_under(&json!({"alg": "EdDSA", "kid": "2"}), &other);
        assert!(keys.verify(&token).is_ok());
    }
    let listed = with(good, "key_ops", json!(["verify"]));
    assert!(published(&[listed]).verify(&token).is_ok());
}

#[test]
fn sec_i43_what_is_no_key_set_is_refused_without_a_panic() {
    let deep = format!(
        "{{\"keys\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many = json!({"keys": vec![json!({}); 101]}).to_string();
    for document in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
        "<html>",
        &deep,
        &many,
    ] {
        assert!(ForeignKeys::parse(document.as_bytes()).is_err());
    }
}

#[test]
fn a_foreign_token_too_long_to_be_one_is_refused_unread() {
    let issuer = key(Algorithm::Es256);
    let keys = published(&[listed(&issuer, "1")]);
    let header = json!({"alg": "ES256", "kid": "1", "more": "m".repeat(8000)});
    assert_eq!(
        refusal(&keys, &signed_under(&header, &issuer)),
        JoseError::Malformed
    );
}

proptest! {
    #[test]
    fn no_text_is_a_foreign_token_or_a_set_and_none_makes_a_parser_panic(
        text in "\\PC*|[A-Za-z0-9_=-]*\\.[A-Za-z0-9_=-]*\\.[A-Za-z0-9_=-]*",
        member in "\\PC*",
    ) {
        prop_assert!(ForeignKeys::default().verify(&text).is_err());
        let _ = ForeignKeys::parse(text.as_bytes());
        let jwk = json!({"kty": "RSA", "n": text, "e": member, "x": member, "crv": text});
        prop_assert!(published(&[jwk]).0.is_empty());
    }
}
