//! The master key of the database: which one it belongs to, and the way from one to the next.
//!
//! A process that holds a new key and the previous one reads everything. The one whose duty it is seals anew what the
//! previous key sealed, and then lets the database belong to the new key. Whoever holds the previous key alone is told
//! so at its next start.

use crate::app::StartError;
use crate::certificates;
use crate::keys;
use crate::{App, Error, Fault, Settings, SharedApp, inbox, outbox};
use doorward_crypto::Vault;
use doorward_domain::{JobId, Purpose, Span, Timestamp};
use doorward_store::sealed::{self, Shelf};
use doorward_store::{Store, meta};

/// Where the database keeps the check value of its key.
const CHECK: &str = "master_key_check";

/// Where it keeps when it was last seen that the key before was in use.
const SINCE: &str = "master_key_since";

/// How many rows are sealed anew in one commit.
const BATCH: u32 = 100;

/// The first process writes the check value of its master key; every later one must answer to it.
pub(crate) async fn claim(store: &Store, vault: &Vault) -> Result<(), StartError> {
    let mut tx = store.read().await?;
    let found = meta::get(&mut tx, CHECK).await?;
    drop(tx);
    let kept = if let Some(kept) = found {
        kept
    } else {
        let mut tx = store.write().await?;
        let kept = meta::insert_once(&mut tx, CHECK, &vault.check_value()).await?;
        tx.commit().await?;
        kept
    };
    if vault.answers_to(&kept) {
        Ok(())
    } else {
        Err(StartError::ForeignMasterKey)
    }
}

/// Seals anew what the previous master key sealed, and says from when on nobody needs that key any more. Does nothing
/// where none is configured.
pub(crate) async fn move_on(app: &SharedApp) -> Result<(), Error> {
    if !app.vault.has_previous() {
        return Ok(());
    }
    let mut resealed = reseal_keys(app).await? + certificates::reseal(app).await?;
    for shelf in [Shelf::Jobs, Shelf::Inbox] {
        resealed += reseal_shelf(app, shelf).await?;
    }
    let since = settle(app, resealed).await?;
    let free_at = since + longest_memory(&app.settings);
    if free_at <= app.now() {
        tracing::warn!("`master_key_previous` is of no use any more: remove it");
    } else {
        tracing::info!(
            resealed, may_go = %free_at.to_rfc3339(),
            "everything is sealed with `master_key`; until `master_key_previous` may go it verifies what was given out before"
        );
    }
    Ok(())
}

/// Lets the database belong to the current key, and gives the moment at which the previous one was last seen in use.
async fn settle(app: &App, resealed: u64) -> Result<Timestamp, Error> {
    let mut tx = app.write().await?;
    let check = app.vault.check_value();
    let moved = meta::get(&mut tx, CHECK).await?.as_deref() == Some(check.as_str());
    let since = meta::get(&mut tx, SINCE).await?;
    let since = since.and_then(|since| since.parse().ok());
    if let Some(since) = since.filter(|_| moved && resealed == 0) {
        return Ok(Timestamp::from_millis(since));
    }
    let now = app.now();
    meta::set(&mut tx, CHECK, &check).await?;
    meta::set(&mut tx, SINCE, &now.as_millis().to_string()).await?;
    tx.commit().await?;
    Ok(now)
}

async fn reseal_shelf(app: &App, shelf: Shelf) -> Result<u64, Error> {
    let mut resealed = 0;
    let mut after = None;
    loop {
        let mut tx = app.write().await?;
        let rows = sealed::list(&mut tx, shelf, after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(resealed);
        };
        after = Some(last.id);
        for mut row in rows {
            let place = place(shelf, row.id);
            if app.vault.needs_reseal(&place, &row.sealed) {
                // What opens with neither key is lost already, and holds nothing up.
                let Ok(opened) = app.vault.open(&place, &row.sealed) else {
                    tracing::error!(id = %row.id, "a sealed row opens with neither master key");
                    continue;
                };
                row.sealed = app.vault.seal(&app.entropy, &place, &opened);
                sealed::reseal(&mut tx, shelf, &row).await?;
                resealed += 1;
            }
        }
        tx.commit().await?;
    }
}

fn place(shelf: Shelf, id: JobId) -> String {
    match shelf {
        Shelf::Jobs => outbox::sealed_in(id),
        Shelf::Inbox => inbox::sealed_in(id),
    }
}

/// How long something is good that was given out under a key: refresh tokens, links and codes, and the memory of
/// accounts that are gone. Networks are remembered longer; those who come from one after that are strangers once.
fn longest_memory(settings: &Settings) -> Span {
    let codes = Purpose::ALL.iter();
    let codes = codes.map(|purpose| settings.codes.rule(*purpose).lifetime);
    let given_out = [
        settings.tokens.refresh_lifetime,
        settings.code.refresh_lifetime,
        settings.links.confirm_lifetime,
        settings.links.reset_lifetime,
        settings.accounts.retention,
    ];
    codes.chain(given_out).max().unwrap_or(Span::days(30))
}

/// The private parts of signing keys that the previous key sealed, sealed anew.
async fn reseal_keys(app: &App) -> Result<u64, Fault> {
    let mut resealed = 0;
    let mut tx = app.write().await?;
    for row in doorward_store::keys::list(&mut tx).await? {
        let place = keys::sealed_in(row.version);
        let Some(sealed) = row.private_sealed else {
            continue;
        };
        if app.vault.needs_reseal(&place, &sealed) {
            let opened = app.vault.open(&place, &sealed)?;
            let anew = app.vault.seal(&app.entropy, &place, &opened);
            doorward_store::keys::reseal(&mut tx, row.version, &anew).await?;
            resealed += 1;
        }
    }
    tx.commit().await?;
    Ok(resealed)
}
