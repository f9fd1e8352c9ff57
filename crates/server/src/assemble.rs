//! Puts the application together from its configuration: store, shared counters, keys, surfaces.
//!
//! `serve`, the commands and the tests that drive the router in process all come through here.

mod settings;

pub(crate) use settings::federation;

use crate::acme;
use crate::config::Config;
use crate::http_client;
use crate::mailer::couriers;
use crate::meters;
use crate::objects::Objects;
use crate::own_secrets::{self, Absent};
use crate::private;
use crate::providers::ProviderDocuments;
use anyhow::{Context, Result, bail};
use axum::Router;
use doorward_crypto::Entropy;
use doorward_http::{State, Web};
use doorward_service::ports::Couriers;
use doorward_service::worker::Worker;
use doorward_service::{App, Clock, Parts, SharedApp};
use doorward_store::{Kv, NoDatabase, Options, Store, meta};
use doorward_web::Surface;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Doorward, ready to answer and to work its queue.
pub struct Doorward {
    /// The application.
    pub app: SharedApp,
    /// What the surfaces share.
    pub state: State,
    /// Everything that is served on `server.bind`.
    pub router: Router,
    /// What is served on `server.operations_bind`: health and metrics alone.
    pub operations: Router,
    /// The database.
    pub store: Store,
    /// Those who carry messages out of the house.
    pub couriers: Couriers,
}

impl Doorward {
    /// A worker for the queue.
    pub fn worker(&self) -> Worker {
        self.worker_parts().worker()
    }

    pub(crate) fn worker_parts(&self) -> WorkerParts {
        WorkerParts {
            app: Arc::clone(&self.app),
            couriers: self.couriers.clone(),
        }
    }
}

/// What workers are made of: one that broke down gets a successor.
pub(crate) struct WorkerParts {
    app: SharedApp,
    couriers: Couriers,
}

impl WorkerParts {
    pub(crate) fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.app), self.couriers.clone())
    }
}

/// What a process may do to a database that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Make it, bring it up to date, and make the secrets that belong to it.
    Serving,
    /// Nothing: a command beside a server works with what is there.
    Beside,
}

/// Opens the database that `database.url` names.
pub async fn open_store(config: &Config, opening: Opening) -> Result<Store> {
    let url = config.database_url();
    let shown = url.to_string();
    if let (doorward_store::DatabaseUrl::Sqlite(path), Opening::Serving) = (&url, opening)
        && let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    {
        private::make_folder(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    let options = Options {
        create: opening == Opening::Serving,
        pool_size: config.all.number("database.pool_size"),
        max_overflow: config.all.number("database.max_overflow"),
        pool_timeout: config.all.span("database.pool_timeout"),
        pool_recycle: config.all.span("database.pool_recycle"),
        url,
    };
    match Store::open(options).await {
        Err(error) if is_missing(&error) => {
            bail!(
                "there is no database at `{shown}`; run this in the server's folder, name it with `--data-dir`, or start `doorward serve`"
            )
        }
        opened => opened.with_context(|| format!("cannot open the database `{shown}`")),
    }
}

fn is_missing(error: &doorward_store::Error) -> bool {
    matches!(error, doorward_store::Error::Driver(source) if source.is::<NoDatabase>())
}

/// Opens and migrates the database and puts everything together.
pub async fn build(config: &Config, clock: Clock, entropy: Entropy) -> Result<Doorward> {
    let store = open_store(config, Opening::Serving).await?;
    store
        .migrate()
        .await
        .context("the database cannot be migrated")?;
    assemble(config, store, Opening::Serving, Sources { clock, entropy }).await
}

/// Where time and randomness come from.
pub(crate) struct Sources {
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
}

impl Sources {
    /// The machine's.
    pub(crate) fn system() -> Self {
        Self {
            clock: Clock::system(),
            entropy: Entropy::os(),
        }
    }
}

/// Puts everything together over a migrated database.
pub(crate) async fn assemble(
    config: &Config,
    store: Store,
    opening: Opening,
    sources: Sources,
) -> Result<Doorward> {
    let app = application(config, &store, opening, sources).await?;
    let state = Web::new(Arc::clone(&app), settings::http(config)?);
    let couriers = couriers(config, &app)?;
    let (router, operations) = routers(config, &state, meters::render(&app, &store));
    Ok(Doorward {
        app,
        state,
        router,
        operations,
        store,
        couriers,
    })
}

/// The application alone, for commands that serve nothing.
pub(crate) async fn application(
    config: &Config,
    store: &Store,
    opening: Opening,
    sources: Sources,
) -> Result<SharedApp> {
    let pending = store
        .pending()
        .await
        .context("the database cannot be read")?;
    if !pending.is_empty() {
        bail!(
            "the database lacks {} migrations; run `doorward migrate`",
            pending.len()
        );
    }
    let Sources { clock, entropy } = sources;
    let absent = if opening == Opening::Serving {
        Absent::Make
    } else {
        Absent::Refuse
    };
    let vault = own_secrets::vault(config, absent, &entropy)?;
    let proof_key = own_secrets::proof_key(config, absent, &entropy)?;
    let parts = Parts {
        settings: settings::service(config, proof_key)?,
        kv: counters(config, store, &entropy).await?,
        store: store.clone(),
        brought_key: settings::brought_key(config)?,
        objects: Arc::new(Objects::open(&config.files())?),
        fetcher: Arc::new(ProviderDocuments::new(http_client::build()?)),
        vault,
        entropy,
        clock,
    };
    App::start(parts).await.context("Doorward cannot start")
}

/// Shared through Redis where it is configured. A Redis that is away now may come back.
async fn counters(config: &Config, store: &Store, entropy: &Entropy) -> Result<Kv> {
    let Some(url) = config.redis_url() else {
        return Ok(Kv::local());
    };
    let prefix = match config.all.text("redis.prefix") {
        Some(prefix) => prefix.to_owned(),
        None => format!("doorward:{}:", identity(store, entropy).await?),
    };
    Kv::redis(url.expose_secret(), &prefix)
        .await
        .context("`redis.url` cannot be used")
}

/// The database's own name, so that two installations may share a Redis.
async fn identity(store: &Store, entropy: &Entropy) -> Result<String> {
    const NAME: &str = "identity";
    if let Some(known) = meta::get(&mut store.read().await?, NAME).await? {
        return Ok(known);
    }
    let fresh = format!("{:016x}", u64::from_le_bytes(entropy.bytes()));
    let mut tx = store.write().await?;
    let identity = meta::insert_once(&mut tx, NAME, &fresh).await?;
    tx.commit().await?;
    Ok(identity)
}

/// All surfaces in one router, and the operators' part of them in another.
fn routers(config: &Config, state: &State, render: meters::Render) -> (Router, Router) {
    let surface = Surface {
        docs: config.docs(),
        inbox: config.is_development() && state.app.settings().has_inbox(),
        metrics: (config.is_development() && config.operations_bind().is_none())
            .then(|| Arc::clone(&render)),
    };
    let mut router = doorward_web::routes(state, surface, doorward_families::routes(state));
    if config.acme().is_some() {
        router = router.merge(acme::routes(&state.app));
    }
    let operations = doorward_web::operations(render);
    (
        doorward_http::dress(router, state),
        doorward_http::dress(operations, state),
    )
}
