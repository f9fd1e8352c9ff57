//! The development inbox: shows messages in place of sending them.

use crate::ports::{Mail, Mailer, SendError, Sms, SmsSender};
use crate::{Error, Fault, SharedApp};
use doorward_domain::{Email, JobId, Phone, Timestamp};
use futures_util::future::{BoxFuture, FutureExt};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many messages are shown.
const SHOWN: u32 = 200;

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// E-mail.
    Mail,
    /// A text message.
    Sms,
}

/// A message that would have gone out.
#[derive(Clone, Debug)]
pub struct Message {
    /// The job that would have sent it.
    pub id: JobId,
    /// Mail or text message.
    pub kind: MessageKind,
    /// Whom it would have gone to.
    pub to: String,
    /// The subject line; empty for a text message.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML body; empty for a text message.
    pub html: String,
    /// When it would have gone.
    pub created_at: Timestamp,
}

/// A message as it rests, sealed: a code in the clear would be a code in the clear, even here.
#[derive(Serialize, Deserialize)]
struct Kept {
    kind: MessageKind,
    to: String,
    subject: String,
    text: String,
    html: String,
}

/// The messages, newest first; with `to`, those to that address, compared in canonical form.
pub async fn list(app: &SharedApp, to: Option<&str>) -> Result<Vec<Message>, Error> {
    let mut tx = app.read().await?;
    let rows = doorward_store::inbox::list(&mut tx, SHOWN).await?;
    drop(tx);
    let wanted = to.map(canonical);
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let plain = app
            .vault
            .open(&sealed_in(row.id), &row.sealed)
            .map_err(Fault::from)?;
        let kept: Kept = serde_json::from_slice(&plain).map_err(Fault::internal)?;
        if wanted
            .as_ref()
            .is_none_or(|wanted| *wanted == canonical(&kept.to))
        {
            let Kept {
                kind,
                to,
                subject,
                text,
                html,
            } = kept;
            messages.push(Message {
                id: row.id,
                kind,
                to,
                subject,
                text,
                html,
                created_at: row.created_at,
            });
        }
    }
    Ok(messages)
}

/// Empties the inbox.
pub async fn clear(app: &SharedApp) -> Result<(), Error> {
    let mut tx = app.write().await?;
    doorward_store::inbox::clear(&mut tx).await?;
    Ok(tx.commit().await?)
}

fn canonical(address: &str) -> String {
    if let Ok(email) = Email::parse(address) {
        return email.key().to_owned();
    }
    Phone::parse(address).map_or_else(|_| address.to_owned(), |phone| phone.key().to_owned())
}

/// The place that it is sealed for.
pub(crate) fn sealed_in(id: JobId) -> String {
    format!("inbox/{id}")
}

/// What carries messages in development mode: nowhere.
pub struct Inbox(SharedApp);

impl Inbox {
    /// An inbox in the application's own database.
    pub const fn new(app: SharedApp) -> Self {
        Self(app)
    }

    async fn keep(&self, id: JobId, kept: &Kept) -> Result<(), SendError> {
        let kept = self.insert(id, kept).await;
        kept.map_err(|error| SendError::Temporary(error.to_string()))
    }

    async fn insert(&self, id: JobId, kept: &Kept) -> Result<(), Error> {
        let app = &self.0;
        let plain = serde_json::to_vec(kept).map_err(Fault::internal)?;
        let sealed = app.vault.seal(&app.entropy, &sealed_in(id), &plain);
        let mut tx = app.write().await?;
        doorward_store::inbox::insert(&mut tx, id, app.now(), &sealed).await?;
        Ok(tx.commit().await?)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox(..)")
    }
}

impl Mailer for Inbox {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendError>> {
        let kept = Kept {
            kind: MessageKind::Mail,
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
        };
        async move { self.keep(mail.id, &kept).await }.boxed()
    }
}

impl SmsSender for Inbox {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), SendError>> {
        let kept = Kept {
            kind: MessageKind::Sms,
            to: sms.to.clone(),
            subject: String::new(),
            text: sms.text.clone(),
            html: String::new(),
        };
        async move { self.keep(sms.id, &kept).await }.boxed()
    }
}
