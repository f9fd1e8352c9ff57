//! `migrate`: brings the database up to date, or tells what that would do.

use super::args::Migrate;
use super::output::Output;
use crate::assemble::{Opening, open_store};
use crate::config::Config;
use anyhow::{Context, Result};
use doorward_store::{DatabaseUrl, Migration};
use serde_json::json;

pub(super) async fn run(config: &Config, migrate: &Migrate, output: Output) -> Result<()> {
    let missing = matches!(config.database_url(), DatabaseUrl::Sqlite(path) if !path.exists());
    let (heading, migrations) = if migrate.dry_run && missing {
        ("PENDING", Migration::all())
    } else {
        let store = open_store(config, Opening::Serving).await?;
        let found = if migrate.dry_run {
            let pending = store.pending().await;
            pending.context("the database cannot be read")
        } else {
            let applied = store.migrate().await;
            applied.context("the database cannot be migrated")
        };
        store.close().await;
        let heading = if migrate.dry_run {
            "PENDING"
        } else {
            "APPLIED"
        };
        (heading, found?)
    };
    output.rows(
        &["VERSION", heading],
        &migrations,
        |migration| vec![migration.version.to_string(), migration.name.to_owned()],
        |migration| json!({"version": migration.version, "name": migration.name}),
    )
}
