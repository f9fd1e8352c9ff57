//! The signature under the key that a project shares, as real Python checks it.

use super::{ADA, HOME, KEY, SHOP, mailed, proof, stranger, verify_code};
use crate::support::{TestApp, claims, header_of, python};
use doorward_testkit::smtp::Sink;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The check that a consumer runs, for every proof of a list.
const CHECK: &str = r#"
import hashlib, hmac, json, sys
given = json.load(sys.stdin)
key = given["key"].encode()
def check(proof):
    payload = {k: proof[k] for k in ("auth_user_id", "email", "project_id", "verified", "issued_at")}
    expected = hmac.new(key, json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, proof["signature"])
print(json.dumps([check(proof) for proof in given["proofs"]]))
"#;

fn python_checks(key: &str, proofs: &[Value]) -> Vec<bool> {
    let answer = python(CHECK, &json!({"key": key, "proofs": proofs}).to_string());
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn sec_s18_python_accepts_the_signature_of_every_name_and_address() {
    let app = TestApp::with(&[("proof.secret_key", KEY), ("rate_limit.enabled", "false")]).await;
    let projects = [
        "shop",
        "\"quoted\"",
        "back\\slash\\\\",
        "a/b</script>",
        " ",
        "'; DROP TABLE users; --",
        "{\"verified\": false}",
        "\\u0041\\n",
        "é",
        "Мой магазин",
        "日本",
        "🔑",
        "\u{10ffff}",
        "\u{fffe}\u{ffff}",
        "\u{2028}\u{2029}",
        "\u{202e}pohs",
        "e\u{301}",
        "\u{a0}",
        "%s{}$(x)`~^|",
        "\u{feff}",
        "null",
        "1e5",
        "👩‍👩‍👧‍👦",
    ];
    let addresses = [
        "ada@example.com",
        "O'Hara+tag/x{|}~^`*#$%&!?=@example.com",
        "żółw@example.com",
        "жанна@example.com",
        "日本語@example.com",
        "ada@bücher.example",
        "\u{1d49c}da@example.org",
        "ß@example.com",
    ];
    let mut proofs = Vec::new();
    for (n, project) in projects.iter().enumerate() {
        proofs.push(proof(&app, &stranger(n), addresses[n % addresses.len()], project).await);
    }
    assert_eq!(python_checks(KEY, &proofs), vec![true; projects.len()]);
    for (proof, project) in proofs.iter().zip(projects) {
        assert_eq!(proof["project_id"], json!(project));
        let signature = proof["signature"].as_str().unwrap();
        assert!(
            signature.len() == 64
                && signature
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "{signature}"
        );
    }
}

#[tokio::test]
async fn sec_s18_python_refuses_a_proof_that_was_changed_in_any_member() {
    let app = TestApp::with(&[("proof.secret_key", KEY)]).await;
    let good = proof(&app, HOME, ADA, SHOP).await;
    let changes = [
        (
            "auth_user_id",
            json!("01890000-0000-7000-8000-000000000000"),
        ),
        ("email", json!("eve@example.com")),
        ("project_id", json!("blog")),
        ("verified", json!(false)),
        ("issued_at", json!(good["issued_at"].as_i64().unwrap() + 1)),
    ];
    let forged = changes.map(|(member, value)| {
        let mut forged = good.clone();
        forged[member] = value;
        forged
    });
    assert_eq!(python_checks(KEY, &forged), [false; 5]);
    assert_eq!(
        python_checks(
            "another key of at least 32 bytes!",
            std::slice::from_ref(&good)
        ),
        [false]
    );
    assert_eq!(python_checks(KEY, &[good]), [true]);
}

#[tokio::test]
async fn the_key_is_the_utf_8_bytes_of_the_setting() {
    let key = "ключ из букв и знаков — 🔑 not only ASCII";
    let app = TestApp::with(&[("proof.secret_key", key)]).await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    assert_eq!(python_checks(key, &[proof]), [true]);
}

#[tokio::test]
async fn the_address_is_signed_as_the_users_record_shows_it() {
    let app = TestApp::with(&[("proof.secret_key", KEY)]).await;
    app.verified("Ada@Example.com").await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    assert_eq!(
        (
            &proof["email"],
            &claims(proof["jws"].as_str().unwrap())["email"]
        ),
        (&json!("Ada@Example.com"), &json!("Ada@Example.com"))
    );
    assert_eq!(python_checks(KEY, &[proof]), [true]);
}

#[tokio::test]
async fn in_development_the_key_is_made_once() {
    let app = TestApp::start().await;
    let first = proof(&app, HOME, ADA, SHOP).await;
    let restarted = app.beside(&[]).await;
    let second = proof(&restarted, HOME, ADA, SHOP).await;
    // The clock stands still, so that the two proofs say the same.
    assert_eq!(first["signature"], second["signature"]);
    let elsewhere = TestApp::start().await;
    let stolen = python_checks(KEY, &[first, proof(&elsewhere, HOME, ADA, SHOP).await]);
    assert_eq!(stolen, [false, false]);
}

#[tokio::test]
async fn with_no_key_configured_the_signature_is_left_out() {
    let sink = Sink::start().await;
    let port = sink.address().port().to_string();
    let settings = [
        ("mode", "production"),
        ("server.public_url", "https://auth.example.com"),
        ("mail.transport", "smtp"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", &port),
        ("mail.tls", "none"),
        ("mail.from", "noreply@example.com"),
    ];
    let app = TestApp::with(&settings).await;
    super::send_code(&app, HOME, ADA, SHOP).await.expect(200);
    app.work().await;
    let data = sink.messages().remove(0).data;
    let code = data
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit()));
    let answer = verify_code(&app, HOME, ADA, SHOP, code.unwrap())
        .await
        .expect(200);
    assert_eq!(
        answer.members(),
        [
            "auth_user_id",
            "email",
            "issued_at",
            "jws",
            "project_id",
            "verified"
        ]
    );
    assert_eq!(claims(&answer.field("jws"))["verified"], json!(true));
}

#[tokio::test]
async fn sec_s18_the_strict_profile_signs_with_the_public_key_alone() {
    let settings = [
        ("profile", "strict"),
        ("tokens.audience", "https://api.example.com"),
    ];
    let app = TestApp::with(&settings).await;
    let proof = proof(&app, HOME, ADA, SHOP).await;
    assert_eq!(proof.get("signature"), None);
    let jws = proof["jws"].as_str().unwrap();
    assert_eq!(
        (&header_of(jws)["alg"], &claims(jws)["aud"]),
        (&json!("ES256"), &json!(SHOP))
    );
}

#[tokio::test]
async fn sec_s18_the_shared_key_opens_nothing_else() {
    let app = TestApp::with(&[("proof.secret_key", KEY)]).await;
    let ada = app.signed_in(ADA).await;
    let claims = claims(&ada.access);
    for kid in [header_of(&ada.access)["kid"].as_str(), None, Some("proof")] {
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::new(Algorithm::HS256)
        };
        let forged =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(KEY.as_bytes()))
                .unwrap();
        app.get("/api/v1/users/profile")
            .bearer(&forged)
            .send()
            .await
            .expect(401);
        app.get("/api/profile")
            .bearer(&forged)
            .send()
            .await
            .expect(401);
        app.post("/api/v1/auth/refresh-token")
            .json(json!({"refresh_token": forged}))
            .send()
            .await
            .expect(401);
    }
}

#[tokio::test]
async fn another_key_makes_other_signatures_and_no_other_change() {
    let app = TestApp::with(&[("proof.secret_key", KEY)]).await;
    let first = proof(&app, HOME, ADA, SHOP).await;
    let other = app
        .beside(&[("proof.secret_key", "bQ7tZ3hW9kS5vN1mC8xJ4rL6yG2pD0fE")])
        .await;
    let code = mailed(&other, HOME, ADA, SHOP).await;
    let second = verify_code(&other, HOME, ADA, SHOP, &code)
        .await
        .expect(200)
        .json();
    assert_ne!(first["signature"], second["signature"]);
    assert_eq!(
        first["jws"].as_str().map(claims),
        second["jws"].as_str().map(claims)
    );
}
