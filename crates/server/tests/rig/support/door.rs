//! A client of one address: a replica's or the balancer's.

use super::GLANCE;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long an answer, or a message, may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// One client, as the service tells clients apart: by the address that the balancer says it comes from.
#[derive(Clone)]
pub(crate) struct Door {
    client: Client,
    base: String,
    /// Where the development inbox answers: under the public name alone.
    public: String,
    from: String,
}

impl Door {
    /// A door to the balancer's address.
    pub(crate) fn new(public: SocketAddr) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let public = format!("http://{public}");
        Self {
            client,
            base: public.clone(),
            public,
            from: fresh_address(),
        }
    }

    /// The same client at one replica.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            base: format!("http://{address}"),
            ..self.clone()
        }
    }

    /// The same client where another door leads to.
    pub(crate) fn beside(&self, door: &Self) -> Self {
        Self {
            base: door.base.clone(),
            ..self.clone()
        }
    }

    /// Another client, whom nobody has seen before.
    pub(crate) fn stranger(&self) -> Self {
        Self {
            from: fresh_address(),
            ..self.clone()
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.base);
        Call(
            self.client
                .request(method, url)
                .header("X-Forwarded-For", &self.from),
        )
    }

    /// How many messages an address has got.
    pub(crate) async fn messages(&self, address: &str) -> usize {
        self.inbox(address).await.len()
    }

    /// What `read` finds in the messages that have come after `seen` of them, newest first. Others may come with it.
    pub(crate) async fn read_after(
        &self,
        address: &str,
        seen: usize,
        read: fn(&str) -> Option<String>,
    ) -> String {
        let began = Instant::now();
        loop {
            let inbox = self.inbox(address).await;
            let mut fresh = inbox.iter().take(inbox.len().saturating_sub(seen));
            if let Some(found) = fresh.find_map(|message| read(message["text"].as_str()?)) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "no such message to {address}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The messages to an address, newest first.
    async fn inbox(&self, address: &str) -> Vec<Value> {
        let path = format!("/dev/inbox?to={}", address.replace('@', "%40"));
        let inbox = Self {
            base: self.public.clone(),
            ..self.clone()
        };
        let answer = inbox.get(&path).answer().await.expect(200);
        answer.json().as_array().unwrap().clone()
    }
}

/// An address of a network that no other client has.
fn fresh_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, high, middle, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("{}.{middle}.{low}.1", 11 + u16::from(high))
}

/// A request that is not sent yet.
pub(crate) struct Call(RequestBuilder);

impl Call {
    pub(crate) fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// The answer, or why there is none.
    pub(crate) async fn send(self) -> Result<Answer, String> {
        let response = self.0.send().await.map_err(|error| told(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(|error| told(&error))?;
        Ok(Answer {
            status,
            headers,
            text,
        })
    }

    /// The answer; that there is none fails the test.
    #[track_caller]
    pub(crate) fn answer(self) -> impl Future<Output = Answer> {
        let caller = std::panic::Location::caller();
        async move {
            self.send()
                .await
                .unwrap_or_else(|error| panic!("{error}, at {caller}"))
        }
    }
}

/// An error with all its causes, since the outermost says the least.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A text at the top level.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let json = self.json();
        let text = json[name].as_str();
        text.unwrap_or_else(|| panic!("no `{name}` in {self:?}"))
            .to_owned()
    }
}
