//! Everything that makes the parts of Doorward one program: configuration, command line, wiring, listeners, adapters.
//!
//! [`build`] puts the application together from a [`config::Config`]; the binary serves what it returns, and tests
//! drive the same router in process.

mod assemble;
pub mod cli;
pub mod config;
mod doctor;
mod eml;
mod http_client;
mod listen;
mod logs;
mod mailer;
mod meters;
mod object_folder;
mod old_files;
mod own_secrets;
mod private;
mod providers;
mod rotating;
mod serve;
mod sms;
mod smtp;
mod tls;

pub use assemble::{Doorward, Opening, build, open_store};
pub use object_folder::ObjectFolder;
