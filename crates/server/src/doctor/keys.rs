//! The signing keys: that one signs, that it is not too old, and that its time is not still to come.

use super::Check;
use super::address::CLOCK_OFF;
use crate::config::Config;
use doorward_domain::{Span, Timestamp};
use doorward_service::SharedApp;
use doorward_service::keys::{self, KeyInfo, KeyState};

const NAME: &str = "signing key";

/// How long after its turn a successor may be missing.
const OVERDUE: Span = Span::days(7);

pub(super) async fn signing(config: &Config, app: &SharedApp) -> Vec<Check> {
    let now = app.now();
    let keys = match keys::list(app, now).await {
        Ok(keys) => keys,
        Err(error) => return vec![Check::broken(NAME, error.to_string())],
    };
    let Some(newest) = keys.iter().max_by_key(|key| key.created_at) else {
        return vec![without_any(config)];
    };
    if newest.created_at.since(now) > CLOCK_OFF {
        return vec![Check::broken(
            "clock",
            "this machine's clock is behind the newest signing key; set it right",
        )];
    }
    let every = app.settings().tokens.rotate_keys_every;
    vec![
        aged(&keys, newest, every, now),
        Check::good("clock", "not behind what is in the database"),
    ]
}

fn without_any(config: &Config) -> Check {
    if config.all.text("tokens.algorithm") == Some("HS256") {
        Check::good(NAME, "HS256 signs with the shared key")
    } else {
        Check::broken(NAME, "there is none; start `doorward serve` once")
    }
}

fn aged(keys: &[KeyInfo], newest: &KeyInfo, every: Span, now: Timestamp) -> Check {
    let signing = keys
        .iter()
        .filter(|key| key.state == KeyState::Signing)
        .map(|key| key.version.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let days = now.since(newest.created_at).as_seconds() / 86_400;
    if !every.is_zero() && now > newest.created_at + every + OVERDUE {
        Check::warning(
            NAME,
            format!(
                "version {signing} is {days} days old and should have a successor; is `serve` or `worker` running?"
            ),
        )
    } else {
        Check::good(
            NAME,
            format!("version {signing} signs; the newest is {days} days old"),
        )
    }
}
