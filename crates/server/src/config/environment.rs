//! The environment as a source of settings: Doorward's own names, and the one place that reads it.

use super::dotenv::Variable;
use super::layer::Layer;
use super::origin::{Origin, Problem};
use super::table;
use super::value::Raw;
use std::path::Path;

const PREFIX: &str = "DOORWARD_";
const FILE: &str = "_FILE";

/// The variables of this process; names and values that are no Unicode are left out.
pub(crate) fn of_this_process() -> Vec<Variable> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .map(|(name, value)| Variable {
            origin: Origin::Environment { name: name.clone() },
            name,
            value,
        })
        .collect()
}

/// Takes one pair of surrounding quotes off, which container runtimes pass on.
pub(crate) fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// Reads `DOORWARD_A__B` and, for secrets, `DOORWARD_A__B_FILE` into the layer. A variable that is set to nothing is not set.
pub(crate) fn read_native(layer: &mut Layer, variables: &[Variable], folder: &Path) {
    for variable in variables
        .iter()
        .filter(|variable| !unquoted(&variable.value).is_empty())
    {
        let Some(rest) = variable.name.strip_prefix(PREFIX) else {
            continue;
        };
        let value = unquoted(&variable.value);
        let name = dotted(rest);
        if table::find(&name).is_some() {
            refuse_twice(layer, &name, variable);
            layer.take(&name, &Raw::Text(value.to_owned()), &variable.origin);
            continue;
        }
        let twin = rest.strip_suffix(FILE).map(dotted);
        match twin.filter(|name| table::find(name).is_some_and(table::Setting::is_secret)) {
            Some(name) => {
                refuse_twice(layer, &name, variable);
                read_file(layer, &name, &folder.join(value), &variable.origin);
            }
            None => layer.take(&name, &Raw::Text(value.to_owned()), &variable.origin),
        }
    }
}

fn dotted(name: &str) -> String {
    // Upper case alone: `DOORWARD_mode` would be a second spelling of one name.
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return format!("{PREFIX}{name}");
    }
    name.to_lowercase().replace("__", ".")
}

fn refuse_twice(layer: &mut Layer, name: &str, variable: &Variable) {
    if let Some(other) = layer.entries.get(name) {
        let what = format!("`{name}` is set twice, here and by {}", other.origin);
        layer
            .problems
            .push(Problem::new(what, "keep one of them").at(&variable.origin));
    }
}

fn read_file(layer: &mut Layer, name: &str, path: &Path, origin: &Origin) {
    match std::fs::read_to_string(path) {
        Ok(text) => layer.take(
            name,
            &Raw::Text(text.trim_end_matches(['\r', '\n']).to_owned()),
            origin,
        ),
        Err(error) => {
            let what = format!("the file `{}` cannot be read: {error}", path.display());
            layer
                .problems
                .push(Problem::new(what, "name a file that this process may read").at(origin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(variables: &[(&str, &str)], folder: &Path) -> Layer {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| Variable {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                origin: Origin::Environment {
                    name: (*name).to_owned(),
                },
            })
            .collect();
        let mut layer = Layer::default();
        read_native(&mut layer, &variables, folder);
        layer
    }

    #[test]
    fn a_double_underscore_is_a_dot() {
        let layer = layer(
            &[
                ("DOORWARD_CODES__SIGN_IN__LENGTH", "\"8\""),
                ("HOME", "/root"),
            ],
            Path::new("."),
        );
        assert_eq!(layer.problems, []);
        assert_eq!(layer.entries["codes.sign_in.length"].value.to_string(), "8");
    }

    #[test]
    fn an_unknown_name_of_doorwards_own_is_a_problem() {
        let layer = layer(
            &[
                ("DOORWARD_SERVER_BIND", "x"),
                ("DOORWARD_mode", "production"),
                ("SERVER_BIND", "x"),
            ],
            Path::new("."),
        );
        assert_eq!(layer.problems.len(), 2);
        assert!(
            layer.problems[0]
                .to_string()
                .contains("did you mean `DOORWARD_SERVER__BIND`?")
        );
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
        let found = layer(
            &[("DOORWARD_MAIL__PASSWORD_FILE", "password")],
            folder.path(),
        );
        assert_eq!(found.problems, []);
        assert!(found.entries.contains_key("mail.password"));
        let missing = layer(&[("DOORWARD_MAIL__PASSWORD_FILE", "absent")], folder.path());
        assert!(missing.problems[0].to_string().contains("cannot be read"));
        let both = layer(
            &[
                ("DOORWARD_MAIL__PASSWORD_FILE", "password"),
                ("DOORWARD_MAIL__PASSWORD", "x"),
            ],
            folder.path(),
        );
        assert!(both.problems[0].to_string().contains("set twice"));
        let not_secret = layer(&[("DOORWARD_MAIL__HOST_FILE", "password")], folder.path());
        assert_eq!(not_secret.problems.len(), 1);
    }

    #[test]
    fn what_is_set_to_nothing_is_not_set() {
        assert!(
            layer(
                &[
                    ("DOORWARD_MAIL__HOST", ""),
                    ("DOORWARD_SERVER__BIND", "\"\"")
                ],
                Path::new(".")
            )
            .entries
            .is_empty()
        );
    }
}
