//! The transport that `mail.transport` chose, and beside it the way that text messages go.

use crate::config::{Config, Mail as Transport};
use crate::eml::EmlFolder;
use crate::meters;
use crate::sms;
use crate::smtp::SmtpMailer;
use anyhow::Result;
use doorward_service::inbox::Inbox;
use doorward_service::ports::{Couriers, Mail, Mailer, SendError};
use doorward_service::{SharedApp, health};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Builds all who carry messages out of the house.
pub(crate) fn couriers(config: &Config, app: &SharedApp) -> Result<Couriers> {
    let couriers = Couriers {
        mailer: mailer(config, app)?,
        sms: sms::sender(config, app)?,
    };
    Ok(meters::measured(couriers, app))
}

/// Builds the mailer that delivers.
fn mailer(config: &Config, app: &SharedApp) -> Result<Arc<dyn Mailer>> {
    Ok(match config.mail() {
        Transport::Smtp(smtp) => Arc::new(SmtpMailer::new(&smtp, &config.sender())?),
        Transport::File(folder) => Arc::new(EmlFolder::open(folder, &config.sender())?),
        Transport::Inbox => Arc::new(Inbox::new(Arc::clone(app))),
        Transport::None => Arc::new(Dropped(Arc::clone(app))),
    })
}

/// Transport `none`: the operator said that nothing leaves. It is counted, so that nobody wonders for long.
struct Dropped(SharedApp);

impl Mailer for Dropped {
    fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            health::note_dropped_message(&self.0);
            Ok(())
        }
        .boxed()
    }
}
