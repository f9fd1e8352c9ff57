//! What a scenario has measured: a line that `scripts/rig` makes a row of.

use std::fmt::Display;
use std::time::Duration;

/// Says one figure.
pub(crate) fn figure(scenario: &str, what: &str, value: impl Display) {
    println!("\nfigure\t{scenario}\t{what}\t{value}");
}

/// A time for people.
pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}
