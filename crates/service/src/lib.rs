//! The use cases: one public function is one thing that a caller can do.
//!
//! Every rule of Doorward lives here or in `domain`, once. Nothing here knows HTTP: a surface translates its request
//! into a call, and the [`Error`] or outcome into its answer. A function takes [`SharedApp`] and the [`Ctx`] of its
//! request, writes through one transaction, and leaves the audit row and the mail it causes in that same transaction.
#![warn(missing_docs)]

pub mod accounts;
mod app;
mod audit;
mod caches;
pub mod certificates;
pub mod changes;
mod clock;
pub mod codes;
pub mod confirmations;
pub mod credentials;
mod ctx;
mod error;
pub mod federation;
pub mod files;
mod former_names;
pub mod health;
pub mod imports;
pub mod inbox;
pub mod keys;
pub mod leases;
pub mod limits;
mod links;
mod master_key;
mod messages;
mod networks;
mod outbox;
pub mod passwords;
pub mod ports;
pub mod profiles;
pub mod proofs;
pub mod recovery;
pub mod restoring;
pub mod sessions;
pub mod settings;
pub mod sms;
pub mod tokens;
pub mod users;
pub mod worker;

pub use accounts::User;
pub use app::{App, Parts, SharedApp, StartError};
pub use audit::Event;
pub use clock::Clock;
pub use ctx::Ctx;
pub use error::{Error, Fault, Refusal};
pub use settings::Settings;
