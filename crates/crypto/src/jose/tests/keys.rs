//! Keys, in every form they are read and written in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::der::{Reader, SEQUENCE};
use super::super::pem;
use super::*;

#[test]
fn a_jwk_holds_the_members_of_its_kind_alone() {
    let members = |algorithm| {
        let jwk = serde_json::to_value(key(algorithm).public().jwk("7")).unwrap();
        let members = jwk.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        members.join(" ")
    };
    assert_eq!(members(Algorithm::Rs256), "alg e kid kty n use");
    assert_eq!(members(Algorithm::Es256), "alg crv kid kty use x y");
    assert_eq!(members(Algorithm::EdDsa), "alg crv kid kty use x");
}

#[test]
fn keys_come_back_from_every_form_they_are_written_in() {
    for algorithm in PAIRS {
        let key = key(algorithm);
        let public = key.public();
        let pem = public.to_pem();
        assert_eq!(&PublicKey::from_pem(&pem, algorithm).unwrap(), public);
        assert_eq!(
            &PublicKey::from_jwk(&public.jwk("1"), algorithm).unwrap(),
            public
        );
        for private in [
            private_pem(&key),
            private_pem(&key).replace('\n', "\\n"),
            private_pem(&key).replace('\n', "\r\n"),
        ] {
            let read = SigningKey::from_pem(&private, algorithm).unwrap();
            assert_eq!(read.public(), public);
            assert_eq!(read.to_pkcs8_der(), key.to_pkcs8_der());
        }
    }
}

/// The key inside a PKCS#8 `PrivateKeyInfo`, in the form of its own algorithm.
fn inner_key(pkcs8: &[u8]) -> &[u8] {
    const OCTET_STRING: u8 = 0x04;
    let mut info = Reader::new(Reader::new(pkcs8).element(SEQUENCE).unwrap());
    info.element(0x02).unwrap();
    info.element(SEQUENCE).unwrap();
    info.element(OCTET_STRING).unwrap()
}

#[test]
fn a_sec1_key_is_read_as_what_it_is() {
    let key = key(Algorithm::Es256);
    let pem = pem::encode("EC PRIVATE KEY", inner_key(&key.to_pkcs8_der()));
    let read = SigningKey::from_pem(&pem, Algorithm::Es256).unwrap();
    assert_eq!(read.public(), key.public());
    assert_eq!(
        SigningKey::from_pem(&pem, Algorithm::Rs256).err(),
        Some(KeyError::Encoding)
    );
}

#[test]
fn a_pkcs1_key_is_read_as_what_it_is() {
    let pem = pem::encode("RSA PRIVATE KEY", inner_key(rsa_der()));
    let read = SigningKey::from_pem(&pem, Algorithm::Rs256).unwrap();
    assert_eq!(read.public(), key(Algorithm::Rs256).public());
    assert_eq!(
        SigningKey::from_pem(&pem, Algorithm::Es256).err(),
        Some(KeyError::Encoding)
    );
}

#[test]
fn a_key_is_of_one_algorithm_alone() {
    for made in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = key(made);
        for other in [
            Algorithm::Rs256,
            Algorithm::Es256,
            Algorithm::EdDsa,
            Algorithm::Hs256,
        ] {
            if other != made {
                assert!(SigningKey::from_pem(&private_pem(&key), other).is_err());
                assert!(PublicKey::from_pem(&key.public().to_pem(), other).is_err());
                assert!(PublicKey::from_jwk(&key.public().jwk("1"), other).is_err());
            }
        }
    }
    assert_eq!(
        SigningKey::generate(Algorithm::Hs256).err(),
        Some(KeyError::Algorithm)
    );
}

#[test]
fn rsa_keys_have_the_size_asked_for() {
    let key = SigningKey::generate_sized(Algorithm::Ps256, RsaSize::Bits3072).unwrap();
    assert_eq!(key.public().rsa_bits(), Some(3072));
    assert_eq!(super::key(Algorithm::Rs256).public().rsa_bits(), Some(2048));
    assert_eq!(super::key(Algorithm::Es256).public().rsa_bits(), None);
}

/// A public key of 1024 bits; nobody has its private half.
#[test]
fn rsa_below_2048_bits_is_refused() {
    let number = |bytes: &[u8]| [&[0x02, 0x81, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let modulus = [&[0_u8][..], &[0xC5; 127], &[0x01]].concat();
    let sequence = |contents: &[u8]| {
        [
            &[0x30, 0x81, u8::try_from(contents.len()).unwrap()],
            contents,
        ]
        .concat()
    };
    let key = sequence(&[number(&modulus), number(&[1, 0, 1])].concat());
    let bits = [
        &[0x03, 0x81, u8::try_from(key.len() + 1).unwrap(), 0],
        &key[..],
    ]
    .concat();
    // rsaEncryption, RFC 8017 appendix A.1.
    let oid = [
        0x30, 0x0D, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 5, 0,
    ];
    let spki = sequence(&[&oid[..], &bits].concat());
    assert!(PublicKey::from_spki_der(&spki, Algorithm::Rs256).is_err());
    assert_eq!(HmacKey::new(&[1; 31]).err(), Some(KeyError::TooShort));
}

/// A PKCS#8 key of 1024 bits that signs nothing anywhere.
const SHORT_RSA: &str = "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANqp/IQHwSs4+HgIrv0lzHZ8kJHQ\
    XPQhK3Ja0sBGRBTste2ou5aZnF0QMQBzROXcs12ECZwEXG4yl7WALnnqmF0+tNWQSb/bU3gjVWvr\
    WRpavHnr/E7ClalU9uxMsl4RnBTQHPTmtbexo2/lPo4L8mTYNrrIqZRZLfsooHEFv0KxAgMBAAEC\
    gYABMO3cNkKaHqxT0xBI9ry/ZHxRHwZymf+nltERFRDn4EY5bjLfZiTQ6ParXvVgHyym9MIspGVw\
    gDwNVA5swZdk4A7LP/JNM9cNRutSCH4YsolgnyYtOaW6+N9t1ho6OHy1TiVZUwa+gS02QuMvaJBa\
    QKkfkapMe/V45tVpdlqhMQJBAPk8j2gjdTajFbQxGERS3VpYmriWPZdtOIXMKch6lhTqHMUhWsIj\
    F00U5nhxeOffEuYd4irF/evjUigCcFNxs9UCQQDgmQobkFBHSQpA0eVa65HhgHEb4SM40IMFYL/7\
    7Pj0JCJ0pH9Xb9Nc30DtjnvdQVhj2CTHkyqt3FQqs02XtG1tAkA755pwZVVe9IPa85HpmiEp/fHy\
    O+pB4zaash+41/4KuNqBZyrxTo3jMQrUGDH/SVa5iKU7sqr9b33nr+5foAyhAkEA2fBnOHv/Ck07\
    385NSr6QHkuudikvLnBW0x8g7Gr04KM3tAvzbXsblGEm9d1vIDHKfYg9mFOb9H16Rr0aq/zuuQJB\
    ANKM9zDOiy2W7o+XE53kR1Y02/akK9lFD1YVbJyYxpl4V1ybbncS+yQR5a8Y/0OYHkNfhXVOYZtS\
    qJLG2/LVXPg=";

#[test]
fn an_rsa_key_of_1024_bits_signs_nothing() {
    let der = STANDARD.decode(SHORT_RSA).unwrap();
    let refusal = SigningKey::from_pkcs8_der(&der, Algorithm::Rs256).err();
    assert_eq!(refusal, Some(KeyError::TooShort));
    let pem = pem::encode("RSA PRIVATE KEY", inner_key(&der));
    let refusal = SigningKey::from_pem(&pem, Algorithm::Ps256).err();
    assert_eq!(refusal, Some(KeyError::TooShort));
}
