//! The command line: what the operator asked for, done, and told in the operator's words.
//!
//! Exit status 0 done, 1 refused or failed, 2 wrong usage. An error is one line on stderr that says what to do next; a
//! configuration names all its problems.

mod args;
mod backup;
mod health;
mod import;
mod init;
mod keys;
mod migrate;
mod output;
mod progress;
mod restore;
mod settings;
mod users;

pub use args::Cli;

use crate::assemble::{Opening, Sources, application, open_store};
use crate::config::{self, Config, Problems};
use crate::serve::{self, Start};
use crate::{doctor, tls};
use anyhow::Result;
use args::{Command, Global, Serve};
use clap::{CommandFactory, Parser};
use doorward_domain::{ClientAddr, Family};
use doorward_service::{Ctx, SharedApp};
use doorward_store::Store;
use output::Output;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    tls::install_provider();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return failed(&anyhow::Error::new(error).context("the runtime cannot start"));
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(status) => status,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let text = match error.downcast_ref::<Problems>() {
        Some(problems) => problems.to_string(),
        None => format!("{error:#}").replace('\n', " "),
    };
    say(&format!("doorward: {text}"));
    ExitCode::FAILURE
}

/// Writes a line to stderr; where nobody listens there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

async fn dispatch(cli: Cli) -> Result<ExitCode> {
    let Cli {
        global,
        serve: at_top,
        command,
    } = cli;
    let output = Output {
        json: global.json,
        colours: colours(&global),
    };
    match command {
        None => serve_with(&global, at_top).await?,
        Some(Command::Serve(serve)) => serve_with(&global, serve.or(at_top)).await?,
        Some(Command::Worker) => serve::work(start(&global, &at_top)?).await?,
        Some(Command::Init(init)) => init::run(&init, global.config.as_deref())?,
        Some(Command::Config(command)) => settings::run(&command, &global, output)?,
        Some(Command::Migrate(migrate)) => {
            migrate::run(&load(&global, &at_top)?, &migrate, output).await?;
        }
        Some(Command::Keys(command)) => {
            keys::run(&Beside::open(&global).await?, &command, output).await?;
        }
        Some(Command::Users(command)) => {
            users::run(&Beside::open(&global).await?, command, output).await?;
        }
        Some(Command::Backup(command)) => {
            backup::run(&load(&global, &exposing(at_top))?, &command, output).await?;
        }
        Some(Command::Restore(command)) => restore::run(&global, &command, output).await?,
        Some(Command::Import(import)) => return import::run(&global, &import, output).await,
        Some(Command::Doctor) => return Ok(doctor_status(&load(&global, &at_top)?, output).await),
        Some(Command::Health) => health::run(&load(&global, &exposing(at_top))?).await?,
        Some(Command::Completions { shell }) => completions(shell),
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_with(global: &Global, serve: Serve) -> Result<()> {
    if let Some(workers) = serve.workers {
        say(&format!(
            "doorward: `--workers {workers}` is not needed: one process uses all cores"
        ));
    }
    serve::serve(start(global, &serve)?).await
}

fn start(global: &Global, serve: &Serve) -> Result<Start> {
    Ok(Start {
        config: load(global, serve)?,
        flags: flags(global, serve),
        colours: colours(global),
    })
}

/// A health check looks at what is served, however it was started.
fn exposing(serve: Serve) -> Serve {
    Serve {
        expose_development: true,
        ..serve
    }
}

fn load(global: &Global, serve: &Serve) -> Result<Config> {
    Ok(Config::load(config::Sources::gather(flags(
        global, serve,
    ))?)?)
}

fn flags(global: &Global, serve: &Serve) -> config::Flags {
    config::Flags {
        config: global.config.clone(),
        data_dir: global.data_dir.clone(),
        bind: serve.bind.clone(),
        expose_development: serve.expose_development,
    }
}

/// Colours are for terminals, and for those who did not ask for none (`NO_COLOR`, as no-color.org has it).
fn colours(global: &Global) -> bool {
    !global.no_color
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::stdout().is_terminal()
}

async fn doctor_status(config: &Config, output: Output) -> ExitCode {
    let report = doctor::examine(config).await;
    if let Err(error) = output.checks(&report) {
        return failed(&error);
    }
    if report
        .iter()
        .any(|check| check.state == doctor::State::Broken)
    {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "doorward",
        &mut std::io::stdout(),
    );
}

/// The circumstances of a command: audit rows say that an operator was it.
fn operator(app: &SharedApp) -> Ctx {
    Ctx {
        now: app.now(),
        client: ClientAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        user_agent: None,
        request_id: "command-line".to_owned(),
        family: Family::Native,
    }
}

/// The application on the database of a server that may be running.
struct Beside {
    app: SharedApp,
    store: Store,
}

impl Beside {
    async fn open(global: &Global) -> Result<Self> {
        let config = load(global, &exposing(Serve::default()))?;
        let store = open_store(&config, Opening::Beside).await?;
        let app = application(&config, &store, Opening::Beside, Sources::system()).await?;
        Ok(Self { app, store })
    }

    fn ctx(&self) -> Ctx {
        operator(&self.app)
    }

    /// Makes sure that what was done is on the disk before the process ends.
    async fn close(&self) {
        self.store.close().await;
    }
}

#[cfg(test)]
mod tests;
