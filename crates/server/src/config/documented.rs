//! The documented services' own environment names, so that an `.env` of theirs keeps working.
//!
//! Inside one layer a native name wins over all of these. Names of equal rank that disagree are a problem that names
//! both. A name that is not listed here belongs to somebody else and is left alone.

mod together;

use super::dotenv::Variable;
use super::environment::unquoted;
use super::layer::{self, Entry, Layer};
use super::origin::{Origin, Problem};
use super::table;
use super::value::{Raw, Value};
use secrecy::ExposeSecret;
use std::collections::HashMap;

/// How the text of a documented name becomes the text of its setting.
#[derive(Clone, Copy)]
enum Reading {
    Plain,
    Minutes,
    Hours,
    Days,
    /// Python's names of log levels.
    Level,
}

struct Row {
    /// Names of equal rank.
    names: &'static [&'static str],
    setting: &'static str,
    reading: Reading,
}

const fn row(names: &'static [&'static str], setting: &'static str) -> Row {
    Row {
        names,
        setting,
        reading: Reading::Plain,
    }
}

const fn read_as(reading: Reading, names: &'static [&'static str], setting: &'static str) -> Row {
    Row {
        names,
        setting,
        reading,
    }
}

/// Names that stand for one setting each; what takes several names together is below.
const ROWS: &[Row] = &[
    row(&["BASE_URL"], "server.public_url"),
    row(&["PROJECT_NAME"], "server.name"),
    row(&["API_V1_STR"], "api.v1_prefix"),
    row(&["DATABASE_POOL_SIZE"], "database.pool_size"),
    row(&["DATABASE_MAX_OVERFLOW"], "database.max_overflow"),
    row(&["DATABASE_POOL_TIMEOUT"], "database.pool_timeout"),
    row(&["DATABASE_POOL_RECYCLE"], "database.pool_recycle"),
    row(&["REDIS_CACHE_EXPIRE_SECONDS"], "cache.lifetime"),
    row(&["SECRET_KEY"], "proof.secret_key"),
    row(&["PRIVATE_KEY", "PRIVATE_KEY_PATH"], "tokens.private_key"),
    row(&["PUBLIC_KEY", "PUBLIC_KEY_PATH"], "tokens.public_key"),
    read_as(
        Reading::Minutes,
        &["ACCESS_TOKEN_EXPIRE_MINUTES"],
        "tokens.access_lifetime",
    ),
    read_as(
        Reading::Days,
        &["REFRESH_TOKEN_EXPIRE_DAYS"],
        "tokens.refresh_lifetime",
    ),
    read_as(
        Reading::Minutes,
        &["JWT_EXPIRATION_MINUTES"],
        "api.code.access_lifetime",
    ),
    read_as(
        Reading::Hours,
        &["RT_EXPIRATION_HOURS"],
        "api.code.refresh_lifetime",
    ),
    row(&["SMTP_SERVER", "SMTP_HOST"], "mail.host"),
    row(&["SMTP_PORT"], "mail.port"),
    row(&["SMTP_USERNAME", "SMTP_USER"], "mail.username"),
    row(&["SMTP_PASSWORD"], "mail.password"),
    row(
        &["SMTP_FROM", "EMAILS_FROM_EMAIL", "MAIL_FROM"],
        "mail.from",
    ),
    row(&["EMAILS_FROM_NAME", "SMTP_SENDER_NAME"], "mail.from_name"),
    row(&["SMS_API_URL"], "sms.url"),
    read_as(
        Reading::Minutes,
        &["EMAIL_OTP_EXPIRE_MINUTES"],
        "codes.verify.lifetime",
    ),
    row(&["EMAIL_OTP_LENGTH"], "codes.verify.length"),
    row(
        &["EMAIL_OTP_RESEND_INTERVAL_SECONDS"],
        "codes.verify.cooldown",
    ),
    row(&["EMAIL_OTP_MAX_ATTEMPTS"], "codes.verify.attempts"),
    row(&["OTP_EXPIRE_SECONDS"], "codes.proof.lifetime"),
    row(&["OTP_ATTEMPTS_LIMIT"], "codes.proof.attempts"),
    row(&["CODE_TOTAL_DIGITS"], "codes.sign_in.length"),
    row(&["CODE_UNIQUE_DIGITS"], "codes.sign_in.unique_digits"),
    row(&["CODE_ATTEMPT"], "codes.sign_in.attempts"),
    row(&["CODE_COOLDOWN_SECONDS"], "codes.sign_in.cooldown"),
    row(&["CODE_COOLDOWN_SECONDS"], "codes.sign_in.lifetime"),
    row(&["PASSWORD_ATTEMPT"], "password.attempts"),
    row(&["TOKEN_COOLDOWN_SECONDS"], "api.code.token_cooldown"),
    row(&["SCHEDULER_FREQUENCY_SECONDS"], "cleanup.interval"),
    row(&["BATCH_SIZE"], "cleanup.batch"),
    row(&["RATE_LIMIT_LOGIN"], "rate_limit.named.login"),
    row(&["RATE_LIMIT_REFRESH"], "rate_limit.named.refresh"),
    row(&["RATE_LIMIT_SEND_OTP"], "rate_limit.named.send_otp"),
    row(&["RATE_LIMIT_VERIFY_OTP"], "rate_limit.named.verify_otp"),
    row(&["RATE_LIMIT_DEFAULT"], "rate_limit.named.default"),
    row(&["BACKEND_CORS_ORIGINS"], "cors.origins"),
    row(&["MINIO_ACCESS_KEY"], "files.s3.access_key"),
    row(&["MINIO_SECRET_KEY"], "files.s3.secret_key"),
    row(&["SSL_CERTFILE"], "server.tls.cert_file"),
    row(&["SSL_KEYFILE"], "server.tls.key_file"),
    read_as(Reading::Level, &["LOG_LEVEL"], "logs.level"),
    row(&["LOG_SIZE_BYTES"], "logs.max_size"),
    row(&["BACKUPS"], "logs.keep"),
    row(&["SWAGGER", "REDOC"], "api.docs"),
    row(&["OTEL_EXPORTER_OTLP_ENDPOINT"], "monitoring.otlp_endpoint"),
    row(&["OTEL_SERVICE_NAME"], "monitoring.service_name"),
];

/// Names that several of are read together, for the reference page.
const TOGETHER: &[(&str, &str)] = &[
    (
        "mode",
        "`DEBUG`, `DEV_MODE` (a hint where `mode` is not set)",
    ),
    (
        "server.public_url",
        "`SERVER`, `SERVER_PORT` (where it is not set)",
    ),
    ("database.url", "`DATABASE_URL`, `POSTGRES_*`, `DB_*`"),
    (
        "redis.url",
        "`REDIS_HOST`, `REDIS_PORT`, `REDIS_DB`, `REDIS_URL`, `CELERY_BROKER_URL`",
    ),
    ("tokens.algorithm", "`JWT_ALGORITHM`, `ALGORITHM`"),
    ("tokens.hs256_key", "`SECRET_KEY` (where HS256 is chosen)"),
    ("mail.tls", "`SMTP_USE_SSL`, `SMTP_USE_TLS` (`SMTP_TLS`)"),
    ("sms.headers", "`SMS_API_KEY`"),
    (
        "files.url",
        "`MINIO_BUCKET_NAME` (where `MINIO_ENDPOINT` is set)",
    ),
    ("files.s3.endpoint", "`MINIO_ENDPOINT`, `MINIO_SECURE`"),
];

/// The documented names that set a setting, for the reference page.
pub(crate) fn names_of(setting: &str) -> String {
    let single = ROWS
        .iter()
        .filter(|row| row.setting == setting)
        .flat_map(|row| row.names);
    let mut names: Vec<String> = single.map(|name| format!("`{name}`")).collect();
    names.extend(
        TOGETHER
            .iter()
            .filter(|(name, _)| *name == setting)
            .map(|(_, names)| (*names).to_owned()),
    );
    names.join(", ")
}

/// The variables of one layer, with those of the layer below it: parts of an address may stand in both.
pub(crate) struct Names<'v> {
    here: HashMap<&'v str, &'v Variable>,
    below: HashMap<&'v str, &'v Variable>,
}

impl<'v> Names<'v> {
    pub(crate) fn new(here: &'v [Variable], below: &'v [Variable]) -> Self {
        let index = |variables: &'v [Variable]| {
            let set = variables
                .iter()
                .filter(|variable| !unquoted(&variable.value).is_empty());
            set.map(|variable| (variable.name.as_str(), variable))
                .collect()
        };
        Self {
            here: index(here),
            below: index(below),
        }
    }

    fn here(&self, name: &str) -> Option<&'v Variable> {
        self.here.get(name).copied()
    }

    fn text(&self, name: &str) -> Option<&'v str> {
        self.here(name)
            .or_else(|| self.below.get(name).copied())
            .map(|variable| unquoted(&variable.value))
    }
}

/// Reads every documented name into the layer.
pub(crate) fn read(layer: &mut Layer, names: &Names<'_>) {
    for row in ROWS {
        single(layer, names, row);
    }
    together::read(layer, names);
}

fn single(layer: &mut Layer, names: &Names<'_>, row: &Row) {
    for name in row.names {
        let Some(variable) = names.here(name) else {
            continue;
        };
        let text = translated(row.reading, unquoted(&variable.value));
        match value_of(row.setting, text) {
            Ok(value) => agree(layer, row.setting, value, &variable.origin),
            Err(problem)
                if layer
                    .entries
                    .get(row.setting)
                    .is_none_or(|entry| !entry.origin.is_native()) =>
            {
                layer.problems.push(problem.at(&variable.origin));
            }
            Err(_) => {}
        }
    }
}

fn value_of(setting: &str, text: String) -> Result<Value, Problem> {
    let Some(known) = table::find(setting) else {
        return Err(Problem::new(
            format!("there is no setting `{setting}`"),
            "report this",
        ));
    };
    layer::read(known, setting, &Raw::Text(text))
}

/// Sets a setting unless a native name has, and refuses a second documented name that says something else.
fn agree(layer: &mut Layer, setting: &str, value: Value, origin: &Origin) {
    match layer.entries.get(setting) {
        None => {
            layer.entries.insert(
                setting.to_owned(),
                Entry {
                    value,
                    origin: origin.clone(),
                },
            );
        }
        Some(entry) if entry.origin.is_native() || entry.value == value => {}
        Some(entry) => {
            let problem = disagreement(setting, &entry.origin).at(origin);
            layer.problems.push(problem);
        }
    }
}

fn translated(reading: Reading, text: &str) -> String {
    match reading {
        Reading::Plain => text.to_owned(),
        Reading::Minutes => format!("{text}m"),
        Reading::Hours => format!("{text}h"),
        Reading::Days => format!("{text}d"),
        Reading::Level => match text.to_ascii_lowercase().as_str() {
            "warning" => "warn".to_owned(),
            "critical" | "fatal" => "error".to_owned(),
            other => other.to_owned(),
        },
    }
}

fn hint(layer: &mut Layer, setting: &str, value: Value, origin: &Origin) {
    match layer.hints.get(setting) {
        Some(entry) if entry.value != value => {
            let problem = disagreement(setting, &entry.origin).at(origin);
            layer.problems.push(problem);
        }
        _ => {
            layer.hints.insert(
                setting.to_owned(),
                Entry {
                    value,
                    origin: origin.clone(),
                },
            );
        }
    }
}

/// Two documented names of one layer that choose different algorithms. The one that is only a hint counts where it can
/// be followed.
pub(crate) fn two_algorithms(layer: &Layer) -> Option<Problem> {
    let hint = layer.hints.get("tokens.algorithm")?;
    let entry = layer.entries.get("tokens.algorithm")?;
    let differ = !entry.origin.is_native() && entry.value != hint.value;
    differ.then(|| disagreement("tokens.algorithm", &entry.origin).at(&hint.origin))
}

fn disagreement(setting: &str, other: &Origin) -> Problem {
    let what = format!("`{setting}` is also set by {other}, to something else");
    Problem::new(what, "keep one of the two")
}

/// The text of a secret value, for those who compare or use it.
pub(crate) fn exposed(value: &Value) -> Option<&str> {
    match value {
        Value::Secret(secret) | Value::Location(secret) => Some(secret.expose_secret()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
