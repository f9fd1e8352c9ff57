//! What must hold against whoever wants in. Each test is named after the requirement that it proves.

mod addresses;
mod answers;
mod at_rest;
mod audit;
mod caches;
mod confirmations;
mod cors;
mod enumeration;
mod federation;
mod files;
mod forgery;
mod guessing;
mod headers;
mod hijacking;
mod input;
mod interruptions;
mod late_callers;
mod limits;
mod logs;
mod mail;
mod master_key;
mod matrix;
mod one_time_codes;
mod overload;
mod passwords;
mod prehijacks;
mod production;
mod races;
mod reauthentication;
mod retention;
mod revocation;
mod rotation;
mod secrets;
mod stateless;
mod switches;
mod tokens;
mod user_service;
mod wire;

use crate::support::{Answer, Request};
use futures_util::future::join_all;

/// For tests that hash much: each hash is cheap, and nobody loses patience on a busy machine.
const QUICK: [(&str, &str); 4] = [
    ("password.argon2_memory_kib", "64"),
    ("password.argon2_iterations", "1"),
    ("server.request_timeout", "5m"),
    ("database.pool_timeout", "5m"),
];

/// The limits of family `verified` and of `/api`, in a day what is otherwise in a minute: no run is so slow, and no
/// clock of Redis so fast, that one grows back meanwhile.
const STEADY: [(&str, &str); 6] = [
    ("rate_limit.named.login", "10/day"),
    ("rate_limit.named.refresh", "30/day"),
    ("rate_limit.named.send_otp", "5/day"),
    ("rate_limit.named.verify_otp", "10/day"),
    ("rate_limit.named.default", "100/day"),
    ("rate_limit.rules", "/api/* 100/day"),
];

/// Sends all of them at once; each runs in a task of its own on the other side.
async fn at_once(requests: impl IntoIterator<Item = Request>) -> Vec<Answer> {
    join_all(requests.into_iter().map(Request::send)).await
}

/// How many answers have this status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

/// The address of the `n`th stranger: each in a network of their own.
fn stranger(n: usize) -> String {
    format!("10.{}.{}.7", n / 256 % 256, n % 256)
}
