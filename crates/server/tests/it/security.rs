//! What must hold against whoever wants in. Each test is named after the requirement that it proves.

mod addresses;
mod answers;
mod cors;
mod enumeration;
mod files;
mod forgery;
mod guessing;
mod headers;
mod hijacking;
mod input;
mod limits;
mod logs;
mod mail;
mod overload;
mod passwords;
mod production;
mod races;
mod retention;
mod revocation;
mod rotation;
mod secrets;
mod switches;
mod tokens;
mod wire;

use crate::support::{Answer, Request, TestApp};
use futures_util::future::join_all;

/// Sends all of them at once; each runs in a task of its own on the other side.
async fn at_once(requests: impl IntoIterator<Item = Request>) -> Vec<Answer> {
    join_all(requests.into_iter().map(Request::send)).await
}

/// How many answers have this status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// The address of the `n`th stranger: each in a network of their own.
fn stranger(n: usize) -> String {
    format!("10.{}.{}.7", n / 256 % 256, n % 256)
}
