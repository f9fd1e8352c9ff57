//! The real binary, as an operator runs it.

mod configuration;
mod doctor;
pub(crate) mod folder;
mod keys;
mod migrations;
mod serve;
pub(crate) mod serving;
mod usage;
mod users;
