//! What becomes of messages, counted where they leave the house: by whom, how long it took, and in which span.

use doorward_domain::TRACED;
use doorward_service::SharedApp;
use doorward_service::health::{self, Courier};
use doorward_service::ports::{Couriers, Mail, Mailer, SendError, Sms, SmsSender};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use metrics::{counter, histogram};
use std::sync::Arc;
use std::time::Instant;
use tracing::{Instrument, info_span};

/// The same couriers, and what they do is known.
pub(crate) fn measured(couriers: Couriers, app: &SharedApp) -> Couriers {
    Couriers {
        mailer: Arc::new(Measured {
            inner: couriers.mailer,
            app: Arc::clone(app),
        }),
        sms: Arc::new(Measured {
            inner: couriers.sms,
            app: Arc::clone(app),
        }),
    }
}

struct Measured<C: ?Sized> {
    inner: Arc<C>,
    app: SharedApp,
}

impl Mailer for Measured<dyn Mailer> {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendError>> {
        measure(&self.app, Courier::Mail, self.inner.send(mail)).boxed()
    }
}

impl SmsSender for Measured<dyn SmsSender> {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), SendError>> {
        measure(&self.app, Courier::Sms, self.inner.send(sms)).boxed()
    }
}

async fn measure(
    app: &SharedApp,
    courier: Courier,
    delivery: impl Future<Output = Result<(), SendError>>,
) -> Result<(), SendError> {
    let began = Instant::now();
    let span =
        info_span!(target: TRACED, "delivery", otel.kind = "client", courier = courier.word());
    let outcome = delivery.instrument(span).await;
    health::note_delivery(app, courier, &outcome);
    let word = courier.word();
    histogram!("doorward_delivery_seconds", "courier" => word).record(began.elapsed());
    counter!("doorward_deliveries_total", "courier" => word, "outcome" => named(&outcome))
        .increment(1);
    outcome
}

const fn named(outcome: &Result<(), SendError>) -> &'static str {
    match outcome {
        Ok(()) => "delivered",
        Err(SendError::Away(_)) => "away",
        Err(SendError::Temporary(_)) => "deferred",
        Err(SendError::Permanent(_)) => "refused",
    }
}
