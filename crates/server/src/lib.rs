//! Everything that makes the parts of Doorward one program: configuration, command line, wiring, listeners, adapters.
//!
//! [`build`] puts the application together from a [`config::Config`]; the binary serves what it returns, and tests
//! drive the same router in process.

mod acme;
mod assemble;
pub mod cli;
pub mod config;
mod descriptors;
mod doctor;
mod doors;
mod eml;
mod http_client;
mod listen;
mod logs;
mod mailer;
mod meters;
mod objects;
mod old_files;
mod own_secrets;
mod own_server;
mod private;
mod providers;
mod proxy_protocol;
mod redirect;
mod rotating;
mod serve;
mod signals;
mod sms;
mod smtp;
mod systemd;
mod tls;
mod traces;
mod whole_file;

pub use assemble::{Doorward, Opening, build, open_store};
