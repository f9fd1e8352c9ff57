//! What marks the work that shows up in a trace.

/// The target of spans that are handed to a collector of traces. Nothing else is: a span of another target, and every
/// event, stays in the log, so that what goes out is what somebody chose to mark. No such span holds a name, an address
/// or a secret.
pub const TRACED: &str = "doorward::traced";
