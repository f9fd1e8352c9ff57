//! What kinds of value a setting can have, and how each is read.
//!
//! The environment brings text alone and a TOML file brings types; both are read here by one function a kind, so
//! that `"10m"` means the same everywhere.

use doorward_domain::{Quota, Span};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use url::Url;

const STARS: &str = "********";

/// A value as it stands in its source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Text(String),
    Integer(i64),
    Bool(bool),
    /// A float or a date: no setting takes one.
    Other(&'static str),
    List(Vec<Raw>),
    Table(Vec<(String, Raw)>),
}

/// The kind of value that a setting takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    /// Text that is never shown.
    Secret,
    /// A URL that may hold a password, which is never shown.
    Location,
    /// A file or a folder.
    Path,
    Bool,
    /// A whole number within these bounds.
    Count(i64, i64),
    /// Bytes: a whole number, or one with `KiB`, `MiB` or `GiB`.
    Size,
    Span,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words.
    Words(&'static [&'static str]),
    List,
    Networks,
    Address,
    Url,
    /// A smallest and a largest length, as `6-128`.
    Range,
    /// `10/minute`.
    Rate,
    /// Limits by path pattern.
    Rules,
    /// Names with texts that are never shown.
    Map,
}

/// A limit by path pattern, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathLimit {
    /// `*` stands for one segment, `**` for any number.
    pub path: String,
    /// How many requests a period.
    pub quota: Quota,
    /// From when on a request to such a path counts as slow.
    pub slow: Option<Span>,
}

/// A value of the right kind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Secret(SecretString),
    Location(SecretString),
    Bool(bool),
    Integer(i64),
    Span(Span),
    List(Vec<String>),
    Networks(Vec<IpNet>),
    Address(SocketAddr),
    Url(Url),
    Range(u32, u32),
    Rate(Quota),
    Rules(Vec<PathLimit>),
    Map(BTreeMap<String, SecretString>),
}

impl PartialEq for Value {
    /// Secrets that were both set are compared, since two names that disagree must be noticed.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(left), Self::Secret(right))
            | (Self::Location(left), Self::Location(right)) => {
                left.expose_secret() == right.expose_secret()
            }
            (Self::Map(left), Self::Map(right)) => {
                let same = |name: &String, text: &SecretString| {
                    right
                        .get(name)
                        .is_some_and(|other| other.expose_secret() == text.expose_secret())
                };
                left.len() == right.len() && left.iter().all(|(name, text)| same(name, text))
            }
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    /// As it would be written in the environment; secrets as stars, and addresses without their passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(_) => f.write_str(STARS),
            Self::Location(location) => f.write_str(&without_password(location.expose_secret())),
            Self::Bool(yes) => yes.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Span(span) => span.fmt(f),
            Self::List(words) => f.write_str(&words.join(",")),
            Self::Networks(networks) => {
                let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
                f.write_str(&networks.join(","))
            }
            Self::Address(address) => address.fmt(f),
            Self::Url(url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Range(min, max) => write!(f, "{min}-{max}"),
            Self::Rate(quota) => quota.fmt(f),
            Self::Rules(rules) => {
                let rules: Vec<_> = rules
                    .iter()
                    .map(|rule| format!("{} {}", rule.path, rule.quota))
                    .collect();
                f.write_str(&rules.join(","))
            }
            Self::Map(map) => f.write_str(&map.keys().cloned().collect::<Vec<_>>().join(",")),
        }
    }
}

impl Kind {
    /// What a reader may write, as the end of a sentence that begins with "write".
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret | Self::Location | Self::Path => {
                "a text in quotes".to_owned()
            }
            Self::Bool => "`true` or `false` (also 1, 0, yes, no)".to_owned(),
            Self::Count(min, max) if max == i64::MAX => format!("a whole number of at least {min}"),
            Self::Count(min, max) => format!("a whole number from {min} to {max}"),
            Self::Size => "a number of bytes such as 65536, `64KiB` or `10MiB`".to_owned(),
            Self::Span => {
                "a duration such as `30s`, `10m`, `24h` or `7d`, or whole seconds".to_owned()
            }
            Self::Word(words) => format!("one of {}", quoted(words)),
            Self::Words(words) => format!("a list of {}", quoted(words)),
            Self::List => "a list of texts (comma-separated in the environment)".to_owned(),
            Self::Networks => "a list of networks such as `10.0.0.0/8`".to_owned(),
            Self::Address => "an address with a port such as `127.0.0.1:8000`".to_owned(),
            Self::Url => "an absolute URL such as `https://auth.example.com`".to_owned(),
            Self::Range => "two lengths such as `6-128`".to_owned(),
            Self::Rate => {
                "a rate such as `10/minute`, `5/second`, `100/hour` or `1000/day`".to_owned()
            }
            Self::Rules => {
                "a list such as `[{ path = \"/api/*\", quota = 100, per = \"60s\" }]`".to_owned()
            }
            Self::Map => {
                "a table of names with texts (a JSON object in the environment)".to_owned()
            }
        }
    }

    /// Reads a value of this kind; `None` when it is something else.
    pub(crate) fn read(self, raw: &Raw) -> Option<Value> {
        match (self, raw) {
            (Self::Text | Self::Path, Raw::Text(text)) => Some(Value::Text(text.clone())),
            (Self::Secret, Raw::Text(text)) => {
                Some(Value::Secret(SecretString::from(text.as_str())))
            }
            (Self::Location, Raw::Text(text)) => {
                Some(Value::Location(SecretString::from(text.as_str())))
            }
            (Self::Bool, Raw::Bool(yes)) => Some(Value::Bool(*yes)),
            (Self::Bool, Raw::Text(text)) => boolean(text).map(Value::Bool),
            (Self::Bool, Raw::Integer(number @ (0 | 1))) => Some(Value::Bool(*number == 1)),
            (Self::Count(min, max), raw) => whole(raw)
                .filter(|number| (min..=max).contains(number))
                .map(Value::Integer),
            (Self::Size, Raw::Text(text)) => size(text).map(Value::Integer),
            (Self::Size, Raw::Integer(number)) if *number > 0 => Some(Value::Integer(*number)),
            (Self::Span, Raw::Text(text)) => text.parse().ok().map(Value::Span),
            (Self::Span, Raw::Integer(number)) => number.to_string().parse().ok().map(Value::Span),
            (Self::Word(words), Raw::Text(text)) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| Value::Text((*word).to_owned())),
            (Self::Words(words), raw) => {
                let chosen = list(raw)?;
                let known = chosen.iter().all(|word| words.contains(&word.as_str()));
                known.then_some(Value::List(chosen))
            }
            (Self::List, raw) => list(raw).map(Value::List),
            (Self::Networks, raw) => list(raw)?
                .iter()
                .map(|text| network(text))
                .collect::<Option<_>>()
                .map(Value::Networks),
            (Self::Address, Raw::Text(text)) => address(text).map(Value::Address),
            (Self::Url, Raw::Text(text)) => {
                Url::parse(text).ok().filter(Url::has_host).map(Value::Url)
            }
            (Self::Range, Raw::Text(text)) => range(text),
            (Self::Rate, Raw::Text(text)) => text.parse().ok().map(Value::Rate),
            (Self::Rules, raw) => rules(raw).map(Value::Rules),
            (Self::Map, raw) => map(raw).map(Value::Map),
            _ => None,
        }
    }
}

/// The words for yes and no, in any case. Everything else is neither: `"False"` is not true, and `"on"` is no word.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A URL with its password, and whatever its query holds, replaced by stars.
pub(crate) fn without_password(location: &str) -> String {
    let (location, query) = location
        .split_once('?')
        .map_or((location, ""), |(before, _)| (before, "?********"));
    let masked = location.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.rsplit_once('@')?;
        let user = login.split_once(':').map_or("", |(user, _)| user);
        Some(format!("{scheme}://{user}:{STARS}@{host}"))
    });
    format!("{}{query}", masked.as_deref().unwrap_or(location))
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn whole(raw: &Raw) -> Option<i64> {
    match raw {
        Raw::Integer(number) => Some(*number),
        Raw::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn size(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: i64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()?
        .checked_mul(factor)
        .filter(|bytes| *bytes > 0)
}

/// A list of texts: typed, comma-separated, or as JSON, which some `.env` files have.
fn list(raw: &Raw) -> Option<Vec<String>> {
    match raw {
        Raw::List(items) => items
            .iter()
            .map(|item| match item {
                Raw::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        Raw::Text(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok(),
        Raw::Text(text) => Some(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
        ),
        _ => None,
    }
}

/// Names with texts: a table, or in the environment a JSON object.
fn map(raw: &Raw) -> Option<BTreeMap<String, SecretString>> {
    match raw {
        Raw::Table(entries) => entries
            .iter()
            .map(|(name, value)| match value {
                Raw::Text(text) => Some((name.clone(), SecretString::from(text.as_str()))),
                _ => None,
            })
            .collect(),
        Raw::Text(text) => {
            let texts: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
            let secrets = texts
                .into_iter()
                .map(|(name, text)| (name, SecretString::from(text)));
            Some(secrets.collect())
        }
        _ => None,
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn address(text: &str) -> Option<SocketAddr> {
    let text = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().ok()
}

fn range(text: &str) -> Option<Value> {
    let (min, max) = text.split_once(['-', '–'])?;
    let (min, max) = (min.trim().parse().ok()?, max.trim().parse().ok()?);
    (1 <= min && min <= max).then_some(Value::Range(min, max))
}

/// Rules as TOML tables, or in the environment as `"/api/* 100/minute"`, comma-separated.
fn rules(raw: &Raw) -> Option<Vec<PathLimit>> {
    match raw {
        Raw::List(items) => items.iter().map(table_rule).collect(),
        Raw::Text(_) => list(raw)?.iter().map(|text| text_rule(text)).collect(),
        _ => None,
    }
}

fn text_rule(text: &str) -> Option<PathLimit> {
    let (path, quota) = text.split_once(' ')?;
    let quota = quota.trim().parse().ok()?;
    path.starts_with('/').then(|| PathLimit {
        path: path.to_owned(),
        quota,
        slow: None,
    })
}

fn table_rule(raw: &Raw) -> Option<PathLimit> {
    let Raw::Table(entries) = raw else {
        return None;
    };
    let known = ["path", "quota", "per", "slow"];
    if entries
        .iter()
        .any(|(name, _)| !known.contains(&name.as_str()))
    {
        return None;
    }
    let find = |wanted: &str| {
        entries
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, raw)| raw)
    };
    let span = |raw: &Raw| match Kind::Span.read(raw) {
        Some(Value::Span(span)) => Some(span),
        _ => None,
    };
    let Some(Raw::Text(path)) = find("path") else {
        return None;
    };
    let count = u32::try_from(whole(find("quota")?)?).ok()?;
    let quota = Quota::new(count, span(find("per")?)?).ok()?;
    let slow = match find("slow") {
        Some(raw) => Some(span(raw)?),
        None => None,
    };
    path.starts_with('/').then(|| PathLimit {
        path: path.clone(),
        quota,
        slow,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, text: &str) -> Option<String> {
        kind.read(&Raw::Text(text.to_owned()))
            .map(|value| value.to_string())
    }

    #[test]
    fn sec_s01_only_the_six_words_are_booleans() {
        for yes in ["true", "True", "TRUE", "1", "yes", "YES", "Yes"] {
            assert_eq!(boolean(yes), Some(true), "{yes}");
        }
        for no in ["false", "False", "FALSE", "0", "no", "NO", "nO"] {
            assert_eq!(boolean(no), Some(false), "{no}");
        }
        for neither in [
            "",
            " true",
            "on",
            "off",
            "2",
            "-1",
            "t",
            "f",
            "y",
            "n",
            "*",
            "truefalse",
            "null",
            "none",
            "\"true\"",
        ] {
            assert_eq!(boolean(neither), None, "{neither:?}");
        }
        assert_eq!(Kind::Bool.read(&Raw::Integer(2)), None);
        assert_eq!(Kind::Bool.read(&Raw::List(vec![Raw::Bool(true)])), None);
    }

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        assert_eq!(text(Kind::Size, "65536").as_deref(), Some("65536"));
        assert_eq!(text(Kind::Size, "64 KiB").as_deref(), Some("65536"));
        assert_eq!(text(Kind::Size, "10MiB").as_deref(), Some("10485760"));
        for bad in ["", "0", "ten", "1.5MiB", "10MB", "99999999999GiB"] {
            assert_eq!(text(Kind::Size, bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_are_comma_separated_or_json() {
        let origins = Some("http://a.example,http://b.example".to_owned());
        assert_eq!(
            text(Kind::List, "http://a.example, http://b.example"),
            origins
        );
        assert_eq!(
            text(Kind::List, r#"["http://a.example","http://b.example"]"#),
            origins
        );
    }

    #[test]
    fn a_network_may_be_one_address() {
        assert_eq!(
            text(Kind::Networks, "10.0.0.0/8,192.0.2.7").as_deref(),
            Some("10.0.0.0/8,192.0.2.7/32")
        );
        assert_eq!(text(Kind::Networks, "10.0.0.0/40"), None);
    }

    #[test]
    fn a_rule_names_a_path_a_quota_and_a_period() {
        let rule = |entries: &[(&str, Raw)]| {
            let table = entries
                .iter()
                .map(|(name, raw)| ((*name).to_owned(), raw.clone()))
                .collect();
            Kind::Rules
                .read(&Raw::List(vec![Raw::Table(table)]))
                .is_some()
        };
        let path = ("path", Raw::Text("/api/*".to_owned()));
        let quota = ("quota", Raw::Integer(100));
        let per = ("per", Raw::Text("60s".to_owned()));
        assert!(rule(&[path.clone(), quota.clone(), per.clone()]));
        assert!(!rule(&[path.clone(), quota.clone()]));
        assert!(!rule(&[
            path.clone(),
            quota,
            per,
            ("burst", Raw::Integer(1))
        ]));
        assert!(!rule(&[
            path,
            ("quota", Raw::Integer(0)),
            ("per", Raw::Text("60s".to_owned()))
        ]));
        assert!(text(Kind::Rules, "/api/* 100/minute").is_some());
    }

    #[test]
    fn sec_13_3_2_secrets_do_not_print() {
        assert_eq!(text(Kind::Secret, "hunter2").as_deref(), Some(STARS));
        let shown = |location: &str| text(Kind::Location, location).unwrap();
        assert_eq!(
            shown("postgres://ada:p@ss@db:5432/x"),
            "postgres://ada:********@db:5432/x"
        );
        assert_eq!(
            shown("postgres://db/x?password=hunter2"),
            "postgres://db/x?********"
        );
        assert_eq!(
            shown("redis://:hunter2@cache/0"),
            "redis://:********@cache/0"
        );
        assert_eq!(shown("sqlite:./doorward.db"), "sqlite:./doorward.db");
    }
}
