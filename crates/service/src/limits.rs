//! Rate limits: how many requests a client has left on a route.

use crate::{App, Ctx, Error, Fault, Refusal};
use doorward_domain::{ClientAddr, Quota, Rejection, Span, Timestamp};
pub use doorward_store::kv::Decision;

/// The counter of a rule on a route for a client. IPv6 clients are counted by their /64.
pub fn client_key(rule: &str, route: &str, client: &ClientAddr) -> String {
    format!("{rule}|{route}|{}", client.limit_key())
}

/// Takes one request from a counter's quota, or says how long to wait.
pub async fn admit(app: &App, key: &str, quota: Quota, now: Timestamp) -> Decision {
    app.kv.gcra(key, quota, now).await
}

/// Takes one from what a use case allows `count` of an hour, or refuses with the wait that is left.
pub(crate) async fn take_hourly(app: &App, ctx: &Ctx, key: &str, count: u32) -> Result<(), Error> {
    let hourly = Quota::new(count, Span::hours(1)).map_err(Fault::internal)?;
    let decision = admit(app, key, hourly, ctx.now).await;
    if decision.admitted {
        Ok(())
    } else {
        Err(Refusal::after(Rejection::RateLimited, decision.retry_after).into())
    }
}
