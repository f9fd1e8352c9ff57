//! Everything that remembers: SQL on SQLite and PostgreSQL, the job queue, shared counters.
//!
//! One SQL text serves both engines; a statement lives in the module of its noun (`users`, `sessions`, `codes`, ..).
//! Reading and writing are types: what writes takes a [`WriteTx`], and a [`WriteTx`] that is dropped leaves nothing.
//! A `true`, an `Option` or a small enum says what was found or won; [`Error`] is for what nobody expects.
//!
//! The crate knows rows and their guards. It knows no rule of a use case, no clock and no randomness: times and ids
//! come in as arguments.
#![warn(missing_docs)]

#[macro_use]
mod connection;
mod error;
mod migrations;
mod options;
mod postgres;
mod serving;
mod sqlite;
mod store;
mod waiting;

pub mod audit;
pub mod backup;
pub mod certificates;
pub mod changes;
pub mod codes;
pub mod files;
pub mod identities;
pub mod imports;
pub mod inbox;
pub mod jobs;
pub mod keys;
pub mod known_networks;
pub mod kv;
pub mod leases;
pub mod links;
pub mod meta;
pub mod nonces;
pub mod privileges;
pub mod renaming;
pub mod sealed;
pub mod sessions;
pub mod source;
pub mod tombstones;
pub mod tries;
pub mod users;
pub mod workers;
pub mod wrong_guesses;

pub use connection::{ReadTx, WriteTx};
pub use error::{Error, Result, Source};
pub use kv::{Decision, Kv, KvError};
pub use migrations::Migration;
pub use options::{DatabaseUrl, DatabaseUrlError, Engine, NoDatabase, Options};
pub use serving::{ServeLock, ServeLockError};
pub use store::{PoolStats, Store};
