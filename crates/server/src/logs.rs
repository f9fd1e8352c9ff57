//! Where log events go and in which shape: for people or for programs, to the console and, where configured, to a file.
//!
//! One event is one line, whatever a value in it holds. The configured level is that of Doorward's own code; libraries are
//! never let below `warn`, since some of them tell at `debug` what they send. What is marked for traces is not logged.

use crate::config::Logs;
use crate::rotating::RotatingFile;
use crate::traces::Traces;
use anyhow::{Context, Result};
use doorward_domain::TRACED;
use metrics::counter;
use std::io::{self, IsTerminal, Write};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// Moves the log level while the process runs.
#[derive(Clone)]
pub(crate) struct LogLevel(reload::Handle<Targets, Registry>);

impl LogLevel {
    /// From now on events down to `level` are logged.
    pub(crate) fn set(&self, level: &str) {
        if self.0.reload(targets(level)).is_err() {
            tracing::warn!("the log level could not be changed");
        }
    }
}

/// Begins to log as configured, and to trace where that is; once a process.
pub(crate) fn start(logs: &Logs, colours: bool, traces: Option<&Traces>) -> Result<LogLevel> {
    let (filter, handle) = reload::Layer::new(targets(&logs.level));
    let file = match &logs.file {
        Some(path) => {
            let file = RotatingFile::open(path, logs.max_size, logs.keep);
            let file =
                file.with_context(|| format!("`logs.file`: cannot write `{}`", path.display()))?;
            Some(layer(logs.json, false, move || OneLine {
                output: "file",
                inner: file.clone(),
            }))
        }
        None => None,
    };
    let colours = colours && io::stderr().is_terminal();
    let console = layer(logs.json, colours, || OneLine {
        output: "console",
        inner: io::stderr(),
    });
    tracing_subscriber::registry()
        .with(console.and_then(file).with_filter(filter))
        .with(traces.map(Traces::layer))
        .try_init()
        .context("logging has begun already")?;
    Ok(LogLevel(handle))
}

fn layer<S, W>(json: bool, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    if json {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .log_internal_errors(false)
            .with_writer(writer)
            .boxed()
    } else {
        fmt::layer()
            .compact()
            .with_ansi(colours)
            .log_internal_errors(false)
            .with_writer(writer)
            .boxed()
    }
}

fn targets(level: &str) -> Targets {
    let own: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    Targets::new()
        .with_default(own.min(LevelFilter::WARN))
        .with_target("doorward", own)
        .with_target(TRACED, LevelFilter::OFF)
}

/// Keeps an event on its line: what would break it, or turn its reading direction, is written as an escape. A line that
/// cannot be written, to a full disk or a terminal that is gone, is lost and counted, and stops nobody.
struct OneLine<W> {
    output: &'static str,
    inner: W,
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if self.inner.write_all(&one_line(event)).is_err() {
            counter!("doorward_log_failures_total", "output" => self.output).increment(1);
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn one_line(event: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(event);
    let (text, end) = text
        .strip_suffix('\n')
        .map_or((&*text, ""), |text| (text, "\n"));
    let mut line = String::with_capacity(event.len());
    for character in text.chars() {
        if breaks_a_line(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line.push_str(end);
    line.into_bytes()
}

/// Control characters but for the escape that colours begin with (the formatter escapes those of values), separators of
/// lines and marks that turn the reading direction.
fn breaks_a_line(character: char) -> bool {
    let turning = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turning || (character.is_control() && !matches!(character, '\u{1b}' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_i39_an_event_stays_on_its_line() {
        let shown = |event: &str| String::from_utf8(one_line(event.as_bytes())).unwrap();
        assert_eq!(shown("a\nINFO forged\r\n"), "a\\nINFO forged\\r\n");
        assert_eq!(
            shown("a\u{202e}b\u{2028}c\u{85}d\n"),
            "a\\u{202e}b\\u{2028}c\\u{85}d\n"
        );
        assert_eq!(shown("plain, żółw\n"), "plain, żółw\n");
    }

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        for level in ["trace", "debug"] {
            let targets = targets(level);
            assert!(targets.would_enable("doorward_service::tokens", &tracing::Level::DEBUG));
            assert!(!targets.would_enable("lettre", &tracing::Level::DEBUG));
            assert!(!targets.would_enable("sqlx::query", &tracing::Level::INFO));
        }
        assert!(!targets("error").would_enable("hyper", &tracing::Level::WARN));
        assert!(!targets("trace").would_enable(TRACED, &tracing::Level::ERROR));
    }
}
