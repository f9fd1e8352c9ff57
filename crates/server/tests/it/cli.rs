//! The real binary, as an operator runs it.

mod acme;
mod backup;
mod buckets;
mod certificates;
mod configuration;
mod connections;
mod doctor;
mod environments;
pub(crate) mod folder;
mod import;
mod keys;
mod mail;
mod migrations;
mod outputs;
mod pem;
mod restore;
mod serve;
pub(crate) mod serving;
mod slow;
mod systemd;
mod tls;
mod usage;
mod users;
