//! `init`: a first configuration file.

use super::args::Init;
use super::say;
use crate::config::{Draft, draft};
use crate::private::write_private;
use anyhow::{Context, Result, bail};
use doorward_crypto::Entropy;
use std::io::ErrorKind;
use std::path::Path;

pub(super) fn run(init: &Init, path: Option<&Path>) -> Result<()> {
    let path = path.unwrap_or(Path::new("doorward.toml"));
    let purpose = if init.production {
        Draft::Production
    } else {
        Draft::Development
    };
    match write_private(path, &draft(purpose, &Entropy::os())) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "`{}` exists and stays as it is; move it away, or name another file with `--config`",
                path.display()
            )
        }
        written => written.with_context(|| format!("cannot write `{}`", path.display()))?,
    }
    let next = if init.production {
        "set `server.public_url`, `mail.host` and `mail.from` in it, then run `doorward config check`"
    } else {
        "run `doorward` to serve"
    };
    say(&format!(
        "wrote `{}`, which holds secrets; {next}",
        path.display()
    ));
    Ok(())
}
