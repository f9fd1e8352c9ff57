//! The certificate that clients are shown: whether its halves belong together, how long it lasts, and for whom it is.

use super::Check;
use crate::config::{Config, Tls};
use crate::tls::{self, Facts};
use doorward_domain::{Span, Timestamp};
use doorward_service::{SharedApp, certificates};

const NAME: &str = "certificate";

/// A certificate that ends sooner should have been renewed: authorities give 90 days, and renewing is for the last 30.
const SOON: Span = Span::days(14);

/// The pair of `server.tls`.
pub(super) fn pair(config: &Config, now: Timestamp) -> Option<Check> {
    let Tls::Files(files) = config.tls()? else {
        return None;
    };
    Some(match tls::load(&files) {
        Ok(pair) => {
            let shown = files.cert_file.display().to_string();
            out_of_time(&shown, &pair.facts, now)
                .or_else(|| for_others(config, &shown, &pair.facts))
                .unwrap_or_else(|| good_for(&shown, pair.facts.expires_at, now))
        }
        Err(error) => Check::broken(
            NAME,
            format!("{error:#}; put a pair in place that belongs together"),
        ),
    })
}

fn out_of_time(shown: &str, facts: &Facts, now: Timestamp) -> Option<Check> {
    let words = if now < facts.valid_from {
        format!(
            "`{shown}` is good from {} on; look at the clock, or at the certificate",
            facts.valid_from.to_rfc3339()
        )
    } else if facts.expires_at <= now {
        format!(
            "`{shown}` ended at {}; renew it, and put it in its place",
            facts.expires_at.to_rfc3339()
        )
    } else {
        return None;
    };
    Some(Check::broken(NAME, words))
}

fn for_others(config: &Config, shown: &str, facts: &Facts) -> Option<Check> {
    let url = config.public_url();
    let host = url.host_str()?.trim_matches(['[', ']']);
    if url.scheme() != "https" || facts.covers(host) {
        return None;
    }
    let words = format!(
        "`{shown}` is not for `{host}`, which `server.public_url` names; get one for that name"
    );
    // A trusted proxy may show another to clients, and take this one.
    Some(if config.trusted_proxies().is_empty() {
        Check::broken(NAME, words)
    } else {
        Check::warning(NAME, words)
    })
}

fn good_for(shown: &str, end: Timestamp, now: Timestamp) -> Check {
    let days = end.since(now).as_seconds() / 86_400;
    if end <= now + SOON {
        let words = format!("`{shown}` ends in {days} days; renew it, and put it in its place");
        Check::warning(NAME, words)
    } else {
        let words = format!("`{shown}` and its key are a pair, good for {days} days");
        Check::good(NAME, words)
    }
}

/// What was got by ACME.
pub(super) async fn by_acme(app: &SharedApp) -> Option<Check> {
    let state = match certificates::state(app).await {
        Ok(state) => state?,
        Err(error) => return Some(Check::broken(NAME, error.to_string())),
    };
    let now = app.now();
    let why = state.failures.map(|failures| {
        format!(
            "{} orders failed, the last of them: {}; the next is tried at {}",
            failures.count,
            failures.problem,
            failures.retry_at.to_rfc3339()
        )
    });
    let remedy = "look at `server.acme` and at the way from the authority to here";
    Some(match (state.expires_at, why) {
        (Some(end), _) if end <= now => {
            Check::broken(NAME, format!("it ended at {}; {remedy}", end.to_rfc3339()))
        }
        (_, Some(why)) => Check::warning(NAME, format!("{why}; {remedy}")),
        (Some(end), None) => {
            let days = end.since(now).as_seconds() / 86_400;
            Check::good(NAME, format!("got by ACME, good for {days} days"))
        }
        (None, None) => Check::warning(
            NAME,
            "none was ordered yet; is `doorward serve` running? It orders one within a minute",
        ),
    })
}
