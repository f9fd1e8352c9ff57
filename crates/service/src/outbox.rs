//! The durable outbox: a message is a sealed row, committed with what caused it.

use crate::messages::Envelope;
use crate::{App, Ctx, Error, Fault};
use doorward_domain::{Email, FileId, JobId, Timestamp};
use doorward_store::jobs::{self, NewJob};
use doorward_store::{WriteTx, users};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What the queue does for us.
#[derive(Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub(crate) enum Job {
    /// Sends a message.
    Mail(Envelope),
    /// Removes an object that no row of `files` names any more.
    RemoveObject { key: FileId },
}

impl Job {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::RemoveObject { .. } => "remove_object",
        }
    }
}

/// Where mail to `email` goes: to the address as its account has it. Another spelling of it that folds to the same key may
/// be somebody else's mailbox.
pub(crate) fn addressee<'a>(owner: Option<&'a users::User>, email: &'a Email) -> &'a str {
    owner
        .and_then(|user| user.email.as_deref())
        .unwrap_or(email.as_str())
}

/// Puts a message into the outbox, in the transaction of what it tells of.
pub(crate) async fn post(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    envelope: &Envelope,
) -> Result<(), Error> {
    // The envelope is only borrowed, so the job around it is spelt out here.
    #[derive(Serialize)]
    struct MailJob<'a> {
        job: &'static str,
        #[serde(flatten)]
        envelope: &'a Envelope,
    }
    let payload = serde_json::to_vec(&MailJob {
        job: "mail",
        envelope,
    })
    .map_err(Fault::internal)?;
    insert(
        tx,
        app,
        ctx,
        Due {
            kind: "mail",
            run_at: ctx.now,
        },
        Zeroizing::new(payload),
    )
    .await
}

/// Sees to it that an object goes at `run_at`, unless a row names it by then.
pub(crate) async fn remove_object(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    key: FileId,
    run_at: Timestamp,
) -> Result<(), Error> {
    let job = Job::RemoveObject { key };
    let payload = Zeroizing::new(serde_json::to_vec(&job).map_err(Fault::internal)?);
    insert(
        tx,
        app,
        ctx,
        Due {
            kind: job.kind(),
            run_at,
        },
        payload,
    )
    .await
}

/// Tells the worker of this process that something was committed.
pub(crate) fn ring(app: &App) {
    app.queue_bell.notify_one();
}

/// Reads a job back.
pub(crate) fn open(app: &App, id: JobId, sealed: &[u8]) -> Result<Job, Fault> {
    let plain = app.vault.open(&sealed_in(id), sealed)?;
    serde_json::from_slice(&plain).map_err(Fault::internal)
}

struct Due {
    kind: &'static str,
    run_at: Timestamp,
}

async fn insert(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    due: Due,
    payload: Zeroizing<Vec<u8>>,
) -> Result<(), Error> {
    let id = JobId::new(ctx.now, app.entropy.bytes());
    let job = NewJob {
        id,
        kind: due.kind.to_owned(),
        payload: app.vault.seal(&app.entropy, &sealed_in(id), &payload),
        run_at: due.run_at,
        created_at: ctx.now,
    };
    Ok(jobs::enqueue(tx, &job).await?)
}

fn sealed_in(id: JobId) -> String {
    format!("jobs/{id}")
}
