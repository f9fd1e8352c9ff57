//! The database: whether it opens, is up to date and can be written, and what waits in it.

use super::address::{CLOCK_OFF, difference};
use super::{Check, certificates, in_full, keys, redis};
use crate::assemble::{Opening, Sources, application, open_store};
use crate::config::Config;
use doorward_domain::{Span, Timestamp};
use doorward_service::{Clock, SharedApp};
use doorward_store::{Error, Store, jobs, meta, privileges};

const NAME: &str = "database";

/// Mail that waits longer says that no worker runs.
const LATE: Span = Span::minutes(5);

pub(super) async fn database(config: &Config) -> Vec<Check> {
    let store = match open_store(config, Opening::Beside).await {
        Ok(store) => store,
        Err(error) => return vec![Check::broken(NAME, format!("{error:#}"))],
    };
    let found = match store.pending().await {
        Ok(pending) if pending.is_empty() => migrated(config, &store).await,
        Ok(pending) => vec![Check::broken(
            "migrations",
            format!("{} are pending; run `doorward migrate`", pending.len()),
        )],
        Err(error) => vec![Check::broken(NAME, in_full(&error))],
    };
    store.close().await;
    found
}

async fn migrated(config: &Config, store: &Store) -> Vec<Check> {
    let mut found = vec![Check::good("migrations", "none are pending")];
    found.push(rights(store).await);
    found.extend(clock(store).await);
    match application(config, store, Opening::Beside, Sources::system()).await {
        Ok(app) => found.extend(inside(config, &app, store).await),
        Err(error) => found.push(Check::broken("start", format!("{error:#}"))),
    }
    found
}

async fn inside(config: &Config, app: &SharedApp, store: &Store) -> Vec<Check> {
    let mut found = vec![queue(app, store).await];
    found.extend(keys::signing(config, app).await);
    found.extend(certificates::by_acme(app).await);
    found.extend(redis::redis(config, app).await);
    found
}

/// Reads what the user of the database may do, writes, and takes that back.
async fn rights(store: &Store) -> Check {
    let attempt = async {
        let privileges = privileges::own(&mut store.read().await?).await?;
        if privileges.lacking.is_empty() {
            let mut tx = store.write().await?;
            meta::insert_once(&mut tx, "doctor", "was here").await?;
        }
        Ok::<_, Error>(privileges)
    };
    match attempt.await {
        Ok(privileges) if !privileges.lacking.is_empty() => Check::broken(
            NAME,
            format!(
                "its user may not read and write `{}`; run `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ..` for it",
                privileges.lacking.join("`, `")
            ),
        ),
        Ok(privileges) if privileges.superuser => Check::warning(
            NAME,
            "its user may do everything on the whole server; give Doorward a user of its own, which owns this database alone",
        ),
        Ok(_) => Check::good(
            NAME,
            format!("{} answers and can be written", store.engine()),
        ),
        Err(error) => Check::broken(
            NAME,
            format!(
                "{}; look at the server, its disk and the rights of its user",
                in_full(&error)
            ),
        ),
    }
}

/// The clock of the database's server, where that is another machine.
async fn clock(store: &Store) -> Option<Check> {
    const NAME: &str = "clock of the database";
    let asked = async { privileges::clock(&mut store.read().await?).await };
    let theirs: Timestamp = match asked.await {
        Ok(time) => time?,
        Err(error) => return Some(Check::broken(NAME, in_full(&error))),
    };
    let off = difference(Clock::system().now(), theirs);
    Some(if off > CLOCK_OFF {
        Check::warning(
            NAME,
            format!("it is {off} off from this machine's; keep both in step"),
        )
    } else {
        Check::good(NAME, "in step with this machine's")
    })
}

async fn queue(app: &SharedApp, store: &Store) -> Check {
    const NAME: &str = "queue";
    let now = app.now();
    let stats = async { jobs::stats(&mut store.read().await?, now).await };
    let stats = match stats.await {
        Ok(stats) => stats,
        Err(error) => return Check::broken(NAME, in_full(&error)),
    };
    let waiting = stats
        .oldest_ready_at
        .map(|at| now.since(at))
        .filter(|waiting| *waiting > LATE);
    if let Some(waiting) = waiting {
        return Check::warning(
            NAME,
            format!(
                "{} jobs are ready, the oldest for {} seconds; is `serve` or `worker` running?",
                stats.ready,
                waiting.as_seconds()
            ),
        );
    }
    if stats.dead > 0 {
        return Check::warning(
            NAME,
            format!(
                "{} messages could not be delivered and were given up; the log tells why",
                stats.dead
            ),
        );
    }
    Check::good(
        NAME,
        format!("{} ready, {} in work", stats.ready, stats.held),
    )
}
