//! `restore`: a copy in the place of the database, with all that it would revive voided before anybody is let in.
//!
//! Everything that may go wrong is tried out on a draft of the copy, beside the database: until that is whole, checked and
//! voided, nothing has changed.

mod copy;
mod telling;

use super::args::{Global, Restore, Serve};
use super::backup::{quoted, without_password};
use super::output::Output;
use super::{exposing, load, operator, progress, say};
use crate::assemble::{Opening, Sources, application, open_store};
use crate::config::Config;
use crate::private;
use anyhow::{Context, Result, bail};
use copy::Copy;
use doorward_service::Clock;
use doorward_service::restoring::{self, SigningKeys, Voided};
use doorward_store::{DatabaseUrl, Options, ServeLock, Store, backup};
use std::path::{Path, PathBuf};

pub(super) async fn run(global: &Global, command: &Restore, output: Output) -> Result<()> {
    let config = load(global, &exposing(Serve::default()))?;
    let url = config.database_url();
    let (voided, kept) = match (&command.file, &url) {
        (None, _) => (in_place(&config, &url).await?, None),
        (Some(file), DatabaseUrl::Sqlite(path)) => replace(&config, file, path).await?,
        (Some(file), DatabaseUrl::Postgres(_)) => bail!("{}", how_postgres_is_restored(&url, file)),
    };
    telling::tell(output, command.file.as_deref(), &voided, kept.as_deref())?;
    say(
        "note: whoever was suspended, banned or deleted after the copy was made is as they were then; do it again before you start `doorward serve`",
    );
    Ok(())
}

/// Puts the copy in the place of the database; gives where the one before is kept.
async fn replace(
    config: &Config,
    file: &Path,
    database: &Path,
) -> Result<(Voided, Option<PathBuf>)> {
    copy::look_at(file, database)?;
    prepare_folder(database)?;
    let _lock = lock(database)?;
    let replaced = database.exists();
    if replaced {
        copy::same_owner(database)?;
        // A database that is too broken to be asked is restored over all the same.
        if matches!(backup::is_alone(&sqlite(database)).await, Ok(false)) {
            bail!("{}", stop_the_others(&sqlite(database)));
        }
    }
    let copy = Copy::draw(file, database)?;
    let voided = examine_and_void(config, &copy).await?;
    let kept = copy
        .put_in_place_of(database, Clock::system().now())
        .context("the copy cannot be put in the place of the database")?;
    Ok((voided, kept))
}

fn prepare_folder(database: &Path) -> Result<()> {
    let folder = database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) => private::make_folder(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display())),
        None => Ok(()),
    }
}

fn lock(database: &Path) -> Result<ServeLock> {
    ServeLock::beside(database)
        .context("nothing was changed; stop `doorward serve`, then run this again")
}

async fn examine_and_void(config: &Config, copy: &Copy) -> Result<Voided> {
    let options = Options {
        create: false,
        ..Options::new(sqlite(copy.path()))
    };
    let store = Store::open(options).await.with_context(|| copy.damaged())?;
    let voided = examined_and_voided(config, copy, &store).await;
    store.close().await;
    let voided = voided?;
    if backup::is_alone(&sqlite(copy.path())).await? {
        Ok(voided)
    } else {
        bail!("{}: another process has opened the draft", unchanged(copy))
    }
}

async fn examined_and_voided(config: &Config, copy: &Copy, store: &Store) -> Result<Voided> {
    let examining = progress::going_on("checking the copy");
    copy.examine(store).await?;
    examining.finish_and_clear();
    let done = migrate_and_void(config, store).await;
    done.with_context(|| unchanged(copy))
}

async fn migrate_and_void(config: &Config, store: &Store) -> Result<Voided> {
    let voiding = progress::going_on("voiding what it would revive");
    store
        .migrate()
        .await
        .context("it cannot be brought up to date")?;
    let app = application(config, store, Opening::Beside, Sources::system()).await?;
    let voided = restoring::void(&app, &operator(&app), signing_keys(config)).await?;
    voiding.finish_and_clear();
    Ok(voided)
}

/// A key that is configured, brought along or shared, is the operator's to withdraw.
fn signing_keys(config: &Config) -> SigningKeys {
    let shared = config.all.text("tokens.algorithm") == Some("HS256");
    if shared || config.all.secret("tokens.private_key").is_some() {
        SigningKeys::Keep
    } else {
        SigningKeys::Renew
    }
}

fn unchanged(copy: &Copy) -> String {
    format!(
        "nothing was changed, since `{}` cannot be used",
        copy.source().display()
    )
}

/// Voids in the configured database, which other tools have put there.
async fn in_place(config: &Config, url: &DatabaseUrl) -> Result<Voided> {
    let _lock = match url {
        DatabaseUrl::Sqlite(path) if path.exists() => Some(lock(path)?),
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => None,
    };
    let missing = matches!(url, DatabaseUrl::Sqlite(path) if !path.exists());
    if !missing
        && !backup::is_alone(url)
            .await
            .context("the database cannot be asked")?
    {
        bail!("{}", stop_the_others(url));
    }
    let store = open_store(config, Opening::Beside).await?;
    let voided = voided_in_place(config, &store).await;
    store.close().await;
    voided
}

async fn voided_in_place(config: &Config, store: &Store) -> Result<Voided> {
    const UNREAD: &str = "the database cannot be read";
    let pending = store.pending().await.context(UNREAD)?;
    if pending.first().is_some_and(|step| step.version == 1) {
        bail!(
            "there is nothing of Doorward in the database; put the copy there first, as with `pg_restore`"
        );
    }
    copy::no_newer(&mut store.read().await.context(UNREAD)?).await?;
    migrate_and_void(config, store)
        .await
        .context("nothing was voided")
}

fn stop_the_others(url: &DatabaseUrl) -> String {
    format!(
        "nothing was changed, since other processes have `{url}` open; stop every `doorward serve` and `doorward worker`, then run this again"
    )
}

fn sqlite(path: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(path.to_owned())
}

fn how_postgres_is_restored(url: &DatabaseUrl, file: &Path) -> String {
    format!(
        "`restore FILE` is for SQLite; for this database stop every `doorward serve`, run `pg_restore --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname={} {}`, then `doorward restore --in-place`",
        quoted(&without_password(url)),
        quoted(&file.display().to_string())
    )
}
