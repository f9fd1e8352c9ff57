//! What every product test stands on: the service in this process, people who use it, and what they are answered.
//!
//! Invariant: a [`TestApp`] that ends fails its test if it answered a fault that nobody expected, or if a password,
//! code or token that passed through it stands in the log.

mod answer;
mod app;
mod backend;
mod database;
mod logs;
mod multipart;
mod people;
mod python;
mod request;
mod token;
mod watch;

pub(crate) use answer::Answer;
pub(crate) use app::TestApp;
pub(crate) use multipart::Form;
pub(crate) use people::{PASSWORD, Person, named};
pub(crate) use python::python;
pub(crate) use request::Request;
pub(crate) use token::{claims, header_of, tampered};
