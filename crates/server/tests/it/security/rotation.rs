//! Signing keys change, and no token is stranded by it.

use crate::support::TestApp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_domain::{KeyVersion, Span};
use doorward_service::keys::{self, KeyState};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

async fn key_set(app: &TestApp) -> JwkSet {
    let answer = app.get("/.well-known/jwks.json").send().await.expect(200);
    serde_json::from_value(answer.json()).unwrap()
}

fn names(set: &JwkSet) -> Vec<String> {
    set.keys
        .iter()
        .filter_map(|key| key.common.key_id.clone())
        .collect()
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// Verifies a token as its consumers do: by the key set alone.
fn verifies(token: &str, set: &JwkSet) -> bool {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let Some(key) = header.kid.and_then(|kid| set.find(&kid).cloned()) else {
        return false;
    };
    let mut validation = Validation::new(header.alg);
    // The clock of the test is not that of the machine.
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&key).unwrap(), &validation).is_ok()
}

async fn access(app: &TestApp, login: &str) -> String {
    let body = json!({"login": login, "password": "Correct horse 1"});
    app.post("/api/register")
        .json(body.clone())
        .send()
        .await
        .expect(201);
    let token = app
        .post("/api/login")
        .json(body)
        .send()
        .await
        .expect(200)
        .json();
    token["access_token"].as_str().unwrap().to_owned()
}

async fn profile(app: &TestApp, token: &str) -> u16 {
    app.get("/api/profile").bearer(token).send().await.status
}

#[tokio::test]
async fn sec_i47_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_ends()
{
    let app = TestApp::start().await;
    let before = access(&app, "before").await;
    assert_eq!(
        (kid(&before).as_str(), names(&key_set(&app).await)),
        ("1", vec!["1".to_owned()])
    );

    keys::rotate(&app.app, &app.operator(), keys::Rotation::Planned)
        .await
        .unwrap();
    let published = key_set(&app).await;
    assert_eq!(names(&published), ["1", "2"]);
    let meanwhile = access(&app, "meanwhile").await;
    assert_eq!(
        kid(&meanwhile),
        "1",
        "the new key is known to no verifier's cache yet"
    );

    app.advance(Span::minutes(5));
    let after = access(&app, "after").await;
    assert_eq!(kid(&after), "2");
    assert!(
        verifies(&after, &published),
        "a set fetched before the key signed verifies what it signed"
    );
    for token in [&before, &meanwhile, &after] {
        assert_eq!(profile(&app, token).await, 200);
        assert!(verifies(token, &key_set(&app).await));
    }

    app.advance(Span::days(8));
    assert_eq!(names(&key_set(&app).await), ["2"]);
    let states: Vec<_> = keys::list(&app.app, app.clock.now())
        .await
        .unwrap()
        .iter()
        .map(|key| key.state)
        .collect();
    assert_eq!(states, [KeyState::Gone, KeyState::Signing]);
    // Consumers that verify old records still find the key by its version.
    app.get("/utils/public_key?version=1")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn sec_i47_a_leaked_key_stops_signing_at_once() {
    let app = TestApp::start().await;
    let before = access(&app, "before").await;
    keys::rotate(&app.app, &app.operator(), keys::Rotation::AtOnce)
        .await
        .unwrap();
    let after = access(&app, "after").await;
    assert_eq!(
        (kid(&before), kid(&after)),
        ("1".to_owned(), "2".to_owned())
    );
    assert_eq!(
        (profile(&app, &before).await, profile(&app, &after).await),
        (200, 200)
    );
}

#[tokio::test]
async fn sec_i47_many_rotations_under_load_strand_no_token() {
    let app = TestApp::with(&[
        ("tokens.algorithm", "ES256"),
        ("rate_limit.enabled", "false"),
    ])
    .await;
    let ada = app.signed_in("ada@example.com").await;
    let mut issued: Vec<(String, JwkSet)> = Vec::new();
    for _ in 0..25 {
        keys::rotate(&app.app, &app.operator(), keys::Rotation::Planned)
            .await
            .unwrap();
        app.advance(Span::minutes(6));
        let fetched = key_set(&app).await;
        let refreshed = app
            .post("/api/v1/auth/refresh-token")
            .json(json!({"refresh_token": ada.refresh}))
            .send()
            .await
            .expect(200)
            .json();
        issued.push((
            refreshed["access_token"].as_str().unwrap().to_owned(),
            fetched,
        ));
    }
    let now = key_set(&app).await;
    for (token, then) in &issued {
        assert!(verifies(token, then) && verifies(token, &now));
    }
    let live: Vec<_> = issued.iter().rev().take(4).collect();
    for (token, _) in live {
        assert_eq!(profile(&app, token).await, 200);
    }
}

#[tokio::test]
async fn sec_11_2_2_a_new_algorithm_is_a_new_key_beside_the_old() {
    let app = TestApp::with(&[("tokens.algorithm", "ES256")]).await;
    let token = access(&app, "curve").await;
    assert_eq!(
        jsonwebtoken::decode_header(&token).unwrap().alg,
        jsonwebtoken::Algorithm::ES256
    );
    assert!(verifies(&token, &key_set(&app).await));
    assert_eq!(profile(&app, &token).await, 200);
}

#[tokio::test]
async fn sec_s07_reading_keys_writes_nothing_and_tokens_name_their_key() {
    let app = TestApp::start().await;
    let token = access(&app, "ada").await;
    let before = keys::list(&app.app, app.clock.now()).await.unwrap();
    for _ in 0..5 {
        app.get("/.well-known/jwks.json").send().await.expect(200);
        app.get("/utils/public_key").send().await.expect(200);
    }
    let after = keys::list(&app.app, app.clock.now()).await.unwrap();
    assert_eq!(before.len(), after.len());
    let (header, claims) = super::forgery::open(&token);
    assert_eq!(header["kid"], "1");
    for name in ["iss", "jti", "sub", "sid", "iat", "exp", "type"] {
        assert!(!claims[name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn sec_13_3_2_the_key_set_holds_public_parts_alone() {
    let app = TestApp::start().await;
    let answer = app.get("/.well-known/jwks.json").send().await.expect(200);
    for key in answer.json()["keys"].as_array().unwrap() {
        let mut members: Vec<_> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    }
    let pem = app.get("/utils/public_key").send().await.expect(200).text();
    assert!(pem.contains("BEGIN PUBLIC KEY") && !pem.contains("PRIVATE"));
}

const ES256: (&str, &str) = ("tokens.algorithm", "ES256");

/// A private key as an operator would make one.
fn private_key() -> String {
    let key = doorward_crypto::SigningKey::generate(doorward_crypto::Algorithm::Es256).unwrap();
    let body = STANDARD.encode(key.to_pkcs8_der());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

#[tokio::test]
async fn sec_i47_a_withdrawn_key_is_in_no_key_set_and_its_tokens_are_refused_at_once() {
    let app = TestApp::with(&[ES256]).await;
    let token = access(&app, "ada").await;
    let operator = app.operator();
    keys::rotate(&app.app, &operator, keys::Rotation::Planned)
        .await
        .unwrap();
    assert_eq!(profile(&app, &token).await, 200);
    let withdrawn = keys::withdraw(&app.app, &operator, KeyVersion(1))
        .await
        .unwrap();
    assert_eq!(withdrawn.state, KeyState::Withdrawn);
    assert_eq!(profile(&app, &token).await, 401);
    // The next one was not to sign yet, so another does at once.
    assert_eq!(kid(&access(&app, "eve").await), "3");
    assert_eq!(names(&key_set(&app).await), ["2", "3"]);
    app.get("/utils/public_key?version=1")
        .send()
        .await
        .expect(404);
    for version in [1, 9] {
        let again = keys::withdraw(&app.app, &operator, KeyVersion(version)).await;
        assert!(again.is_err(), "{version}");
    }
}

#[tokio::test]
async fn a_key_that_is_brought_to_a_database_with_keys_is_published_and_then_signs() {
    let app = TestApp::with(&[ES256]).await;
    let brought = private_key();
    let settings = [ES256, ("tokens.private_key", brought.as_str())];
    let next = app.beside(&settings).await;
    next.look_after_keys().await;
    let published = key_set(&next).await;
    assert_eq!(names(&published), ["1", "2"]);
    assert_eq!(kid(&access(&next, "meanwhile").await), "1");
    next.advance(Span::minutes(5));
    let token = access(&next, "after").await;
    assert_eq!(kid(&token), "2");
    assert!(verifies(&token, &published));
    // It stays the one key that it is, however often it is brought.
    next.look_after_keys().await;
    let again = app.beside(&settings).await;
    again.look_after_keys().await;
    assert_eq!(names(&key_set(&again).await), ["1", "2"]);
}

#[tokio::test]
async fn sec_i47_a_withdrawn_key_is_not_brought_back() {
    let app = TestApp::with(&[ES256]).await;
    let (brought, operator) = (private_key(), app.operator());
    let import = async || {
        let key = keys::BroughtKey {
            private_pem: brought.clone().into(),
            public_pem: None,
        };
        keys::import(&app.app, &operator, &key).await
    };
    assert_eq!(import().await.unwrap().version, KeyVersion(2));
    assert!(matches!(
        import().await,
        Err(keys::ImportError::Known(KeyVersion(2)))
    ));
    keys::withdraw(&app.app, &operator, KeyVersion(2))
        .await
        .unwrap();
    assert!(matches!(
        import().await,
        Err(keys::ImportError::Withdrawn(KeyVersion(2)))
    ));
    let refused = app
        .refused(&[ES256, ("tokens.private_key", &brought)])
        .await;
    assert!(refused.contains("withdrawn as version 2"), "{refused}");
}
