//! Whether the service can do its work, part by part.

mod post;

pub use post::Courier;
pub(crate) use post::Post;

use crate::SharedApp;
use crate::certificates;
use crate::ports::SendError;
use doorward_domain::Span;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Mail that waits longer than this is late.
const MAIL_LATE: Span = Span::minutes(5);

/// The state of the whole, or of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// The service goes on without it, less well.
    Degraded,
    /// The service cannot go on without it.
    Unavailable,
}

/// What readiness answers.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// The worst of the parts.
    pub status: Health,
    /// The configured parts by name.
    pub parts: Vec<(&'static str, Health)>,
    /// What an operator should know and what leaves `status` as it is.
    pub notices: Vec<String>,
}

/// Looks at every part.
pub async fn readiness(app: &SharedApp) -> Readiness {
    let mut parts = vec![("database", database(app).await)];
    if let Some(alive) = app.kv.ping().await {
        parts.push(("redis", if alive { Health::Ok } else { Health::Degraded }));
    }
    parts.push(("mail", mail(app).await));
    let status = parts
        .iter()
        .map(|(_, health)| *health)
        .max()
        .unwrap_or(Health::Ok);
    let mut notices = notices(app);
    notices.extend(certificates::notice(app).await);
    Readiness {
        status,
        parts,
        notices,
    }
}

fn notices(app: &SharedApp) -> Vec<String> {
    let mut notices = Vec::new();
    let dropped = app.dropped_messages.load(Ordering::Relaxed);
    if dropped > 0 {
        notices.push(format!(
            "{dropped} messages were dropped, since `mail.transport` is `none`"
        ));
    }
    if app.post.is_away(Courier::Sms) {
        notices.push("the SMS provider takes no messages; they wait".to_owned());
    }
    notices
}

/// Notes that a message was dropped, since no transport is configured.
pub fn note_dropped_message(app: &SharedApp) {
    app.dropped_messages.fetch_add(1, Ordering::Relaxed);
}

/// Notes what became of a message that this process tried to hand over.
pub fn note_delivery(app: &SharedApp, courier: Courier, outcome: &Result<(), SendError>) {
    app.post.note(courier, outcome);
}

/// Whether whoever takes a courier's messages has been away for the last few tries of this process.
pub fn is_away(app: &SharedApp, courier: Courier) -> bool {
    app.post.is_away(courier)
}

async fn database(app: &SharedApp) -> Health {
    let reachable = app.store.ping().await.is_ok();
    let migrated = reachable
        && app
            .store
            .pending()
            .await
            .is_ok_and(|pending| pending.is_empty());
    if migrated {
        Health::Ok
    } else {
        Health::Unavailable
    }
}

/// Mail is late where nobody takes it from the queue, and where nobody takes it from us.
async fn mail(app: &SharedApp) -> Health {
    if app.post.is_away(Courier::Mail) {
        return Health::Degraded;
    }
    let now = app.now();
    let oldest = async {
        let mut tx = app.read().await?;
        let stats = doorward_store::jobs::stats(&mut tx, now).await?;
        Ok::<_, crate::Fault>(stats.oldest_ready_at)
    };
    match oldest.await {
        Ok(Some(at)) if now.since(at) > MAIL_LATE => Health::Degraded,
        Ok(_) => Health::Ok,
        Err(_) => Health::Degraded,
    }
}
