//! What goes to stdout: tables for people, JSON for programs.

use crate::doctor::{Check, State};
use anyhow::Result;
use comfy_table::Table;
use owo_colors::OwoColorize;
use serde::Serialize;
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// How results are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
    pub(super) colours: bool,
}

impl Output {
    /// Rows with their columns' names: one table, or one JSON array of what `json` makes of them.
    pub(super) fn rows<T>(
        self,
        columns: &[&str],
        rows: &[T],
        cells: impl Fn(&T) -> Vec<String>,
        object: impl Fn(&T) -> Value,
    ) -> Result<()> {
        if self.json {
            return json(&rows.iter().map(object).collect::<Vec<_>>());
        }
        if rows.is_empty() {
            return line("none");
        }
        let mut table = bare_table();
        table.set_header(columns.to_vec());
        table.add_rows(rows.iter().map(|row| {
            cells(row)
                .into_iter()
                .map(|cell| printable(&cell))
                .collect::<Vec<_>>()
        }));
        line(&laid_out(table))
    }

    /// One thing: names with values, or one JSON object.
    pub(super) fn fields(self, fields: &[(&str, String)], object: &Value) -> Result<()> {
        if self.json {
            return json(object);
        }
        let mut table = bare_table();
        table.add_rows(
            fields
                .iter()
                .map(|(name, value)| vec![(*name).to_owned(), printable(value)]),
        );
        line(&laid_out(table))
    }

    /// What the doctor found.
    pub(super) fn checks(self, checks: &[Check]) -> Result<()> {
        if self.json {
            return json(&checks);
        }
        let width = checks
            .iter()
            .map(|check| check.name.len())
            .max()
            .unwrap_or_default();
        for check in checks {
            let word = self.state(check.state);
            line(&format!(
                "{word}  {:width$}  {}",
                check.name,
                printable(&check.words)
            ))?;
        }
        Ok(())
    }

    fn state(self, state: State) -> String {
        match (state, self.colours) {
            (State::Good, true) => "good   ".green().to_string(),
            (State::Warning, true) => "warning".yellow().to_string(),
            (State::Broken, true) => "broken ".red().to_string(),
            (State::Good, false) => "good   ".to_owned(),
            (State::Warning, false) => "warning".to_owned(),
            (State::Broken, false) => "broken ".to_owned(),
        }
    }
}

fn json(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// One line, or a text of several.
pub(super) fn line(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // Whoever closed the pipe, as `head` does, has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Columns apart by two spaces, and nothing else.
fn laid_out(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// A name may hold what moves a terminal's cursor; here it only shows.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}
