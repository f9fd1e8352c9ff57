//! Prints Doorward's figures beside the limits of the machine they were measured on.
//!
//! One run starts the release binary on loopback with data of its own, measures it, measures what the machine
//! could do at best in the same minutes, and prints both as ratios. Nothing here asserts: a figure says whether
//! it reached its target, and a person decides. It knows the binary by its HTTP interface and its settings alone.

mod bare;
mod databases;
mod growth;
mod handshakes;
mod limiting;
mod limits;
mod load;
mod mail;
mod people;
mod process;
mod report;
mod scaling;
mod scenarios;
mod server;
mod timing;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::report::{Engine, Report};
use crate::scenarios::Pace;

/// Prints Doorward's figures beside the limits of this machine
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The release binary to measure
    #[arg(
        value_name = "BINARY",
        env = "DOORWARD_BIN",
        default_value = "target/release/doorward"
    )]
    binary: PathBuf,
    /// What stands behind it
    #[arg(long, value_enum, default_value_t = Engines::All)]
    engine: Engines,
    /// Short measurements: a look, no figure to quote
    #[arg(long)]
    quick: bool,
    /// What to measure
    #[arg(long, value_enum, default_value_t = What::Rates)]
    what: What,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Be the bare server that Doorward is compared with
    #[arg(long, hide = true)]
    bare_server: bool,
}

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Rates, starts and memory
    Rates,
    /// Whether the time of an answer tells who has an account
    Timing,
    /// One, two and three replicas over PostgreSQL and Redis
    Replicas,
    /// Signing in and refreshing at 10,000, 100,000 and 1,000,000 users
    Growth,
    /// What counting a request against a limit costs
    Limits,
    /// TLS connections, full and resumed
    Handshakes,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engines {
    Sqlite,
    Postgres,
    All,
}

impl Engines {
    fn chosen(self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[Engine::Sqlite],
            Self::Postgres => &[Engine::Postgres],
            Self::All => &[Engine::Sqlite, Engine::Postgres],
        }
    }
}

impl Cli {
    /// The engines to measure on. Replicas need PostgreSQL, and a handshake asks no database.
    fn engines(&self) -> &'static [Engine] {
        match self.what {
            What::Replicas => Engines::Postgres.chosen(),
            What::Handshakes => Engines::Sqlite.chosen(),
            What::Rates | What::Timing | What::Growth | What::Limits => self.engine.chosen(),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("doorward-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    if cli.bare_server {
        return bare::serve().await;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    // What is dropped here stops the processes that were started and removes their folders.
    let report = tokio::select! {
        report = measure(cli) => report?,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    };
    let text = if cli.json {
        serde_json::to_string_pretty(&report)?
    } else {
        report.to_string()
    };
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

async fn measure(cli: &Cli) -> anyhow::Result<Report> {
    let binary = find(&cli.binary)?;
    let pace = if cli.quick { Pace::QUICK } else { Pace::FULL };
    let mut report = Report::new(&binary, cli.quick);
    for engine in cli.engines() {
        let measured = match cli.what {
            What::Rates => scenarios::run(&binary, *engine, pace, &mut report).await,
            What::Timing => scenarios::tell_apart(&binary, *engine, pace, &mut report).await,
            What::Replicas => scaling::run(&binary, *engine, pace, &mut report).await,
            What::Growth => growth::run(&binary, *engine, pace, &mut report).await,
            What::Limits => limiting::run(&binary, *engine, pace, &mut report).await,
            What::Handshakes => handshakes::run(&binary, *engine, pace, &mut report).await,
        };
        measured.with_context(|| format!("measuring on {engine}"))?;
    }
    Ok(report)
}

fn find(binary: &Path) -> anyhow::Result<PathBuf> {
    binary.canonicalize().with_context(|| {
        format!(
            "`{}` is not there; build it with `cargo build --release -p doorward-server`, or name another as \
             argument or in DOORWARD_BIN",
            binary.display()
        )
    })
}
