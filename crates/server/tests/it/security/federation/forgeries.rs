//! Tokens that nobody may accept: each is refused in the same words, and leaves nothing behind.

use super::*;
use doorward_testkit::identity_provider::{Key, hashed, unsigned};

/// A service that trusts two providers, and a third that nobody trusts.
struct Stage {
    federated: Federated,
    other: IdentityProvider,
    mallory: IdentityProvider,
}

impl Stage {
    async fn set() -> Self {
        let other = IdentityProvider::start().await;
        let issuer = other.issuer();
        let settings = [
            ("federation.other.issuer", issuer.as_str()),
            ("federation.other.client_ids", CLIENT),
        ];
        let idp = IdentityProvider::signing_by(Algorithm::RS256).await;
        Self {
            federated: Federated::trusting(idp, &settings).await,
            other,
            mallory: IdentityProvider::start().await,
        }
    }

    fn good(&self) -> Value {
        self.federated.vouching(ADA, EMAIL)
    }

    /// Good claims with some of them changed, and signed as a good token is.
    fn changed(&self, changes: Value) -> String {
        self.federated.idp.token(&with(self.good(), changes))
    }

    /// Good claims under another header, signed by the provider's own key.
    fn under(&self, changes: Value) -> String {
        let key = self.federated.idp.key();
        let header = json!({"alg": "RS256", "kid": key.kid(), "typ": "JWT"});
        key.sign_under(&with(header, changes), &self.good())
    }

    /// Tokens with wrong claims, all of them signed by the provider.
    fn false_claims(&self) -> Vec<(&'static str, String)> {
        let now = self.federated.now();
        let claims = [
            (
                "another issuer",
                json!({"iss": "https://accounts.google.com"}),
            ),
            (
                "the other provider's issuer",
                json!({"iss": self.other.issuer()}),
            ),
            ("no issuer", json!({"iss": null})),
            ("another client", json!({"aud": "their-app"})),
            ("a list without ours", json!({"aud": ["their-app"]})),
            ("ours beside theirs", json!({"aud": [CLIENT, "their-app"]})),
            (
                "asked for by theirs",
                json!({"aud": [CLIENT, "their-app"], "azp": "their-app"}),
            ),
            ("no audience", json!({"aud": null})),
            ("an empty audience", json!({"aud": []})),
            ("expired", json!({"iat": now - 7200, "exp": now - 61})),
            ("no expiry", json!({"exp": null})),
            ("expiry in words", json!({"exp": (now + 3600).to_string()})),
            ("half a second", json!({"exp": 4_000_000_000.5_f64})),
            (
                "made tomorrow",
                json!({"iat": now + 86_400, "exp": now + 90_000}),
            ),
            ("not made at any time", json!({"iat": null})),
            ("good from tomorrow", json!({"nbf": now + 86_400})),
            ("about nobody", json!({"sub": null})),
            ("about a number", json!({"sub": 248_289_761_001_u64})),
            ("verified in words", json!({"email_verified": "true"})),
            ("unverified in words", json!({"email_verified": "false"})),
            ("verified once", json!({"email_verified": 1})),
            ("a nonce that nobody gave", json!({"nonce": "n-0S6_WzA2Mj"})),
            ("a nonce that is none", json!({"nonce": 1})),
            (
                "a sign-out",
                json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
            ),
        ];
        claims
            .into_iter()
            .map(|(name, changes)| (name, self.changed(changes)))
            .collect()
    }

    /// Tokens with good claims that the provider did not sign so.
    fn false_signatures(&self) -> Vec<(&'static str, String)> {
        let good = self.good();
        let key = self.federated.idp.key();
        let header = |alg: &str| json!({"alg": alg, "kid": key.kid(), "typ": "JWT"});
        let mallory = Key::generate(key.kid(), Algorithm::RS256);
        let modulus = key.jwk()["n"].as_str().unwrap();
        let token = key.sign(&good);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let elsewhere = token.rsplit_once('.').unwrap().0.replace('.', ".e30");
        vec![
            ("none", unsigned(&header("none"), &good)),
            ("None", unsigned(&header("None"), &good)),
            ("nothing", unsigned(&header("RS256"), &good)),
            (
                "the public key in PEM as a secret",
                hashed(&header("HS256"), &good, key.public_pem().as_bytes()),
            ),
            (
                "the public key's number as a secret",
                hashed(&header("HS256"), &good, modulus.as_bytes()),
            ),
            (
                "an HMAC that calls itself RSA",
                hashed(&header("RS256"), &good, key.public_pem().as_bytes()),
            ),
            (
                "somebody's own key under the provider's name for it",
                mallory.sign(&good),
            ),
            ("the other provider's key", self.other.token(&good)),
            (
                "other claims under the same signature",
                format!("{elsewhere}.{signature}"),
            ),
            (
                "half a signature",
                format!("{signed}.{}", &signature[..signature.len() / 2]),
            ),
            ("no signature", signed.to_owned()),
            ("four parts", format!("{token}.{signature}")),
            ("a line end", format!("{token}\n")),
            ("nothing at all", String::new()),
            ("no token", "third-party".to_owned()),
            ("10 KiB", "a".repeat(10 * 1024)),
        ]
    }

    /// Tokens whose header asks for what is not done.
    fn false_headers(&self) -> Vec<(&'static str, String)> {
        let headers = [
            ("a path for a name", json!({"kid": "../../../../dev/null"})),
            ("SQL for a name", json!({"kid": "key-1' OR '1'='1"})),
            (
                "an address for a name",
                json!({"kid": self.mallory.keys_url()}),
            ),
            ("a number for a name", json!({"kid": 1})),
            ("a list for a name", json!({"kid": ["key-1"]})),
            ("another algorithm of the key", json!({"alg": "PS256"})),
            ("a critical extension", json!({"crit": ["exp"], "exp": 1})),
            ("an access token", json!({"typ": "at+jwt"})),
        ];
        let mine = headers
            .into_iter()
            .map(|(name, changes)| (name, self.under(changes)));
        // The forger's own key, which the header brings or says where to get.
        let (key, url) = (self.mallory.key(), self.mallory.keys_url());
        let brought = [
            ("jwk", json!(key.jwk())),
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["MIIB"])),
        ];
        let forged = brought.into_iter().map(|(name, value)| {
            let header = json!({"alg": "ES256", "kid": key.kid(), name: value});
            (name, key.sign_under(&header, &self.good()))
        });
        mine.chain(forged).collect()
    }

    fn all(&self) -> Vec<(&'static str, String)> {
        [
            self.false_claims(),
            self.false_signatures(),
            self.false_headers(),
        ]
        .concat()
    }
}

fn refused(name: &str, answer: &Answer) {
    let (status, body) = (answer.status, answer.json());
    assert_eq!((status, body), (401, json!({"detail": NOT_GOOD})), "{name}");
}

#[tokio::test]
async fn sec_s10_no_forged_token_registers_anybody_or_leaves_a_row() {
    let stage = Stage::set().await;
    let federated = &stage.federated;
    for (n, (name, token)) in stage.all().into_iter().enumerate() {
        let registration = federated.register(ADA, EMAIL, &token);
        refused(name, &registration.from(&stranger(n)).send().await);
    }
    assert_eq!(federated.accounts().await, 0);
    assert!(federated.app.mail_to(EMAIL).await.is_empty());
    assert_eq!(
        stage.mallory.times_asked(),
        0,
        "nobody asks where a token says"
    );
    // The identity and the address are free, and the same claims in a good token are good.
    federated.ada().await;
}

#[tokio::test]
async fn sec_10_5_2_no_forged_token_signs_anybody_in() {
    let stage = Stage::set().await;
    let federated = &stage.federated;
    federated.ada().await;
    for (n, (name, token)) in stage.all().into_iter().enumerate() {
        refused(
            name,
            &federated.sign_in(&token).from(&stranger(n)).send().await,
        );
    }
    assert_eq!(
        stage.mallory.times_asked(),
        0,
        "nobody asks where a token says"
    );
    let good = federated.idp.token(&stage.good());
    federated.sign_in(&good).send().await.expect(200);
}

#[tokio::test]
async fn sec_s10_a_third_party_id_proves_nothing_by_itself() {
    let federated = Federated::start().await;
    let body = json!({
        "email": EMAIL, "first_name": "Ada", "last_name": "Lovelace",
        "auth_provider": "example", "third_party_id": ADA,
    });
    let bare = federated.app.post("/users").json(body.clone());
    bare.send().await.says(401, NOT_GOOD);
    for id_token in [json!(""), json!(null)] {
        let body = with(body.clone(), json!({"id_token": id_token}));
        let answer = federated.app.post("/users").json(body).send().await;
        answer.says(401, NOT_GOOD);
    }
    assert_eq!(federated.accounts().await, 0);
}

#[tokio::test]
async fn sec_s10_the_token_names_the_very_subject_of_the_request() {
    let federated = Federated::start().await;
    let voucher = federated.voucher("somebody-else", EMAIL);
    for (n, subject) in [ADA, "Somebody-Else", "somebody-else ", "*", "%"]
        .into_iter()
        .enumerate()
    {
        let registration = federated.register(subject, EMAIL, &voucher);
        refused(subject, &registration.from(&stranger(n)).send().await);
    }
    assert_eq!(federated.accounts().await, 0);
}

#[tokio::test]
async fn sec_i18_a_good_token_of_one_provider_is_none_of_another() {
    let stage = Stage::set().await;
    let federated = &stage.federated;
    federated.ada().await;
    // The same subject at the other provider is somebody else.
    let claims = stage.other.claims(CLIENT, ADA, federated.now());
    let token = stage.other.token(&claims);
    federated.sign_in(&token).send().await.says(401, NOT_GOOD);
    let elsewhere = sign_in_with(&federated.app, "other", &token);
    elsewhere.send().await.says(401, NOBODY);
    let ours = federated.idp.token(&stage.good());
    let elsewhere = sign_in_with(&federated.app, "other", &ours);
    elsewhere.send().await.says(401, NOT_GOOD);
}

#[tokio::test]
async fn sec_6_8_2_a_token_is_read_as_far_as_a_minute_off_our_clock() {
    let federated = Federated::start().await;
    federated.ada().await;
    let now = federated.now();
    for (iat, exp) in [(now + 60, now + 3600), (now - 3600, now - 59)] {
        let claims = with(federated.claims(ADA), json!({"iat": iat, "exp": exp}));
        let token = federated.idp.token(&claims);
        federated.sign_in(&token).send().await.expect(200);
    }
}
