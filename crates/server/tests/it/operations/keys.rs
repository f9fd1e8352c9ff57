//! The public keys, as a key set and as PEM.

use crate::support::TestApp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

/// Verifies a token as the documents show it to consumers: key and algorithm, and nothing else configured.
fn verified(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Value {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, key, &validation)
        .unwrap()
        .claims
}

#[tokio::test]
async fn a_consumer_verifies_tokens_with_the_key_set() {
    for (name, algorithm) in [
        ("RS256", Algorithm::RS256),
        ("PS256", Algorithm::PS256),
        ("ES256", Algorithm::ES256),
        ("EdDSA", Algorithm::EdDSA),
    ] {
        let app = TestApp::with(&[("tokens.algorithm", name)]).await;
        let ada = app.signed_in("ada@example.com").await;
        let answer = app.get("/.well-known/jwks.json").send().await.expect(200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let set: JwkSet = serde_json::from_value(answer.json()).unwrap();
        assert_eq!(answer.json()["keys"][0]["alg"], name);
        assert_eq!(answer.json()["keys"][0]["use"], "sig");
        let header = jsonwebtoken::decode_header(&ada.access).unwrap();
        let key = set.find(&header.kid.unwrap()).unwrap();
        let claims = verified(&ada.access, &DecodingKey::from_jwk(key).unwrap(), algorithm);
        assert_eq!(claims["sub"], json!(ada.id));
    }
}

#[tokio::test]
async fn a_consumer_verifies_tokens_with_the_pem() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let answer = app.get("/utils/public_key").send().await.expect(200);
    assert_eq!(answer.members(), ["public_key", "version"]);
    assert_eq!(answer.json()["version"], 1);
    let key = DecodingKey::from_rsa_pem(answer.field("public_key").as_bytes()).unwrap();
    assert_eq!(
        verified(&ada.access, &key, Algorithm::RS256)["sub"],
        json!(ada.id)
    );
}

#[tokio::test]
async fn the_public_key_of_a_version_is_told_and_that_of_none_is_not_there() {
    let app = TestApp::start().await;
    let newest = app.get("/utils/public_key").send().await.expect(200);
    let first = app
        .get("/utils/public_key?version=1")
        .send()
        .await
        .expect(200);
    assert_eq!(newest.json(), first.json());
    app.get("/utils/public_key?version=2")
        .send()
        .await
        .says(404, "Version of public key does not exist");
    app.get("/utils/public_key?version=0")
        .send()
        .await
        .says(404, "Version of public key does not exist");
    for version in ["x", "abc", "1.0", ""] {
        app.get(&format!("/utils/public_key?version={version}"))
            .send()
            .await
            .says(422, "Input should be a valid integer");
    }
}

#[tokio::test]
async fn a_shared_key_is_never_published() {
    let settings = [
        ("tokens.algorithm", "HS256"),
        ("tokens.hs256_key", "Zt8pQ2vR5yW9cF3hK6nS1mD4gJ7bX0aE"),
        ("api.families", "session,verified"),
    ];
    let app = TestApp::with(&settings).await;
    assert_eq!(
        app.get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json(),
        json!({"keys": []})
    );
    app.get("/utils/public_key").send().await.expect(404);
    let ada = app.signed_in("ada@example.com").await;
    let key = DecodingKey::from_secret(b"Zt8pQ2vR5yW9cF3hK6nS1mD4gJ7bX0aE");
    assert_eq!(
        verified(&ada.access, &key, Algorithm::HS256)["sub"],
        json!(ada.id)
    );
    app.get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_key_that_was_brought_along_signs() {
    let key = doorward_crypto::SigningKey::generate(doorward_crypto::Algorithm::Es256).unwrap();
    let body = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(key.to_pkcs8_der().as_slice())
    };
    // As containers pass it: one line, with the line ends written as two characters.
    let escaped = format!("-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\\n");
    let public = key.public().to_pem();
    let app = TestApp::with(&[
        ("tokens.algorithm", "ES256"),
        ("tokens.private_key", &escaped),
        ("tokens.public_key", &public),
    ])
    .await;
    assert_eq!(
        app.get("/utils/public_key")
            .send()
            .await
            .expect(200)
            .field("public_key"),
        public
    );
    let ada = app.signed_in("ada@example.com").await;
    verified(
        &ada.access,
        &DecodingKey::from_ec_pem(public.as_bytes()).unwrap(),
        Algorithm::ES256,
    );
}
