//! Family `session`: a login and a password open a session, and every call looks whether it is still open.

mod limits;
mod refusals;
mod routes;
mod wire;

pub(crate) use limits::limits;
pub(crate) use routes::routes;
