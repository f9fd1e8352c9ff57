use crate::support::{TestApp, claims, header_of};
use doorward_domain::Span;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

/// What a consumer knows how to do: read the public key and verify, as the documents show.
async fn verified_as_documented(app: &TestApp, token: &str, algorithm: Algorithm) -> Value {
    let pem = app
        .get("/utils/public_key")
        .send()
        .await
        .expect(200)
        .field("public_key");
    let key = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem.as_bytes()).unwrap(),
        _ => DecodingKey::from_ed_pem(pem.as_bytes()).unwrap(),
    };
    jsonwebtoken::decode::<Value>(token, &key, &Validation::new(algorithm))
        .unwrap()
        .claims
}

#[tokio::test]
async fn an_access_token_verifies_as_the_documents_show() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let person = app.signed_in("ada@example.com").await;
    for (token, id) in [(&member.access, &member.id), (&person.access, &person.id)] {
        let claims = verified_as_documented(&app, token, Algorithm::RS256).await;
        assert_eq!(claims["sub"], json!(id));
    }
}

#[tokio::test]
async fn every_algorithm_with_a_public_key_verifies_as_the_documents_show() {
    for (name, algorithm) in [
        ("ES256", Algorithm::ES256),
        ("EdDSA", Algorithm::EdDSA),
        ("PS256", Algorithm::PS256),
    ] {
        let app = TestApp::with(&[("tokens.algorithm", name)]).await;
        let member = app.member("ada").await;
        assert_eq!(header_of(&member.access)["alg"], json!(name));
        let claims = verified_as_documented(&app, &member.access, algorithm).await;
        assert_eq!(claims["sub"], json!(member.id));
    }
}

#[tokio::test]
async fn a_token_names_a_key_that_the_key_set_has() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let header = header_of(&member.access);
    assert_eq!(header["alg"], json!("RS256"));
    let set = app
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    let keys = set["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    jsonwebtoken::decode::<Value>(&member.access, &key, &Validation::new(Algorithm::RS256))
        .unwrap();
    assert!(key_members_are_public(keys), "{set}");
}

fn key_members_are_public(keys: &[Value]) -> bool {
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
    keys.iter()
        .all(|key| private.iter().all(|name| key.get(name).is_none()))
}

#[tokio::test]
async fn a_token_has_its_documented_claims() {
    let app = TestApp::with(&[("server.public_url", "http://127.0.0.1:8000")]).await;
    let now = app.app.now().as_seconds();
    let member = app.member("ada").await;
    let person = app.signed_in("ada@example.com").await;
    for (token, id, lifetime, kind) in [
        (&member.access, &member.id, 86_400, "access"),
        (&person.access, &person.id, 1800, "access"),
        (&person.refresh, &person.id, 604_800, "refresh"),
    ] {
        let claims = claims(token);
        assert_eq!(claims["iss"], json!("http://127.0.0.1:8000"));
        assert_eq!(claims["sub"], json!(id));
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(now), &json!(now + lifetime))
        );
        assert_eq!(claims["type"], json!(kind));
        assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 16));
        assert_eq!(
            claims["sid"]
                .as_str()
                .unwrap()
                .parse::<uuid::Uuid>()
                .unwrap()
                .get_version_num(),
            7
        );
        assert!(header_of(token)["kid"].is_string());
    }
}

#[tokio::test]
async fn beside_sub_stands_the_claim_that_the_familys_own_consumers_read() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let person = app.signed_in("ada@example.com").await;
    let of_session = claims(&member.access);
    assert_eq!(of_session["user_id"], of_session["sub"]);
    for name in ["id", "uuid"] {
        assert_eq!(of_session.get(name), None, "{name}");
    }
    for name in ["id", "uuid", "user_id"] {
        assert_eq!(claims(&person.access).get(name), None, "{name}");
    }
}

#[tokio::test]
async fn tokens_of_one_session_share_its_id_and_have_names_of_their_own() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    let (access, refresh) = (claims(&person.access), claims(&person.refresh));
    assert_eq!(access["sid"], refresh["sid"]);
    assert_ne!(access["jti"], refresh["jti"]);
    let again = app.member("ada").await;
    assert_ne!(claims(&again.access)["sid"], access["sid"]);
}

#[tokio::test]
async fn there_is_no_audience_unless_one_is_set() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    assert_eq!(claims(&member.access).get("aud"), None);
}

#[tokio::test]
async fn sec_9_2_3_an_audience_that_is_set_is_written_and_checked() {
    let plain = TestApp::start().await;
    let person = plain.signed_in("ada@example.com").await;
    let app = plain
        .beside(&[("tokens.audience", "https://api.example.com")])
        .await;
    let member = app.member("ada").await;
    assert_eq!(
        claims(&member.access)["aud"],
        json!("https://api.example.com")
    );
    app.get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    app.get("/api/profile")
        .bearer(&person.access)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn the_issuer_is_the_public_url_or_a_setting_and_is_checked() {
    let app = TestApp::start().await;
    let member = app.member("ada").await;
    let other = app
        .beside(&[("tokens.issuer", "https://auth.example.com")])
        .await;
    other
        .get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .says(401, "Invalid token payload");
    let own = other
        .post("/api/login")
        .json(json!({"login": "ada", "password": member.password}))
        .send()
        .await;
    assert_eq!(
        claims(&own.expect(200).field("access_token"))["iss"],
        json!("https://auth.example.com")
    );
}

#[tokio::test]
async fn a_refresh_token_of_verified_is_for_doorward_alone() {
    let app = TestApp::start().await;
    let person = app.signed_in("ada@example.com").await;
    assert_eq!(header_of(&person.refresh)["alg"], json!("HS256"));
    let set = app
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    let kid = &header_of(&person.refresh)["kid"];
    assert!(
        set["keys"]
            .as_array()
            .unwrap()
            .iter()
            .all(|key| &key["kid"] != kid)
    );
}

#[tokio::test]
async fn with_a_shared_key_there_is_no_public_one() {
    let settings = [
        ("tokens.algorithm", "HS256"),
        ("tokens.hs256_key", "3f9c1c0e5b7a4d2e9a8b7c6d5e4f3a2b"),
        ("api.families", "session,verified"),
    ];
    let app = TestApp::with(&settings).await;
    let member = app.member("ada").await;
    app.get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    let key = DecodingKey::from_secret(b"3f9c1c0e5b7a4d2e9a8b7c6d5e4f3a2b");
    jsonwebtoken::decode::<Value>(&member.access, &key, &Validation::new(Algorithm::HS256))
        .unwrap();
    assert_eq!(
        app.get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200)
            .json(),
        json!({"keys": []})
    );
    app.get("/utils/public_key").send().await.expect(404);
}

#[tokio::test]
async fn with_a_shared_key_tokens_signed_before_verify_until_they_expire() {
    let before = TestApp::start().await;
    let member = before.member("ada").await;
    let settings = [
        ("tokens.algorithm", "HS256"),
        ("tokens.hs256_key", "3f9c1c0e5b7a4d2e9a8b7c6d5e4f3a2b"),
        ("api.families", "session,verified"),
    ];
    let app = before.beside(&settings).await;
    app.get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .expect(200);
    app.advance(Span::hours(24));
    app.get("/api/profile")
        .bearer(&member.access)
        .send()
        .await
        .says(401, "Token has expired");
}
