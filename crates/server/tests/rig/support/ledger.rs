//! What the service has acknowledged under load, and whether it keeps its word afterwards.

use super::Door;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

/// How many promises are looked at side by side.
const AT_ONCE: usize = 8;

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Family `confirm`: an address, and refresh tokens that turn over.
    Address,
    /// Family `session`: a login.
    Login,
}

/// What was acknowledged of one person. What got no answer, or an error, is in doubt and promises nothing.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) way: Way,
    /// The address or the login.
    pub(crate) name: String,
    /// The password; two where a change is in doubt.
    pub(crate) passwords: Vec<String>,
    /// Passwords that were replaced.
    pub(crate) former: Vec<String>,
    /// Refresh tokens that were used.
    pub(crate) spent: Vec<String>,
    /// Access tokens whose session was ended.
    pub(crate) ended: Vec<String>,
}

/// Holds every promise of every record against the service; gives how many there were.
pub(crate) async fn verify(records: &[Record], door: &Door) -> usize {
    let checks = records.iter().map(|record| record.verify(door.stranger()));
    let outcomes: Vec<_> = stream::iter(checks)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let broken: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.broken)
        .collect();
    assert!(
        broken.is_empty(),
        "{} promises are broken: {broken:#?}",
        broken.len()
    );
    outcomes.iter().map(|outcome| outcome.held).sum()
}

#[derive(Default)]
struct Outcome {
    held: usize,
    broken: Vec<String>,
}

impl Outcome {
    fn note(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if holds {
            self.held += 1;
        } else {
            self.broken.push(what());
        }
    }
}

impl Record {
    async fn verify(&self, door: Door) -> Outcome {
        let mut outcome = Outcome::default();
        for token in &self.ended {
            let status = door.get(self.profile()).bearer(token).answer().await.status;
            outcome.note(status == 401, || {
                format!("{}: an ended token gets {status}", self.name)
            });
        }
        for token in &self.spent {
            let answer = door
                .post("/auth/refresh", &json!({"refresh_token": token}))
                .answer()
                .await;
            outcome.note(answer.status == 401, || {
                format!("{}: a spent token gets {}", self.name, answer.status)
            });
        }
        for password in &self.former {
            let status = self.sign_in(&door, password).await;
            outcome.note(status == 401, || {
                format!("{}: a former password gets {status}", self.name)
            });
        }
        let mut statuses = Vec::new();
        for password in &self.passwords {
            statuses.push(self.sign_in(&door, password).await);
        }
        let right = statuses.iter().filter(|status| **status == 200).count();
        outcome.note(right == 1, || {
            format!("{}: signing in gets {statuses:?}", self.name)
        });
        outcome
    }

    const fn profile(&self) -> &'static str {
        match self.way {
            Way::Address => "/users",
            Way::Login => "/api/profile",
        }
    }

    async fn sign_in(&self, door: &Door, password: &str) -> u16 {
        let call = match self.way {
            Way::Address => door.post(
                "/auth/login",
                &json!({"email": self.name, "password": password}),
            ),
            Way::Login => door.post(
                "/api/login",
                &json!({"login": self.name, "password": password}),
            ),
        };
        call.answer().await.status
    }
}
