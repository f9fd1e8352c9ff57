//! The single checks.

use super::Check;
use crate::assemble::{Opening, Sources, application, open_store};
use crate::config::{Config, Mail, Mode, Smtp};
use crate::smtp::SmtpMailer;
use crate::tls;
use doorward_domain::{Span, Timestamp};
use doorward_service::keys::{self, KeyState};
use doorward_service::{Clock, SharedApp};
use doorward_store::{Store, jobs, meta};
use std::path::Path;
use std::time::Duration;

pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Mail that waits longer says that no worker runs.
const LATE: Span = Span::minutes(5);
/// A clock that is further off makes tokens expire early or late.
const CLOCK_OFF: Span = Span::seconds(60);

pub(super) fn settings(config: &Config) -> Check {
    match config.warnings.as_slice() {
        [] => Check::good("settings", "no warnings"),
        warnings => Check::warning("settings", warnings.join("; ")),
    }
}

/// Asks the server at the address that links will begin with, and compares its clock with this machine's.
pub(super) async fn public_url(config: &Config) -> Check {
    const NAME: &str = "public URL";
    let url = config.public_url();
    let shown = url.as_str().trim_end_matches('/').to_owned();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let answer = match client {
        Ok(client) => client.get(format!("{shown}/livez")).send().await,
        Err(error) => return Check::broken(NAME, format!("no request can be made: {error}")),
    };
    match answer {
        Ok(answer) if answer.status().is_success() => {
            let off = clock_difference(answer.headers(), Clock::system().now());
            match off.filter(|off| *off > CLOCK_OFF) {
                Some(off) => Check::warning(
                    NAME,
                    format!(
                        "`{shown}` answers, with a clock that is {off} off from this machine's; keep both in step"
                    ),
                ),
                None => Check::good(NAME, format!("`{shown}` answers")),
            }
        }
        Ok(answer) => Check::warning(
            NAME,
            format!(
                "`{shown}/livez` answers {}; does the address lead here?",
                answer.status()
            ),
        ),
        Err(error) => Check::warning(
            NAME,
            format!(
                "`{shown}` cannot be reached: {}; start the server, or look at the way there",
                root_cause(&error)
            ),
        ),
    }
}

/// What went wrong at the bottom: a refused connection, an unknown certificate, a name that is none.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn clock_difference(headers: &axum::http::HeaderMap, now: Timestamp) -> Option<Span> {
    let date = headers.get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let theirs = Timestamp::from_millis(theirs.as_millisecond());
    Some(now.since(theirs).max(theirs.since(now)))
}

pub(super) fn certificates(config: &Config) -> Option<Check> {
    const NAME: &str = "certificates";
    let pair = config.tls()?;
    Some(match tls::load(&pair) {
        Ok(_) => Check::good(
            NAME,
            format!("`{}` and its key are a pair", pair.cert_file.display()),
        ),
        Err(error) => Check::broken(NAME, format!("{error:#}")),
    })
}

pub(super) fn proxies(config: &Config) -> Check {
    const NAME: &str = "proxies";
    let proxies = config.trusted_proxies();
    let terminated_elsewhere = config.public_url().scheme() == "https" && config.tls().is_none();
    if !proxies.is_empty() {
        let everybody = proxies.iter().any(|network| network.prefix_len() == 0);
        return if everybody {
            Check::broken(
                NAME,
                "`server.trusted_proxies` trusts everybody, so that any client can choose its address; name the proxy alone",
            )
        } else {
            Check::good(NAME, format!("{} trusted networks", proxies.len()))
        };
    }
    if terminated_elsewhere {
        return Check::warning(
            NAME,
            "https ends before this server, yet no proxy is trusted: all clients look like one; set `server.trusted_proxies`",
        );
    }
    if config.mode == Mode::Production && config.tls().is_none() {
        return Check::warning(
            NAME,
            "production over plain HTTP without a trusted proxy; set `server.tls` or `server.trusted_proxies`",
        );
    }
    Check::good(NAME, "none are trusted")
}

pub(super) async fn database(config: &Config) -> Vec<Check> {
    const NAME: &str = "database";
    let store = match open_store(config, Opening::Beside).await {
        Ok(store) => store,
        Err(error) => return vec![Check::broken(NAME, format!("{error:#}"))],
    };
    let found = match store.pending().await {
        Ok(pending) if pending.is_empty() => migrated(config, &store).await,
        Ok(pending) => vec![Check::broken(
            "migrations",
            format!("{} are pending; run `doorward migrate`", pending.len()),
        )],
        Err(error) => vec![Check::broken(NAME, in_full(&error))],
    };
    store.close().await;
    found
}

async fn migrated(config: &Config, store: &Store) -> Vec<Check> {
    let mut found = vec![
        Check::good("migrations", "none are pending"),
        rights(store).await,
    ];
    match application(config, store, Opening::Beside, Sources::system()).await {
        Ok(app) => found.extend(inside(config, &app, store).await),
        Err(error) => found.push(Check::broken("start", format!("{error:#}"))),
    }
    found
}

/// Writes, and takes it back.
async fn rights(store: &Store) -> Check {
    const NAME: &str = "database";
    let attempt = async {
        let mut tx = store.write().await?;
        meta::insert_once(&mut tx, "doctor", "was here").await
    };
    match attempt.await {
        Ok(_) => Check::good(
            NAME,
            format!("{} answers and can be written", store.engine()),
        ),
        Err(error) => Check::broken(
            NAME,
            format!(
                "{}; look at the server, its disk and the rights of its user",
                in_full(&error)
            ),
        ),
    }
}

async fn inside(config: &Config, app: &SharedApp, store: &Store) -> Vec<Check> {
    let mut found = vec![queue(app, store).await];
    found.extend(signing_keys(config, app).await);
    if config.redis_url().is_some() {
        found.push(match app.kv().ping().await {
            Some(true) => Check::good("Redis", "answers"),
            _ => Check::warning(
                "Redis",
                "does not answer; each replica limits for itself meanwhile; look at `redis.url`",
            ),
        });
    }
    found
}

async fn queue(app: &SharedApp, store: &Store) -> Check {
    const NAME: &str = "queue";
    let now = app.now();
    let stats = async { jobs::stats(&mut store.read().await?, now).await };
    let stats = match stats.await {
        Ok(stats) => stats,
        Err(error) => return Check::broken(NAME, in_full(&error)),
    };
    let waiting = stats
        .oldest_ready_at
        .map(|at| now.since(at))
        .filter(|waiting| *waiting > LATE);
    if let Some(waiting) = waiting {
        return Check::warning(
            NAME,
            format!(
                "{} jobs are ready, the oldest for {} seconds; is `serve` or `worker` running?",
                stats.ready,
                waiting.as_seconds()
            ),
        );
    }
    if stats.dead > 0 {
        return Check::warning(
            NAME,
            format!(
                "{} messages could not be delivered and were given up; the log tells why",
                stats.dead
            ),
        );
    }
    Check::good(
        NAME,
        format!("{} ready, {} in work", stats.ready, stats.held),
    )
}

async fn signing_keys(config: &Config, app: &SharedApp) -> Vec<Check> {
    const NAME: &str = "signing key";
    let now = app.now();
    let keys = match keys::list(app, now).await {
        Ok(keys) => keys,
        Err(error) => return vec![Check::broken(NAME, error.to_string())],
    };
    let Some(newest) = keys.iter().max_by_key(|key| key.created_at) else {
        return if config.all.text("tokens.algorithm") == Some("HS256") {
            vec![Check::good(NAME, "HS256 signs with the shared key")]
        } else {
            vec![Check::broken(
                NAME,
                "there is none; start `doorward serve` once",
            )]
        };
    };
    if newest.created_at.since(now) > CLOCK_OFF {
        return vec![Check::broken(
            "clock",
            "this machine's clock is behind the newest signing key; set it right",
        )];
    }
    let every = app.settings().tokens.rotate_keys_every;
    let age = now.since(newest.created_at);
    let signing = keys
        .iter()
        .filter(|key| key.state == KeyState::Signing)
        .map(|key| key.version.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let days = age.as_seconds() / 86_400;
    let key = if !every.is_zero() && now > newest.created_at + every + Span::days(7) {
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
    };
    vec![
        key,
        Check::good("clock", "not behind what is in the database"),
    ]
}

pub(super) async fn mail(config: &Config) -> Check {
    const NAME: &str = "mail";
    match config.mail() {
        Mail::Smtp(smtp) => smtp_log_in(config, &smtp).await,
        Mail::File(folder) => writable(NAME, &folder),
        Mail::Inbox => Check::good(NAME, "shown in the inbox"),
        Mail::None => Check::warning(NAME, "`mail.transport` is `none`: every message is dropped"),
    }
}

async fn smtp_log_in(config: &Config, smtp: &Smtp) -> Check {
    const NAME: &str = "mail";
    let server = format!("`{}:{}`", smtp.host, smtp.port);
    let mailer = match SmtpMailer::new(smtp, &config.sender()) {
        Ok(mailer) => mailer,
        Err(error) => return Check::broken(NAME, format!("{error:#}")),
    };
    match mailer.probe().await {
        Ok(()) => Check::good(
            NAME,
            format!("{server} takes the connection and the log-in"),
        ),
        Err(error) => Check::broken(
            NAME,
            format!(
                "{server}: {error}; look at `mail.host`, `mail.port`, `mail.tls` and the log-in"
            ),
        ),
    }
}

pub(super) fn files(config: &Config) -> Check {
    writable("files", &config.files_folder())
}

fn writable(name: &'static str, folder: &Path) -> Check {
    let shown = folder.display();
    let probe = folder.join(".doctor");
    let tried = crate::private::make_folder(folder)
        .and_then(|()| std::fs::write(&probe, b"doctor"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Check::good(name, format!("`{shown}` can be written")),
        Err(error) => Check::broken(
            name,
            format!("`{shown}` cannot be written: {error}; look at its owner and rights"),
        ),
    }
}

fn in_full(error: &doorward_store::Error) -> String {
    format!("{:#}", anyhow::Error::new(error.clone()))
}
