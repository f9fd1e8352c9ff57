//! `config check`, `config print` and `config reference`.

use super::args::{Config as Command, Global, Serve};
use super::output::{Output, line};
use super::{exposing, load, say};
use crate::config::{reference, shown};
use anyhow::Result;
use serde_json::json;

pub(super) fn run(command: &Command, global: &Global, output: Output) -> Result<()> {
    if matches!(command, Command::Reference) {
        return line(reference().trim_end());
    }
    let config = load(global, &exposing(Serve::default()))?;
    for warning in &config.warnings {
        say(&format!("warning: {warning}"));
    }
    match command {
        Command::Print => output.rows(
            &["SETTING", "VALUE", "ORIGIN"],
            &shown(&config),
            |shown| {
                vec![
                    shown.setting.clone(),
                    shown.value.clone(),
                    shown.origin.clone(),
                ]
            },
            |shown| json!(shown),
        ),
        _ => line("the configuration is fine"),
    }
}
