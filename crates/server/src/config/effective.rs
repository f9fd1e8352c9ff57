//! The settings that hold: every layer laid over the one below it, with the origin of each value.

use super::documented::exposed;
use super::layer::{Entry, Layer};
use super::origin::Origin;
use super::placeholder::is_placeholder;
use super::table::{Fallback, SETTINGS, Setting, Strict};
use super::value::{PathLimit, Raw, Value};
use doorward_domain::{Quota, Span};
use ipnet::IpNet;
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// Settings by dotted name, defaults included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effective {
    entries: BTreeMap<String, Entry>,
}

impl Effective {
    /// Lays `layers` over one another, the last on top, and both over the defaults.
    pub(crate) fn of(layers: Vec<Layer>) -> Self {
        let mut chosen = BTreeMap::new();
        let mut hints = BTreeMap::new();
        for layer in layers {
            hints.extend(layer.hints);
            // A hint counts only until somebody says it outright, in its own layer or in one above.
            if layer.entries.contains_key("tokens.algorithm") {
                hints.remove("tokens.algorithm");
            }
            chosen.extend(layer.entries);
        }
        let algorithm_hint = hints.remove("tokens.algorithm");
        let shared_key = hints.remove("tokens.hs256_key");
        for (name, entry) in hints {
            chosen.entry(name).or_insert(entry);
        }
        let mut effective = Self { entries: chosen };
        if let Some(hint) = algorithm_hint.filter(|_| effective.hs256_is_possible()) {
            effective
                .entries
                .insert("tokens.algorithm".to_owned(), hint);
        }
        let hs256 = effective.text("tokens.algorithm") == Some("HS256");
        if let Some(key) = shared_key.filter(|_| hs256) {
            effective
                .entries
                .entry("tokens.hs256_key".to_owned())
                .or_insert(key);
        }
        effective.forget_half_a_pair();
        effective.add_defaults();
        effective
    }

    /// A public key that merely lies around belongs to the private key beside it, not to one that was named.
    fn forget_half_a_pair(&mut self) {
        let found = |all: &Self, name: &str| matches!(all.origin(name), Some(Origin::Found(_)));
        if found(self, "tokens.public_key") && !found(self, "tokens.private_key") {
            self.entries.remove("tokens.public_key");
        }
    }

    /// A sample from a document in the place of a key says that there is none yet. Development goes on with a pair that
    /// it makes itself; gives the warning that says so.
    pub(crate) fn forget_sample_keys(&mut self) -> Option<String> {
        let (private, public) = ("tokens.private_key", "tokens.public_key");
        let sample = |name: &str| {
            let text = self.value(name).and_then(exposed).or(self.text(name));
            text.is_some_and(is_placeholder)
        };
        let name = [private, public].into_iter().find(|name| sample(name))?;
        let origin = self.origin(name).cloned();
        self.entries.remove(private);
        self.entries.remove(public);
        let origin = origin.map(|origin| format!("{origin}: "));
        Some(format!(
            "{}the value of `{name}` is a placeholder from documentation; a key that is made here signs, production would not start with this",
            origin.unwrap_or_default()
        ))
    }

    /// The families `code`, `confirm` and `proof` promise a public key.
    pub(crate) fn hs256_is_possible(&self) -> bool {
        let promising = ["code", "confirm", "proof"];
        match self.entries.get("api.families").map(|entry| &entry.value) {
            Some(Value::List(families)) => !families
                .iter()
                .any(|family| promising.contains(&family.as_str())),
            _ => false,
        }
    }

    fn add_defaults(&mut self) {
        let strict = self.text("profile") == Some("strict");
        let tabled = SETTINGS
            .iter()
            .filter(|setting| !setting.name.contains('*'));
        for setting in tabled {
            if let Some((text, origin)) = default_of(setting, strict)
                && let Some(value) = setting.kind.read(&Raw::Text(text.to_owned()))
            {
                self.entries
                    .entry(setting.name.to_owned())
                    .or_insert(Entry { value, origin });
            }
        }
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry))
    }

    pub(crate) fn origin(&self, name: &str) -> Option<&Origin> {
        self.entries.get(name).map(|entry| &entry.origin)
    }

    /// Whether somebody chose a value.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.origin(name).is_some_and(Origin::is_explicit)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.entries.get(name).map(|entry| &entry.value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.value(name).and_then(exposed).map(SecretString::from)
    }

    pub(crate) fn url(&self, name: &str) -> Option<Url> {
        match self.value(name) {
            Some(Value::Url(url)) => Some(url.clone()),
            _ => None,
        }
    }

    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        match self.value(name) {
            Some(Value::Address(address)) => Some(*address),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Bool(true)))
    }

    pub(crate) fn maybe_flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(Value::Bool(yes)) => Some(*yes),
            _ => None,
        }
    }

    pub(crate) fn span(&self, name: &str) -> Span {
        self.maybe_span(name).unwrap_or_default()
    }

    pub(crate) fn maybe_span(&self, name: &str) -> Option<Span> {
        match self.value(name) {
            Some(Value::Span(span)) => Some(*span),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number that fits its target, as the bounds of the table make sure; the largest there is where it does not.
    pub(crate) fn number<N: TryFrom<i64> + Bounded>(&self, name: &str) -> N {
        self.integer(name).map_or(N::SMALLEST, |number| {
            N::try_from(number).unwrap_or(N::LARGEST)
        })
    }

    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(words)) => words.clone(),
            _ => Vec::new(),
        }
    }

    /// Names with secret texts.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<String, SecretString> {
        match self.value(name) {
            Some(Value::Map(map)) => map.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// The names that an operator chose in the place of the `*` of `federation.*`, and those that are built in.
    pub(crate) fn providers(&self) -> BTreeSet<&str> {
        self.entries
            .iter()
            .filter(|(_, entry)| !matches!(&entry.value, Value::List(words) if words.is_empty()))
            .filter_map(|(name, _)| name.strip_prefix("federation.")?.rsplit_once('.'))
            .map(|(provider, _)| provider)
            .collect()
    }

    pub(crate) fn networks(&self, name: &str) -> Vec<IpNet> {
        match self.value(name) {
            Some(Value::Networks(networks)) => networks.clone(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn range(&self, name: &str) -> (u32, u32) {
        match self.value(name) {
            Some(Value::Range(min, max)) => (*min, *max),
            _ => (0, u32::MAX),
        }
    }

    pub(crate) fn rate(&self, name: &str) -> Quota {
        match self.value(name) {
            Some(Value::Rate(quota)) => *quota,
            _ => Quota::per_minute(1),
        }
    }

    pub(crate) fn rules(&self, name: &str) -> Option<Vec<PathLimit>> {
        match self.value(name) {
            Some(Value::Rules(rules)) => Some(rules.clone()),
            _ => None,
        }
    }
}

/// The ends of a number type, for values that the table has bounded already.
pub(crate) trait Bounded {
    const SMALLEST: Self;
    const LARGEST: Self;
}

macro_rules! bounded {
    ($($number:ty),+) => { $(impl Bounded for $number { const SMALLEST: Self = Self::MIN; const LARGEST: Self = Self::MAX; })+ };
}
bounded!(u8, u16, u32, u64, usize);

/// The text that holds when nobody chose one. The strict profile has defaults of its own.
fn default_of(setting: &Setting, strict: bool) -> Option<(&'static str, Origin)> {
    if strict && let Strict::Only(text) | Strict::AtMost(text) = setting.strict {
        return Some((stricter(setting, text), Origin::Strict));
    }
    match setting.default {
        Fallback::Fixed(text) => Some((text, Origin::Default)),
        Fallback::Derived(_) | Fallback::Nothing => None,
    }
}

/// A default that is below the strict profile's ceiling stays.
fn stricter(setting: &Setting, ceiling: &'static str) -> &'static str {
    let (Strict::AtMost(_), Fallback::Fixed(default)) = (setting.strict, setting.default) else {
        return ceiling;
    };
    match (default.parse::<Span>(), ceiling.parse::<Span>()) {
        (Ok(usual), Ok(most)) if usual <= most => default,
        _ => ceiling,
    }
}
