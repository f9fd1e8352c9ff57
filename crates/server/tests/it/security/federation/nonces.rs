//! Nonces: an ID token that was asked for once is used once.

use super::*;

const DEMANDED: [(&str, &str); 1] = [("federation.example.require_nonce", "true")];

impl Federated {
    /// A good token of Ada's that carries this nonce.
    fn carrying(&self, nonce: &str) -> String {
        let claims = self.vouching(ADA, EMAIL);
        self.idp.token(&with(claims, json!({"nonce": nonce})))
    }
}

#[tokio::test]
async fn a_nonce_holds_256_bits_and_says_how_long_it_is_good() {
    let federated = Federated::start().await;
    let answer = federated.app.post("/federation/example/nonce").send().await;
    let answer = answer.expect(200);
    assert_eq!(answer.members(), ["expires_in", "nonce"]);
    assert_eq!(answer.json()["expires_in"], 600);
    assert_eq!(answer.field("nonce").len(), 43);
    assert_ne!(federated.nonce().await, answer.field("nonce"));
}

#[tokio::test]
async fn sec_10_5_1_a_token_with_our_nonce_is_good_once() {
    let federated = Federated::start().await;
    federated.ada().await;
    let token = federated.carrying(&federated.nonce().await);
    federated.sign_in(&token).send().await.expect(200);
    federated.sign_in(&token).send().await.says(401, NOT_GOOD);
    let nonce = federated.nonce().await;
    federated
        .sign_in(&federated.carrying(&nonce))
        .send()
        .await
        .expect(200);
    // Another token with the same nonce is no better.
    federated.app.advance(Span::seconds(1));
    let again = federated.sign_in(&federated.carrying(&nonce));
    again.send().await.says(401, NOT_GOOD);
}

#[tokio::test]
async fn sec_10_5_1_a_nonce_is_good_for_ten_minutes() {
    let federated = Federated::start().await;
    federated.ada().await;
    let (first, second) = (federated.nonce().await, federated.nonce().await);
    federated.app.advance(Span::seconds(599));
    let in_time = federated.sign_in(&federated.carrying(&first));
    in_time.send().await.expect(200);
    federated.app.advance(Span::seconds(1));
    let late = federated.sign_in(&federated.carrying(&second));
    late.send().await.says(401, NOT_GOOD);
}

#[tokio::test]
async fn sec_i19_another_providers_nonce_is_none() {
    let other = IdentityProvider::start().await;
    let issuer = other.issuer();
    let settings = [
        ("federation.other.issuer", issuer.as_str()),
        ("federation.other.client_ids", CLIENT),
    ];
    let federated = Federated::with(&settings).await;
    federated.ada().await;
    let nonce = federated.app.post("/federation/other/nonce").send().await;
    let token = federated.carrying(&nonce.expect(200).field("nonce"));
    federated.sign_in(&token).send().await.says(401, NOT_GOOD);
}

#[tokio::test]
async fn sec_i19_where_a_nonce_is_demanded_a_token_without_one_is_refused() {
    let federated = Federated::with(&DEMANDED).await;
    let voucher = federated.voucher(ADA, EMAIL);
    let registration = federated.register(ADA, EMAIL, &voucher);
    registration.send().await.says(401, NOT_GOOD);
    let empty = federated.register(ADA, EMAIL, &federated.carrying(""));
    empty.send().await.says(401, NOT_GOOD);
    assert_eq!(federated.accounts().await, 0);
    let token = federated.carrying(&federated.nonce().await);
    let registration = federated.register(ADA, EMAIL, &token);
    registration.send().await.expect(200);
    federated.sign_in(&voucher).send().await.says(401, NOT_GOOD);
    let token = federated.carrying(&federated.nonce().await);
    federated.sign_in(&token).send().await.expect(200);
}

#[tokio::test]
async fn a_token_that_is_no_good_before_its_nonce_is_looked_at_spends_none() {
    let federated = Federated::with(&DEMANDED).await;
    let nonce = federated.nonce().await;
    let now = federated.now();
    let old = json!({"nonce": nonce, "iat": now - 7200, "exp": now - 61});
    let old = federated
        .idp
        .token(&with(federated.vouching(ADA, EMAIL), old));
    federated.sign_in(&old).send().await.says(401, NOT_GOOD);
    let token = federated.carrying(&nonce);
    let other = federated.register("somebody", EMAIL, &token);
    other.send().await.says(401, NOT_GOOD);
    let registration = federated.register(ADA, EMAIL, &token);
    registration.send().await.expect(200);
}

#[tokio::test]
async fn sec_10_5_1_a_refusal_spends_the_nonce_and_keeps_nothing_else() {
    let federated = Federated::start().await;
    let token = federated.carrying(&federated.nonce().await);
    federated.sign_in(&token).send().await.says(401, NOBODY);
    let registration = federated.register(ADA, EMAIL, &token);
    registration.send().await.says(401, NOT_GOOD);
    assert_eq!(federated.accounts().await, 0);

    federated.ada().await;
    let token = federated.carrying(&federated.nonce().await);
    let again = federated.register(ADA, EMAIL, &token);
    again.send().await.expect(409);
    federated.sign_in(&token).send().await.says(401, NOT_GOOD);

    let claims =
        json!({"sub": "mallory", "email_verified": false, "nonce": federated.nonce().await});
    let token = federated
        .idp
        .token(&with(federated.vouching(ADA, EMAIL), claims));
    for status in [409, 401] {
        let unproven = federated.register("mallory", EMAIL, &token);
        unproven.send().await.expect(status);
    }
    assert_eq!(federated.accounts().await, 1);
}

#[tokio::test]
async fn sec_10_5_1_a_refusal_that_is_not_told_spends_the_nonce_too() {
    let federated = Federated::with(&[("api.confirm.disclose_existence", "false")]).await;
    federated.ada().await;
    let claims = json!({"nonce": federated.nonce().await});
    let token = federated
        .idp
        .token(&with(federated.claims("mallory"), claims));
    for status in [200, 401] {
        let registration = federated.register("mallory", EMAIL, &token);
        registration.send().await.expect(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_10_5_1_of_200_parallel_uses_of_a_nonce_one_signs_in() {
    let federated = Federated::with(&super::super::QUICK).await;
    federated.ada().await;
    let token = federated.carrying(&federated.nonce().await);
    let uses = (0..200).map(|n| federated.sign_in(&token).from(&stranger(n)));
    let answers = at_once(uses).await;
    assert_eq!((count(&answers, 200), count(&answers, 401)), (1, 199));
}

#[tokio::test]
async fn a_nonce_that_is_over_is_removed_and_a_good_one_stays_good() {
    let federated = Federated::start().await;
    federated.ada().await;
    federated.nonce().await;
    federated.app.advance(Span::seconds(300));
    let nonce = federated.nonce().await;
    federated.app.advance(Span::seconds(301));
    federated.app.clean().await;
    let token = federated.carrying(&nonce);
    federated.sign_in(&token).send().await.expect(200);
}
