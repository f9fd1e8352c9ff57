//! What operators and consumers of tokens find beside the families, and how the service fares when a part is away.

mod algorithms;
mod documents;
mod health;
mod inbox;
mod keys;
mod metrics;
mod resilience;
mod sms;
mod traces;
mod welcome;
