use super::*;
use crate::settings::Vouching;
use bytes::Bytes;
use doorward_crypto::{Algorithm, Signer, SigningKey};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://idp.example.com";

/// A provider that is asked by a function call.
#[derive(Default)]
struct Idp {
    keys: Mutex<Vec<Value>>,
    issuer: Mutex<Option<String>>,
    is_away: Mutex<bool>,
    asked: Mutex<Vec<String>>,
}

impl Idp {
    /// It signs with a fresh key of this name, and publishes that one alone.
    fn rotate(&self, kid: &str) -> Signer {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        *self.keys.lock().unwrap() = vec![serde_json::to_value(key.public().jwk(kid)).unwrap()];
        Signer::new(kid, key)
    }

    fn be_away(&self, is_away: bool) {
        *self.is_away.lock().unwrap() = is_away;
    }

    /// How often its keys were asked for since this was last called.
    fn times_asked(&self) -> usize {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.iter().filter(|path| *path == "/keys").count()
    }
}

impl Fetcher for Idp {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Bytes, FetchError>> {
        async move {
            tokio::task::yield_now().await;
            self.asked.lock().unwrap().push(url.path().to_owned());
            if *self.is_away.lock().unwrap() {
                return Err(FetchError::Status(503));
            }
            let issuer = self.issuer.lock().unwrap().clone();
            let document = match url.path() {
                "/keys" => json!({"keys": *self.keys.lock().unwrap()}),
                "/.well-known/openid-configuration" => json!({
                    "issuer": issuer.unwrap_or_else(|| ISSUER.to_owned()),
                    "jwks_uri": format!("{ISSUER}/keys"),
                }),
                _ => return Err(FetchError::Status(404)),
            };
            Ok(document.to_string().into())
        }
        .boxed()
    }
}

/// The keys of one provider, and what they are asked about.
struct Asking {
    idp: Idp,
    keys: PublishedKeys,
    name: ProviderName,
    provider: Provider,
}

impl Asking {
    fn new() -> Self {
        Self {
            idp: Idp::default(),
            keys: PublishedKeys::default(),
            name: ProviderName::parse("idp").unwrap(),
            provider: Provider {
                issuer: ISSUER.to_owned(),
                jwks_uri: None,
                client_ids: Vec::new(),
                require_nonce: false,
                vouching: Vouching::Everywhere,
            },
        }
    }

    async fn about(&self, token: &str, after: Span) -> Outcome {
        let source = (&self.name, &self.provider);
        match self
            .keys
            .verify(&self.idp, source, START + after, token)
            .await
        {
            Ok(_) => Outcome::Good,
            Err(Refused::Token(error)) => Outcome::Bad(error),
            Err(Refused::NoKeys) => Outcome::NoKeys,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Good,
    Bad(JoseError),
    NoKeys,
}

fn token_of(signer: &Signer) -> String {
    signer.sign(&json!({"sub": "1"})).unwrap()
}

#[tokio::test]
async fn keys_are_asked_for_once_an_hour() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    for (after, times) in [
        (Span::ZERO, 1),
        (Span::minutes(59), 0),
        (Span::hours(1), 1),
        (Span::minutes(119), 0),
    ] {
        assert_eq!(asking.about(&token, after).await, Outcome::Good);
        assert_eq!(asking.idp.times_asked(), times, "after {after}");
    }
}

#[tokio::test]
async fn a_key_that_is_published_no_more_is_believed_for_an_hour_at_most() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    assert_eq!(asking.about(&token, Span::ZERO).await, Outcome::Good);
    asking.idp.rotate("2");
    let refused = Outcome::Bad(JoseError::UnknownKey);
    assert_eq!(asking.about(&token, Span::minutes(60)).await, refused);
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_made_up_ones_are_asked_about_once_a_minute() {
    let asking = Asking::new();
    let old = token_of(&asking.idp.rotate("1"));
    assert_eq!(asking.about(&old, Span::ZERO).await, Outcome::Good);
    let new = token_of(&asking.idp.rotate("2"));
    assert_eq!(asking.about(&new, Span::ZERO).await, Outcome::Good);
    assert_eq!(asking.idp.times_asked(), 2);
    let forger = SigningKey::generate(Algorithm::Es256).unwrap();
    let made_up = token_of(&Signer::new("3", forger));
    let refused = Outcome::Bad(JoseError::UnknownKey);
    for (after, times) in [
        (Span::seconds(59), 0),
        (Span::seconds(60), 1),
        (Span::seconds(119), 0),
        (Span::seconds(120), 1),
    ] {
        assert_eq!(asking.about(&made_up, after).await, refused);
        assert_eq!(asking.idp.times_asked(), times, "after {after}");
    }
}

#[tokio::test]
async fn the_last_keys_are_believed_for_a_day_while_the_provider_is_away() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    assert_eq!(asking.about(&token, Span::ZERO).await, Outcome::Good);
    asking.idp.be_away(true);
    asking.idp.times_asked();
    for after in [Span::hours(1), Span::minutes(1439)] {
        assert_eq!(asking.about(&token, after).await, Outcome::Good);
    }
    assert_eq!(asking.about(&token, Span::hours(24)).await, Outcome::NoKeys);
    asking.idp.be_away(false);
    let later = Span::seconds(86_405);
    assert_eq!(asking.about(&token, later).await, Outcome::Good);
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_once_a_minute_while_its_last_keys_are_believed() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    asking.about(&token, Span::ZERO).await;
    asking.idp.be_away(true);
    asking.idp.asked.lock().unwrap().clear();
    for (after, documents) in [
        (Span::minutes(60), 1),
        (Span::seconds(3659), 1),
        (Span::minutes(61), 2),
    ] {
        assert_eq!(asking.about(&token, after).await, Outcome::Good);
        assert_eq!(asking.idp.asked.lock().unwrap().len(), documents);
    }
}

#[tokio::test]
async fn a_provider_that_never_answered_is_asked_once_in_five_seconds() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    asking.idp.be_away(true);
    for (after, documents) in [(0, 1), (0, 1), (4, 1), (5, 2), (9, 2)] {
        let after = Span::seconds(after);
        assert_eq!(asking.about(&token, after).await, Outcome::NoKeys);
        assert_eq!(asking.idp.asked.lock().unwrap().len(), documents);
    }
    asking.idp.be_away(false);
    let later = Span::seconds(10);
    assert_eq!(asking.about(&token, later).await, Outcome::Good);
}

#[tokio::test]
async fn a_new_key_of_a_provider_that_is_away_is_neither_good_nor_bad() {
    let asking = Asking::new();
    asking
        .about(&token_of(&asking.idp.rotate("1")), Span::ZERO)
        .await;
    let new = token_of(&asking.idp.rotate("2"));
    asking.idp.be_away(true);
    for after in [Span::ZERO, Span::seconds(1)] {
        assert_eq!(asking.about(&new, after).await, Outcome::NoKeys);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_no_key_can_help() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    let body = token.split_once('.').unwrap().1;
    for (rubbish, error) in [
        ("", JoseError::Malformed),
        ("a.b.c", JoseError::Malformed),
        // {"alg":"none","kid":"1"}
        (
            &format!("eyJhbGciOiJub25lIiwia2lkIjoiMSJ9.{body}"),
            JoseError::Algorithm,
        ),
    ] {
        assert_eq!(asking.about(rubbish, Span::ZERO).await, Outcome::Bad(error));
    }
    assert!(asking.idp.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn many_at_once_share_one_question() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    let outcomes = join_all((0..50).map(|_| asking.about(&token, Span::ZERO))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Good));
    assert_eq!(asking.idp.times_asked(), 1);
}

#[tokio::test]
async fn many_at_once_share_one_failure_and_whoever_comes_five_seconds_later_asks_again() {
    let asking = Asking::new();
    let token = token_of(&asking.idp.rotate("1"));
    asking.idp.be_away(true);
    let outcomes = join_all((0..50).map(|_| asking.about(&token, Span::ZERO))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::NoKeys));
    assert_eq!(asking.idp.asked.lock().unwrap().len(), 1);
    asking.idp.be_away(false);
    let later = Span::seconds(5);
    assert_eq!(asking.about(&token, later).await, Outcome::Good);
}

#[tokio::test]
async fn sec_i18_a_discovery_document_that_speaks_for_another_issuer_gives_no_keys() {
    for issuer in ["https://other.example.com", "https://idp.example.com/"] {
        let asking = Asking::new();
        let token = token_of(&asking.idp.rotate("1"));
        *asking.idp.issuer.lock().unwrap() = Some(issuer.to_owned());
        assert_eq!(asking.about(&token, Span::ZERO).await, Outcome::NoKeys);
        assert_eq!(asking.idp.times_asked(), 0);
    }
}

#[tokio::test]
async fn where_the_keys_are_configured_nothing_is_discovered() {
    let mut asking = Asking::new();
    asking.provider.jwks_uri = Some(Url::parse(&format!("{ISSUER}/keys")).unwrap());
    let token = token_of(&asking.idp.rotate("1"));
    assert_eq!(asking.about(&token, Span::ZERO).await, Outcome::Good);
    assert_eq!(*asking.idp.asked.lock().unwrap(), ["/keys"]);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_document_below_it() {
    let mut asking = Asking::new();
    asking.provider.issuer = format!("{ISSUER}/realms/ours/");
    let token = token_of(&asking.idp.rotate("1"));
    assert_eq!(asking.about(&token, Span::ZERO).await, Outcome::NoKeys);
    let asked = asking.idp.asked.lock().unwrap().clone();
    assert_eq!(asked, ["/realms/ours/.well-known/openid-configuration"]);
}
