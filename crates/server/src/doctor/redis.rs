//! Redis: whether it answers, and whether it keeps what it is given.

use super::Check;
use crate::config::Config;
use doorward_service::SharedApp;

const NAME: &str = "Redis";

/// The policy under which nothing is dropped that has not expired.
const KEEPS_ALL: &str = "noeviction";

pub(super) async fn redis(config: &Config, app: &SharedApp) -> Option<Check> {
    config.redis_url()?;
    if app.kv().ping().await != Some(true) {
        return Some(Check::warning(
            NAME,
            "does not answer; each replica limits for itself meanwhile; look at `redis.url`",
        ));
    }
    let policies = app.kv().eviction().await.unwrap_or_default();
    Some(match policies.iter().find(|policy| *policy != KEEPS_ALL) {
        Some(policy) => Check::warning(
            NAME,
            format!(
                "its `maxmemory-policy` is `{policy}`, which drops counters of limits when memory is short; set it to `{KEEPS_ALL}`"
            ),
        ),
        None => Check::good(NAME, "answers and keeps what it is given"),
    })
}
