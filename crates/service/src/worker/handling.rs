//! Doing jobs, to their end: done, put back for later, or buried.

use super::{Worker, backoff};
use crate::messages::{Address, Envelope, render, render_text};
use crate::outbox::{self, Job};
use crate::ports::{Couriers, Mail, SendError, Sms};
use crate::{Error, Fault, SharedApp};
use doorward_domain::{FileId, JobId};
use doorward_store::{WriteTx, files, jobs};

/// After so many tries, some ten hours, a message is dead. The removal of an object never is: what somebody deleted must
/// not stay because the store was away for a night.
const MOST_ATTEMPTS: i64 = 16;

/// What became of a job.
enum Outcome {
    Done,
    Again(String),
    Never(String),
}

/// A job with what became of it.
pub(super) struct Finished {
    job: jobs::Job,
    outcome: Outcome,
}

/// What a job is done with.
#[derive(Clone)]
pub(super) struct Hands {
    app: SharedApp,
    couriers: Couriers,
}

impl Hands {
    pub(super) const fn new(app: SharedApp, couriers: Couriers) -> Self {
        Self { app, couriers }
    }
}

/// Does a job, in a task of its own: it may wait for the database, and whoever writes down the ends of others must not
/// be what it waits for. Its own end is still to be written down, by [`conclude`].
pub(super) async fn handle(hands: &Hands, job: jobs::Job) -> Finished {
    let (hands, id, payload) = (hands.clone(), job.id, job.payload.clone());
    let task = tokio::spawn(async move { perform(&hands, id, &payload).await });
    let outcome = match task.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(fault)) => Outcome::Again(fault.to_string()),
        Err(broken) => Outcome::Again(broken.to_string()),
    };
    Finished { job, outcome }
}

/// Writes down what became of some jobs, in one commit. Jobs whose end cannot be written stay ours and are done again
/// when this worker is found dead: at most twice, and never not at all.
pub(super) async fn conclude(worker: &Worker, finished: Vec<Finished>) {
    let count = finished.len();
    if let Err(error) = write_down(worker, finished).await {
        tracing::error!(jobs = count, %error, "the end of some jobs could not be written");
    }
}

async fn write_down(worker: &Worker, finished: Vec<Finished>) -> Result<(), Error> {
    let mut tx = worker.app.write().await?;
    for Finished { job, outcome } in &finished {
        settle(worker, &mut tx, job, outcome).await?;
    }
    Ok(tx.commit().await?)
}

async fn perform(hands: &Hands, id: JobId, payload: &[u8]) -> Result<Outcome, Fault> {
    match outbox::open(&hands.app, id, payload)? {
        Job::Message(envelope) => send(hands, id, envelope).await,
        Job::RemoveObject { key } => remove_object(hands, key).await,
    }
}

async fn send(hands: &Hands, id: JobId, envelope: Envelope) -> Result<Outcome, Fault> {
    if envelope.dropped {
        return Ok(Outcome::Done);
    }
    if envelope
        .good_until
        .is_some_and(|until| until <= hands.app.now())
    {
        return Ok(Outcome::Never(
            "the message was of no use any more".to_owned(),
        ));
    }
    Ok(match hand_over(hands, id, envelope).await? {
        Ok(()) => Outcome::Done,
        Err(SendError::Away(reason) | SendError::Temporary(reason)) => Outcome::Again(reason),
        Err(SendError::Permanent(reason)) => Outcome::Never(reason),
    })
}

/// Puts a message into words and gives it to whoever goes to its address.
async fn hand_over(
    hands: &Hands,
    id: JobId,
    envelope: Envelope,
) -> Result<Result<(), SendError>, Fault> {
    let service = &hands.app.settings.server_name;
    Ok(match envelope.to {
        Address::Mail(to) => {
            let rendered = render(service, &envelope.content)?;
            let mail = Mail {
                id,
                to,
                subject: rendered.subject,
                text: rendered.text,
                html: rendered.html,
            };
            hands.couriers.mailer.send(&mail).await
        }
        Address::Phone { number } => {
            let words = render_text(service, &envelope.content)?;
            let sms = Sms {
                id,
                to: number,
                text: words.text,
                code: words.code,
            };
            hands.couriers.sms.send(&sms).await
        }
    })
}

async fn remove_object(hands: &Hands, key: FileId) -> Result<Outcome, Fault> {
    let mut tx = hands.app.read().await?;
    let named = files::by_id(&mut tx, key).await?.is_some();
    drop(tx);
    if !named {
        hands
            .app
            .objects
            .delete(key)
            .await
            .map_err(Fault::unavailable)?;
    }
    Ok(Outcome::Done)
}

async fn settle(
    worker: &Worker,
    tx: &mut WriteTx,
    job: &jobs::Job,
    outcome: &Outcome,
) -> Result<(), Error> {
    let app = &worker.app;
    let now = app.now();
    let counted = match outcome {
        Outcome::Done => {
            jobs::done(tx, job.id, &worker.name).await?;
            "done"
        }
        Outcome::Again(reason) if job.attempts < MOST_ATTEMPTS || job.kind == outbox::REMOVAL => {
            let wait = backoff(job.attempts, u64::from_le_bytes(app.entropy.bytes()));
            tracing::warn!(job.id = %job.id, job.kind, attempts = job.attempts, reason, retry.after = %wait, "a job failed");
            jobs::retry(tx, job.id, &worker.name, now + wait, reason).await?;
            "retried"
        }
        Outcome::Again(reason) | Outcome::Never(reason) => {
            tracing::error!(job.id = %job.id, job.kind, attempts = job.attempts, reason, "a job is dead");
            jobs::bury(tx, job.id, &worker.name, now, reason).await?;
            "dead"
        }
    };
    metrics::counter!("doorward_jobs_total", "kind" => job.kind.clone(), "outcome" => counted)
        .increment(1);
    Ok(())
}
