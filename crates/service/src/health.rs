//! Whether the service can do its work, part by part.

use crate::SharedApp;
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
    let mut notices = Vec::new();
    let dropped = app.dropped_messages.load(Ordering::Relaxed);
    if dropped > 0 {
        notices.push(format!(
            "{dropped} messages were dropped, since `mail.transport` is `none`"
        ));
    }
    Readiness {
        status,
        parts,
        notices,
    }
}

/// Notes that a message was dropped, since no transport is configured.
pub fn note_dropped_message(app: &SharedApp) {
    app.dropped_messages.fetch_add(1, Ordering::Relaxed);
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

async fn mail(app: &SharedApp) -> Health {
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
