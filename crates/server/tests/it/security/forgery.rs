//! A forger: signs whatever is asked for, with the service's own key where the test brought it along, or with another.

use crate::support::TestApp;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward_crypto::{Algorithm, SigningKey};
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The key of every service that is started by [`app_with_known_key`].
struct KnownKey {
    private_pem: String,
    public_pem: String,
}

/// Making an RSA key takes its time; one serves all tests.
fn known_key() -> &'static KnownKey {
    static KEY: OnceLock<KnownKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        let body = STANDARD.encode(key.to_pkcs8_der().as_slice());
        let lines: Vec<_> = body
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        KnownKey {
            private_pem: format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                lines.join("\n")
            ),
            public_pem: key.public().to_pem(),
        }
    })
}

/// A service whose signing key the test knows, so that a token can be wrong in one thing alone.
pub(super) async fn app_with_known_key(settings: &[(&str, &str)]) -> TestApp {
    let mut settings = settings.to_vec();
    settings.push(("tokens.private_key", &known_key().private_pem));
    TestApp::with(&settings).await
}

/// The public key of that service, as anybody can read it.
pub(super) fn public_pem() -> &'static str {
    &known_key().public_pem
}

/// Header and claims of a token, read without any check.
pub(super) fn open(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default())
            .unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

/// A token of these texts with the service's own signature.
pub(super) fn sign_texts(header: &str, claims: &str) -> String {
    let key = EncodingKey::from_rsa_pem(known_key().private_pem.as_bytes()).unwrap();
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

/// A token with the service's own signature.
pub(super) fn sign(header: &Value, claims: &Value) -> String {
    sign_texts(&header.to_string(), &claims.to_string())
}

/// A token that is signed by HMAC with a key of the forger's choice.
pub(super) fn sign_hmac(header: &Value, claims: &Value, key: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        encode(&header.to_string()),
        encode(&claims.to_string())
    );
    let key = EncodingKey::from_secret(key);
    let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// A token without a signature, in the two spellings that careless libraries took.
pub(super) fn unsigned(claims: &Value) -> Vec<String> {
    ["none", "None", "NONE", "nOnE"]
        .into_iter()
        .flat_map(|alg| {
            let message = format!(
                "{}.{}",
                encode(&json!({"alg": alg, "typ": "JWT", "kid": "1"}).to_string()),
                encode(&claims.to_string())
            );
            [format!("{message}."), message]
        })
        .collect()
}

/// Signed with another key of the same kind.
pub(super) fn sign_with_another_key(header: &Value, claims: &Value) -> (String, Value) {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    let key = KEY.get_or_init(|| SigningKey::generate(Algorithm::Rs256).unwrap());
    let body = STANDARD.encode(key.to_pkcs8_der().as_slice());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let jwk = serde_json::to_value(key.public().jwk("1")).unwrap();
    let mut header = header.clone();
    if header.get("jwk").is_some() {
        header["jwk"] = jwk.clone();
    }
    let message = format!(
        "{}.{}",
        encode(&header.to_string()),
        encode(&claims.to_string())
    );
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::RS256).unwrap();
    (format!("{message}.{signature}"), jwk)
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
