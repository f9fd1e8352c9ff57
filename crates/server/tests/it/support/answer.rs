//! An answer, read as a client reads it.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A header that holds a whole number.
    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> i64 {
        let text = self
            .header(name)
            .unwrap_or_else(|| panic!("no `{name}` in {self}"));
        text.parse()
            .unwrap_or_else(|_| panic!("`{name}` is `{text}` in {self}"))
    }

    /// A member of the JSON object that holds text.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let text = self.json()[name].as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("no text `{name}` in {self}"))
    }

    /// The names of the JSON object's members, sorted.
    #[track_caller]
    pub(crate) fn members(&self) -> Vec<String> {
        let object = self.json();
        let object = object
            .as_object()
            .unwrap_or_else(|| panic!("no object: {self}"));
        let mut names: Vec<String> = object.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Fails the test, showing the answer, unless it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Fails the test unless the answer is this status with exactly `{"detail": sentence}`.
    #[track_caller]
    pub(crate) fn says(self, status: u16, sentence: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json(), json!({"detail": sentence}));
        answer.said_in_json()
    }

    /// Fails the test unless the answer is 422 with exactly one fault, of this field and with this sentence.
    #[track_caller]
    pub(crate) fn complains(self, field: &str, sentence: &str) -> Self {
        let answer = self.expect(422);
        assert_eq!(
            answer.faults(),
            [(format!("body.{field}"), sentence.to_owned())]
        );
        answer.said_in_json()
    }

    /// Fails the test unless the answer is 422 with a list of faults and names this place among its faults.
    #[track_caller]
    pub(crate) fn finds_fault_at(self, place: &str) -> Self {
        let answer = self.expect(422);
        let found = answer.faults().iter().any(|(at, _)| at == place);
        assert!(found, "nothing at `{place}` in {answer}");
        answer.said_in_json()
    }

    /// The faults of a 422: the place with dots in between, and the sentence.
    #[track_caller]
    pub(crate) fn faults(&self) -> Vec<(String, String)> {
        let body = self.json();
        let list = body["detail"].as_array().cloned();
        let list = list.unwrap_or_else(|| panic!("no list of faults: {self}"));
        assert!(!list.is_empty(), "an empty list of faults: {self}");
        list.iter().map(|fault| self.fault(fault)).collect()
    }

    #[track_caller]
    fn fault(&self, fault: &Value) -> (String, String) {
        let place = fault["loc"].as_array();
        let place = place.unwrap_or_else(|| panic!("a fault without `loc`: {self}"));
        let steps = place.iter().map(|step| match step {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        let sentence = fault["msg"].as_str();
        let sentence = sentence.unwrap_or_else(|| panic!("a fault without `msg`: {self}"));
        assert!(fault["type"].is_string(), "a fault without `type`: {self}");
        (steps.collect::<Vec<_>>().join("."), sentence.to_owned())
    }

    #[track_caller]
    fn said_in_json(self) -> Self {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self}"
        );
        self
    }

    /// What two answers must share for nobody to tell them apart: everything but the id of the request and the state
    /// of the client's own limit.
    pub(crate) fn outside(&self) -> (u16, Vec<(String, String)>, String) {
        let own = ["x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"];
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()));
        let mut headers: Vec<_> = headers
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        headers.sort_unstable();
        (self.status, headers, self.text())
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text().chars().take(2000).collect();
        write!(f, "{} {:?} {text}", self.status, self.headers)
    }
}
