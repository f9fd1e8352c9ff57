//! `serve` and `worker`: start, tell where everything is, run until told to stop, drain.

use crate::assemble::{Doorward, Opening, Sources, assemble, open_store};
use crate::config::{Config, Flags, Mail};
use crate::doors::{Doors, Listeners};
use crate::listen::Stop;
use crate::logs::{self, LogLevel};
use crate::signals::Signals;
use crate::tls::Front;
use crate::traces::Traces;
use crate::{acme, meters, objects, systemd};
use anyhow::{Context, Result};
use doorward_service::changes;
use doorward_store::DatabaseUrl;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How often measurements are folded together.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long the listeners beside the main one have for what they are answering.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// What the service manager shows meanwhile.
const SERVING: &str = "serving";
const WORKING: &str = "working the queue";
const STOPPING: &str = "finishing what was begun";
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
    let traces = config.tracing().as_ref().map(Traces::start).transpose()?;
    let level = logs::start(&config.logs(), colours, traces.as_ref())?;
    meters::begin();
    let front = Front::new(&config)?;
    let listeners = Listeners::open(&config, flags.expose_development)?;
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
    tokio::spawn(objects::notice_absence(config.files()));
    let ended = run(
        &config,
        doorward,
        listeners,
        Reloads {
            front,
            level,
            flags,
            status: SERVING,
        },
    )
    .await;
    hand_over(traces).await;
    ended
}

/// What is traced until the end is told at the end.
async fn hand_over(traces: Option<Traces>) {
    if let Some(traces) = traces {
        traces.finish().await;
    }
}

/// What SIGHUP reads again.
struct Reloads {
    front: Option<Front>,
    level: LogLevel,
    flags: Flags,
    status: &'static str,
}

impl Reloads {
    fn reload(&self) {
        systemd::reloading();
        match crate::config::Sources::gather(self.flags.clone()).and_then(Config::load) {
            Ok(config) => self.level.set(&config.logs().level),
            Err(problems) => tracing::error!("the configuration was not read again: {problems}"),
        }
        if let Some(front) = &self.front {
            front.read_again();
        }
        systemd::ready(self.status);
    }
}

async fn run(
    config: &Config,
    doorward: Doorward,
    listeners: Listeners,
    reloads: Reloads,
) -> Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let worker = tokio::spawn(keep_working(Arc::new(doorward.worker_parts()), stopped));
    let app = Arc::clone(&doorward.app);
    let follower = tokio::spawn(async move { changes::follow(&app).await });
    let upkeep = tokio::spawn(every(UPKEEP, meters::upkeep));
    let (acceptor, watched) = match reloads.front.clone() {
        None => (None, None),
        Some(front) => {
            let open = front.open(&doorward.app).await?;
            (Some(open.acceptor), Some(tokio::spawn(open.upkeep)))
        }
    };
    let (main, beside) = (Stop::new(), Stop::new());
    let doors = Doors::new(config, &doorward, listeners, acceptor);
    let mut signals = Signals::listen()?;
    let mut front = tokio::spawn(doors.main.serve(main.clone()));
    let side: Vec<_> = doors
        .beside
        .into_iter()
        .map(|door| tokio::spawn(door.serve(beside.clone())))
        .collect();
    let alive = tokio::spawn(systemd::keep_alive());
    systemd::ready(SERVING);
    let broken = tokio::select! {
        ended = &mut front => Some(ended),
        () = signals.stop(|| reloads.reload()) => None,
    };
    // A load balancer that asks now sends nobody here any more; the health listener answers until the end.
    doorward.state.drain();
    systemd::stopping(STOPPING);
    if broken.is_none() {
        leave(config, &main, &mut signals).await;
    }
    // Requests and the worker end by the same moment, so that a stop takes no longer than it says.
    let by = Instant::now() + config.shutdown_grace().to_std();
    let _ = stopping.send(true);
    main.close(by);
    let served = match broken {
        Some(ended) => ended,
        None => finished(front, &main, &mut signals).await,
    };
    finish_by(by, worker).await;
    beside.close(Instant::now() + LAST_ANSWERS);
    for listener in side {
        let _ = listener.await;
    }
    alive.abort();
    upkeep.abort();
    follower.abort();
    if let Some(watched) = watched {
        watched.abort();
    }
    doorward.store.close().await;
    tracing::info!("stopped");
    served.context("the listener broke down")?
}

type Served = Result<Result<()>, tokio::task::JoinError>;

/// Takes connections still until balancers have noticed that they should go elsewhere. Whoever asks to stop a second time
/// waits for that no longer.
async fn leave(config: &Config, main: &Stop, signals: &mut Signals) {
    let delay = config.shutdown_delay();
    tracing::info!(delay = %delay, grace = %config.shutdown_grace(), "draining");
    main.leave();
    tokio::select! {
        () = tokio::time::sleep(delay.to_std()) => {}
        () = signals.stop(|| {}) => {}
    }
}

/// Waits for the connections to end. Whoever asks to stop once more cuts them off.
async fn finished(
    mut front: tokio::task::JoinHandle<Result<()>>,
    main: &Stop,
    signals: &mut Signals,
) -> Served {
    tokio::select! {
        ended = &mut front => return ended,
        () = signals.stop(|| {}) => main.close(Instant::now()),
    }
    front.await
}

async fn every(period: Duration, work: fn()) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        work();
    }
}

async fn finish_by(by: Instant, worker: tokio::task::JoinHandle<()>) {
    if timeout_at(by, worker).await.is_err() {
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

/// Works the queue alone, beside processes that serve.
pub(crate) async fn work(start: Start) -> Result<()> {
    let Start {
        config,
        flags,
        colours,
    } = start;
    let traces = config.tracing().as_ref().map(Traces::start).transpose()?;
    let level = logs::start(&config.logs(), colours, traces.as_ref())?;
    let store = open_store(&config, Opening::Beside).await?;
    let doorward = assemble(&config, store, Opening::Beside, Sources::system()).await?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "working the queue");
    let (stopping, stopped) = watch::channel(false);
    let worker = tokio::spawn(keep_working(Arc::new(doorward.worker_parts()), stopped));
    let upkeep = tokio::spawn(every(UPKEEP, meters::upkeep));
    let certificates = match config.acme() {
        None => None,
        Some(acme) => Some(acme::Keeper::new(acme, &doorward.app, None).await?),
    };
    let certificates = certificates.map(|keeper| tokio::spawn(keeper.keep()));
    let reloads = Reloads {
        front: None,
        level,
        flags,
        status: WORKING,
    };
    let alive = tokio::spawn(systemd::keep_alive());
    systemd::ready(WORKING);
    Signals::listen()?.stop(|| reloads.reload()).await;
    systemd::stopping(STOPPING);
    if let Some(certificates) = certificates {
        certificates.abort();
    }
    let _ = stopping.send(true);
    finish_by(Instant::now() + config.shutdown_grace().to_std(), worker).await;
    alive.abort();
    upkeep.abort();
    doorward.store.close().await;
    hand_over(traces).await;
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
    let shown = match (config.mail(), config.sms()) {
        (Mail::Inbox, _) => Some("mail is"),
        (_, None) => Some("text messages are"),
        (_, Some(_)) => None,
    };
    if let Some(shown) = shown {
        lines.push(format!(
            "  Inbox        {url}/dev/inbox   ({shown} shown here instead of being sent)"
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
