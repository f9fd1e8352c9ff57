//! The real binary, as an operator runs it.

mod certificates;
mod configuration;
mod doctor;
mod environments;
pub(crate) mod folder;
mod import;
mod keys;
mod mail;
mod migrations;
mod pem;
mod serve;
pub(crate) mod serving;
mod slow;
mod tls;
mod usage;
mod users;
