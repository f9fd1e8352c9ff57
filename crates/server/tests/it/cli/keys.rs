//! `keys`, beside a running server.

use super::folder::Folder;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_and_rotated_beside_a_running_server() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let before = folder.run(&["keys", "list", "--json"]).done().json();
    assert_eq!(
        (
            &before[0]["version"],
            &before[0]["algorithm"],
            &before[0]["state"],
            before.as_array().unwrap().len()
        ),
        (&json!(1), &json!("RS256"), &json!("signing"), 1)
    );
    let made = folder.run(&["keys", "rotate", "--json"]).done().json();
    assert_eq!(
        (&made[0]["version"], &made[0]["state"]),
        (&json!(2), &json!("next"))
    );
    let listed = folder.run(&["keys", "list", "--json"]).done().json();
    assert_eq!(
        (&listed[0]["state"], &listed[1]["state"]),
        (&json!("signing"), &json!("next"))
    );
    let now = folder
        .run(&["keys", "rotate", "--now", "--json"])
        .done()
        .json();
    assert_eq!(
        (&now[0]["version"], &now[0]["state"]),
        (&json!(3), &json!("signing"))
    );
    let listed = folder.run(&["keys", "list", "--json"]).done().json();
    assert_eq!(
        (&listed[0]["state"], &listed[2]["state"]),
        (&json!("retired"), &json!("signing"))
    );
    assert!(
        listed[0]["verifies_until"].is_string() && listed[2]["verifies_until"].is_null(),
        "{listed}"
    );
    let table = folder.run(&["keys", "list"]).done().stdout;
    assert!(
        table.contains("VERSION") && table.contains("signing"),
        "{table}"
    );
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_signs_with_the_new_key_and_knows_the_old() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let old = serving.sign_up("ada@example.com", "correct horse 1").await;
    serving.stop().await;
    folder.run(&["keys", "rotate", "--now"]).done();
    let serving = folder.serve().await;
    let new = serving.sign_in("ada@example.com", "correct horse 1").await;
    let kid = |tokens: &serde_json::Value| {
        jsonwebtoken::decode_header(tokens["access_token"].as_str().unwrap())
            .unwrap()
            .kid
    };
    assert_eq!(
        (kid(&old).as_deref(), kid(&new).as_deref()),
        (Some("1"), Some("2"))
    );
    for tokens in [&old, &new] {
        assert_eq!(
            serving
                .profile(tokens["access_token"].as_str().unwrap())
                .await,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_algorithm_makes_a_successor_by_itself() {
    let folder = Folder::new().await;
    let serving = folder.serve().await;
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    serving.stop().await;
    let folder = folder.set("tokens.algorithm", "ES256");
    let mut serving = folder.serve().await;
    serving
        .until("the new key is published", async |serving| {
            let set = serving.get("/.well-known/jwks.json").send().await.unwrap();
            let set: serde_json::Value = set.json().await.unwrap();
            set["keys"]
                .as_array()
                .unwrap()
                .iter()
                .any(|key| key["alg"] == "ES256")
        })
        .await;
    let listed = folder.run(&["keys", "list", "--json"]).done().json();
    assert_eq!(
        (
            &listed[0]["state"],
            &listed[1]["state"],
            &listed[1]["algorithm"]
        ),
        (&json!("signing"), &json!("next"), &json!("ES256"))
    );
    assert_eq!(
        serving
            .profile(tokens["access_token"].as_str().unwrap())
            .await,
        200
    );
}

/// The `kid` of each key in the key set.
async fn published(serving: &super::serving::Serving) -> Vec<String> {
    let set = serving.get("/.well-known/jwks.json").send().await.unwrap();
    let set: serde_json::Value = set.json().await.unwrap();
    let keys = set["keys"].as_array().unwrap();
    let kid = |key: &serde_json::Value| key["kid"].as_str().unwrap().to_owned();
    keys.iter().map(kid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_a_withdrawn_key_leaves_the_set_with_all_that_it_signed() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(serving.profile(&token).await, 200);
    let told = folder.run(&["keys", "withdraw", "1", "--json"]).done();
    let keys = told.json();
    assert_eq!(
        (&keys[0]["state"], &keys[1]["state"]),
        (&json!("withdrawn"), &json!("signing"))
    );
    serving
        .until("the token is not believed", async |serving| {
            serving.profile(&token).await == 401
        })
        .await;
    serving
        .until("the key has left the set", async |serving| {
            published(serving).await == ["2"]
        })
        .await;
    let again = serving.sign_in("ada@example.com", "correct horse 1").await;
    let token = again["access_token"].as_str().unwrap();
    assert_eq!(serving.profile(token).await, 200);
    for version in ["1", "7"] {
        let refused = folder.run(&["keys", "withdraw", version]).refused();
        assert!(refused.complaint().contains("keys list"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_ones_own_is_taken_in_once_and_published_before_it_signs() {
    let folder = Folder::new().await;
    let mut serving = folder.serve().await;
    super::pem::sh(
        &folder,
        "openssl genpkey -algorithm RSA -out own.pem 2>/dev/null\n\
         openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short.pem 2>/dev/null",
    );
    let taken = folder.run(&["keys", "import", "own.pem", "--json"]).done();
    assert_eq!(
        (&taken.json()[0]["version"], &taken.json()[0]["state"]),
        (&json!(2), &json!("next"))
    );
    serving
        .until("the key is published", async |serving| {
            published(serving).await == ["1", "2"]
        })
        .await;
    let folder = folder.with_file("text.pem", "no key");
    for (file, words) in [
        ("own.pem", "version 2"),
        ("short.pem", "too short"),
        ("text.pem", "cannot be used"),
        ("nowhere.pem", "cannot read"),
    ] {
        let refused = folder.run(&["keys", "import", file]).refused();
        let complaint = refused.complaint();
        assert!(
            complaint.contains(words) && complaint.contains(file),
            "{refused:?}"
        );
    }
    folder.run(&["keys", "withdraw", "2"]).done();
    let refused = folder.run(&["keys", "import", "own.pem"]).refused();
    assert!(refused.complaint().contains("withdrawn"), "{refused:?}");
}
