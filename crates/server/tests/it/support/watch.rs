//! What is watched while a service under test runs: the faults it answers, and the secrets that pass through it.

use super::answer::Answer;
use super::logs::Listener;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

pub(crate) struct Watch {
    log: Listener,
    faults: Mutex<Vec<String>>,
    secrets: Mutex<BTreeSet<String>>,
    faults_are_expected: AtomicBool,
}

/// Members of requests and answers that nobody may read in a log.
const SECRET: [&str; 8] = [
    "password",
    "old_password",
    "access_token",
    "refresh_token",
    "id_token",
    "nonce",
    "JWT",
    "RT",
];

/// On every answer, whatever it says.
const DRESS: [&str; 6] = [
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "x-frame-options",
    "cache-control",
    "x-request-id",
];

impl Watch {
    pub(crate) fn begin() -> Self {
        Self {
            log: Listener::begin(),
            faults: Mutex::default(),
            secrets: Mutex::default(),
            faults_are_expected: AtomicBool::new(false),
        }
    }

    pub(crate) fn expect_faults(&self) {
        self.faults_are_expected.store(true, Ordering::Relaxed);
    }

    /// Remembers a secret.
    pub(crate) fn learn(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(secret.to_owned());
    }

    /// Remembers the secrets in a JSON object. Words that a log may hold by chance are none.
    pub(crate) fn learn_from(&self, body: &Value) {
        for name in SECRET {
            if let Some(secret) = body.get(name).and_then(Value::as_str)
                && secret.len() >= 8
                && secret.bytes().any(|byte| byte.is_ascii_digit())
                && secret.bytes().any(|byte| byte.is_ascii_alphabetic())
            {
                self.learn(secret);
            }
        }
    }

    /// Looks at an answer on its way to the test.
    pub(crate) fn see(&self, request: &str, answer: &Answer) {
        if answer.status >= 500 {
            let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.push(format!("{request} was answered {answer}"));
        }
        for name in DRESS {
            assert!(
                answer.headers.contains_key(name),
                "no `{name}`: {request} was answered {answer}"
            );
        }
        if let Ok(body) = serde_json::from_slice(&answer.body) {
            self.learn_from(&body);
        }
    }

    /// Shows what the service warned of while a test failed.
    fn tell_troubles(&self) {
        let heard = self.log.heard();
        let grave = |line: &&str| {
            line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\"")
        };
        for line in heard.lines().filter(grave) {
            eprintln!("{line}");
        }
    }

    /// Fails the test for whatever must not have happened.
    pub(crate) fn end(&self) {
        if std::thread::panicking() {
            self.tell_troubles();
            return;
        }
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = self.faults_are_expected.load(Ordering::Relaxed);
        assert!(
            expected || faults.is_empty(),
            "faults that nobody expected: {faults:#?}"
        );
        let heard = self.log.heard();
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets.iter() {
            if let Some(line) = heard.lines().find(|line| holds(line, secret)) {
                panic!(
                    "the log holds a secret: {}",
                    line.replace(secret.as_str(), "********")
                );
            }
        }
    }
}

/// Whether a line holds the secret as a word of its own, so that the digits of a code are not found in every number.
fn holds(line: &str, secret: &str) -> bool {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    line.match_indices(secret).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}
