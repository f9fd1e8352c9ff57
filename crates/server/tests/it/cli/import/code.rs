//! The service with one-time codes: states, tombstones, and versions of its public key.

use super::*;
use crate::cli::serving::answer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_crypto::{Algorithm, SigningKey};

const ROWS: &str = "\
    ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'active', 'ada@example.com', '+442079460018', 'Ada', NULL, 'Ada', 'L', 36, \
     '2024-02-29 12:00:00'), \
    ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a002', 'suspended', 'grace@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
    ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a003', 'banned', 'eve@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
    ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a004', 'deleted', 'joan@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
    ('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a005', 'temp', 'mary@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

#[tokio::test(flavor = "multi_thread")]
async fn every_state_moves_as_it_is_or_stays_where_it_was() {
    let service = Service::with(Family::Code, ROWS).await;
    let folder = Folder::new().await;
    let report = service.imported(&folder);
    assert_eq!(numbers(&report), json!({"taken": 3}));
    assert_eq!(
        report["skipped"],
        json!({"temporary": 1, "unconfirmed": 0, "deleted": 1})
    );
    let ada = row_by_email(&folder, "ada@example.com").await;
    let proven = "2024-02-29T12:00:00Z";
    assert_eq!(ada.email_proven_at.unwrap().to_rfc3339(), proven);
    assert_eq!(ada.phone_proven_at.unwrap().to_rfc3339(), proven);
    assert_eq!((ada.nickname.as_deref(), ada.age), (Some("Ada"), Some(36)));
    assert_eq!(show(&folder, "grace@example.com")["status"], "suspended");
    assert_eq!(show(&folder, "eve@example.com")["status"], "banned");
    nobody_is(&folder, "joan@example.com");
    nobody_is(&folder, "mary@example.com");

    let serving = folder.serve().await;
    let ask = async |email: &str| serving.post("/auth/code", &json!({"email": email})).await;
    for (email, detail) in [
        (
            "grace@example.com",
            "Account is suspended. Please contact support",
        ),
        ("eve@example.com", "Account is banned"),
        ("joan@example.com", "Account is deleted"),
    ] {
        assert_eq!(
            ask(email).await,
            (403, json!({"detail": detail})),
            "{email}"
        );
    }
    assert_eq!(
        ask("mary@example.com").await.0,
        200,
        "a temporary account left nothing"
    );
    assert_eq!(ask("ada@example.com").await.0, 200);
    let code = serving.code_for("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "code": code});
    let (status, tokens) = answer(
        serving
            .request(reqwest::Method::PUT, "/auth/token")
            .json(&body),
    )
    .await;
    assert_eq!(status, 200, "{tokens}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_the_second_factor_as_it_was() {
    let rows = format!(
        "('9f0c2f6e-3a51-4c5e-8a35-52f7a1f3a001', 'active', 'ada@example.com', NULL, NULL, '{HASH}', NULL, NULL, NULL, NULL)"
    );
    let service = Service::with(Family::Code, &rows).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    let serving = folder.serve().await;
    let ask = json!({"email": "ada@example.com"});
    assert_eq!(serving.post("/auth/code", &ask).await.0, 200);
    let code = serving.code_for("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "code": code, "password": PASSWORD});
    let (status, tokens) = answer(
        serving
            .request(reqwest::Method::PUT, "/auth/token")
            .json(&body),
    )
    .await;
    assert_eq!(status, 200, "{tokens}");
    let stored = row_by_email(&folder, "ada@example.com").await.password_hash;
    assert!(
        stored.unwrap().starts_with("$argon2id$"),
        "signing in made the hash a better one"
    );
}

async fn with_keys(keys: &[(i64, &str)]) -> Service {
    let service = Service::of(Family::Code).await;
    for (version, pem) in keys {
        service
            .run(&format!(
                "INSERT INTO public_key VALUES ({version}, '{pem}')"
            ))
            .await;
    }
    service
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Rs256).unwrap()
}

fn private_pem(key: &SigningKey) -> String {
    let body = STANDARD.encode(key.to_pkcs8_der());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

async fn public_key(serving: &Serving, query: &str) -> (u16, Value) {
    answer(serving.get(&format!("/utils/public_key{query}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_of_the_public_key_stay_readable_and_our_own_follows_them() {
    let (one, two) = (key().public().to_pem(), key().public().to_pem());
    let service = with_keys(&[(1, &one), (2, &two)]).await;
    let folder = Folder::new().await;
    let report = service.imported(&folder);
    assert_eq!(
        report["keys"],
        json!({"taken": 2, "known": 0, "not_taken": []})
    );
    let again = service.imported(&folder);
    assert_eq!(
        again["keys"],
        json!({"taken": 0, "known": 2, "not_taken": []})
    );

    let serving = folder.serve().await;
    for (version, pem) in [(1, &one), (2, &two)] {
        let found = public_key(&serving, &format!("?version={version}")).await;
        assert_eq!(found, (200, json!({"version": version, "public_key": pem})));
    }
    let (status, own) = public_key(&serving, "").await;
    assert_eq!((status, &own["version"]), (200, &json!(3)));
    let (_, set) = answer(serving.get("/.well-known/jwks.json")).await;
    assert_eq!(
        set["keys"].as_array().unwrap().len(),
        1,
        "what verifies nothing is not published"
    );
    assert_eq!(set["keys"][0]["kid"], "3");
    let rotated = folder.run(&["keys", "rotate", "--json"]).done().json();
    assert_eq!(rotated[0]["version"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_before_the_first_start_makes_no_key_that_would_be_in_the_way() {
    let service = with_keys(&[(1, &key().public().to_pem())]).await;
    let folder = Folder::new().await;
    for prepare in [false, true] {
        if prepare {
            folder.run(&["migrate"]).done();
        }
        let rehearsed = service
            .import(&folder, &["--dry-run", "--json"])
            .done()
            .json();
        assert_eq!(rehearsed["keys"]["taken"], 1);
    }
    assert_eq!(service.imported(&folder)["keys"]["taken"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_that_was_brought_along_signs_under_its_old_version() {
    let (old, current) = (key(), key());
    let pem = current.public().to_pem();
    let service = with_keys(&[(1, &old.public().to_pem()), (2, &pem)]).await;
    let folder = Folder::new()
        .await
        .set("tokens.private_key", &private_pem(&current));
    let report = service.imported(&folder);
    assert_eq!(report["keys"]["taken"], 2);
    let serving = folder.serve().await;
    assert_eq!(
        public_key(&serving, "").await,
        (200, json!({"version": 2, "public_key": pem}))
    );
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    let header = jsonwebtoken::decode_header(tokens["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(header.kid.as_deref(), Some("2"));
    let again = service.imported(&folder);
    assert_eq!(
        again["keys"],
        json!({"taken": 0, "known": 2, "not_taken": []})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_under_a_version_in_use_is_a_conflict_and_our_own_key_is_none() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let (_, own) = public_key(&serving, "").await;
    let other = key().public().to_pem();
    let own = own["public_key"].as_str().unwrap();
    let service = with_keys(&[(1, &other), (7, own), (8, &other), (9, "no key")]).await;
    let report = service.half_imported(&folder, &[]);
    let problems: Vec<_> = report["keys"]["not_taken"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap(),
                row["problem"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(problems, [("1", "conflict"), ("9", "unreadable")]);
    assert_eq!(
        (&report["keys"]["taken"], &report["keys"]["known"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_9_1_3_a_token_signed_by_the_other_services_key_opens_nothing() {
    let theirs = key();
    let service = with_keys(&[(1, &theirs.public().to_pem())]).await;
    let folder = Folder::new().await;
    service.imported(&folder);
    let serving = folder.serve().await;
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(serving.profile(token).await, 200);
    // The same claims, session and all, under their key and its version.
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token)
        .unwrap()
        .claims;
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    header.kid = Some("1".to_owned());
    let pem = private_pem(&theirs);
    let forging = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let forged = jsonwebtoken::encode(&header, &claims, &forging).unwrap();
    assert_eq!(serving.profile(&forged).await, 401);
}
