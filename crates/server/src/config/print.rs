//! `config print`: the settings that hold, each with where it came from, secrets masked.

use super::layer::Entry;
use super::table::{Fallback, SETTINGS, Setting};
use super::{Config, Origin};
use serde::Serialize;

/// One line of the print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The setting's dotted name.
    pub setting: String,
    /// Its value as text; secrets as stars.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// Every setting that holds.
pub fn shown(config: &Config) -> Vec<Shown> {
    let tabled = SETTINGS
        .iter()
        .filter(|setting| !setting.name.contains('*'));
    let mut lines: Vec<Shown> = tabled
        .map(|setting| match config.all.entry(setting.name) {
            Some(entry) => line(setting.name, entry),
            None => Shown {
                setting: setting.name.to_owned(),
                value: fallback(setting),
                origin: Origin::Default.to_string(),
            },
        })
        .collect();
    let free = config
        .all
        .iter()
        .filter(|(name, _)| SETTINGS.iter().all(|setting| setting.name != *name));
    lines.extend(free.map(|(name, entry)| line(name, entry)));
    lines
}

fn line(name: &str, entry: &Entry) -> Shown {
    Shown {
        setting: name.to_owned(),
        value: entry.value.to_string(),
        origin: entry.origin.to_string(),
    }
}

/// What stands where nobody set anything.
fn fallback(setting: &Setting) -> String {
    match setting.default {
        Fallback::Fixed(text) => text.to_owned(),
        Fallback::Derived(words) => format!("({})", words.replace('`', "")),
        Fallback::Nothing => String::new(),
    }
}
