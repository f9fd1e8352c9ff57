//! Cleaning: every table has an end. What has ended goes, in small commits, so that nobody waits for it.

use super::internal_ctx;
use crate::audit::{self, Event};
use crate::{Ctx, Error, SharedApp, changes, networks, outbox};
use doorward_domain::{Span, Timestamp, UserId};
use doorward_store::{
    audit as trail, codes, files, inbox, jobs, known_networks, links, nonces, sessions, tombstones,
    tries, users, wrong_guesses,
};

/// Ended sessions are kept this long, for those who ask what became of them.
const ENDED_SESSIONS: Span = Span::days(30);

/// Counters of wrong passwords are forgotten a day after the last try.
const TRIES: Span = Span::days(1);

/// A day of wrong guesses is added up, to the hour.
const WRONG_GUESSES: Span = Span::hours(26);

/// Dead jobs are kept this long for an operator to see.
const DEAD_JOBS: Span = Span::days(7);

/// The audit trail is kept this long.
const AUDIT: Span = Span::days(400);

/// The development inbox keeps this many messages.
const INBOX: u32 = 1_000;

/// Removes what has ended.
pub(super) async fn run(app: &SharedApp) -> Result<(), Error> {
    let now = app.now();
    let accounts = app.settings.accounts;
    sweep(app, Table::Codes, now).await?;
    sweep(app, Table::Tries, now - TRIES).await?;
    sweep(app, Table::Links, now).await?;
    sweep(app, Table::Nonces, now).await?;
    sweep(app, Table::WrongGuesses, now - WRONG_GUESSES).await?;
    sweep(app, Table::Sessions, now - ENDED_SESSIONS).await?;
    sweep(app, Table::KnownNetworks, now - networks::REMEMBERED).await?;
    sweep(app, Table::DeadJobs, now - DEAD_JOBS).await?;
    sweep(app, Table::Tombstones, now - accounts.retention).await?;
    sweep(app, Table::DeletedUsers, now - accounts.retention).await?;
    sweep(app, Table::Audit, now - AUDIT).await?;
    remove_temporary(app, now).await?;
    remove_unproven(app, now - accounts.unproven_lifetime).await?;
    changes::purge(app, app.settings.cleanup.batch).await?;
    let mut tx = app.write().await?;
    inbox::trim(&mut tx, INBOX).await?;
    Ok(tx.commit().await?)
}

#[derive(Clone, Copy)]
enum Table {
    Codes,
    Tries,
    Sessions,
    KnownNetworks,
    DeadJobs,
    Tombstones,
    Links,
    Nonces,
    WrongGuesses,
    DeletedUsers,
    Audit,
}

/// Removes the rows of a table that ended before a moment, a batch a commit.
async fn sweep(app: &SharedApp, table: Table, before: Timestamp) -> Result<(), Error> {
    let batch = app.settings.cleanup.batch;
    loop {
        let mut tx = app.write().await?;
        let gone = match table {
            Table::Codes => codes::purge(&mut tx, before, batch).await?,
            Table::Tries => tries::purge(&mut tx, before, batch).await?,
            Table::Sessions => sessions::purge(&mut tx, before, batch).await?,
            Table::KnownNetworks => known_networks::purge(&mut tx, before, batch).await?,
            Table::DeadJobs => jobs::purge_dead(&mut tx, before, batch).await?,
            Table::Tombstones => tombstones::purge(&mut tx, before, batch).await?,
            Table::Links => links::purge(&mut tx, before, batch).await?,
            Table::Nonces => nonces::purge(&mut tx, before, batch).await?,
            Table::WrongGuesses => wrong_guesses::purge(&mut tx, before, batch).await?,
            Table::DeletedUsers => users::purge_deleted(&mut tx, before, batch).await?,
            Table::Audit => trail::purge(&mut tx, before, batch).await?,
        };
        tx.commit().await?;
        if gone < u64::from(batch) {
            return Ok(());
        }
    }
}

/// Removes temporary accounts whose code has expired, a batch a commit. Nobody has signed in to them, so that nothing
/// but the row hangs on them, and nobody misses it.
async fn remove_temporary(app: &SharedApp, now: Timestamp) -> Result<(), Error> {
    let batch = app.settings.cleanup.batch;
    loop {
        let mut tx = app.read().await?;
        let stale = users::stale_temporary(&mut tx, now, batch).await?;
        drop(tx);
        if stale.is_empty() {
            return Ok(());
        }
        let mut tx = app.write().await?;
        let mut removed = false;
        for user in stale {
            removed |= users::remove_temporary(&mut tx, user, now).await?;
        }
        tx.commit().await?;
        if !removed {
            return Ok(());
        }
    }
}

/// Removes accounts that nobody proved or signed in to.
async fn remove_unproven(app: &SharedApp, before: Timestamp) -> Result<(), Error> {
    let ctx = internal_ctx(app);
    loop {
        let mut tx = app.read().await?;
        let stale = users::stale_unproven(&mut tx, before, app.settings.cleanup.batch).await?;
        drop(tx);
        if stale.is_empty() {
            return Ok(());
        }
        for user in stale {
            remove_one(app, &ctx, user).await?;
        }
    }
}

async fn remove_one(app: &SharedApp, ctx: &Ctx, user: UserId) -> Result<(), Error> {
    let mut tx = app.write().await?;
    for file in files::of_user(&mut tx, user).await? {
        outbox::remove_object(&mut tx, app, ctx, file.id, ctx.now).await?;
    }
    if users::remove(&mut tx, user).await? {
        audit::record(&mut tx, app, ctx, Event::UnprovenRemoved, user).await?;
    }
    Ok(tx.commit().await?)
}
