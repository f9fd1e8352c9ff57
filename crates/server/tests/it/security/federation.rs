//! Identities of other providers: what their ID tokens are believed, and what nobody gains by them.

mod forgeries;
mod linking;
mod nonces;
mod published_keys;

use super::{at_once, count, stranger};
use crate::support::{Answer, Request, TestApp, header_of};
use doorward_domain::Span;
use doorward_service::users::{self, Page};
use doorward_testkit::identity_provider::{Algorithm, IdentityProvider};
use serde_json::{Value, json};

/// Whom the ID tokens are for.
const CLIENT: &str = "door-web";
const EMAIL: &str = "ada@example.com";
/// Who Ada is at the provider.
const ADA: &str = "248289761001";

const NOT_GOOD: &str = "Invalid third-party token";
const NOBODY: &str = "Invalid credentials";

/// A service that accepts the tokens of a provider, which it calls `example`.
struct Federated {
    app: TestApp,
    idp: IdentityProvider,
}

impl Federated {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        Self::trusting(IdentityProvider::start().await, settings).await
    }

    async fn trusting(idp: IdentityProvider, settings: &[(&str, &str)]) -> Self {
        let issuer = idp.issuer();
        let mut all = vec![
            ("federation.example.issuer", issuer.as_str()),
            ("federation.example.client_ids", CLIENT),
        ];
        all.extend_from_slice(settings);
        let app = TestApp::with(&all).await;
        Self { app, idp }
    }

    fn now(&self) -> i64 {
        self.app.app.now().as_seconds()
    }

    /// The claims of a good token that says nothing of an address.
    fn claims(&self, subject: &str) -> Value {
        self.idp.claims(CLIENT, subject, self.now())
    }

    /// The claims of a good token whose provider has verified the address.
    fn vouching(&self, subject: &str, email: &str) -> Value {
        with(
            self.claims(subject),
            json!({"email": email, "email_verified": true}),
        )
    }

    /// The same as a token.
    fn voucher(&self, subject: &str, email: &str) -> String {
        self.idp.token(&self.vouching(subject, email))
    }

    fn register(&self, subject: &str, email: &str, id_token: &str) -> Request {
        register_with(&self.app, "example", subject, email, id_token)
    }

    fn sign_in(&self, id_token: &str) -> Request {
        sign_in_with(&self.app, "example", id_token)
    }

    /// Ada, registered with her identity and a verified address; gives her id.
    async fn ada(&self) -> String {
        let voucher = self.voucher(ADA, EMAIL);
        let answer = self.register(ADA, EMAIL, &voucher).send().await;
        answer.expect(200).field("uuid")
    }

    async fn nonce(&self) -> String {
        let answer = self.app.post("/federation/example/nonce").send().await;
        answer.expect(200).field("nonce")
    }

    async fn me(&self, signed_in: &Answer) -> Value {
        let request = self.app.get("/users");
        let answer = request.bearer(&signed_in.field("access_token")).send();
        answer.await.expect(200).json()
    }

    async fn accounts(&self) -> usize {
        let page = Page {
            status: None,
            after: None,
            limit: 1000,
        };
        users::list(&self.app.app, &page).await.unwrap().len()
    }
}

fn register_with(
    app: &TestApp,
    provider: &str,
    subject: &str,
    email: &str,
    id_token: &str,
) -> Request {
    app.post("/users").json(json!({
        "email": email,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "auth_provider": provider,
        "third_party_id": subject,
        "id_token": id_token,
    }))
}

fn sign_in_with(app: &TestApp, provider: &str, id_token: &str) -> Request {
    let body = json!({"provider": provider, "id_token": id_token});
    app.post("/auth/login").json(body)
}

/// The object with these members set; `null` takes a member away.
fn with(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    let Value::Object(changes) = changes else {
        panic!("changes are an object");
    };
    for (name, value) in changes {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    object
}

#[tokio::test]
async fn who_registers_with_an_identity_signs_in_with_it() {
    let federated = Federated::start().await;
    let id = federated.ada().await;
    let token = federated.idp.token(&federated.claims(ADA));
    let answer = federated.sign_in(&token).send().await.expect(200);
    let members = ["access_token", "expires_in", "refresh_token", "token_type"];
    assert_eq!(answer.members(), members);
    let me = federated.me(&answer).await;
    let expected = json!({"uuid": id, "email": EMAIL, "first_name": "Ada", "last_name": "Lovelace", "is_active": true});
    assert_eq!(me, expected);
    // There is nothing to confirm, and no password to guess.
    assert!(federated.app.mail_to(EMAIL).await.is_empty());
    let body = json!({"email": EMAIL, "password": ""});
    let guess = federated.app.post("/auth/login").json(body).send().await;
    assert!([401, 422].contains(&guess.status), "{guess}");
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_read() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
    ] {
        let idp = IdentityProvider::signing_by(algorithm).await;
        let federated = Federated::trusting(idp, &[]).await;
        federated.ada().await;
        let token = federated.idp.token(&federated.claims(ADA));
        assert_eq!(header_of(&token)["alg"], json!(algorithm));
        federated.sign_in(&token).send().await.expect(200);
    }
}

#[tokio::test]
async fn sec_s10_signing_in_never_registers() {
    let federated = Federated::start().await;
    let voucher = federated.voucher(ADA, EMAIL);
    let answer = federated.sign_in(&voucher).send().await;
    answer.says(401, NOBODY);
    assert_eq!(federated.accounts().await, 0);
}

#[tokio::test]
async fn sec_i12_who_may_not_sign_in_does_not_by_an_identity_either() {
    let federated = Federated::start().await;
    let (app, id) = (&federated.app, federated.ada().await);
    let token = federated.idp.token(&federated.claims(ADA));
    let operator = app.operator();
    users::suspend(&app.app, &operator, &id).await.unwrap();
    federated.sign_in(&token).send().await.says(401, NOBODY);
    users::ban(&app.app, &operator, &id).await.unwrap();
    federated.sign_in(&token).send().await.says(401, NOBODY);
    users::restore(&app.app, &operator, &id).await.unwrap();
    federated.sign_in(&token).send().await.expect(200);
    users::delete(&app.app, &operator, &id).await.unwrap();
    federated.sign_in(&token).send().await.says(401, NOBODY);
}

#[tokio::test]
async fn who_deletes_their_account_frees_the_identity() {
    let federated = Federated::start().await;
    let id = federated.ada().await;
    let token = federated.voucher(ADA, EMAIL);
    let signed_in = federated.sign_in(&token).send().await.expect(200);
    let deleted = federated.app.delete("/users");
    let deleted = deleted.bearer(&signed_in.field("access_token")).send();
    deleted.await.expect(200);
    federated.sign_in(&token).send().await.says(401, NOBODY);
    assert_ne!(federated.ada().await, id);
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_told_so() {
    let federated = Federated::start().await;
    let (app, token) = (&federated.app, federated.voucher(ADA, EMAIL));
    for provider in ["google", "Example", "example ", "../example", "a\0b"] {
        let unknown = "Unsupported third-party provider";
        let registration = register_with(app, provider, ADA, EMAIL, &token);
        registration.send().await.says(400, unknown);
        let sign_in = sign_in_with(app, provider, &token);
        sign_in.from(&stranger(1)).send().await.says(400, unknown);
        app.advance(Span::minutes(1));
    }
    let nonce = app.post("/federation/google/nonce").send().await;
    nonce.expect(400);
    assert_eq!(federated.idp.times_asked(), 0);
}

#[tokio::test]
async fn sec_2_3_4_of_200_parallel_registrations_of_an_identity_one_wins() {
    let federated = Federated::with(&super::QUICK).await;
    let registrations = (0..200).map(|n| {
        let email = format!("ada{n}@example.com");
        let voucher = federated.voucher(ADA, &email);
        federated.register(ADA, &email, &voucher).from(&stranger(n))
    });
    let answers = at_once(registrations).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 199));
    assert_eq!(federated.accounts().await, 1);
}
