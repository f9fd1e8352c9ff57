//! The signed form of a proof, which needs no shared key, and is no token.

use super::{ADA, HOME, KEY, SHOP, proof};
use crate::support::{TestApp, claims, header_of};
use doorward_service::keys::{self, Rotation};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

/// What a consumer does: finds the key in the key set and verifies for its own name.
async fn read(
    app: &TestApp,
    jws: &str,
    algorithm: Algorithm,
    project: &str,
) -> Result<Value, ErrorKind> {
    let set: JwkSet = serde_json::from_value(
        app.get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json(),
    )
    .unwrap();
    let header = jsonwebtoken::decode_header(jws).unwrap();
    let key = set.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[project]);
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    let read =
        jsonwebtoken::decode::<Value>(jws, &DecodingKey::from_jwk(key).unwrap(), &validation);
    read.map(|read| read.claims)
        .map_err(jsonwebtoken::errors::Error::into_kind)
}

#[tokio::test]
async fn a_consumer_verifies_the_jws_with_the_key_set() {
    for (name, algorithm) in [
        ("RS256", Algorithm::RS256),
        ("PS256", Algorithm::PS256),
        ("ES256", Algorithm::ES256),
        ("EdDSA", Algorithm::EdDSA),
    ] {
        let app = TestApp::with(&[
            ("tokens.algorithm", name),
            ("server.public_url", "http://127.0.0.1:8123"),
        ])
        .await;
        let proof = proof(&app, HOME, ADA, SHOP).await;
        let jws = proof["jws"].as_str().unwrap();
        let claims = read(&app, jws, algorithm, SHOP).await.unwrap();
        let issued_at = proof["issued_at"].as_i64().unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": "http://127.0.0.1:8123", "aud": SHOP, "iat": issued_at, "exp": issued_at + 600,
                "auth_user_id": proof["auth_user_id"], "email": ADA, "project_id": SHOP, "verified": true, "issued_at": issued_at,
            })
        );
        assert_eq!(
            (&header_of(jws)["typ"], &header_of(jws)["alg"]),
            (&json!("proof+jwt"), &json!(name))
        );
    }
}

#[tokio::test]
async fn a_proof_for_one_project_is_none_for_another() {
    let app = TestApp::start().await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    let other = read(
        &app,
        proof["jws"].as_str().unwrap(),
        Algorithm::RS256,
        "blog",
    )
    .await;
    assert_eq!(other, Err(ErrorKind::InvalidAudience));
}

#[tokio::test]
async fn a_jws_can_be_read_after_the_keys_were_rotated() {
    let app = TestApp::start().await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    keys::rotate(&app.app, &app.operator(), Rotation::AtOnce)
        .await
        .unwrap();
    read(&app, proof["jws"].as_str().unwrap(), Algorithm::RS256, SHOP)
        .await
        .unwrap();
}

/// Every operation that says that it takes a bearer token.
async fn guarded(app: &TestApp) -> Vec<(String, String)> {
    let document = app.get("/openapi.json").send().await.expect(200).json();
    let mut guarded = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].to_string().contains("bearer") {
                let path = path.replace(['{', '}'], "");
                guarded.push((method.to_uppercase(), path));
            }
        }
    }
    guarded
}

#[tokio::test]
async fn sec_s18_the_jws_is_no_token_anywhere() {
    // The worst case: the project and the tokens' own audience have one name.
    let app = TestApp::with(&[
        ("tokens.audience", SHOP),
        ("proof.secret_key", KEY),
        ("rate_limit.enabled", "false"),
    ])
    .await;
    let ada = app.signed_in(ADA).await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    let jws = proof["jws"].as_str().unwrap();
    let guarded = guarded(&app).await;
    assert!(guarded.len() >= 7, "{guarded:?}");
    for (method, path) in guarded {
        let ask = |token: &str| {
            app.request(method.parse().unwrap(), &path)
                .bearer(token)
                .json(json!({"login": "nobody", "password": "Wrong-7-Password"}))
        };
        let refused = ask(jws).send().await;
        let garbage = ask("a.b.c").send().await;
        assert_eq!(refused.status, garbage.status, "{method} {path}: {refused}");
    }
    app.get("/api/v1/users/profile")
        .bearer(jws)
        .send()
        .await
        .expect(401);
    app.get("/api/profile")
        .bearer(jws)
        .send()
        .await
        .says(401, "Invalid token payload");
    app.get("/api/v1/users/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_s18_the_jws_refreshes_nothing_and_is_no_code_and_no_password() {
    let app = TestApp::start().await;
    app.verified(ADA).await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    let jws = proof["jws"].as_str().unwrap();
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": jws}))
        .send()
        .await
        .expect(401);
    app.post("/api/v1/auth/login")
        .json(json!({"email": ADA, "password": jws}))
        .send()
        .await
        .expect(400);
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ADA, "otp": jws}))
        .send()
        .await
        .expect(400);
    super::verify_code(&app, HOME, ADA, SHOP, jws)
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_s18_a_token_is_no_proof() {
    let app = TestApp::with(&[("tokens.audience", SHOP)]).await;
    let ada = app.signed_in(ADA).await;
    assert_ne!(header_of(&ada.access)["typ"], json!("proof+jwt"));
    assert_eq!(claims(&ada.access).get("verified"), None);
}
