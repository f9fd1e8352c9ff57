//! The table of deviations in `docs/SECURITY.md` says what the code does.

use super::*;
use crate::config::table::{Fallback, SETTINGS, Setting, Strict, find};

const PAGE: &str = include_str!("../../../../../docs/SECURITY.md");

/// What the strict profile holds although it loosens nothing that a document asks for.
const NO_DEVIATIONS: &[&str] = &[
    "codes.sign_in.lifetime",
    "codes.sign_in.length",
    "codes.proof.lifetime",
    "codes.proof.length",
    "codes.verify.lifetime",
    "codes.reset.lifetime",
    "codes.reset.length",
    "mail.force_plain",
    "rate_limit.enabled",
];

/// One line of the table: id, settings with their defaults, and what strict makes of them.
struct Deviation {
    id: String,
    settings: Vec<(String, Option<String>)>,
    strict: String,
}

fn table() -> Vec<Deviation> {
    PAGE.lines()
        .filter(|line| line.starts_with("| D"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let spans = cells[1].split('`').skip(1).step_by(2);
            Deviation {
                id: cells[0].to_owned(),
                settings: spans.filter_map(named).collect(),
                strict: cells[2].to_owned(),
            }
        })
        .collect()
}

/// A setting's name with the value behind it, where there is one; whatever else stands in code is none.
fn named(code: &str) -> Option<(String, Option<String>)> {
    let (name, value) = match code.split_once(" = ") {
        Some((name, value)) => (name, Some(value.trim_matches('"').to_owned())),
        None => (code, None),
    };
    let name = name.replace("<name>", "okta");
    find(&name)?;
    Some((name, value))
}

fn default_of(setting: &Setting) -> Option<&str> {
    match setting.default {
        Fallback::Fixed(text) | Fallback::Derived(text) => Some(text),
        Fallback::Nothing => None,
    }
}

#[test]
fn every_deviation_has_its_line_in_order() {
    let ids: Vec<_> = table().into_iter().map(|line| line.id).collect();
    // The one that is missing belongs to a second factor, which there is not yet.
    let expected: Vec<_> = (1..=23)
        .filter(|number| *number != 17)
        .map(|number| format!("D{number:02}"))
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn the_table_says_the_defaults_and_what_strict_makes_of_them() {
    for Deviation {
        id,
        settings,
        strict,
    } in table()
    {
        assert!(!settings.is_empty(), "{id} names no setting");
        for (name, value) in settings {
            let setting = find(&name).unwrap();
            assert!(setting.available, "{id}: `{name}`");
            if let Some(value) = value {
                assert_eq!(default_of(setting), Some(value.as_str()), "{id}: `{name}`");
            }
            let said = |text: &str| strict.contains(&format!("`{text}`"));
            let holds = match setting.strict {
                // Turned on by asking for it, and off by saying nothing.
                Strict::Free => false,
                Strict::Only(_) if name == "api.families" => strict == "without `code`",
                Strict::Only(text) => said(text),
                Strict::AtMost(text) => strict == format!("`{text}` at most"),
                Strict::AtLeast(text) => strict.contains(&format!("`{text}` or more")),
                Strict::Required => strict == "must be set",
                Strict::Unset => strict.starts_with("unset"),
            };
            assert!(
                holds,
                "{id}: `{name}` in strict is {:?}, not {strict}",
                setting.strict
            );
        }
    }
}

#[test]
fn nothing_that_strict_holds_is_missing_from_the_table() {
    let told: Vec<_> = table()
        .into_iter()
        .flat_map(|line| line.settings)
        .filter_map(|(name, _)| find(&name))
        .map(|setting| setting.name)
        .collect();
    for setting in SETTINGS {
        let named = told.contains(&setting.name) || NO_DEVIATIONS.contains(&setting.name);
        assert!(named || setting.strict == Strict::Free, "{}", setting.name);
    }
}

#[test]
fn strict_starts_with_the_strict_value_of_every_deviation() {
    let config = Config::load(environment(&[
        ("DOORWARD_PROFILE", "strict"),
        ("DOORWARD_TOKENS__AUDIENCE", "example"),
        (
            "DOORWARD_FEDERATION__OKTA__ISSUER",
            "https://okta.example.com",
        ),
        ("DOORWARD_FEDERATION__OKTA__CLIENT_IDS", "door"),
    ]))
    .unwrap_or_else(|problems| panic!("{problems}"));
    for setting in SETTINGS
        .iter()
        .filter(|setting| !setting.name.contains('*'))
    {
        if let Strict::Only(text) = setting.strict {
            let value = config.all.value(setting.name).map(ToString::to_string);
            assert_eq!(value.as_deref(), Some(text), "{}", setting.name);
        }
    }
}
