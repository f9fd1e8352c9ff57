//! The keys of a provider: found when they change, and waited for by nobody who has them.

use super::*;
use doorward_testkit::identity_provider::{Key, Manner};
use std::time::{Duration, Instant};

/// What the documents of a provider may take, and a busy machine beside it.
const BOUND: Duration = Duration::from_secs(8);

impl Federated {
    fn token(&self) -> String {
        self.idp.token(&self.claims(ADA))
    }
}

#[tokio::test]
async fn a_key_that_a_provider_begins_to_sign_with_is_found() {
    let federated = Federated::start().await;
    federated.ada().await;
    federated
        .sign_in(&federated.token())
        .send()
        .await
        .expect(200);
    assert_eq!(federated.idp.times_asked(), 1);
    federated.idp.rotate("key-2");
    federated
        .sign_in(&federated.token())
        .send()
        .await
        .expect(200);
    assert_eq!(federated.idp.times_asked(), 2);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_good_for_an_hour_at_most() {
    let federated = Federated::start().await;
    federated.ada().await;
    let old = federated.idp.key();
    federated.idp.rotate("key-2");
    federated.app.advance(Span::hours(1));
    let token = old.sign(&federated.claims(ADA));
    federated.sign_in(&token).send().await.says(401, NOT_GOOD);
}

#[tokio::test]
async fn sec_15_2_2_made_up_key_names_ask_a_provider_once_a_minute() {
    let federated = Federated::start().await;
    federated.ada().await;
    let before = federated.idp.times_asked();
    for minute in 1..=2 {
        for n in 0..20 {
            let key = Key::generate(&format!("key-{minute}-{n}"), Algorithm::ES256);
            let token = key.sign(&federated.claims(ADA));
            let sign_in = federated.sign_in(&token).from(&stranger(n));
            sign_in.send().await.says(401, NOT_GOOD);
        }
        assert_eq!(federated.idp.times_asked(), before + minute);
        federated.app.advance(Span::minutes(1));
    }
}

#[tokio::test]
async fn what_is_no_key_set_from_the_provider_itself_gives_no_keys() {
    for manner in [
        Manner::OtherIssuer,
        Manner::Verbose,
        Manner::Redirecting,
        Manner::Broken,
        Manner::Prosaic,
    ] {
        let federated = Federated::start().await;
        federated.app.expect_faults();
        federated.idp.behave(manner);
        let registration = federated.register(ADA, EMAIL, &federated.voucher(ADA, EMAIL));
        let answer = registration.send().await.expect(503);
        assert!(answer.number("retry-after") > 0, "{manner:?}");
        assert_eq!(federated.accounts().await, 0);
        // It is asked again by whoever comes five seconds later.
        federated.idp.behave(Manner::Proper);
        federated.app.advance(Span::seconds(5));
        federated.ada().await;
    }
}

#[tokio::test]
async fn sec_15_2_2_a_provider_that_never_answered_is_asked_once_in_five_seconds() {
    let federated = Federated::start().await;
    federated.app.expect_faults();
    federated.idp.behave(Manner::Broken);
    for times in 1..=2 {
        for n in 0..20 {
            let sign_in = federated.sign_in(&federated.token()).from(&stranger(n));
            sign_in.send().await.expect(503);
        }
        assert_eq!(federated.idp.times_asked(), times);
        federated.app.advance(Span::seconds(5));
    }
    federated.idp.behave(Manner::Proper);
    federated.ada().await;
}

#[tokio::test]
async fn configured_keys_need_no_discovery() {
    let idp = IdentityProvider::start().await;
    let keys = idp.keys_url();
    idp.behave(Manner::OtherIssuer);
    let federated = Federated::trusting(idp, &[("federation.example.jwks_uri", &keys)]).await;
    federated.ada().await;
}

#[tokio::test]
async fn a_provider_that_is_away_signs_in_whoever_its_last_keys_are_good_for() {
    let federated = Federated::start().await;
    federated.ada().await;
    federated.app.expect_faults();
    federated.idp.behave(Manner::Broken);
    federated.app.advance(Span::hours(23));
    federated
        .sign_in(&federated.token())
        .send()
        .await
        .expect(200);
    federated.app.advance(Span::hours(1));
    federated
        .sign_in(&federated.token())
        .send()
        .await
        .expect(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_15_4_4_a_provider_that_says_nothing_holds_nobody_else_up() {
    let other = IdentityProvider::start().await;
    let issuer = other.issuer();
    let settings = [
        ("federation.other.issuer", issuer.as_str()),
        ("federation.other.client_ids", CLIENT),
    ];
    let federated = Federated::with(&settings).await;
    federated.app.expect_faults();
    federated.ada().await;
    let good = federated.token();
    federated.idp.behave(Manner::Silent);
    let unknown = Key::generate("key-2", Algorithm::ES256).sign(&federated.claims(ADA));
    let began = Instant::now();
    let waiting = async {
        let waiters = (0..20).map(|n| federated.sign_in(&unknown).from(&stranger(n)));
        let answers = at_once(waiters).await;
        (answers, began.elapsed())
    };
    let meanwhile = async {
        for _ in 0..5 {
            federated.sign_in(&good).send().await.expect(200);
        }
        let claims = other.claims(CLIENT, ADA, federated.now());
        let elsewhere = sign_in_with(&federated.app, "other", &other.token(&claims));
        elsewhere.send().await.says(401, NOBODY);
        began.elapsed()
    };
    let ((answers, waited), undisturbed) = tokio::join!(waiting, meanwhile);
    assert_eq!(count(&answers, 503), 20);
    assert!(waited < BOUND, "{waited:?}");
    assert!(undisturbed < Duration::from_secs(4), "{undisturbed:?}");
}
