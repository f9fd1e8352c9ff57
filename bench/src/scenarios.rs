//! What is measured, in order: codes, sign-in, tokens, then starts and memory of fresh processes.
//!
//! People are registered first, by a process with a cheap password hash. Whoever signs in later does so once
//! before the clock runs, so that no hash is still to be replaced.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::bare::BareServer;
use crate::limits::Limit;
use crate::load::{self, CONNECTIONS, Call, Connection, Measured};
use crate::mail;
use crate::people::{self, email, next_refresh, session_sign_ins, stranger, verified_sign_ins};
use crate::report::{Engine, Figure, Report, Unit, millis};
use crate::server::{Doorward, Installation, Purpose};
use crate::timing::{self, QUESTIONS};

/// Sign-ins of the flood, all on their way at once.
const FLOOD: usize = 200;

/// Doorward and what it is compared with take turns: other work on the machine comes and goes.
pub(crate) const ROUNDS: u32 = 3;

/// How long a fresh process is left alone before its memory is read.
const SETTLING: Duration = Duration::from_secs(2);

const SIGN_IN_SHARE: f64 = 0.85;
const REFRESH_SHARE: f64 = 0.50;
/// How far the area under the curve may lie from what tells nothing.
const TOLD_BY: f64 = 0.05;
const PROFILE_SHARE: f64 = 0.30;
const CODES_PER_SECOND: f64 = 3000.0;
const FIRST_ANSWER_MS: f64 = 100.0;
const IDLE_MIB: f64 = 32.0;
const FLOODED_MIB: f64 = 120.0;

/// How long and how often things are measured.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// A limit of arithmetic, each time.
    limit: Duration,
    /// A scenario that repeats, in each round.
    scenario: Duration,
    /// People with an address: so many codes are sent and verified.
    addresses: usize,
    /// Starts, of which the median counts.
    starts: usize,
    /// Pairs of a known and an unknown person.
    pairs: usize,
}

impl Pace {
    pub(crate) const FULL: Self = Self {
        limit: Duration::from_secs(1),
        scenario: Duration::from_secs(2),
        addresses: 6000,
        starts: 11,
        pairs: 2000,
    };
    pub(crate) const QUICK: Self = Self {
        limit: Duration::from_millis(250),
        scenario: Duration::from_millis(500),
        addresses: 1000,
        starts: 3,
        pairs: 100,
    };
}

impl Pace {
    /// How long a scenario that repeats is measured, in each round.
    pub(crate) fn scenario(self) -> Duration {
        self.scenario
    }

    /// Whether this is a look rather than a measurement.
    pub(crate) fn is_quick(self) -> bool {
        self.starts <= Self::QUICK.starts
    }
}

/// Measures everything on one engine.
pub(crate) async fn run(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let bench = Bench {
        engine,
        pace,
        installation: Installation::new(binary, engine).await?,
    };
    bench.say("registering people");
    people::register(&bench.installation, pace.addresses).await?;
    let doorward = bench.installation.start(Purpose::Measuring).await?;
    bench.codes(doorward.address, report).await?;
    bench.sign_ins(doorward.address, report).await?;
    bench.tokens(doorward.address, report).await?;
    bench.rotation(doorward.address, report).await?;
    bench.proofs(doorward.address, report).await?;
    bench.sign_ins_by_code(doorward.address, report).await?;
    doorward.stop().await?;
    bench.starts_and_memory(report).await
}

/// Measures whether the time of an answer tells who has an account.
pub(crate) async fn tell_apart(
    binary: &Path,
    engine: Engine,
    pace: Pace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let bench = Bench {
        engine,
        pace,
        installation: Installation::new(binary, engine).await?,
    };
    let doorward = bench.installation.start(Purpose::Hiding).await?;
    bench.say("registering people at full cost");
    let calls = timing::registrations(pace.pairs);
    let registered = load::each(doorward.address, calls, CONNECTIONS).await?;
    ensure!(
        registered.refusals().is_none(),
        "not everybody could register; {}",
        registered.refusals().unwrap_or_default()
    );
    // The messages of registering are delivered before anything is timed.
    mail::collect(&bench.installation.data(), pace.pairs).await?;
    for question in &QUESTIONS {
        bench.say(question.name);
        let area = timing::area(doorward.address, question, pace.pairs).await?;
        let figure = Figure::new(engine, question.name, area.value, Unit::Area);
        report.add(figure.around(0.5, TOLD_BY).note(area.interval()));
    }
    doorward.stop().await
}

/// What was found in the same rounds.
#[derive(Default)]
struct Compared {
    doorward: Measured,
    bare: Measured,
    /// Operations per second.
    limit: f64,
}

struct Bench {
    engine: Engine,
    pace: Pace,
    installation: Installation,
}

impl Bench {
    fn say(&self, what: &str) {
        eprintln!("{}: {what}", self.engine);
    }

    async fn codes(&self, address: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
        self.say("sending codes");
        let asks = (0..self.pace.addresses)
            .map(|place| Call::post("/api/v1/auth/send-otp", &json!({ "email": email(place) })))
            .collect();
        let sent = load::each(address, asks, CONNECTIONS).await?;
        report.add(self.of_codes("code send", &sent));

        self.say("waiting for the messages");
        let codes = mail::collect(&self.installation.data(), self.pace.addresses).await?;
        let missing = self.pace.addresses - codes.len();
        self.say("verifying codes");
        let proofs = codes
            .iter()
            .map(|(email, code)| {
                Call::post(
                    "/api/v1/auth/verify-otp",
                    &json!({ "email": email, "otp": code }),
                )
            })
            .collect();
        let verified = load::each(address, proofs, CONNECTIONS).await?;
        let mut figure = self.of_codes("code verify", &verified);
        if missing > 0 {
            figure = figure.note(format!("{missing} messages did not arrive in time"));
        }
        report.add(figure);
        Ok(())
    }

    fn of_codes(&self, name: &'static str, measured: &Measured) -> Figure {
        let figure = Figure::rate(self.engine, name, measured);
        match self.engine {
            Engine::Sqlite => figure.at_least(CODES_PER_SECOND),
            Engine::Postgres => figure,
        }
    }

    async fn sign_ins(&self, address: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
        for (name, calls) in [
            ("sign-in, session", session_sign_ins(CONNECTIONS)),
            ("sign-in, verified", verified_sign_ins(CONNECTIONS)),
        ] {
            self.say(name);
            let warm = load::each(address, calls.clone(), CONNECTIONS).await?;
            ensure!(
                warm.refusals().is_none(),
                "{name} is refused; {}",
                warm.refusals().unwrap_or_default()
            );
            let found = self.compare(Limit::Argon2id, address, None, &calls).await?;
            let figure = Figure::rate(self.engine, name, &found.doorward);
            report.add(figure.beside(Limit::Argon2id.name(), found.limit, Some(SIGN_IN_SHARE)));
        }
        Ok(())
    }

    async fn tokens(&self, address: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
        let (mut refreshes, mut profiles) = (Vec::new(), Vec::new());
        let mut connection = Connection::open(address).await?;
        for sign_in in verified_sign_ins(CONNECTIONS) {
            let tokens = connection.ask(&sign_in).await?;
            let body = json!({ "refresh_token": tokens.text("refresh_token")? });
            refreshes.push(Call::post("/api/v1/auth/refresh-token", &body));
            let profile = Call::get("/api/v1/users/profile");
            profiles.push(profile.bearer(&tokens.text("access_token")?)?);
        }
        for (name, calls, signing, bare_share) in [
            ("refresh, verified", refreshes, Some(REFRESH_SHARE), None),
            ("profile read", profiles, None, Some(PROFILE_SHARE)),
        ] {
            self.say(name);
            let call = people::first(&calls)?;
            // The measurement before took longer than a connection may be silent.
            let sample = Connection::open(address).await?.ask(call).await?;
            let bare = BareServer::start(&sample)?;
            let found = self
                .compare(Limit::RsaSigning, address, Some(bare.address), &calls)
                .await?;
            let figure = Figure::rate(self.engine, name, &found.doorward);
            report.add(
                figure
                    .beside(Limit::RsaSigning.name(), found.limit, signing)
                    .beside("bare hyper server", found.bare.per_second(), bare_share),
            );
        }
        Ok(())
    }

    /// Refreshing where each token is spent for the next: a signature and a durable commit.
    async fn rotation(&self, address: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
        let name = "refresh, rotating";
        self.say(name);
        let mut calls = people::rotating_refreshes(address, CONNECTIONS).await?;
        let (limit, mut found) = (Limit::RsaSigning, Compared::default());
        let mut limits = limit.measure(self.pace.limit)?;
        for _ in 0..ROUNDS {
            let (measured, next) =
                load::chain(address, calls, next_refresh, self.pace.scenario).await?;
            found.doorward.add(measured);
            calls = next;
            limits += limit.measure(self.pace.limit)?;
        }
        found.limit = limits / f64::from(ROUNDS + 1);
        let figure = Figure::rate(self.engine, name, &found.doorward);
        report.add(figure.beside(limit.name(), found.limit, Some(REFRESH_SHARE)));
        Ok(())
    }

    /// Family `proof`: the codes of people without an account, each of which makes one.
    async fn proofs(&self, address: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
        let asks = (0..self.pace.addresses).map(|place| {
            let form = json!({ "email": stranger("proof", place), "project_id": "bench" });
            Call::post("/api/v1/auth/send-code", &form)
        });
        let codes = self
            .send("code send, proof", address, asks.collect(), report)
            .await?;
        let proofs = codes.iter().map(|(email, code)| {
            let form = json!({ "email": email, "project_id": "bench", "code": code });
            Call::post("/api/v1/auth/verify-code", &form)
        });
        let found = load::each(address, proofs.collect(), CONNECTIONS).await?;
        let limit = Limit::RsaSigning;
        let figure = Figure::rate(self.engine, "proof", &found);
        report.add(figure.beside(limit.name(), limit.measure(self.pace.limit)?, None));
        Ok(())
    }

    /// Family `code`: the codes of people without an account, each of which makes one and signs in to it.
    async fn sign_ins_by_code(
        &self,
        address: SocketAddr,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let asks = (0..self.pace.addresses)
            .map(|place| Call::post("/auth/code", &json!({ "email": stranger("code", place) })));
        let codes = self
            .send("code send, code", address, asks.collect(), report)
            .await?;
        let sign_ins = codes.iter().map(|(email, code)| {
            Call::put("/auth/token", &json!({ "email": email, "code": code }))
        });
        let found = load::each(address, sign_ins.collect(), CONNECTIONS).await?;
        let limit = Limit::RsaSigning;
        let figure = Figure::rate(self.engine, "sign-in, code", &found);
        let figure = figure.beside(limit.name(), limit.measure(self.pace.limit)?, None);
        report.add(figure.note("two signatures each".to_owned()));
        Ok(())
    }

    /// Asks for codes of people who have none, and reads them from the messages.
    async fn send(
        &self,
        name: &'static str,
        address: SocketAddr,
        asks: Vec<Call>,
        report: &mut Report,
    ) -> anyhow::Result<HashMap<String, String>> {
        self.say(name);
        mail::clear(&self.installation.data())?;
        let count = asks.len();
        let sent = load::each(address, asks, CONNECTIONS).await?;
        let mut figure = Figure::rate(self.engine, name, &sent);
        let codes = mail::collect(&self.installation.data(), count).await?;
        if codes.len() < count {
            let missing = count - codes.len();
            figure = figure.note(format!("{missing} messages did not arrive in time"));
        }
        report.add(figure);
        Ok(codes)
    }

    /// Sends calls to Doorward and to a bare server, and measures the limit before, between and after.
    async fn compare(
        &self,
        limit: Limit,
        doorward: SocketAddr,
        bare: Option<SocketAddr>,
        calls: &[Call],
    ) -> anyhow::Result<Compared> {
        let mut found = Compared::default();
        let mut limits = limit.measure(self.pace.limit)?;
        for _ in 0..ROUNDS {
            let measured = load::repeat(doorward, calls, self.pace.scenario).await?;
            found.doorward.add(measured);
            if let Some(bare) = bare {
                let measured = load::repeat(bare, calls, self.pace.scenario).await?;
                found.bare.add(measured);
            }
            limits += limit.measure(self.pace.limit)?;
        }
        found.limit = limits / f64::from(ROUNDS + 1);
        Ok(found)
    }

    async fn starts_and_memory(&self, report: &mut Report) -> anyhow::Result<()> {
        self.say("starting again and again");
        let mut starts = Vec::with_capacity(self.pace.starts);
        for _ in 0..self.pace.starts {
            let doorward = self.installation.start(Purpose::Measuring).await?;
            starts.push(doorward.first_answer);
            doorward.stop().await?;
        }
        starts.sort_unstable();
        let median = starts.get(starts.len() / 2).copied().unwrap_or_default();
        let (engine, name) = (self.engine, "start to first answer, median");
        let figure = Figure::new(engine, name, millis(median), Unit::Milliseconds);
        report.add(figure.at_most(FIRST_ANSWER_MS));

        let doorward = self.installation.start(Purpose::Measuring).await?;
        self.memory(&doorward, report).await?;
        doorward.stop().await
    }

    async fn memory(&self, doorward: &Doorward, report: &mut Report) -> anyhow::Result<()> {
        self.say("memory");
        tokio::time::sleep(SETTLING).await;
        let (engine, unit) = (self.engine, Unit::Mebibytes);
        let idle = Figure::new(engine, "resident, idle", doorward.resident()?, unit);
        report.add(idle.at_most(IDLE_MIB));

        let flood = load::each(doorward.address, session_sign_ins(FLOOD), FLOOD).await?;
        let name = "resident after 200 parallel sign-ins";
        let mut figure = Figure::new(engine, name, doorward.resident()?, unit)
            .at_most(FLOODED_MIB)
            .note(format!("{:.1} MiB at its peak", doorward.peak()?));
        if let Some(refusals) = flood.refusals() {
            figure = figure.note(refusals);
        }
        report.add(figure);
        Ok(())
    }
}
