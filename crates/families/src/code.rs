//! Family `code`: sign in by a one-time code, with the password as second step; tokens in headers of their own.

mod limits;
mod refusals;
mod routes;
mod shown;
mod wire;

pub(crate) use limits::limits;
pub(crate) use routes::{posts, routes};
