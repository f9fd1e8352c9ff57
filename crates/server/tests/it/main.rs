//! The product's tests: the whole service in one process, asked over HTTP, on whichever engine `TEST_BACKEND` names.

#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod families;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod security;
#[cfg(test)]
mod support;
