//! The people of a measurement, and the requests that they send.

use anyhow::{Context, ensure};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::net::SocketAddr;

use crate::load::{self, Answer, CONNECTIONS, Call, Connection};
use crate::mail;
use crate::server::{Installation, Purpose};

/// Everybody's.
const PASSWORD: &str = "Correct-Horse-7";

/// Registers people with a login, and so many with an address, by a process with a cheap password hash; ends when their
/// messages have been delivered and removed, so that those that follow are the only ones.
pub(crate) async fn register(
    installation: &Installation,
    with_address: usize,
) -> anyhow::Result<()> {
    let doorward = installation.start(Purpose::Preparing).await?;
    let calls = logins().chain(addresses(with_address)).collect();
    let registered = load::each(doorward.address, calls, CONNECTIONS).await?;
    ensure!(
        registered.refusals().is_none(),
        "not everybody could register; {}",
        registered.refusals().unwrap_or_default()
    );
    mail::collect(&installation.data(), with_address).await?;
    mail::clear(&installation.data())?;
    doorward.stop().await
}

/// The registrations of `CONNECTIONS` people with a login.
fn logins() -> impl Iterator<Item = Call> {
    (0..CONNECTIONS)
        .map(|place| Call::post("/api/register", &by_login(place)).expecting(StatusCode::CREATED))
}

/// The registrations of `count` people with an address.
fn addresses(count: usize) -> impl Iterator<Item = Call> {
    (0..count)
        .map(|place| Call::post("/api/v1/users", &by_email(place)).expecting(StatusCode::CREATED))
}

/// Sign-ins that go round the people with a login, so that nobody has many under way.
pub(crate) fn session_sign_ins(count: usize) -> Vec<Call> {
    (0..count)
        .map(|place| Call::post("/api/login", &by_login(place % CONNECTIONS)))
        .collect()
}

/// Sign-ins of the first people with an address.
pub(crate) fn verified_sign_ins(count: usize) -> Vec<Call> {
    (0..count)
        .map(|place| Call::post("/api/v1/auth/login", &by_email(place)))
        .collect()
}

/// The refreshes of the first people with an address, whose sessions rotate.
pub(crate) async fn rotating_refreshes(
    address: SocketAddr,
    count: usize,
) -> anyhow::Result<Vec<Call>> {
    let mut connection = Connection::open(address).await?;
    let mut calls = Vec::with_capacity(count);
    for place in 0..count {
        let sign_in = Call::post("/auth/login", &by_email(place));
        calls.push(next_refresh(&connection.ask(&sign_in).await?)?);
    }
    Ok(calls)
}

/// The refresh that the tokens in an answer allow.
pub(crate) fn next_refresh(answer: &Answer) -> anyhow::Result<Call> {
    let body = json!({ "refresh_token": answer.text("refresh_token")? });
    Ok(Call::post("/auth/refresh", &body))
}

/// Profile reads of the people with a login, each with a token of their own.
pub(crate) async fn profile_reads(address: SocketAddr) -> anyhow::Result<Vec<Call>> {
    let mut connection = Connection::open(address).await?;
    let mut calls = Vec::with_capacity(CONNECTIONS);
    for sign_in in session_sign_ins(CONNECTIONS) {
        let token = connection.ask(&sign_in).await?.text("access_token")?;
        calls.push(Call::get("/api/profile").bearer(&token)?);
    }
    Ok(calls)
}

/// A call of a list that cannot be empty.
pub(crate) fn first(calls: &[Call]) -> anyhow::Result<&Call> {
    calls.first().context("nobody is signed in")
}

/// Somebody who has no account yet.
pub(crate) fn stranger(name: &str, place: usize) -> String {
    format!("{name}-{place}@example.com")
}

pub(crate) fn email(place: usize) -> String {
    stranger("visitor", place)
}

fn by_login(place: usize) -> Value {
    json!({ "login": format!("visitor-{place}"), "password": PASSWORD })
}

fn by_email(place: usize) -> Value {
    json!({ "email": email(place), "password": PASSWORD })
}
