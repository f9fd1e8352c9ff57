//! The documented families, sentence by sentence of their pages, and what holds for all of them.

mod across;
mod proof;
mod session;
mod verified;
