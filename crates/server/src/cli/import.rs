//! `import`: takes over the users of a documented service, or tells what that would do.

mod ground;
mod telling;

use super::args::{Import, Serve};
use super::output::Output;
use super::{Global, exposing, load, progress, say};
use crate::old_files::OldFiles;
use anyhow::{Context, Result, anyhow, bail};
use doorward_domain::Family;
use doorward_service::imports::{
    self, KeyReport, OldObjects, Options, Rehearsal, Report, SamePerson,
};
use doorward_service::{Clock, Error};
use doorward_store::DatabaseUrl;
use doorward_store::source::Source;
use ground::Ground;
use std::process::ExitCode;

pub(super) async fn run(global: &Global, import: &Import, output: Output) -> Result<ExitCode> {
    let files = old_files(global, import).await?;
    let rehearsal = if import.dry_run {
        Rehearsal::Yes
    } else {
        Rehearsal::No
    };
    let (mut source, shown) = open(import).await?;
    let ground = Ground::open(global, rehearsal).await?;
    let done = take(&ground, &mut source, import, files.as_deref(), rehearsal).await;
    ground.close().await;
    source.close().await;
    let (report, keys) = done?;
    telling::tell(output, import, &report, &keys)?;
    let left = report.not_taken.len() + report.files.not_taken.len() + keys.not_taken.len();
    if left == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "doorward: {left} could not be taken from {shown}; mend what the list says, and run this again"
    ));
    Ok(ExitCode::FAILURE)
}

async fn old_files(global: &Global, import: &Import) -> Result<Option<Box<dyn OldObjects>>> {
    let Some(text) = &import.files else {
        return Ok(None);
    };
    if import.from != Family::Verified {
        bail!("`--files` goes with `--from verified`: no other service keeps files");
    }
    let place = OldFiles::parse(text)?;
    let config = load(global, &exposing(Serve::default()))?;
    place.open(&config).await.map(Some)
}

async fn open(import: &Import) -> Result<(Source, String)> {
    let url: DatabaseUrl = import
        .url
        .parse()
        .context("the database of the other service")?;
    let shown = format!("`{url}`");
    let source = Source::open(&url, import.from)
        .await
        .with_context(|| format!("cannot import from {shown}"))?;
    Ok((source, shown))
}

async fn take(
    ground: &Ground,
    source: &mut Source,
    import: &Import,
    files: Option<&dyn OldObjects>,
    rehearsal: Rehearsal,
) -> Result<(Report, KeyReport)> {
    // Before the application starts: in a new database its own first key comes behind these.
    let rows = source.public_keys().await?;
    let now = Clock::system().now();
    let keys = imports::adopt_public_keys(ground.store(), &rows, rehearsal, now);
    let keys = keys.await.map_err(|fault| anyhow!("{fault}"))?;
    let (app, ctx) = ground.application().await?;
    let bar = progress::rows(source.count().await?);
    let options = Options {
        same_person: if import.merge {
            SamePerson::Join
        } else {
            SamePerson::Report
        },
        rehearsal,
        objects: files,
    };
    let mut watch = |report: &Report| bar.set_position(report.read);
    let report = imports::run(&app, &ctx, source, &options, &mut watch).await;
    bar.finish_and_clear();
    let report = report.map_err(|error: Error| {
        anyhow!("{error}; running this again goes on from where it broke off")
    })?;
    Ok((report, keys))
}
