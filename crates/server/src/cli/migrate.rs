//! `migrate`: brings the database up to date, or tells what that would do.

use super::args::Migrate;
use super::output::{Output, line};
use crate::assemble::{Opening, open_store};
use crate::config::Config;
use anyhow::{Context, Result};
use doorward_store::DatabaseUrl;
use serde_json::json;

pub(super) async fn run(config: &Config, migrate: &Migrate, output: Output) -> Result<()> {
    let missing = matches!(config.database_url(), DatabaseUrl::Sqlite(path) if !path.exists());
    if migrate.dry_run && missing {
        return line("there is no database yet; `doorward migrate` makes it");
    }
    let store = open_store(config, Opening::Serving).await?;
    let migrations = if migrate.dry_run {
        store
            .pending()
            .await
            .context("the database cannot be read")?
    } else {
        store
            .migrate()
            .await
            .context("the database cannot be migrated")?
    };
    store.close().await;
    output.rows(
        &[
            "VERSION",
            if migrate.dry_run {
                "PENDING"
            } else {
                "APPLIED"
            },
        ],
        &migrations,
        |migration| vec![migration.version.to_string(), migration.name.to_owned()],
        |migration| json!({"version": migration.version, "name": migration.name}),
    )
}
