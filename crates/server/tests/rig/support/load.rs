//! Load: clients that live one short life after the other, and write down what they were promised.

use super::ledger::{self, Record, Way};
use super::people::PASSWORD;
use super::{Answer, Call, Door, GLANCE};
use doorward_testkit::balancer::OWN_ANSWER;
use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::JoinSet;

const NEXT_PASSWORD: &str = "Battery-7-Horse-Correct";

/// Running load.
pub(crate) struct Load {
    running: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: JoinSet<Tally>,
}

/// What became of it.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many requests were answered as they should be.
    pub(crate) good: usize,
    pub(crate) unexpected: Vec<Unexpected>,
    pub(crate) records: Vec<Record>,
}

/// A request that was not answered as it should have been.
#[derive(Clone, Debug)]
pub(crate) struct Unexpected {
    pub(crate) step: &'static str,
    /// What answered; where nothing did, why.
    pub(crate) outcome: Result<Answer, String>,
}

impl Unexpected {
    /// Refused for now, with a word about when to try again.
    pub(crate) fn is_a_delay(&self) -> bool {
        self.outcome
            .as_ref()
            .is_ok_and(|answer| answer.status == 503 && answer.headers.contains_key(RETRY_AFTER))
    }

    /// The balancer's own word: the replica that had the request is gone.
    pub(crate) fn is_the_balancers(&self) -> bool {
        self.outcome
            .as_ref()
            .is_ok_and(|answer| answer.headers.contains_key(OWN_ANSWER))
    }
}

impl Load {
    /// Starts so many clients.
    pub(crate) fn start(door: &Door, clients: usize) -> Self {
        let running = Arc::new(AtomicBool::new(true));
        let answered = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let client = Client {
                door: door.clone(),
                answered: Arc::clone(&answered),
                tally: Tally::default(),
            };
            tasks.spawn(client.live_while(Arc::clone(&running)));
        }
        Self {
            running,
            answered,
            clients: tasks,
        }
    }

    /// How many requests have been answered as they should be so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Lets every client end its life, and gives what became of all.
    pub(crate) async fn stop(mut self) -> Tally {
        self.running.store(false, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.clients.join_next().await {
            let tally = tally.unwrap();
            all.good += tally.good;
            all.unexpected.extend(tally.unexpected);
            all.records.extend(tally.records);
        }
        all
    }
}

impl Tally {
    /// Every request was answered as it should be.
    #[track_caller]
    pub(crate) fn expect_no_failure(&self) {
        self.expect_only("nothing", |_| false);
    }

    /// Whatever was not answered as it should be is of this kind.
    #[track_caller]
    pub(crate) fn expect_only(&self, what: &str, kind: impl Fn(&Unexpected) -> bool) {
        let others = self.unexpected.iter().filter(|one| !kind(one));
        let others: Vec<_> = others
            .map(|one| format!("{}: {:?}", one.step, one.outcome))
            .collect();
        let some = &others[..others.len().min(3)];
        assert!(
            others.is_empty(),
            "{what} was to go wrong, and not {} requests: {some:#?}",
            others.len()
        );
    }

    /// Holds the service to what it has acknowledged; gives how many promises there were.
    pub(crate) async fn verify(&self, door: &Door) -> usize {
        // So long a replica may believe in what has ended at another one.
        tokio::time::sleep(crate::revocation::BOUND).await;
        ledger::verify(&self.records, door).await
    }
}

struct Client {
    door: Door,
    answered: Arc<AtomicUsize>,
    tally: Tally,
}

impl Client {
    async fn live_while(mut self, running: Arc<AtomicBool>) -> Tally {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        while running.load(Ordering::Relaxed) {
            // Each life is another client's, so that no limit has a say in it.
            self.door = self.door.stranger();
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let life = if number.is_multiple_of(2) {
                self.by_address(&format!("person{number}@example.com"))
                    .await
            } else {
                self.by_login(&format!("person{number}")).await
            };
            if life.is_none() {
                tokio::time::sleep(GLANCE).await;
            }
        }
        self.tally
    }

    /// Registers, signs in, looks, refreshes, changes the password, signs out; the first failure ends it.
    async fn by_address(&mut self, email: &str) -> Option<()> {
        let form = json!({"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"});
        self.step("register", self.door.post("/users", &form), 200)
            .await?;
        let own = self.begin(Way::Address, email);
        let tokens = self
            .step("sign in", self.door.post("/auth/login", &form), 200)
            .await?;
        let (access, refresh) = (tokens.field("access_token"), tokens.field("refresh_token"));
        self.step("look", self.door.get("/users").bearer(&access), 200)
            .await?;
        let call = self
            .door
            .post("/auth/refresh", &json!({"refresh_token": refresh}));
        let access = self.step("refresh", call, 200).await?.field("access_token");
        self.tally.records[own].spent.push(refresh);
        let change = json!({"old_password": PASSWORD, "new_password": NEXT_PASSWORD});
        let call = self
            .door
            .call(Method::PUT, "/users/password")
            .json(&change)
            .bearer(&access);
        // Until it is answered, either may hold.
        self.tally.records[own]
            .passwords
            .push(NEXT_PASSWORD.to_owned());
        self.step("change the password", call, 200).await?;
        let record = &mut self.tally.records[own];
        record.passwords.remove(0);
        record.former.push(PASSWORD.to_owned());
        let call = self.door.call(Method::POST, "/v1/sign-out").bearer(&access);
        self.step("sign out", call, 204).await?;
        self.tally.records[own].ended.push(access);
        Some(())
    }

    async fn by_login(&mut self, login: &str) -> Option<()> {
        let form = json!({"login": login, "password": PASSWORD});
        self.step(
            "register a login",
            self.door.post("/api/register", &form),
            201,
        )
        .await?;
        let own = self.begin(Way::Login, login);
        let answer = self
            .step("sign in by login", self.door.post("/api/login", &form), 200)
            .await?;
        let access = answer.field("access_token");
        for _ in 0..3 {
            self.step(
                "profile",
                self.door.get("/api/profile").bearer(&access),
                200,
            )
            .await?;
        }
        let call = self.door.call(Method::POST, "/api/logout").bearer(&access);
        self.step("log out", call, 200).await?;
        self.tally.records[own].ended.push(access);
        Some(())
    }

    /// Notes that somebody is registered; gives where.
    fn begin(&mut self, way: Way, name: &str) -> usize {
        self.tally.records.push(Record {
            way,
            name: name.to_owned(),
            passwords: vec![PASSWORD.to_owned()],
            former: Vec::new(),
            spent: Vec::new(),
            ended: Vec::new(),
        });
        self.tally.records.len() - 1
    }

    /// The answer, where it is the one that belongs here.
    async fn step(&mut self, step: &'static str, call: Call, status: u16) -> Option<Answer> {
        match call.send().await {
            Ok(answer) if answer.status == status => {
                self.tally.good += 1;
                self.answered.fetch_add(1, Ordering::Relaxed);
                Some(answer)
            }
            outcome => {
                self.tally.unexpected.push(Unexpected { step, outcome });
                None
            }
        }
    }
}
