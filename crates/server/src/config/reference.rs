//! `config reference`: the page that lists every setting, made from the table.

use super::documented::names_of;
use super::table::{Fallback, SETTINGS, Setting, Strict};
use super::value::Kind;
use std::fmt::Write as _;

const HEAD: &str = "\
# Settings

Defaults < `doorward.toml` (or `--config FILE`) < `.env` in the working folder < environment < flags.
Every setting `a.b` is `DOORWARD_A__B` in the environment, and every secret has a `_FILE` twin that names a file.
Durations are `\"30s\"`, `\"10m\"`, `\"7d\"` or whole seconds; booleans are true, false, 1, 0, yes, no in any case; lists are
comma-separated in the environment. Unknown keys and wrong types stop the start, all named at once. Settings marked † belong to
features that are not available yet: they are read and checked, and otherwise do nothing.
";

/// The page as Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let own = setting
            .name
            .split_once('.')
            .map_or("", |(section, _)| section);
        if section != Some(own) {
            section = Some(own);
            let title = if own.is_empty() { "At the top" } else { own };
            // Writing into a String cannot fail.
            let _ = write!(
                page,
                "\n## {title}\n\n| setting | takes | default | meaning |\n|---|---|---|---|\n"
            );
        }
        let _ = writeln!(page, "{}", line(setting));
    }
    page
}

fn line(setting: &Setting) -> String {
    let mark = if setting.available { "" } else { " †" };
    let default = match setting.default {
        Fallback::Fixed("") | Fallback::Nothing => "none".to_owned(),
        Fallback::Fixed(text) => format!("`{text}`"),
        Fallback::Derived(words) => words.to_owned(),
    };
    let strict = match setting.strict {
        Strict::Free => String::new(),
        Strict::Only(text) => format!(" In the strict profile `{text}`."),
        Strict::AtMost(text) => format!(" In the strict profile `{text}` at most."),
        Strict::AtLeast(text) => format!(" In the strict profile `{text}` at least."),
        Strict::Required => " Needed in the strict profile.".to_owned(),
        Strict::Unset => " Not to be set in the strict profile.".to_owned(),
    };
    let names = names_of(setting.name);
    let names = if names.is_empty() {
        names
    } else {
        format!(" Also {names}.")
    };
    let takes = match setting.kind {
        Kind::Secret | Kind::Location => "a secret".to_owned(),
        kind => kind.expected(),
    };
    let cells = [
        format!("`{}`{mark}", setting.name),
        takes,
        default,
        format!("{}{strict}{names}", setting.doc),
    ];
    format!(
        "| {} |",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}
