//! Hearing of what other processes change, so that nothing which is remembered here outlives it.
//!
//! A transaction that changes what others may remember says so in its own commit. Every replica looks at those words
//! every [`LOOK`], which costs one small statement; where Redis is configured they are published there too, so that the
//! others hear at once. Redis makes it faster, SQL makes it right: a message that is lost, late or never sent changes
//! nothing but how soon the next look finds out. The argument, step by step:
//!
//! 1. A look that began at `t` and succeeded has told of every change that committed before `t`, and its subject's marks
//!    are stale before the look is confirmed.
//! 2. Something read more than a second ago is believed at `u` only if a look was confirmed that began after `u - 1 s`.
//! 3. So a change that committed at `c` is believed in no process after `c + 1 s`. No wall clock was asked.
//! 4. A look that fails, or takes longer than [`PATIENCE`], ends the watch. A new one knows nothing of the time between, so
//!    that everything is forgotten after it has begun, and confirmed by its first look.

use crate::{App, Error, Fault, SharedApp, keys};
use doorward_store::Kv;
use doorward_store::changes::{self, Changed, Listener, Watch};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often it is looked what has changed: twice and some more within the second that bounds it.
const LOOK: Duration = Duration::from_millis(400);

/// How long a look may take before the watch is begun anew.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after a watch or a subscription broke the next one begins.
const AGAIN: Duration = Duration::from_millis(500);

const CHANNEL: &str = "changes";

/// Follows what is changed, here and elsewhere, until it is dropped. Every process that serves runs it; one that does
/// not believes what it has read for a second at most.
pub async fn follow(app: &SharedApp) {
    tokio::join!(keep_looking(app), keep_listening(app));
}

/// Tells this process of its own commits, before whoever waits for them, and others through Redis.
pub(crate) fn tell(app: &SharedApp) -> Listener {
    // The store outlives the application in tests and in commands, and owns this.
    let app = Arc::downgrade(app);
    Arc::new(move |changes| {
        if let Some(app) = app.upgrade() {
            app.caches.forget(changes);
            publish(app.kv(), changes);
        }
    })
}

/// Up to where the words of changes may go: where everybody had looked past when this was last asked.
#[derive(Default)]
pub(crate) struct Past(Mutex<Option<i64>>);

/// Removes the words of changes that were there when this was last called, so many a commit.
pub(crate) async fn purge(app: &App, batch: u32) -> Result<(), Error> {
    let mut tx = app.read().await?;
    let Some(horizon) = changes::horizon(&mut tx).await? else {
        return Ok(());
    };
    drop(tx);
    let past = {
        let mut past = app.past.0.lock().unwrap_or_else(PoisonError::into_inner);
        past.replace(horizon)
    };
    let Some(past) = past else {
        return Ok(());
    };
    loop {
        let mut tx = app.write().await?;
        let gone = changes::purge(&mut tx, past, batch).await?;
        tx.commit().await?;
        if gone < u64::from(batch) {
            return Ok(());
        }
    }
}

fn publish(kv: &Kv, changes: &BTreeSet<Changed>) {
    let kv = kv.clone();
    let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
    tokio::spawn(async move {
        if let Err(error) = kv.publish(CHANNEL, &words.join(",")).await {
            tracing::debug!(%error, "a change was not published, others find it when they look");
        }
    });
}

async fn keep_looking(app: &SharedApp) {
    loop {
        if let Err(error) = look_until_it_fails(app).await {
            tracing::warn!(%error, "changes of others are not heard, nothing is kept for longer than a second");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn look_until_it_fails(app: &SharedApp) -> Result<(), Fault> {
    let mut watch = timeout(PATIENCE, app.store.watch())
        .await
        .map_err(Fault::unavailable)??;
    hear(app, &BTreeSet::from([Changed::Everything])).await?;
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        look(app, &mut watch).await?;
    }
}

async fn look(app: &App, watch: &mut Watch) -> Result<(), Fault> {
    let began = Instant::now();
    let changes = timeout(PATIENCE, watch.look())
        .await
        .map_err(Fault::unavailable)??;
    hear(app, &changes).await?;
    app.caches.confirm(began);
    Ok(())
}

/// Forgets what has changed. Keys are read anew first: what is verified from then on is verified with the new ones.
async fn hear(app: &App, changes: &BTreeSet<Changed>) -> Result<(), Fault> {
    if changes.contains(&Changed::Keys) || changes.contains(&Changed::Everything) {
        keys::reload(app).await?;
    }
    app.caches.forget(changes);
    Ok(())
}

async fn keep_listening(app: &SharedApp) {
    loop {
        let error = app.kv.listen(CHANNEL, |message| heard(app, message)).await;
        tracing::debug!(%error, "what others publish is not heard");
        tokio::time::sleep(AGAIN).await;
    }
}

fn heard(app: &SharedApp, message: &str) {
    let words = message.split(',').map(str::parse);
    let changes: BTreeSet<Changed> = words.filter_map(Result::ok).collect();
    let keys_changed = changes.contains(&Changed::Keys);
    app.caches.forget(&changes);
    if keys_changed {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            if let Err(error) = hear(&app, &BTreeSet::from([Changed::Keys])).await {
                tracing::warn!(%error, "the signing keys could not be read");
            }
        });
    }
}
