//! The contract of the store: every function, on SQLite and on PostgreSQL; counters and values in process and in Redis.

#[macro_use]
mod support;

mod codes;
mod commits;
mod files;
mod jobs;
mod keys;
mod kv;
mod outage;
mod records;
mod schema;
mod sessions;
mod tries;
mod users;
