//! Whatever signs tokens, their consumers verify them by what is published, and a change of it strands nobody.

use crate::support::{PASSWORD, TestApp, claims};
use doorward_domain::Span;
use doorward_service::keys;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

const PUBLIC: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];
const SHARED_KEY: &str = "Zt8pQ2vR5yW9cF3hK6nS1mD4gJ7bX0aE";

/// The settings of HS256, where the families that promise a public key are off.
const HS256: [(&str, &str); 3] = [
    ("tokens.algorithm", "HS256"),
    ("tokens.hs256_key", SHARED_KEY),
    ("api.families", "session,verified"),
];

async fn key_set(app: &TestApp) -> JwkSet {
    let answer = app.get("/.well-known/jwks.json").send().await.expect(200);
    serde_json::from_value(answer.json()).unwrap()
}

/// Verifies a token as a careful consumer does, but for its times, which are those of the test; gives the claims.
fn verified(token: &str, set: &JwkSet, algorithm: Algorithm) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, algorithm);
    let key = set
        .find(&header.kid.unwrap())
        .expect("its key is published");
    assert_eq!(
        key.common.key_algorithm.map(|alg| alg.to_string()),
        Some(format!("{algorithm:?}"))
    );
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.set_issuer(&["http://127.0.0.1:8000"]);
    let decoded =
        jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules);
    decoded.unwrap().claims
}

async fn me(app: &TestApp, token: &str) -> u16 {
    app.get("/v1/me").bearer(token).send().await.status
}

/// Registers somebody of family `confirm` and gives both tokens.
async fn confirm_tokens(app: &TestApp, email: &str) -> (String, String) {
    let form =
        json!({"email": email, "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD});
    app.post("/users").json(form).send().await.expect(200);
    let form = json!({"email": email, "password": PASSWORD});
    let answer = app.post("/auth/login").json(form).send().await.expect(200);
    (answer.field("access_token"), answer.field("refresh_token"))
}

#[tokio::test]
async fn every_family_signs_with_the_algorithm_and_its_tokens_verify_by_the_key_set() {
    for (name, algorithm) in PUBLIC {
        let app = TestApp::with(&[("tokens.algorithm", name)]).await;
        let set = key_set(&app).await;
        let tokens = [
            app.member("ada").await.access,
            app.signed_in("ada@example.com").await.access,
            confirm_tokens(&app, "bob@example.com").await.0,
            app.by_code("carol@example.com").await.access,
        ];
        for token in &tokens {
            let read = verified(token, &set, algorithm);
            assert_eq!(read["type"], "access", "{name}");
            assert_eq!(read["sub"], claims(token)["sub"]);
            assert_eq!(me(&app, token).await, 200, "{name}");
        }
        assert_eq!(set.keys.len(), 1, "all of them have one key");
    }
}

#[tokio::test]
async fn a_refresh_token_of_family_code_verifies_with_the_public_key_and_opens_nothing() {
    for (name, algorithm) in PUBLIC {
        let app = TestApp::with(&[("tokens.algorithm", name)]).await;
        let ada = app.by_code("ada@example.com").await;
        let read = verified(&ada.refresh, &key_set(&app).await, algorithm);
        assert_eq!(read["type"], "refresh", "{name}");
        assert_eq!(me(&app, &ada.refresh).await, 401, "{name}");
        app.advance(Span::minutes(2));
        let renewed = app
            .request(http::Method::PATCH, "/auth/refresh")
            .header("RT", &ada.refresh)
            .send()
            .await
            .expect(200);
        verified(&renewed.field("JWT"), &key_set(&app).await, algorithm);
    }
}

#[test]
fn a_shared_key_is_refused_while_a_family_is_on_that_promises_a_public_one() {
    assert!(TestApp::accepts(&HS256));
    for family in ["code", "confirm", "proof"] {
        let families = format!("session,verified,{family}");
        let mut settings = HS256;
        settings[2].1 = &families;
        assert!(!TestApp::accepts(&settings), "{family}");
    }
    assert!(!TestApp::accepts(&[HS256[0], HS256[2]]), "a key is needed");
    let short = ("tokens.hs256_key", "too short to be a key");
    assert!(!TestApp::accepts(&[
        HS256[0],
        short,
        HS256[2],
        ("mode", "production")
    ]));
}

#[tokio::test]
async fn a_shared_key_signs_for_those_who_hold_it_and_nothing_is_published() {
    let app = TestApp::with(&HS256).await;
    let set = app.get("/.well-known/jwks.json").send().await.expect(200);
    assert_eq!(set.json(), json!({"keys": []}));
    app.get("/utils/public_key").send().await.expect(404);
    app.get("/utils/public_key?version=1")
        .send()
        .await
        .expect(404);
    let mut rules = Validation::new(Algorithm::HS256);
    rules.validate_exp = false;
    for token in [
        app.member("ada").await.access,
        app.signed_in("ada@example.com").await.access,
    ] {
        let key = DecodingKey::from_secret(SHARED_KEY.as_bytes());
        let read = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap();
        assert_eq!(read.claims["type"], "access");
        assert_eq!(me(&app, &token).await, 200);
    }
}

#[tokio::test]
async fn another_algorithm_is_another_key_that_is_published_first_while_old_tokens_verify_until_they_end()
 {
    for (before, after) in [
        (PUBLIC[0], PUBLIC[2]),
        (PUBLIC[2], PUBLIC[3]),
        (PUBLIC[3], PUBLIC[1]),
    ] {
        let old = TestApp::with(&[("tokens.algorithm", before.0)]).await;
        let token = old.signed_in("ada@example.com").await.access;
        let new = old.beside(&[("tokens.algorithm", after.0)]).await;
        assert_eq!(
            me(&new, &token).await,
            200,
            "another process takes the token"
        );
        keys::rotate(&new.app, &new.operator(), keys::Rotation::Planned)
            .await
            .unwrap();
        let published = key_set(&new).await;
        assert_eq!(published.keys.len(), 2, "{} beside {}", after.0, before.0);
        let meanwhile = new.member("grace").await.access;
        verified(&meanwhile, &published, before.1);
        new.advance(Span::minutes(5));
        let fresh = new.member("hedy").await.access;
        verified(&fresh, &published, after.1);
        for token in [&token, &meanwhile, &fresh] {
            assert_eq!(me(&new, token).await, 200);
        }
        verified(&token, &key_set(&new).await, before.1);
        new.advance(Span::minutes(30));
        assert_eq!(me(&new, &token).await, 401, "it has expired");
        new.advance(Span::days(8));
        let left = key_set(&new).await;
        assert_eq!(left.keys.len(), 1);
        verified(&fresh, &left, after.1);
        let first = new
            .get("/utils/public_key?version=1")
            .send()
            .await
            .expect(200);
        assert_eq!(
            first.json()["version"],
            1,
            "old keys stay readable by their version"
        );
    }
}

#[tokio::test]
async fn tokens_from_before_a_shared_key_go_on_until_they_end() {
    let old = TestApp::with(&[("api.families", "session,verified")]).await;
    let ada = old.member("ada").await;
    let new = old.beside(&HS256).await;
    assert_eq!(me(&new, &ada.access).await, 200);
    let fresh = new.member("grace").await.access;
    assert_eq!(
        jsonwebtoken::decode_header(&fresh).unwrap().alg,
        Algorithm::HS256
    );
    assert_eq!(me(&new, &fresh).await, 200);
    assert!(key_set(&new).await.keys.is_empty(), "nothing is published");
    new.advance(Span::hours(24));
    assert_eq!(me(&new, &ada.access).await, 401, "it has expired");
}
