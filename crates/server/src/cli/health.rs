//! `health`: asks the server on this machine, for container health checks.

use crate::config::Config;
use crate::own_server;
use anyhow::{Result, bail};

const PATH: &str = "/health";

pub(super) async fn run(config: &Config) -> Result<()> {
    let answer = own_server::ask(config, PATH).await?;
    if !answer.status().is_success() {
        bail!(
            "`{}` answered {}; `doorward doctor` tells why",
            own_server::url(config, PATH),
            answer.status()
        );
    }
    Ok(())
}
