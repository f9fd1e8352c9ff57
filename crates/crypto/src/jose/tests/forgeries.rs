//! Tokens that nobody may accept.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

/// A token with a header of the forger's choice, signed by the right key.
fn signed_under(header: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", part(header), part(r#"{"sub":"1","exp":1}"#));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn sec_9_1_1_one_changed_byte_anywhere_is_refused() {
    for (signer, keys) in parties() {
        let token = signer.sign(&claims()).unwrap();
        for place in 0..token.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64] {
                let mut changed = token.clone().into_bytes();
                changed[place] ^= flip;
                let changed = String::from_utf8(changed).unwrap();
                assert!(keys.verify(&changed).is_err(), "byte {place} of {changed}");
            }
            assert!(keys.verify(&token[..place]).is_err());
        }
    }
}

#[test]
fn sec_9_1_2_none_is_no_algorithm() {
    let keys = KeySet::from_iter([("1", key(Algorithm::Es256).public().clone())]);
    for name in ["none", "None", "NONE", "nOnE", "", "ES256 ", "es256"] {
        let header = part(&format!(r#"{{"alg":"{name}","kid":"1"}}"#));
        for signature in ["", "AA"] {
            let token = format!("{header}.{}.{signature}", part(r#"{"sub":"1","exp":1}"#));
            assert_eq!(keys.verify(&token).err(), Some(JoseError::Algorithm));
        }
    }
}

#[test]
fn sec_i31_a_public_key_is_no_hmac_key() {
    let public = key(Algorithm::Rs256).public().clone();
    let keys = KeySet::from_iter([("1", public.clone())]);
    for secret in [public.to_pem().into_bytes(), public.to_spki_der().to_vec()] {
        let forger = HmacKey::new(&secret).unwrap();
        let token = Signer::new("1", forger.clone()).sign(&claims()).unwrap();
        assert_eq!(keys.verify(&token).err(), Some(JoseError::Algorithm));

        let signed = format!("{}.{}", part(r#"{"alg":"RS256","kid":"1"}"#), part("{}"));
        let signature = URL_SAFE_NO_PAD.encode(forger.sign(signed.as_bytes()));
        let token = format!("{signed}.{signature}");
        assert_eq!(keys.verify(&token).err(), Some(JoseError::Signature));
    }
}

#[test]
fn sec_i31_a_token_of_the_same_key_under_another_algorithm_is_refused() {
    let keys = KeySet::from_iter([("1", key(Algorithm::Rs256).public().clone())]);
    let token = Signer::new("1", key(Algorithm::Ps256))
        .sign(&claims())
        .unwrap();
    assert_eq!(keys.verify(&token).err(), Some(JoseError::Algorithm));
    let token = signed_under(r#"{"alg":"RS256","kid":"1"}"#, &key(Algorithm::Ps256));
    assert_eq!(keys.verify(&token).err(), Some(JoseError::Signature));
}

#[test]
fn sec_9_1_3_a_header_brings_no_key_and_no_rule() {
    let signing = key(Algorithm::Es256);
    let keys = KeySet::from_iter([("1", signing.public().clone())]);
    let forger = key(Algorithm::Es256);
    let jwk = serde_json::to_string(&forger.public().jwk("1")).unwrap();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"http://127.0.0.1:1/keys""#.to_owned(),
        r#""x5u":"http://127.0.0.1:1/chain""#.to_owned(),
        r#""x5c":["AAAA"]"#.to_owned(),
        r#""crit":["exp"],"exp":1"#.to_owned(),
        r#""crit":[]"#.to_owned(),
        r#""jwk":null"#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"1",{member}}}"#);
        for key in [&signing, &forger] {
            let token = signed_under(&header, key);
            assert_eq!(keys.verify(&token).err(), Some(JoseError::Malformed));
        }
    }
}

#[test]
fn sec_i31_a_kid_is_a_name_and_nothing_else() {
    let signing = key(Algorithm::Es256);
    let keys = KeySet::from_iter([("1", signing.public().clone())]);
    for kid in [
        "",
        "2",
        "01",
        "1 ",
        "../../dev/null",
        "/dev/null",
        "1' OR '1'='1",
        "1'; DROP TABLE signing_keys; --",
        "http://127.0.0.1/keys",
        "1\\u0000",
    ] {
        let token = signed_under(&format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), &signing);
        assert_eq!(
            keys.verify(&token).err(),
            Some(JoseError::UnknownKey),
            "{kid}"
        );
    }
    let token = signed_under(r#"{"alg":"ES256"}"#, &signing);
    assert_eq!(keys.verify(&token).err(), Some(JoseError::UnknownKey));
    for header in [
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","kid":["1"]}"#,
        r#"{"alg":"ES256","kid":null}"#,
        r#"{"alg":"ES256","kid":"2","kid":"1"}"#,
        r#"{"alg":["ES256"],"kid":"1"}"#,
        r#"{"alg":"ES256","kid":"1","typ":{}}"#,
        r#"{"kid":"1"}"#,
        r#"["ES256","1"]"#,
        "",
    ] {
        let token = signed_under(header, &signing);
        assert_eq!(
            keys.verify(&token).err(),
            Some(JoseError::Malformed),
            "{header}"
        );
    }
}

#[test]
fn sec_9_1_2_a_blank_or_foreign_signature_is_refused() {
    for (signer, keys) in parties() {
        let token = signer.sign(&claims()).unwrap();
        let (signed, good) = token.rsplit_once('.').unwrap();
        let good = URL_SAFE_NO_PAD.decode(good).unwrap();
        let longer = [&good[..], &[0]].concat();
        for signature in [
            vec![],
            vec![0; good.len()],
            vec![0xFF; good.len()],
            longer,
            good[1..].to_vec(),
            vec![0; 64],
        ] {
            let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
            assert_eq!(keys.verify(&forged).err(), Some(JoseError::Signature));
        }
        assert!(keys.verify(signed).is_err());
    }
}

/// CVE-2022-21449: r = s = 0, and values at and past the order of the curve.
#[test]
fn an_ecdsa_signature_of_zeros_or_out_of_range_is_refused() {
    let signing = key(Algorithm::Es256);
    let keys = KeySet::from_iter([("1", signing.public().clone())]);
    let order =
        hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let token = Signer::new("1", signing).sign(&claims()).unwrap();
    let (signed, good) = token.rsplit_once('.').unwrap();
    let good = URL_SAFE_NO_PAD.decode(good).unwrap();
    assert_eq!(good.len(), 64);
    let (r, s) = good.split_at(32);
    let zero = &[0; 32][..];
    for (r, s) in [
        (zero, zero),
        (zero, s),
        (r, zero),
        (&order, s),
        (r, &order),
        (&order, &order),
    ] {
        let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([r, s].concat()));
        assert_eq!(keys.verify(&forged).err(), Some(JoseError::Signature));
    }
}

#[test]
fn base64_with_padding_white_space_or_loose_bits_is_refused() {
    let keys = KeySet::from_iter([("1", hmac_key())]);
    let token = Signer::new("1", hmac_key()).sign(&claims()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // 32 bytes leave two loose bits in the last of 43 characters.
    let last = signature.chars().next_back().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    for loose in 1..4 {
        let other = alphabet.chars().nth(place + loose).unwrap();
        let forged = format!("{signed}.{}{other}", &signature[..42]);
        assert_eq!(keys.verify(&forged).err(), Some(JoseError::Malformed));
    }
    for forged in [
        format!("{signed}.{}", URL_SAFE.encode(&bytes)),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{signed}.\n{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        signed.to_owned(),
        String::new(),
        "..".to_owned(),
        "a".repeat(9000),
        format!("{signed}.{}", "A".repeat(9000)),
    ] {
        assert_eq!(
            keys.verify(&forged).err(),
            Some(JoseError::Malformed),
            "{forged}"
        );
    }
}

#[test]
fn claims_are_read_behind_the_signature_alone() {
    let keys = KeySet::from_iter([("1", hmac_key())]);
    let header = part(r#"{"alg":"HS256","kid":"1"}"#);
    assert_eq!(
        keys.verify(&format!("{header}.%%%.AAAA")).err(),
        Some(JoseError::Signature)
    );
    let signed = format!("{header}.{}", part("no claims"));
    let signature = URL_SAFE_NO_PAD.encode(hmac_key().sign(signed.as_bytes()));
    let token = format!("{signed}.{signature}");
    let verified = keys.verify(&token).unwrap();
    assert_eq!(verified.claims::<Claims>(), Err(JoseError::Claims));
}
