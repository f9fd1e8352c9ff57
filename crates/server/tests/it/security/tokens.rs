//! Tokens: what is believed, and all that is not.

use super::forgery::{
    app_with_known_key, open, public_pem, sign, sign_hmac, sign_texts, sign_with_another_key,
    unsigned,
};
use crate::support::{Answer, Request, TestApp};
use doorward_domain::Span;
use serde_json::{Value, json};

/// Every route that takes an access token, with the status of a token that is not good.
const BEARER_ROUTES: [(&str, &str, u16); 6] = [
    ("GET", "/api/profile", 401),
    ("POST", "/api/logout", 400),
    ("GET", "/api/v1/users/profile", 401),
    ("POST", "/api/v1/users/upload-file", 401),
    ("GET", "/api/v1/users/download-file/notes.txt", 401),
    ("DELETE", "/api/v1/users/delete-file/notes.txt", 401),
];

fn to(app: &TestApp, method: &str, path: &str) -> Request {
    app.request(method.parse().unwrap(), path)
}

async fn profile(app: &TestApp, token: &str) -> Answer {
    app.get("/api/v1/users/profile").bearer(token).send().await
}

async fn assert_refused_everywhere(app: &TestApp, what: &str, token: &str) {
    for (n, (method, path, status)) in BEARER_ROUTES.into_iter().enumerate() {
        let answer = to(app, method, path)
            .bearer(token)
            .from(&super::stranger(n))
            .send()
            .await;
        assert_eq!(
            answer.status,
            status,
            "{what}: {method} {path}: {}",
            answer.text()
        );
    }
    let refresh = app
        .post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": token}))
        .from(&super::stranger(9))
        .send()
        .await;
    assert_eq!(refresh.status, 401, "{what}: refresh: {}", refresh.text());
}

#[tokio::test]
async fn sec_i31_a_token_of_the_services_own_key_alone_is_believed() {
    let app = app_with_known_key(&[("rate_limit.enabled", "false")]).await;
    let ada = app.signed_in("ada@example.com").await;
    let (header, claims) = open(&ada.access);
    // The forger's craft is good: the same token, signed again by the test, is the service's own.
    profile(&app, &sign(&header, &claims)).await.expect(200);

    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    for token in unsigned(&claims) {
        assert_refused_everywhere(&app, "unsigned", &token).await;
    }
    for key in [
        public_pem().as_bytes(),
        public_pem().trim().as_bytes(),
        b"",
        b"secret",
    ] {
        let token = sign_hmac(&with("alg", json!("HS256")), &claims, key);
        assert_refused_everywhere(&app, "HMAC with the public key", &token).await;
    }
    let (_, jwk) = sign_with_another_key(&header, &claims);
    let foreign = [
        ("another key", header.clone()),
        ("embedded key", with("jwk", jwk)),
        (
            "key by address",
            with("jku", json!("http://127.0.0.1:9/keys.json")),
        ),
        (
            "certificate by address",
            with("x5u", json!("http://127.0.0.1:9/key.pem")),
        ),
        ("embedded certificate", with("x5c", json!(["MIIB"]))),
        ("key as a path", with("kid", json!("../../../../dev/null"))),
        ("key as SQL", with("kid", json!("1' OR '1'='1"))),
        ("key with NUL", with("kid", json!("1\u{0}"))),
        ("key that is a number", with("kid", json!(1))),
        ("unknown key", with("kid", json!("2"))),
        ("empty key", with("kid", json!(""))),
    ];
    for (what, header) in foreign {
        let (token, _) = sign_with_another_key(&header, &claims);
        assert_refused_everywhere(&app, what, &token).await;
    }
}

#[tokio::test]
async fn sec_9_1_3_what_a_header_says_about_keys_is_refused_even_under_a_good_signature() {
    let app = app_with_known_key(&[]).await;
    let ada = app.signed_in("ada@example.com").await;
    let (header, claims) = open(&ada.access);
    for (name, value) in [
        ("kid", json!("../keys/1")),
        ("kid", json!("1' OR '1'='1")),
        ("kid", json!(1)),
        ("kid", Value::Null),
        ("alg", json!("RS512")),
        ("alg", json!("PS256")),
        ("alg", json!("rs256")),
        ("alg", json!(["RS256"])),
        ("crit", json!(["exp"])),
        ("jku", json!("http://127.0.0.1:9/keys.json")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("x5u", json!("http://127.0.0.1:9/key.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header.clone();
        header[name] = value;
        let token = sign(&header, &claims);
        let answer = profile(&app, &token).await;
        assert_eq!(answer.status, 401, "{header}");
    }
    let mut nameless = header.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    profile(&app, &sign(&nameless, &claims)).await.expect(401);
}

#[tokio::test]
async fn sec_i32_a_claim_of_the_wrong_type_is_an_error() {
    let app = app_with_known_key(&[("rate_limit.enabled", "false")]).await;
    let ada = app.signed_in("ada@example.com").await;
    let (header, claims) = open(&ada.access);
    let exp = claims["exp"].as_i64().unwrap();
    let wrong_times = || {
        [
            json!(exp.to_string()),
            json!(1.5e12),
            json!(-1),
            json!([exp]),
            json!({"t": exp}),
            json!(true),
            Value::Null,
        ]
    };
    let mut cases = Vec::new();
    cases.extend(wrong_times().map(|value| ("exp", value)));
    cases.extend(
        wrong_times()
            .into_iter()
            .filter(|value| *value != json!(-1))
            .map(|value| ("iat", value)),
    );
    cases.extend([
        ("sub", json!(1)),
        ("sub", json!("1")),
        ("sub", json!(ada.email)),
        ("sub", json!("")),
        ("sub", json!([claims["sub"]])),
        ("sid", json!("00000000-0000-7000-8000-000000000000")),
        ("sid", json!(7)),
        ("sid", Value::Null),
        ("type", json!("refresh")),
        ("type", json!("ACCESS")),
        ("type", json!(["access"])),
        ("type", json!("id")),
        ("iss", json!("https://evil.example")),
        ("iss", json!([claims["iss"]])),
        ("jti", json!(1)),
    ]);
    for (name, value) in cases {
        let mut claims = claims.clone();
        claims[name] = value;
        let answer = profile(&app, &sign(&header, &claims)).await;
        assert_eq!(answer.status, 401, "{claims}");
    }
    for name in ["exp", "iat", "sub", "sid", "type", "iss", "jti"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        let answer = profile(&app, &sign(&header, &claims)).await;
        assert_eq!(answer.status, 401, "without {name}");
    }
}

#[tokio::test]
async fn sec_9_2_1_times_beyond_all_measure_are_refused() {
    let app = app_with_known_key(&[]).await;
    let ada = app.signed_in("ada@example.com").await;
    let (header, claims) = open(&ada.access);
    let exp = claims["exp"].to_string();
    let text = claims.to_string();
    for huge in [
        "9223372036854775808",
        "18446744073709551616",
        "1e300",
        "-9223372036854775809",
        "1.7976931348623157e308",
        "NaN",
    ] {
        let forged = text.replace(&format!("\"exp\":{exp}"), &format!("\"exp\":{huge}"));
        assert_ne!(forged, text);
        let answer = profile(&app, &sign_texts(&header.to_string(), &forged)).await;
        assert_eq!(answer.status, 401, "{huge}");
    }
    let twice = text.replacen('{', &format!("{{\"exp\":{exp},"), 1);
    profile(&app, &sign_texts(&header.to_string(), &twice))
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_9_1_1_one_changed_byte_anywhere_is_refused() {
    let app = TestApp::with(&[("rate_limit.enabled", "false")]).await;
    let ada = app.signed_in("ada@example.com").await;
    let token = ada.access.as_bytes();
    for position in 0..token.len() {
        let mut changed = token.to_vec();
        changed[position] = match changed[position] {
            b'A' => b'B',
            b'.' => b'_',
            _ => b'A',
        };
        let changed = String::from_utf8(changed).unwrap();
        let answer = profile(&app, &changed).await;
        assert_eq!(answer.status, 401, "byte {position}");
    }
    for bent in [
        format!("{}=", ada.access),
        format!("{} ", ada.access),
        format!("{}.", ada.access),
        ada.access[..ada.access.len() - 1].to_owned(),
        format!("{}A", ada.access),
    ] {
        let answer = profile(&app, &bent).await;
        // Blanks around a credential are no part of it (RFC 9110 section 5.5).
        assert_eq!(
            answer.status,
            if bent.ends_with(' ') { 200 } else { 401 },
            "{}",
            bent.len()
        );
    }
    profile(&app, &ada.access).await.expect(200);
}

#[tokio::test]
async fn sec_9_2_2_a_token_serves_its_kind_alone() {
    let app = app_with_known_key(&[("rate_limit.enabled", "false")]).await;
    let ada = app.signed_in("ada@example.com").await;
    for (method, path, status) in BEARER_ROUTES {
        let answer = to(&app, method, path).bearer(&ada.refresh).send().await;
        assert_eq!(
            answer.status, status,
            "{method} {path} took a refresh token"
        );
    }
    for body in [json!({"refresh_token": ada.access}), json!(ada.access)] {
        let answer = app
            .post("/api/v1/auth/refresh-token")
            .json(body)
            .send()
            .await
            .expect(401);
        assert_eq!(answer.json(), json!({"detail": "Invalid refresh token"}));
    }
    // An access token that calls itself a refresh token, under the key that signs access tokens.
    let (header, mut claims) = open(&ada.access);
    claims["type"] = json!("refresh");
    let forged = sign(&header, &claims);
    app.post("/api/v1/auth/refresh-token")
        .json(json!({"refresh_token": forged}))
        .send()
        .await
        .expect(401);
    // Neither kind is a code, a password or an id of a session.
    app.post("/api/v1/auth/verify-otp")
        .json(json!({"email": ada.email, "otp": ada.access}))
        .send()
        .await
        .expect(400);
    app.post("/api/v1/auth/login")
        .json(json!({"email": ada.email, "password": ada.refresh}))
        .send()
        .await
        .expect(400);
    let session = claims["sid"].as_str().unwrap();
    profile(&app, session).await.expect(401);
}

#[tokio::test]
async fn sec_s21_a_refresh_token_is_no_access_token_and_sub_is_the_users_id() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let bob = app.member("bob").await;
    for (token, id, kind) in [
        (&ada.access, &ada.id, "access"),
        (&ada.refresh, &ada.id, "refresh"),
        (&bob.access, &bob.id, "access"),
    ] {
        let (_, claims) = open(token);
        assert_eq!(
            (&claims["sub"], &claims["type"]),
            (&json!(id), &json!(kind))
        );
    }
    profile(&app, &ada.refresh).await.expect(401);
    app.get("/api/profile")
        .bearer(&ada.refresh)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn sec_9_2_1_an_access_token_ends_on_time() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.advance(Span::seconds(1798));
    profile(&app, &ada.access).await.expect(200);
    app.advance(Span::seconds(3));
    profile(&app, &ada.access).await.expect(401);
    let answer = app
        .get("/api/profile")
        .bearer(&ada.access)
        .send()
        .await
        .expect(401);
    assert_eq!(answer.json(), json!({"detail": "Token has expired"}));
}

#[tokio::test]
async fn sec_9_2_3_an_audience_that_is_set_must_be_met_exactly() {
    let app = app_with_known_key(&[
        ("tokens.audience", "https://api.example.com"),
        ("rate_limit.enabled", "false"),
    ])
    .await;
    let ada = app.signed_in("ada@example.com").await;
    let (header, claims) = open(&ada.access);
    assert_eq!(claims["aud"], "https://api.example.com");
    profile(&app, &ada.access).await.expect(200);
    for audience in [
        json!("https://api.example.com/"),
        json!("https://api.example.com.evil.example"),
        json!("https://API.example.com"),
        json!("https://api.example"),
        json!(["https://api.example.com", "https://evil.example"]),
        json!(["https://api.example.com"]),
        json!(""),
        Value::Null,
    ] {
        let mut claims = claims.clone();
        claims["aud"] = audience;
        let answer = profile(&app, &sign(&header, &claims)).await;
        assert_eq!(answer.status, 401, "{claims}");
    }
    let mut without = claims.clone();
    without.as_object_mut().unwrap().remove("aud");
    profile(&app, &sign(&header, &without)).await.expect(401);
}

#[tokio::test]
async fn sec_7_2_1_a_well_signed_token_of_no_session_is_refused() {
    let app = app_with_known_key(&[]).await;
    let ada = app.signed_in("ada@example.com").await;
    let eve = app.signed_in("eve@example.com").await;
    let (header, claims) = open(&ada.access);
    let mut swapped = claims.clone();
    swapped["sub"] = json!(eve.id);
    profile(&app, &sign(&header, &swapped)).await.expect(401);
    let mut elsewhere = claims;
    elsewhere["sid"] = json!("01890000-0000-7000-8000-000000000000");
    profile(&app, &sign(&header, &elsewhere)).await.expect(401);
}

#[tokio::test]
async fn sec_14_2_1_a_token_in_a_url_is_nobodys() {
    let app = TestApp::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for name in ["access_token", "token", "authorization"] {
        app.get(&format!("/api/v1/users/profile?{name}={}", ada.access))
            .send()
            .await
            .expect(403);
        app.get(&format!("/api/profile?{name}={}", ada.access))
            .send()
            .await
            .expect(403);
    }
}
