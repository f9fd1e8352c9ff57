//! `serve` and `worker`: start, tell where everything is, run until told to stop, drain.

use crate::assemble::{Doorward, Opening, Sources, assemble, open_store};
use crate::config::{Config, Flags, Mail, Tls};
use crate::listen::{self, Stop};
use crate::logs::{self, LogLevel};
use crate::{meters, tls};
use anyhow::{Context, Result};
use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use doorward_domain::Span;
use doorward_store::DatabaseUrl;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often measurements are folded together.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long after a worker broke down the next one starts.
const NEXT_WORKER: Duration = Duration::from_secs(1);

/// How the process was started.
pub(crate) struct Start {
    pub(crate) config: Config,
    /// To read the configuration again on SIGHUP.
    pub(crate) flags: Flags,
    pub(crate) colours: bool,
}

/// Serves and works the queue until SIGTERM or SIGINT.
pub(crate) async fn serve(start: Start) -> Result<()> {
    let Start {
        config,
        flags,
        colours,
    } = start;
    let level = logs::start(&config.logs(), colours)?;
    let pair = config
        .tls()
        .map(|tls| Ok::<_, anyhow::Error>((RustlsConfig::from_config(tls::load(&tls)?), tls)))
        .transpose()?;
    let listeners = Listeners::bind(&config)?;
    let store = open_store(&config, Opening::Serving).await?;
    let _lock = store.lock_for_serving().context(
        "the database cannot be served; stop the other process or choose another `data_dir`",
    )?;
    let applied = store
        .migrate()
        .await
        .context("the database cannot be migrated")?;
    let doorward = assemble(&config, store, Opening::Serving, Sources::system()).await?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), database = %doorward.store.engine(), migrations = applied.len(), bind = %listeners.address(), "serving");
    if config.is_development() {
        greet(&config);
    }
    run(&config, doorward, listeners, Reloads { pair, level, flags }).await
}

struct Listeners {
    main: TcpListener,
    operations: Option<TcpListener>,
    redirect: Option<TcpListener>,
}

impl Listeners {
    fn bind(config: &Config) -> Result<Self> {
        let redirect = config.tls().and_then(|tls| tls.redirect_bind);
        Ok(Self {
            main: listen::bind(config.bind(), "server.bind")?,
            operations: config
                .operations_bind()
                .map(|address| listen::bind(address, "server.operations_bind"))
                .transpose()?,
            redirect: redirect
                .map(|address| listen::bind(address, "server.tls.redirect_bind"))
                .transpose()?,
        })
    }

    /// The address itself: a configured port of 0 has become another one.
    fn address(&self) -> String {
        let address = self.main.local_addr();
        address.map_or_else(|error| error.to_string(), |address| address.to_string())
    }
}

/// What SIGHUP reads again.
struct Reloads {
    pair: Option<(RustlsConfig, Tls)>,
    level: LogLevel,
    flags: Flags,
}

impl Reloads {
    fn reload(&self) {
        match crate::config::Sources::gather(self.flags.clone()).and_then(Config::load) {
            Ok(config) => self.level.set(&config.logs().level),
            Err(problems) => tracing::error!("the configuration was not read again: {problems}"),
        }
        if let Some((current, tls)) = &self.pair {
            tls::reload(tls, current);
        }
    }
}

async fn run(
    config: &Config,
    doorward: Doorward,
    listeners: Listeners,
    reloads: Reloads,
) -> Result<()> {
    let grace = config.shutdown_grace();
    let (stopping, stopped) = watch::channel(false);
    let worker = tokio::spawn(keep_working(Arc::new(doorward.worker_parts()), stopped));
    let upkeep = tokio::spawn(every(UPKEEP, meters::upkeep));
    let pair = reloads.pair.clone();
    let watched = pair
        .clone()
        .map(|(current, tls)| tokio::spawn(tls::watch(tls, current)));
    let (main, beside) = (Stop::new(), Stop::new());
    let mut front = tokio::spawn(listen::serve(
        listeners.main,
        doorward.router.clone(),
        pair.map(|(pair, _)| pair),
        main.clone(),
    ));
    let side = side_listeners(
        config,
        &doorward,
        listeners.operations,
        listeners.redirect,
        &beside,
    );
    let ended = tokio::select! {
        ended = &mut front => Some(ended),
        () = told_to_stop(&reloads) => None,
    };
    // A load balancer that asks now sends nobody here any more; the health listener answers until the end.
    doorward.state.drain();
    tracing::info!(grace = %grace, "draining");
    main.graceful_shutdown(Some(grace.to_std()));
    let served = match ended {
        Some(ended) => ended,
        None => front.await,
    };
    let _ = stopping.send(true);
    finish_within(grace, worker).await;
    beside.graceful_shutdown(Some(Duration::from_secs(1)));
    for listener in side {
        let _ = listener.await;
    }
    upkeep.abort();
    if let Some(watched) = watched {
        watched.abort();
    }
    doorward.store.close().await;
    tracing::info!("stopped");
    served.context("the listener broke down")?
}

type Task = tokio::task::JoinHandle<Result<()>>;

fn side_listeners(
    config: &Config,
    doorward: &Doorward,
    operations: Option<TcpListener>,
    redirect: Option<TcpListener>,
    stop: &Stop,
) -> Vec<Task> {
    let operations = operations.map(|listener| (listener, doorward.operations.clone()));
    let redirect = redirect.map(|listener| (listener, listen::redirecting(&config.public_url())));
    let serve = |(listener, router): (TcpListener, Router)| {
        tokio::spawn(listen::serve(listener, router, None, stop.clone()))
    };
    operations.into_iter().chain(redirect).map(serve).collect()
}

async fn every(period: Duration, work: fn()) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        work();
    }
}

async fn finish_within(grace: Span, worker: tokio::task::JoinHandle<()>) {
    if tokio::time::timeout(grace.to_std(), worker).await.is_err() {
        tracing::warn!("the worker did not finish in time; others take over what it held");
    }
}

/// Works the queue. A worker that breaks down is replaced, since mail must go on leaving.
async fn keep_working(parts: Arc<crate::assemble::WorkerParts>, stopped: watch::Receiver<bool>) {
    loop {
        let mut stop = stopped.clone();
        let shutdown = async move {
            let _ = stop.wait_for(|stopped| *stopped).await;
        };
        let worker = parts.worker();
        match tokio::spawn(worker.run(shutdown)).await {
            Ok(()) if *stopped.borrow() => return,
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the worker broke down and is replaced"),
        }
        tokio::time::sleep(NEXT_WORKER).await;
    }
}

/// Resolves on SIGTERM or SIGINT; SIGHUP reads certificates and log level again.
async fn told_to_stop(reloads: &Reloads) {
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = (
        on(SignalKind::terminate()),
        on(SignalKind::interrupt()),
        on(SignalKind::hangup()),
    ) else {
        // Without signals the process can only be killed, which the database survives.
        return std::future::pending::<()>().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            _ = hang_up.recv() => reloads.reload(),
        }
    }
}

fn on(kind: SignalKind) -> Result<Signal> {
    let listened = signal(kind);
    if let Err(error) = &listened {
        tracing::error!(%error, "signals cannot be listened for");
    }
    listened.context("signals cannot be listened for")
}

/// Works the queue alone, beside processes that serve.
pub(crate) async fn work(start: Start) -> Result<()> {
    let Start {
        config,
        flags,
        colours,
    } = start;
    let level = logs::start(&config.logs(), colours)?;
    let store = open_store(&config, Opening::Beside).await?;
    let doorward = assemble(&config, store, Opening::Beside, Sources::system()).await?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "working the queue");
    let (stopping, stopped) = watch::channel(false);
    let worker = tokio::spawn(keep_working(Arc::new(doorward.worker_parts()), stopped));
    told_to_stop(&Reloads {
        pair: None,
        level,
        flags,
    })
    .await;
    let _ = stopping.send(true);
    finish_within(config.shutdown_grace(), worker).await;
    doorward.store.close().await;
    Ok(())
}

/// Tells one person on one machine where everything is.
fn greet(config: &Config) {
    let url = config.public_url();
    let url = url.as_str().trim_end_matches('/');
    let mut lines = vec![
        format!(
            "Doorward {} is here for you, in development mode.",
            env!("CARGO_PKG_VERSION")
        ),
        String::new(),
    ];
    if config.docs() {
        lines.push(format!("  API docs     {url}/docs"));
    }
    if matches!(config.mail(), Mail::Inbox) {
        lines.push(format!(
            "  Inbox        {url}/dev/inbox   (mail is shown here instead of being sent)"
        ));
    }
    lines.push(format!("  Public key   {url}/utils/public_key"));
    lines.push(match config.database_url() {
        DatabaseUrl::Sqlite(path) => format!("  Database     {}", path.display()),
        url @ DatabaseUrl::Postgres(_) => format!("  Database     {url}"),
    });
    let text = format!("\n{}\n\n", lines.join("\n"));
    // Whoever closed the terminal needs no greeting.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
