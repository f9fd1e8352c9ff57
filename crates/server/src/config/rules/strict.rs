//! `profile = "strict"`: no setting may loosen what it holds.

use super::Findings;
use crate::config::effective::Effective;
use crate::config::table::{SETTINGS, Setting, Strict};
use crate::config::value::{Raw, Value};

/// Names every setting that loosens the profile.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    for setting in SETTINGS {
        for name in names(all, setting) {
            let Some(complaint) = loosened(all, setting, name) else {
                continue;
            };
            findings.problem(
                all,
                name,
                format!("`profile = \"strict\"` {complaint}"),
                "follow it, or use `profile = \"standard\"`",
            );
        }
    }
    if all.text("mail.tls") == Some("none") {
        findings.problem(
            all,
            "mail.tls",
            "`profile = \"strict\"` takes no plain mail",
            "use `starttls` or `implicit`",
        );
    }
}

/// The names that a setting goes by: its own, or those that the operator chose.
fn names<'a>(all: &'a Effective, setting: &'a Setting) -> Vec<&'a str> {
    if setting.name.contains('*') {
        let chosen = all.iter().map(|(name, _)| name);
        chosen.filter(|name| setting.is_named(name)).collect()
    } else {
        vec![setting.name]
    }
}

/// How a setting loosens what the strict profile holds.
fn loosened(all: &Effective, setting: &Setting, name: &str) -> Option<String> {
    let value = all.value(name);
    let read = |text: &str| setting.kind.read(&Raw::Text(text.to_owned()));
    match setting.strict {
        Strict::Free => None,
        Strict::Required => value.is_none().then(|| format!("needs `{name}`")),
        Strict::Unset => all.is_set(name).then(|| format!("does without `{name}`")),
        Strict::Only(text) if name == "api.families" => {
            let allowed = |family: &String| text.split(',').any(|word| word == family);
            (!all.list(name).iter().all(allowed)).then(|| format!("leaves `code` out of `{name}`"))
        }
        // Ed25519 is no weaker than what the profile would choose itself.
        Strict::Only("ES256") if matches!(all.text(name), Some("ES256" | "EdDSA")) => None,
        Strict::Only(text) => {
            (value != read(text).as_ref()).then(|| format!("keeps `{name}` at `{text}`"))
        }
        Strict::AtMost(text) => match (value, read(text)) {
            (Some(Value::Span(chosen)), Some(Value::Span(most))) if *chosen <= most => None,
            _ => Some(format!("keeps `{name}` at `{text}` or less")),
        },
        Strict::AtLeast(text) => match (value, read(text)) {
            (Some(Value::Integer(chosen)), Some(Value::Integer(least))) if *chosen >= least => None,
            _ => Some(format!("keeps `{name}` at `{text}` or more")),
        },
    }
}
