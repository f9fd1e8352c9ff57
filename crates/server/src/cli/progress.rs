//! Bars for work that takes its time: shown to a person who waits, and to nobody else.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);

/// Counts rows.
pub(super) fn rows(total: u64) -> ProgressBar {
    bar(total, "{bar:40} {pos} of {len} rows, {eta} to go")
}

/// Counts bytes; `work` says what becomes of them.
pub(super) fn bytes(total: u64, work: &'static str) -> ProgressBar {
    bar(
        total,
        "{msg} {bar:40} {bytes} of {total_bytes}, {eta} to go",
    )
    .with_message(work)
}

/// Shows that something goes on whose end is not known.
pub(super) fn going_on(work: &'static str) -> ProgressBar {
    let bar = bar(0, "{spinner} {msg} for {elapsed}").with_message(work);
    bar.enable_steady_tick(TICK);
    bar
}

fn bar(total: u64, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
