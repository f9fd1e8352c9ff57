//! One layer of the configuration: what one source says, and the stack of them.

use super::origin::{Origin, Problem};
use super::table::{self, Setting};
use super::value::{Raw, Value};
use std::collections::BTreeMap;

/// A value with the place it came from.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What one source says.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// Settings by dotted name.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Values that count only where no layer sets the setting.
    pub(crate) hints: BTreeMap<String, Entry>,
    pub(crate) problems: Vec<Problem>,
    /// Things to say that keep nothing from starting.
    pub(crate) warnings: Vec<String>,
}

impl Layer {
    /// Reads one value under its dotted name; whatever is wrong with either becomes a problem.
    pub(crate) fn take(&mut self, name: &str, raw: &Raw, origin: &Origin) {
        let Some(setting) = table::find(name) else {
            self.problems.push(unknown(name, origin).at(origin));
            return;
        };
        match read(setting, name, raw) {
            Ok(value) => {
                self.entries.insert(
                    name.to_owned(),
                    Entry {
                        value,
                        origin: origin.clone(),
                    },
                );
            }
            Err(problem) => self.problems.push(problem.at(origin)),
        }
    }
}

/// Reads a value for a setting. The problem never repeats what was written, since it may be a secret in the wrong place.
pub(crate) fn read(setting: &Setting, name: &str, raw: &Raw) -> Result<Value, Problem> {
    setting.kind.read(raw).ok_or_else(|| {
        let found = match raw {
            Raw::Text(_) => "this text",
            Raw::Integer(_) => "this number",
            Raw::Bool(_) => "a boolean",
            Raw::Other(what) => what,
            Raw::List(_) => "this list",
            Raw::Table(_) => "this table",
        };
        Problem::new(
            format!("`{name}` does not take {found}"),
            format!("write {}", setting.kind.expected()),
        )
    })
}

fn unknown(name: &str, origin: &Origin) -> Problem {
    let variable = matches!(origin, Origin::Environment { .. } | Origin::DotEnv { .. });
    let remedy = match table::nearest(name) {
        Some(meant) if variable => format!("did you mean `{}`?", meant.variable()),
        Some(meant) => format!("did you mean `{}`?", meant.name),
        None => "`doorward config reference` lists every setting".to_owned(),
    };
    Problem::new(format!("there is no setting `{name}`"), remedy)
}
