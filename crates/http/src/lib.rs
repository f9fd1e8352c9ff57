//! What every HTTP surface shares: the outermost layer that dresses each answer, the client's address, limits,
//! extractors and the shapes of errors.
//!
//! It knows no route and no rule. A surface hands in its router; [`dress`] makes sure that nothing leaves without a
//! request id, the security headers and an entry in the log, whether a handler answered, refused, timed out or
//! panicked.
#![warn(missing_docs)]

mod answer;
mod client;
mod cors;
mod edge;
mod extract;
pub mod form;
mod headers;
pub mod json;
pub mod limits;
mod monitor;
pub mod page;
mod pattern;
mod request_id;
mod run;
mod settings;
mod signals;
mod state;
mod trace;
mod traffic;

pub use answer::{Detail, Retry, detail, json, not_found, refused, validation};
pub use client::{Seen, Trusted};
pub use edge::{Proxied, Transport, dress};
pub use extract::{Authorization, Context, Path, Query, RawBody};
pub use headers::{MediaType, accepts_html, media_type, secure};
pub use limits::{Applies, Endpoint, Exceeded, LimitPlan, Rule, limit};
pub use pattern::{Pattern, PatternError};
pub use run::run;
pub use settings::{HttpSettings, NamedLimits, PathRule, PlainHttp};
pub use state::{State, Web};
