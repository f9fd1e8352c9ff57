//! For tests alone: private servers, a database per test, a mail sink, an identity provider, replicas behind a balancer.
//!
//! Nothing here touches a server that it did not start, except where `TEST_POSTGRES_URL` or `TEST_REDIS_URL` names one.
//! What was started ends with the test process, however that ends.
#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when its server does not do what it should: a test without it is no test"
)]

mod guard;
mod ports;
mod probe;

pub mod balancer;
pub mod bucket;
pub mod identity_provider;
pub mod postgres;
pub mod redis;
pub mod replicas;
pub mod smtp;
pub mod sqlite;
