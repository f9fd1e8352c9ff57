//! The durable outbox: a message is a sealed row, committed with what caused it.

use crate::messages::{Address, Content, Envelope};
use crate::settings::SmsRoute;
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
    /// Sends a message, by mail or to a telephone.
    #[serde(rename = "mail")]
    Message(Envelope),
    /// Removes an object that no row of `files` names any more.
    RemoveObject { key: FileId },
}

impl Job {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Message(envelope) => kind_of(&envelope.to),
            Self::RemoveObject { .. } => REMOVAL,
        }
    }
}

/// The kind of job that removes an object.
pub(crate) const REMOVAL: &str = "remove_object";

/// The kinds of jobs that are messages.
pub(crate) const MESSAGES: [&str; 2] = [MAIL, SMS];

const MAIL: &str = "mail";
const SMS: &str = "sms";

/// The kind of job that takes a message to where it goes.
const fn kind_of(to: &Address) -> &'static str {
    match to {
        Address::Mail(_) => MAIL,
        Address::Phone { .. } => SMS,
    }
}

/// Where mail to `email` goes: to the address as its account has it. Another spelling of it that folds to the same key may
/// be somebody else's mailbox.
pub(crate) fn addressee(owner: Option<&users::User>, email: &Email) -> Address {
    owner
        .and_then(|user| user.email.as_deref())
        .map_or_else(|| email.into(), Address::mail)
}

/// Everything that an account can be reached at from here.
pub(crate) fn addresses(app: &App, user: &users::User) -> Vec<Address> {
    let email = user.email.as_deref().map(Address::mail);
    let phone = user.phone.as_deref().map(Address::phone);
    let phone = phone.filter(|_| app.settings.sms != SmsRoute::Nowhere);
    email.into_iter().chain(phone).collect()
}

/// Tells an account of a change, wherever it can be reached.
pub(crate) async fn tell(
    tx: &mut WriteTx,
    app: &App,
    ctx: &Ctx,
    user: &users::User,
    content: &Content,
) -> Result<(), Error> {
    for to in addresses(app, user) {
        post(tx, app, ctx, &Envelope::notice(to, content.clone())).await?;
    }
    Ok(())
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
            kind: kind_of(&envelope.to),
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
    let id = app.job_id(ctx.now);
    let job = NewJob {
        id,
        kind: due.kind.to_owned(),
        payload: app.vault.seal(&app.entropy, &sealed_in(id), &payload),
        run_at: due.run_at,
        created_at: ctx.now,
    };
    Ok(jobs::enqueue(tx, &job).await?)
}

/// The place that it is sealed for.
pub(crate) fn sealed_in(id: JobId) -> String {
    format!("jobs/{id}")
}
