//! The database that is imported into: the configured one, or for a rehearsal before there is one, a passing one.

use crate::assemble::{Opening, Sources, application, open_store};
use crate::cli::{Global, exposing, load, operator};
use crate::config::Config;
use crate::{cli::args::Serve, private};
use anyhow::{Context, Result, bail};
use doorward_crypto::Entropy;
use doorward_service::imports::Rehearsal;
use doorward_service::{Ctx, SharedApp};
use doorward_store::{DatabaseUrl, Options, Store, keys};
use std::path::PathBuf;

/// Where users are imported to.
pub(super) struct Ground {
    config: Config,
    store: Store,
    opening: Opening,
    /// Removed when this is dropped.
    _passing: Option<Passing>,
}

impl Ground {
    /// Opens the database, which an import makes where there is none and brings up to date. A rehearsal does neither:
    /// it works beside what is there, or, where Doorward has never started, in a database that goes away with it.
    pub(super) async fn open(global: &Global, rehearsal: Rehearsal) -> Result<Self> {
        let config = load(global, &exposing(Serve::default()))?;
        if rehearsal == Rehearsal::No {
            let store = open_store(&config, Opening::Serving).await?;
            return Self::migrated(config, store, None).await;
        }
        if let Some(store) = started(&config).await? {
            return Ok(Self {
                config,
                store,
                opening: Opening::Beside,
                _passing: None,
            });
        }
        let passing = Passing::new().context("cannot make a folder for the rehearsal")?;
        let elsewhere = Global {
            data_dir: Some(passing.0.clone()),
            ..global.clone()
        };
        let config = load(&elsewhere, &exposing(Serve::default()))?;
        let url = DatabaseUrl::Sqlite(passing.0.join("doorward.db"));
        let store = Store::open(Options::new(url)).await;
        let store = store.context("cannot make a database for the rehearsal")?;
        Self::migrated(config, store, Some(passing)).await
    }

    async fn migrated(config: Config, store: Store, passing: Option<Passing>) -> Result<Self> {
        store
            .migrate()
            .await
            .context("the database cannot be migrated")?;
        Ok(Self {
            config,
            store,
            opening: Opening::Serving,
            _passing: passing,
        })
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    pub(super) async fn application(&self) -> Result<(SharedApp, Ctx)> {
        let app = application(&self.config, &self.store, self.opening, Sources::system()).await?;
        let ctx = operator(&app);
        Ok((app, ctx))
    }

    /// Makes sure that what was taken is on the disk before the process ends.
    pub(super) async fn close(&self) {
        self.store.close().await;
    }
}

/// The database, if Doorward has ever started on it. Starting makes a first signing key, and that is no matter for a
/// rehearsal.
async fn started(config: &Config) -> Result<Option<Store>> {
    if matches!(config.database_url(), DatabaseUrl::Sqlite(path) if !path.exists()) {
        return Ok(None);
    }
    let store = open_store(config, Opening::Beside).await?;
    let pending = store.pending().await;
    let pending = pending.context("the database cannot be read")?;
    match pending.first() {
        Some(first) if first.version == 1 => return Ok(None),
        Some(_) => bail!("the database is not up to date; run `doorward migrate`"),
        None => {}
    }
    let mut tx = store.read().await.context("the database cannot be read")?;
    let keys = keys::list(&mut tx)
        .await
        .context("the database cannot be read")?;
    drop(tx);
    Ok((!keys.is_empty()).then_some(store))
}

/// A folder that goes away with this.
struct Passing(PathBuf);

impl Passing {
    fn new() -> std::io::Result<Self> {
        let name = format!(
            "doorward-rehearsal-{:016x}",
            u64::from_le_bytes(Entropy::os().bytes())
        );
        let folder = std::env::temp_dir().join(name);
        private::make_folder(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the folder of a rehearsal is left behind");
        }
    }
}
