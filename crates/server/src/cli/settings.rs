//! `config check`, `config print` and `config reference`.

use super::args::{Config as Command, Global, Serve};
use super::output::Output;
use super::{exposing, load, say};
use crate::config::{reference, shown};
use anyhow::Result;
use serde_json::json;

pub(super) fn run(command: &Command, global: &Global, output: Output) -> Result<()> {
    if matches!(command, Command::Reference) {
        return output.line(reference().trim_end());
    }
    let config = load(global, &exposing(Serve::default()))?;
    for warning in &config.warnings {
        say(&format!("warning: {warning}"));
    }
    match command {
        Command::Print => output.rows(
            &["SETTING", "VALUE", "ORIGIN"],
            &shown(&config),
            |line| {
                vec![
                    line.setting.clone(),
                    line.value.clone(),
                    line.origin.clone(),
                ]
            },
            |line| json!(line),
        ),
        _ => output.line("the configuration is fine"),
    }
}
