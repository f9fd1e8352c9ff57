//! Reads `doorward.toml`: dotted names with their lines.

use super::layer::Layer;
use super::origin::{Origin, Problem};
use super::table::{self};
use super::value::{Kind, Raw};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the file says; a file that is no TOML is one problem with its line.
pub(crate) fn read(path: &Path, text: &str) -> Layer {
    let mut file = File {
        path,
        text,
        layer: Layer::default(),
    };
    match DeTable::parse(text) {
        Ok(table) => file.table("", table.get_ref()),
        Err(error) => {
            let line = error.span().map_or(1, |span| file.line(span.start));
            let what = format!("this is no TOML: {}", error.message().replace('\n', " "));
            let problem = Problem::new(what, "mend the line").at(&file.origin(line));
            file.layer.problems.push(problem);
        }
    }
    file.layer
}

struct File<'f> {
    path: &'f Path,
    text: &'f str,
    layer: Layer,
}

impl File<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = if prefix.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{prefix}.{}", key.get_ref())
            };
            let takes_table =
                table::find(&name).is_some_and(|setting| matches!(setting.kind, Kind::Map));
            match value.get_ref() {
                DeValue::Table(inner) if !takes_table => self.table(&name, inner),
                _ => {
                    let origin = self.origin(self.line(key.span().start));
                    self.layer.take(&name, &raw(value), &origin);
                }
            }
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text
            .bytes()
            .take(at)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1
    }

    fn origin(&self, line: usize) -> Origin {
        Origin::File {
            path: self.path.to_owned(),
            line,
        }
    }
}

fn raw(value: &Spanned<DeValue<'_>>) -> Raw {
    match value.get_ref() {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number this large"), Raw::Integer),
        DeValue::Boolean(yes) => Raw::Bool(*yes),
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Array(items) => Raw::List(items.iter().map(raw).collect()),
        DeValue::Table(entries) => Raw::Table(
            entries
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), raw(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read(Path::new("doorward.toml"), text)
            .problems
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let found = problems(
            "mode = \"prod\"\n\n[server]\nbind = 8000\nbin = \"x\"\n[codes.verify]\nlength = 12\nlifetime = 1.5\n",
        );
        assert_eq!(
            found,
            [
                "doorward.toml:7: `codes.verify.length` does not take this number; write a whole number from 4 to 10",
                "doorward.toml:8: `codes.verify.lifetime` does not take a fraction; write a duration such as `30s`, `10m`, `24h` or `7d`, or whole seconds",
                "doorward.toml:1: `mode` does not take this text; write one of `development`, `production`",
                "doorward.toml:5: there is no setting `server.bin`; did you mean `server.bind`?",
                "doorward.toml:4: `server.bind` does not take this number; write an address with a port such as `127.0.0.1:8000`",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_line() {
        let found = problems("mode = \"production\"\nserver = [\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("doorward.toml:"), "{found:?}");
        assert!(
            problems("mode = \"production\"\nmode = \"production\"\n")[0]
                .starts_with("doorward.toml:2")
        );
    }

    #[test]
    fn a_map_is_a_value_and_a_section_is_not() {
        let layer = read(
            Path::new("d"),
            "[sms]\nurl = \"https://sms.example\"\nheaders = { Authorization = \"x\" }\n",
        );
        assert_eq!(layer.problems, []);
        assert_eq!(
            layer.entries.keys().collect::<Vec<_>>(),
            ["sms.headers", "sms.url"]
        );
    }

    #[test]
    fn a_section_where_a_value_belongs_is_unknown() {
        assert_eq!(problems("[server.bind]\nport = 1\n").len(), 1);
    }
}
