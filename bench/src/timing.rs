//! Whether the time of an answer tells who has an account.
//!
//! Requests about known and about unknown people take turns on one connection, in an order that is drawn. How well a
//! threshold would tell the two apart is the area under its ROC curve: 0.5 when not at all, 0 or 1 when always.
//! Whoever asks is in a network that has had nothing to do with either.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::load::{Call, Connection};

/// No password of anybody's; it keeps the rules of every family.
const WRONG: &str = "Wrong-Horse-7";
const RIGHT: &str = "Correct-Horse-7";

/// A request about a person, to be sent for one who is known and for one who is not.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    /// Those who are not known share this name; each is asked about by one question, or first by the one that sends a
    /// code and then by the one that guesses it.
    strangers: &'static str,
    ask: fn(&Person) -> Call,
}

impl Question {
    const fn new(name: &'static str, strangers: &'static str, ask: fn(&Person) -> Call) -> Self {
        Self {
            name,
            strangers,
            ask,
        }
    }

    /// A client in a network (IPv4 /24) that nobody registered from and no other strangers were asked about from: what was
    /// asked for before, from the same place, would tell people apart by itself.
    fn asked_from(&self) -> Ipv4Addr {
        let group = QUESTIONS
            .iter()
            .position(|other| other.strangers == self.strangers);
        let network = group.and_then(|group| u8::try_from(group).ok());
        Ipv4Addr::new(127, 9, network.unwrap_or(u8::MAX), 9)
    }
}

/// Somebody with an address and a login, whether or not anybody has an account.
struct Person {
    email: String,
    login: String,
}

impl Person {
    fn new(name: &str, place: usize) -> Self {
        Self {
            email: format!("{name}-{place}@example.com"),
            login: format!("{name}-{place}"),
        }
    }
}

/// How many standard errors lie on either side within which 95 of 100 measurements would find it again.
const NINETY_FIVE: f64 = 1.96;

/// How well times tell two kinds of people apart, and how far chance may have moved that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// The area under the ROC curve.
    pub(crate) value: f64,
    standard_error: f64,
}

impl Area {
    /// The interval that holds it 95 times of 100.
    pub(crate) fn interval(self) -> String {
        let by = NINETY_FIVE * self.standard_error;
        let (low, high) = ((self.value - by).max(0.0), (self.value + by).min(1.0));
        format!("95 %: {low:.3} to {high:.3}")
    }
}

/// The name of those who have accounts.
const KNOWN: &str = "known";

/// Each question is asked of each pair once.
pub(crate) const QUESTIONS: [Question; 13] = [
    Question::new("login, session", "nobody", |person| {
        let form = json!({ "login": person.login, "password": WRONG });
        post("/api/login", &form, 401)
    }),
    Question::new("login, confirm", "nobody", |person| {
        let form = json!({ "email": person.email, "password": WRONG });
        post("/auth/login", &form, 401)
    }),
    Question::new("login, verified", "nobody", |person| {
        let form = json!({ "email": person.email, "password": WRONG });
        post("/api/v1/auth/login", &form, 400)
    }),
    Question::new("send, code", "code", |person| {
        post("/auth/code", &json!({ "email": person.email }), 200)
    }),
    Question::new("verify, code", "code", |person| {
        let form = json!({ "email": person.email, "code": "wrong" });
        post("/auth/token", &form, 401)
    }),
    Question::new("send, proof", "proof", |person| {
        let form = json!({ "email": person.email, "project_id": "bench" });
        post("/api/v1/auth/send-code", &form, 200)
    }),
    Question::new("verify, proof", "proof", |person| {
        let form = json!({ "email": person.email, "project_id": "bench", "code": "wrong" });
        post("/api/v1/auth/verify-code", &form, 401)
    }),
    Question::new("send, verified", "otp", |person| {
        post(
            "/api/v1/auth/send-otp",
            &json!({ "email": person.email }),
            200,
        )
    }),
    Question::new("verify, verified", "otp", |person| {
        let form = json!({ "email": person.email, "otp": "wrong" });
        post("/api/v1/auth/verify-otp", &form, 400)
    }),
    Question::new("forgotten password", "reset", |person| {
        post(
            "/v1/password/forgot",
            &json!({ "email": person.email }),
            202,
        )
    }),
    Question::new("register, session", "new-login", |person| {
        let form = json!({ "login": person.login, "password": WRONG });
        post("/api/register", &form, 201)
    }),
    Question::new("register, confirm", "new-link", |person| {
        let form = json!({
            "email": person.email, "first_name": "Ada", "last_name": "Lovelace", "password": WRONG,
        });
        post("/users", &form, 200)
    }),
    Question::new("register, verified", "new-code", |person| {
        let form = json!({ "email": person.email, "password": WRONG });
        post("/api/v1/users", &form, 201)
    }),
];

/// Registers everybody who is to be known, with an address and with a login.
pub(crate) fn registrations(pairs: usize) -> Vec<Call> {
    let known = (0..pairs).map(|place| Person::new(KNOWN, place));
    let calls = known.flat_map(|person| {
        let by_login = json!({ "login": person.login, "password": RIGHT });
        let by_email = json!({ "email": person.email, "password": RIGHT });
        [
            post("/api/register", &by_login, 201),
            post("/api/v1/users", &by_email, 201),
        ]
    });
    calls.collect()
}

fn post(path: &'static str, form: &Value, expected: u16) -> Call {
    let expected = StatusCode::from_u16(expected).unwrap_or_default();
    Call::post(path, form).expecting(expected)
}

/// How well the times of the answers tell known people from others.
pub(crate) async fn area(
    address: SocketAddr,
    question: &Question,
    pairs: usize,
) -> anyhow::Result<Area> {
    let mut connection = Connection::open_from(question.asked_from(), address).await?;
    let mut draws = vec![0; pairs];
    aws_lc_rs::rand::fill(&mut draws).context("drawing an order")?;
    let (mut of_known, mut of_others) = (Vec::new(), Vec::new());
    for (place, draw) in draws.into_iter().enumerate() {
        let known = (question.ask)(&Person::new(KNOWN, place));
        let other = (question.ask)(&Person::new(question.strangers, place));
        if draw % 2 == 0 {
            of_known.push(time(&mut connection, &known).await?);
            of_others.push(time(&mut connection, &other).await?);
        } else {
            of_others.push(time(&mut connection, &other).await?);
            of_known.push(time(&mut connection, &known).await?);
        }
    }
    Ok(area_under(&of_known, &of_others))
}

async fn time(connection: &mut Connection, call: &Call) -> anyhow::Result<Duration> {
    let sent = Instant::now();
    connection.ask(call).await?;
    Ok(sent.elapsed())
}

/// The share of pairs in which the first is the slower one, a tie counting half (Mann and Whitney's U over the number
/// of pairs), with the standard error of a nonparametric area (Biometrics 44, 1988, pages 837 to 845).
fn area_under(first: &[Duration], second: &[Duration]) -> Area {
    let slower = shares_below(first, second);
    let faster = shares_below(second, first);
    let variance = variance_of_mean(&slower) + variance_of_mean(&faster);
    Area {
        value: mean(&slower),
        standard_error: variance.sqrt(),
    }
}

/// For each of the first, the share of the second that is below it.
fn shares_below(first: &[Duration], second: &[Duration]) -> Vec<f64> {
    let mut second = second.to_vec();
    second.sort_unstable();
    let share = |time: &Duration| {
        let below = second.partition_point(|other| other < time);
        let ties = second.partition_point(|other| other <= time) - below;
        float(2 * below + ties) / float(2 * second.len()).max(1.0)
    };
    first.iter().map(share).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / float(values.len()).max(1.0)
}

fn variance_of_mean(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let count = float(values.len());
    squares / (count - 1.0).max(1.0) / count.max(1.0)
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[u64]) -> Vec<Duration> {
        millis.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn the_area_says_how_well_two_kinds_are_told_apart() {
        for (first, second, area) in [
            (&[3, 4][..], &[1, 2][..], 1.0),
            (&[1, 2], &[3, 4], 0.0),
            (&[1, 4], &[2, 3], 0.5),
            (&[1, 1], &[1, 1], 0.5),
        ] {
            let found = area_under(&times(first), &times(second)).value;
            assert!((found - area).abs() < f64::EPSILON, "{found} is not {area}");
        }
    }

    #[test]
    fn the_interval_holds_the_area_and_narrows_with_the_number_of_pairs() {
        let of = |count: u64| {
            let draw = |salt: u64| -> Vec<Duration> {
                let drawn = (0..count).map(|n| (n * 7919 + salt) * 104_729 % 1_009);
                drawn.map(Duration::from_millis).collect()
            };
            area_under(&draw(3), &draw(500))
        };
        let (few, many) = (of(100), of(2000));
        for area in [few, many] {
            let by = NINETY_FIVE * area.standard_error;
            assert!((area.value - 0.5).abs() < by, "{area:?}");
        }
        assert!(
            many.standard_error < few.standard_error / 4.0,
            "{few:?} {many:?}"
        );
        // Two thousand of each kind that nothing tells apart: 0.5 give or take 0.018.
        assert!(
            (NINETY_FIVE * many.standard_error - 0.018).abs() < 0.002,
            "{many:?}"
        );
        assert!(
            of(2000).interval().starts_with("95 %: 0.4"),
            "{}",
            many.interval()
        );
    }

    #[test]
    fn who_is_always_told_apart_is_so_without_doubt() {
        let area = area_under(&times(&[3, 4]), &times(&[1, 2]));
        assert_eq!(area.interval(), "95 %: 1.000 to 1.000");
    }
}
