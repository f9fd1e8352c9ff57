//! An identity provider (OpenID Connect Core 1.0) on a port of loopback: discovery, published keys, and ID tokens, good
//! ones and those that nobody may accept.

mod key;
mod serving;

pub use jsonwebtoken::Algorithm;
pub use key::{Key, hashed, unsigned};

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a provider answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    #[default]
    Proper,
    /// Its discovery document speaks for another issuer.
    OtherIssuer,
    /// It takes the request for its keys, and says nothing.
    Silent,
    /// Its keys come in 300 KiB, most of it white space.
    Verbose,
    /// It says that its keys are elsewhere, where they are.
    Redirecting,
    /// 500.
    Broken,
    /// Its keys are a page in HTML.
    Prosaic,
}

/// A provider. Dropping it closes the port.
pub struct IdentityProvider {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    manner: Mutex<Manner>,
    signing: Mutex<Arc<Key>>,
    published: Mutex<Vec<Value>>,
    asked: AtomicUsize,
}

impl IdentityProvider {
    /// One that signs by ES256.
    pub async fn start() -> Self {
        Self::signing_by(Algorithm::ES256).await
    }

    /// One that signs by this algorithm. RSA keys take a while to make.
    pub async fn signing_by(algorithm: Algorithm) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let key = Arc::new(Key::generate("key-1", algorithm));
        let shared = Arc::new(Shared {
            address: listener
                .local_addr()
                .expect("a bound socket has an address"),
            manner: Mutex::default(),
            published: Mutex::new(vec![key.jwk().clone()]),
            signing: Mutex::new(key),
            asked: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serving::serve(listener, Arc::clone(&shared)));
        Self { shared, task }
    }

    /// `iss` of its tokens; its discovery document is below it.
    pub fn issuer(&self) -> String {
        self.shared.issuer()
    }

    /// Where its keys are.
    pub fn keys_url(&self) -> String {
        self.shared.keys_url()
    }

    /// From now on it answers like this.
    pub fn behave(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// How often its keys were asked for.
    pub fn times_asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// The key that it signs with.
    pub fn key(&self) -> Arc<Key> {
        Arc::clone(&lock(&self.shared.signing))
    }

    /// It signs with a fresh key of this name from now on, and publishes that one alone.
    pub fn rotate(&self, kid: &str) {
        let key = Arc::new(Key::generate(kid, self.key().algorithm()));
        self.publish(vec![key.jwk().clone()]);
        *lock(&self.shared.signing) = key;
    }

    /// Its key set holds these from now on.
    pub fn publish(&self, keys: Vec<Value>) {
        *lock(&self.shared.published) = keys;
    }

    /// The claims of a good token, for `client` and about `subject`, made at `now` (seconds since 1970) for an hour.
    pub fn claims(&self, client: &str, subject: &str, now: i64) -> Value {
        json!({"iss": self.issuer(), "aud": client, "sub": subject, "iat": now, "exp": now + 3600})
    }

    /// A token with these claims, signed as the provider signs.
    pub fn token(&self, claims: &Value) -> String {
        self.key().sign(claims)
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn keys_url(&self) -> String {
        format!("{}/keys", self.issuer())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
