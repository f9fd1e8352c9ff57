//! Family `verified`: an address is proven by a mailed code, and a password then gives access and refresh tokens.

mod files;
mod limits;
mod refusals;
mod routes;
mod wire;

pub(crate) use limits::limits;
pub(crate) use routes::routes;
