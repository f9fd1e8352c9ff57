//! Reads the `.env` file as the documented services read theirs.
//!
//! Those are Python services: an unquoted value runs to the end of the line (spaces included) or to ` #`, single quotes
//! keep everything, double quotes know escapes and may span lines, and `$` alone is a character like any other.
//! `${NAME}` is replaced by a variable that stands above it. Knows no setting.

use super::origin::{Origin, Problem};

/// A variable with the place it stands at. Its value may be a secret, which its `Debug` leaves out.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// The variables of the file in their order, and what could not be read.
pub(crate) fn read(text: &str) -> (Vec<Variable>, Vec<Problem>) {
    let mut reader = Reader {
        rest: text.trim_start_matches('\u{feff}'),
        line: 1,
        found: Vec::new(),
        problems: Vec::new(),
    };
    while !reader.rest.is_empty() {
        reader.statement();
    }
    (reader.found, reader.problems)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    found: Vec<Variable>,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn statement(&mut self) {
        let line = self.line;
        let head = self.rest.lines().next().unwrap_or_default();
        let content = head.trim_start();
        if content.is_empty() || content.starts_with('#') {
            self.skip_line();
            return;
        }
        let content = content
            .strip_prefix("export ")
            .unwrap_or(content)
            .trim_start();
        let Some((name, value)) = content.split_once('=') else {
            self.refuse(line, "this line is no `NAME=value`");
            return;
        };
        let name = name.trim();
        if name.is_empty()
            || !name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'-')
        {
            self.refuse(line, "the name before `=` is no variable name");
            return;
        }
        let start = self.rest.len() - self.rest.trim_start().len();
        let skipped = self
            .rest
            .get(start..)
            .and_then(|rest| rest.find('='))
            .map_or(0, |at| start + at + 1);
        debug_assert!(
            value.len() <= self.rest.len() - skipped,
            "the value follows the name"
        );
        self.rest = self.rest.get(skipped..).unwrap_or_default();
        let Some(value) = self.value() else {
            self.refuse(line, "the quotes that open here are never closed");
            return;
        };
        let name = name.to_owned();
        let origin = Origin::DotEnv {
            name: name.clone(),
            line,
        };
        self.found.push(Variable {
            name,
            value,
            origin,
        });
    }

    fn value(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        match self.rest.chars().next() {
            Some('\'') => {
                let (raw, length) = quoted(self.rest, '\'')?;
                self.consume(length);
                Some(raw.replace("\\'", "'"))
            }
            Some('"') => {
                let (raw, length) = quoted(self.rest, '"')?;
                self.consume(length);
                Some(self.expand(&unescaped(raw)))
            }
            _ => {
                let line = self.rest.lines().next().unwrap_or_default();
                let plain = line
                    .split_once(" #")
                    .map_or(line, |(before, _)| before)
                    .trim_end();
                let plain = if plain.starts_with('#') { "" } else { plain };
                let value = self.expand(plain);
                self.skip_line();
                Some(value)
            }
        }
    }

    /// Moves past a quoted value and what stands behind it on its line.
    fn consume(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        self.skip_line();
    }

    fn skip_line(&mut self) {
        self.rest = self
            .rest
            .split_once('\n')
            .map_or("", |(_, rest): (&str, &'t str)| rest);
        self.line += 1;
    }

    fn refuse(&mut self, line: usize, what: &str) {
        let origin = Origin::DotEnv {
            name: String::new(),
            line,
        };
        self.problems.push(
            Problem::new(
                what,
                "write `NAME=value`, with quotes around what spans lines",
            )
            .at(&origin),
        );
        self.skip_line();
    }

    /// Replaces `${NAME}` and `${NAME:-otherwise}` by what stands above in the file.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            expanded.push_str(before);
            let Some((inside, behind)) = after.split_once('}') else {
                expanded.push_str("${");
                rest = after;
                continue;
            };
            let (name, otherwise) = inside.split_once(":-").unwrap_or((inside, ""));
            let known = self
                .found
                .iter()
                .rev()
                .find(|variable| variable.name == name);
            expanded.push_str(known.map_or(otherwise, |variable| &variable.value));
            rest = behind;
        }
        expanded.push_str(rest);
        expanded
    }
}

/// What stands between the opening quote and the first unescaped one, and the length with both.
fn quoted(text: &str, quote: char) -> Option<(&str, usize)> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return text.get(1..at).map(|inside| (inside, at + 1));
        }
    }
    None
}

fn unescaped(raw: &str) -> String {
    let mut text = String::new();
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(escaped @ ('"' | '\\' | '\'' | '$')) => text.push(escaped),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let (found, problems) = read(text);
        assert_eq!(problems, []);
        found
            .into_iter()
            .map(|variable| (variable.name, variable.value))
            .collect()
    }

    fn value(text: &str) -> String {
        values(text).pop().unwrap().1
    }

    #[test]
    fn unquoted_values_keep_their_spaces_and_lose_their_comments() {
        assert_eq!(value("PROJECT_NAME=Auth Service"), "Auth Service");
        assert_eq!(value("A=b # a comment"), "b");
        assert_eq!(value("A=b#c"), "b#c");
        assert_eq!(value("A=  b  "), "b");
        assert_eq!(value("A="), "");
        assert_eq!(value("A= # nothing"), "");
        assert_eq!(value("export A=b"), "b");
        assert_eq!(value("A = b"), "b");
    }

    #[test]
    fn a_dollar_in_a_password_stays() {
        assert_eq!(value("DB_PASSWORD=pa$$word$HOME"), "pa$$word$HOME");
        assert_eq!(value("DB_PASSWORD='a${B}'"), "a${B}");
    }

    #[test]
    fn variables_from_above_are_replaced() {
        assert_eq!(
            value("HOST=db\nURL=postgres://${HOST}/x"),
            "postgres://db/x"
        );
        assert_eq!(value("URL=\"${HOST:-localhost}:5432\""), "localhost:5432");
        assert_eq!(value("A=${B"), "${B");
    }

    #[test]
    fn quoted_values_may_span_lines_and_count_them() {
        let (found, problems) = read("K=\"-----BEGIN\nabc\n-----END\"\n# c\nB='x'\nbroken\n");
        assert_eq!(found[0].value, "-----BEGIN\nabc\n-----END");
        assert_eq!(
            found[1].origin,
            Origin::DotEnv {
                name: "B".to_owned(),
                line: 5
            }
        );
        assert_eq!(problems.len(), 1);
        assert_eq!(
            problems[0].origin,
            Some(Origin::DotEnv {
                name: String::new(),
                line: 6
            })
        );
        assert_eq!(value(r#"K="a\nb""#), "a\nb");
        assert_eq!(value(r"K='it\'s'"), "it's");
    }

    #[test]
    fn an_open_quote_is_a_problem_with_its_line() {
        let (found, problems) = read("A=1\nB=\"never\nC=2\n");
        assert_eq!(found.len(), 1 + 1);
        assert_eq!(
            problems[0].origin,
            Some(Origin::DotEnv {
                name: String::new(),
                line: 2
            })
        );
    }

    #[test]
    fn windows_line_ends_are_no_part_of_a_value() {
        assert_eq!(
            values("A=1\r\nB=2\r\n"),
            [
                ("A".to_owned(), "1".to_owned()),
                ("B".to_owned(), "2".to_owned())
            ]
        );
    }
}
