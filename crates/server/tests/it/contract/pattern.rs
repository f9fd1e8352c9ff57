//! Texts with gaps: `{{name}}` is what was found before, `{{name:kind}}` is found here, `{{:kind}}` is only looked at.

use std::collections::HashMap;

/// What was found under which name.
#[derive(Debug, Default)]
pub(super) struct Bindings(HashMap<String, String>);

enum Part<'t> {
    Literal(&'t str),
    Gap { name: &'t str, kind: &'t str },
}

impl Bindings {
    pub(super) fn bind(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), value);
    }

    /// The text with every name replaced by what was found under it.
    pub(super) fn fill(&self, text: &str) -> String {
        let filled = parts(text).into_iter().map(|part| match part {
            Part::Literal(literal) => literal.to_owned(),
            Part::Gap { name, .. } => self.known(name).to_owned(),
        });
        filled.collect()
    }

    /// A body: lines that begin with `~ ` stand somewhere in it; all else is the whole of it.
    pub(super) fn match_body(&mut self, expected: &str, text: &str) -> Result<(), String> {
        if !expected.starts_with("~ ") {
            return self.match_whole(expected, text);
        }
        for line in expected.lines() {
            let sought = self.fill(line.strip_prefix("~ ").ok_or("a line without `~`")?);
            if !text.contains(&sought) {
                return Err(format!("`{sought}` is not there"));
            }
        }
        Ok(())
    }

    /// The whole text, byte for byte.
    pub(super) fn match_whole(&mut self, expected: &str, text: &str) -> Result<(), String> {
        let mut rest = text;
        let parts = parts(expected);
        for (index, part) in parts.iter().enumerate() {
            let found = match part {
                Part::Literal(literal) => literal,
                Part::Gap { name, kind: "" } => self.known(name),
                Part::Gap { name, kind } => {
                    let end = match parts.get(index + 1) {
                        Some(Part::Literal(next)) => rest.find(next),
                        _ => Some(rest.len()),
                    };
                    let end = end.ok_or_else(|| format!("nothing follows `{name}`"))?;
                    let (found, after) = rest.split_at(end);
                    if !is_kind(kind, found) {
                        return Err(format!("`{found}` is no {kind}"));
                    }
                    if !name.is_empty() {
                        self.bind(name, found.to_owned());
                    }
                    rest = after;
                    continue;
                }
            };
            rest = rest
                .strip_prefix(found)
                .ok_or_else(|| format!("`{found}` was expected at `{rest}`"))?;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(format!("nothing was expected at `{rest}`"))
        }
    }

    fn known(&self, name: &str) -> &str {
        let known = self.0.get(name);
        known.unwrap_or_else(|| panic!("nothing was found under `{name}` yet"))
    }
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (gap, after) = after.split_once("}}").expect("a gap is closed");
        let (name, kind) = gap.split_once(':').unwrap_or((gap, ""));
        if !before.is_empty() {
            parts.push(Part::Literal(before));
        }
        parts.push(Part::Gap { name, kind });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

fn is_kind(kind: &str, text: &str) -> bool {
    let all = |fits: fn(char) -> bool| !text.is_empty() && text.chars().all(fits);
    match kind {
        "uuid" => {
            text.len() == 36
                && text.get(14..15) == Some("7")
                && all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
        }
        "jwt" => {
            text.split('.').count() == 3
                && all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
        "time" => text.len() >= 20 && text.ends_with('Z') && text.get(10..11) == Some("T"),
        "int" => all(|c| c.is_ascii_digit()),
        "hex" => all(|c| matches!(c, '0'..='9' | 'a'..='f')),
        "word" => all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')),
        "any" => true,
        other => panic!("there is no kind `{other}`"),
    }
}

#[test]
fn a_text_is_compared_byte_for_byte_outside_its_gaps() {
    let mut bindings = Bindings::default();
    assert!(
        bindings
            .match_whole(r#"{"id":"{{id:int}}"}"#, r#"{"id":"42"}"#)
            .is_ok()
    );
    assert!(bindings.match_whole("{{id}}", "42").is_ok());
    for (expected, text) in [
        ("{{id}}", "43"),
        ("{{:int}}", "a"),
        ("a", "ab"),
        ("ab", "a"),
        ("{{:any}}b", "a"),
    ] {
        assert!(
            bindings.match_whole(expected, text).is_err(),
            "{expected} {text}"
        );
    }
    assert_eq!(bindings.fill("/users/{{id}}"), "/users/42");
}
