//! A process that was started here, and ends with what started it.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a process may take to end when it is asked to.
const FAREWELL: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(5);

/// What a process is told to end by.
#[derive(Clone, Copy)]
pub(crate) enum Signal {
    Terminate,
    Quit,
    Kill,
}

/// A running child. Dropping it sends it its last signal and waits for its end.
pub(crate) struct Process {
    pub(crate) child: Child,
    last: Signal,
}

impl Process {
    /// Starts `command`; `last` is the signal that ends it quickly.
    pub(crate) fn start(command: &mut Command, last: Signal) -> anyhow::Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("`{}` does not start", name(command)))?;
        Ok(Self { child, last })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its status, if it has ended on its own.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        send(self.id(), Signal::Terminate)?;
        let asked = Instant::now();
        while self.ended()?.is_none() {
            if asked.elapsed() > FAREWELL {
                bail!("it was asked to stop and still runs after {FAREWELL:?}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        send(self.id(), self.last)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None))
            && let Err(error) = self.end()
        {
            eprintln!("process {} may be left over: {error}", self.id());
        }
    }
}

/// Runs `command` to its end; what it wrote belongs to the error if it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    read(command).map(drop)
}

/// As [`run`], and gives what it wrote to its standard output.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` does not start", name(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}", name(command), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn send(id: u32, signal: Signal) -> anyhow::Result<()> {
    let flag = match signal {
        Signal::Terminate => "-TERM",
        Signal::Quit => "-QUIT",
        Signal::Kill => "-KILL",
    };
    run(Command::new("kill").arg(flag).arg(id.to_string()))
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
