//! Family `proof`: a mailed code becomes a signed statement that its reader holds the address.

mod limits;
mod refusals;
mod routes;
mod wire;

pub(crate) use limits::limits;
pub(crate) use routes::routes;
