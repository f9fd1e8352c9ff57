//! Rate limits: how many requests a client has left on a route.

use crate::App;
use doorward_domain::{ClientAddr, Quota, Timestamp};
pub use doorward_store::kv::Decision;

/// The counter of a rule on a route for a client. IPv6 clients are counted by their /64.
pub fn client_key(rule: &str, route: &str, client: &ClientAddr) -> String {
    format!("{rule}|{route}|{}", client.limit_key())
}

/// Takes one request from a counter's quota, or says how long to wait.
pub async fn admit(app: &App, key: &str, quota: Quota, now: Timestamp) -> Decision {
    app.kv.gcra(key, quota, now).await
}
