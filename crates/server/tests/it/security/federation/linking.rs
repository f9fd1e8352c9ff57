//! Whose account an identity comes to: nobody gets one by an address that is not theirs.

use super::*;
use crate::support::PASSWORD;

const SQUATTER: &str = "203.0.113.5";
const VICTIM: &str = "198.51.100.9";

impl Federated {
    /// An account with a password whose address nobody has confirmed.
    async fn squatted(&self) -> String {
        let body = json!({"email": EMAIL, "first_name": "Eve", "last_name": "Squatter", "password": PASSWORD});
        let registration = self.app.post("/users").json(body).from(SQUATTER);
        registration.send().await.expect(200).field("uuid")
    }

    async fn by_password(&self) -> Answer {
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let request = self.app.post("/auth/login").json(body);
        request.from(SQUATTER).send().await
    }

    /// Ada, registered with a password, and her address confirmed by the link.
    async fn confirmed(&self) -> String {
        let id = self.squatted().await;
        self.confirm(EMAIL).await;
        id
    }

    async fn confirm(&self, email: &str) {
        let token = self.app.link_token_for(email).await;
        let link = self.app.get(&format!("/users/confirm/{token}"));
        link.from(SQUATTER).send().await.expect(200);
    }

    async fn is_active(&self, id_token: &str) -> bool {
        let signed_in = self.sign_in(id_token).send().await.expect(200);
        self.me(&signed_in).await["is_active"] == true
    }
}

#[tokio::test]
async fn sec_i17_an_address_that_the_provider_has_not_verified_waits_for_its_link() {
    let federated = Federated::start().await;
    for (n, changes) in [
        json!({"email": null, "email_verified": null}),
        json!({"email_verified": null}),
        json!({"email_verified": false}),
        json!({"email": null}),
        json!({"email": "somebody@example.com"}),
    ]
    .into_iter()
    .enumerate()
    {
        let (subject, email) = (format!("s-{n}"), format!("ada{n}@example.com"));
        let claims = with(federated.vouching(&subject, &email), changes);
        let token = federated.idp.token(&claims);
        let registration = federated.register(&subject, &email, &token);
        registration.from(SQUATTER).send().await.expect(200);
        assert!(!federated.is_active(&token).await, "{claims}");
        federated.confirm(&email).await;
        assert!(federated.is_active(&token).await, "{claims}");
        federated.app.advance(Span::minutes(1));
    }
}

#[tokio::test]
async fn another_spelling_of_the_verified_address_is_that_address() {
    let federated = Federated::start().await;
    let voucher = federated.voucher(ADA, "ADA@Example.COM");
    let registration = federated.register(ADA, EMAIL, &voucher);
    registration.send().await.expect(200);
    assert!(federated.is_active(&voucher).await);
}

#[tokio::test]
async fn sec_i17_what_both_sides_have_verified_is_linked_and_its_owner_told() {
    let federated = Federated::start().await;
    let id = federated.confirmed().await;
    assert_eq!(federated.ada().await, id);
    let token = federated.idp.token(&federated.claims(ADA));
    let signed_in = federated.sign_in(&token).send().await.expect(200);
    let me = federated.me(&signed_in).await;
    assert_eq!(
        (&me["uuid"], &me["first_name"]),
        (&json!(id), &json!("Eve"))
    );
    // What was there stays as it was.
    federated.by_password().await.expect(200);
    let mail = federated.app.mail_to(EMAIL).await;
    let notice = |text: &str| text.contains("with example from now on");
    assert!(mail.iter().any(|mail| notice(&mail.text)), "{mail:?}");
    assert_eq!(mail.len(), 2, "the link, and the notice");
}

#[tokio::test]
async fn sec_i17_what_only_we_have_verified_is_not_linked() {
    let federated = Federated::start().await;
    federated.confirmed().await;
    for changes in [
        json!({"email": null, "email_verified": null}),
        json!({"email_verified": false}),
        json!({"email": "mallory@example.com"}),
    ] {
        let claims = with(federated.vouching("mallory", EMAIL), changes);
        let token = federated.idp.token(&claims);
        let registration = federated.register("mallory", EMAIL, &token);
        registration.send().await.expect(409);
        let sign_in = federated.sign_in(&token);
        sign_in.send().await.says(401, NOBODY);
    }
    assert_eq!(federated.accounts().await, 1);
}

#[tokio::test]
async fn sec_i17_what_nobody_has_verified_is_not_linked() {
    let federated = Federated::start().await;
    federated.squatted().await;
    let claims = federated.claims("mallory");
    let token = federated.idp.token(&claims);
    let registration = federated.register("mallory", EMAIL, &token);
    registration.send().await.expect(409);
    federated.sign_in(&token).send().await.says(401, NOBODY);
    federated.by_password().await.expect(200);
}

#[tokio::test]
async fn sec_i16_what_only_the_provider_has_verified_drops_what_a_squatter_set() {
    let federated = Federated::start().await;
    let id = federated.squatted().await;
    let squatters = federated.by_password().await.expect(200);
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher).from(VICTIM);
    assert_eq!(registration.send().await.expect(200).field("uuid"), id);
    federated.by_password().await.says(401, NOBODY);
    let session = federated.app.get("/users");
    let session = session.bearer(&squatters.field("access_token")).send();
    session.await.expect(401);
    let refresh = json!({"refresh_token": squatters.field("refresh_token")});
    let refresh = federated.app.post("/auth/refresh").json(refresh).send();
    refresh.await.expect(401);
    let signed_in = federated.sign_in(&voucher).send().await.expect(200);
    let expected = json!({"uuid": id, "email": EMAIL, "first_name": "Ada", "last_name": "Lovelace", "is_active": true});
    assert_eq!(federated.me(&signed_in).await, expected);
}

#[tokio::test]
async fn sec_i16_the_same_network_makes_nobody_the_same_person() {
    let federated = Federated::start().await;
    federated.squatted().await;
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher).from(SQUATTER);
    registration.send().await.expect(200);
    federated.by_password().await.says(401, NOBODY);
}

#[tokio::test]
async fn sec_i16_an_identity_that_a_squatter_registered_with_goes_at_the_first_proof() {
    let federated = Federated::start().await;
    let squatters = federated.idp.token(&federated.claims("mallory"));
    let registration = federated.register("mallory", EMAIL, &squatters);
    registration.from(SQUATTER).send().await.expect(200);
    federated.sign_in(&squatters).send().await.expect(200);
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher).from(VICTIM);
    registration.send().await.expect(200);
    federated.sign_in(&squatters).send().await.says(401, NOBODY);
    federated.sign_in(&voucher).send().await.expect(200);
    // The link that was mailed for the squatter confirms nothing any more.
    let mail = federated.app.mail_to(EMAIL).await;
    let link = mail
        .iter()
        .find(|mail| mail.text.contains("/users/confirm/"));
    let token = link.unwrap().text.split_once("/users/confirm/").unwrap().1;
    let token = token.split_whitespace().next().unwrap();
    let link = federated.app.get(&format!("/users/confirm/{token}"));
    link.send().await.says(400, "Invalid or expired token");
}

/// A first proof, which takes the identities away and moves the epoch on, as a transaction that is open until somebody
/// waits for it.
const WHILE_SOMEBODY_WAITS: &str = "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; DELETE FROM identities; \
    UPDATE users SET epoch = epoch + 1; \
    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass) LOOP \
    PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT";

const IS_LOCKED: &str = "SELECT count(*) FROM pg_locks WHERE granted AND relation = 'users'::regclass \
    AND mode = 'AccessExclusiveLock'";

#[tokio::test(flavor = "multi_thread")]
async fn sec_i16_an_identity_that_goes_while_it_signs_in_signs_nobody_in() {
    let federated = Federated::start().await;
    // Where one writes at a time, nobody comes between two statements.
    let Some(database) = federated.app.shared_database() else {
        return;
    };
    let squatters = federated.idp.token(&federated.claims("mallory"));
    let registration = federated.register("mallory", EMAIL, &squatters);
    registration.from(SQUATTER).send().await.expect(200);
    let meanwhile = async {
        while database.run(IS_LOCKED).await.trim() != "1" {}
        federated.sign_in(&squatters).send().await
    };
    let (_, answer) = tokio::join!(database.run(WHILE_SOMEBODY_WAITS), meanwhile);
    answer.says(401, NOBODY);
}

#[tokio::test]
async fn sec_i17_where_linking_takes_the_users_word_a_verified_address_is_not_enough() {
    let federated = Federated::with(&[("federation.link", "confirmed")]).await;
    federated.confirmed().await;
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher);
    registration
        .send()
        .await
        .says(400, "Email already registered");
    federated.sign_in(&voucher).send().await.says(401, NOBODY);
}

#[tokio::test]
async fn sec_i17_a_provider_is_believed_about_no_other_domains_than_those_it_is_trusted_for() {
    let federated = Federated::with(&[("federation.example.domains", "work.example")]).await;
    let own = "ada@work.example";
    let voucher = federated.voucher(ADA, own);
    let registration = federated.register(ADA, own, &voucher);
    registration.send().await.expect(200);
    assert!(federated.is_active(&voucher).await);
    // Elsewhere it joins no account, whether or not that has confirmed its address ...
    federated.squatted().await;
    for confirms in [false, true] {
        if confirms {
            federated.confirm(EMAIL).await;
        }
        let voucher = federated.voucher("mallory", EMAIL);
        let registration = federated.register("mallory", EMAIL, &voucher);
        registration.send().await.expect(409);
        federated.sign_in(&voucher).send().await.says(401, NOBODY);
    }
    federated.by_password().await.expect(200);
    // ... and a new one waits for the link.
    let other = "eve@elsewhere.example";
    let voucher = federated.voucher("eve", other);
    let registration = federated.register("eve", other, &voucher).from(SQUATTER);
    registration.send().await.expect(200);
    assert!(!federated.is_active(&voucher).await);
    federated.confirm(other).await;
    assert!(federated.is_active(&voucher).await);
}

#[tokio::test]
async fn sec_i17_a_text_verifies_an_address_with_apple_alone() {
    let apple = IdentityProvider::start().await;
    let issuer = apple.issuer();
    let settings = [
        ("federation.apple.issuer", issuer.as_str()),
        ("federation.apple.client_ids", CLIENT),
    ];
    let app = TestApp::with(&settings).await;
    let federated = Federated { app, idp: apple };
    for (n, (word, status)) in [("true", 200), ("false", 409), ("TRUE", 401), ("1", 401)]
        .into_iter()
        .enumerate()
    {
        let claims = federated.vouching(&format!("s-{n}"), EMAIL);
        let claims = with(claims, json!({"email_verified": word}));
        let token = federated.idp.token(&claims);
        let subject = claims["sub"].as_str().unwrap();
        let registration = register_with(&federated.app, "apple", subject, EMAIL, &token);
        registration.send().await.expect(status);
    }
}

#[tokio::test]
async fn sec_6_8_1_an_identity_has_one_account() {
    let federated = Federated::start().await;
    federated.ada().await;
    for email in [EMAIL, "ada2@example.com"] {
        let voucher = federated.voucher(ADA, email);
        let again = federated.register(ADA, email, &voucher);
        again.send().await.expect(409);
    }
    assert_eq!(federated.accounts().await, 1);
    assert!(federated.app.mail_to("ada2@example.com").await.is_empty());
}

#[tokio::test]
async fn sec_6_8_1_the_same_subject_at_two_providers_is_two_people() {
    let other = IdentityProvider::start().await;
    let issuer = other.issuer();
    let settings = [
        ("federation.other.issuer", issuer.as_str()),
        ("federation.other.client_ids", CLIENT),
    ];
    let federated = Federated::with(&settings).await;
    let first = federated.ada().await;
    let email = "grace@example.com";
    let claims = other.claims(CLIENT, ADA, federated.now());
    let claims = with(claims, json!({"email": email, "email_verified": true}));
    let token = other.token(&claims);
    let registration = register_with(&federated.app, "other", ADA, email, &token);
    assert_ne!(registration.send().await.expect(200).field("uuid"), first);
}

#[tokio::test]
async fn sec_6_3_8_where_that_is_not_told_a_taken_address_is_answered_as_a_free_one() {
    let federated = Federated::with(&[("api.confirm.disclose_existence", "false")]).await;
    let id = federated.confirmed().await;
    let token = federated.idp.token(&federated.claims("mallory"));
    let registration = federated.register("mallory", EMAIL, &token);
    let answer = registration.send().await.expect(200);
    assert_ne!(answer.field("uuid"), id);
    federated.sign_in(&token).send().await.says(401, NOBODY);
    let mail = federated.app.mail_to(EMAIL).await;
    assert_eq!(mail.len(), 2, "the link, and that somebody tried");
    assert_eq!(federated.accounts().await, 1);
}

#[tokio::test]
async fn a_suspended_account_is_joined_by_nobody() {
    let federated = Federated::start().await;
    federated.confirmed().await;
    let app = &federated.app;
    users::suspend(&app.app, &app.operator(), EMAIL)
        .await
        .unwrap();
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher);
    registration
        .send()
        .await
        .says(400, "Email already registered");
    users::restore(&app.app, &app.operator(), EMAIL)
        .await
        .unwrap();
    federated.sign_in(&voucher).send().await.says(401, NOBODY);
}

#[tokio::test]
async fn a_temporary_account_gives_way_to_an_identity() {
    let federated = Federated::start().await;
    let asked = federated.app.post("/auth/code");
    let asked = asked.json(json!({"email": EMAIL})).from(SQUATTER).send();
    asked.await.expect(200);
    federated.ada().await;
    assert_eq!(federated.accounts().await, 1);
    assert!(federated.is_active(&federated.voucher(ADA, EMAIL)).await);
}

#[tokio::test]
async fn sec_i12_where_an_address_must_be_confirmed_an_identity_waits_for_it_too() {
    let federated = Federated::with(&[("accounts.require_verified_email", "true")]).await;
    let token = federated.idp.token(&federated.claims(ADA));
    let registration = federated.register(ADA, EMAIL, &token).from(SQUATTER);
    registration.send().await.expect(200);
    let early = federated.sign_in(&token).send().await;
    early.says(403, "Email not verified");
    federated.confirm(EMAIL).await;
    federated.sign_in(&token).send().await.expect(200);
}
