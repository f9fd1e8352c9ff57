//! The documented services' own environment names, so that an `.env` of theirs keeps working.
//!
//! Inside one layer a native name wins over all of these. Names of equal rank that disagree are a problem that names
//! both. A name that is not listed here belongs to somebody else and is left alone.

use super::dotenv::Variable;
use super::environment::unquoted;
use super::layer::{self, Entry, Layer};
use super::origin::{Origin, Problem};
use super::table;
use super::value::{Raw, Value, boolean};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, HashMap};
use url::Url;

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
    row(&["SSL_CERTFILE"], "server.tls.cert_file"),
    row(&["SSL_KEYFILE"], "server.tls.key_file"),
    read_as(Reading::Level, &["LOG_LEVEL"], "logs.level"),
    row(&["LOG_SIZE_BYTES"], "logs.max_size"),
    row(&["BACKUPS"], "logs.keep"),
    row(&["SWAGGER", "REDOC"], "api.docs"),
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
    mode(layer, names);
    public_url(layer, names);
    database(layer, names);
    redis(layer, names);
    algorithm(layer, names);
    mail_tls(layer, names);
    others(layer, names);
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
            let what = format!(
                "`{setting}` is also set by {}, to something else",
                entry.origin
            );
            layer
                .problems
                .push(Problem::new(what, "keep one of the two").at(origin));
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
            let what = format!(
                "`{setting}` is also set by {}, to something else",
                entry.origin
            );
            layer
                .problems
                .push(Problem::new(what, "keep one of the two").at(origin));
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

fn mode(layer: &mut Layer, names: &Names<'_>) {
    for name in ["DEBUG", "DEV_MODE"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        match boolean(unquoted(&variable.value)) {
            Some(debug) => {
                let word = if debug { "development" } else { "production" };
                hint(
                    layer,
                    "mode",
                    Value::Text(word.to_owned()),
                    &variable.origin,
                );
            }
            None => layer.warnings.push(format!(
                "{}: this is no boolean and is ignored; `mode` says what it meant",
                variable.origin
            )),
        }
    }
}

fn public_url(layer: &mut Layer, names: &Names<'_>) {
    let Some(variable) = names.here("SERVER") else {
        return;
    };
    let port = names.text("SERVER_PORT").unwrap_or("80");
    let url = format!("http://{}:{port}", unquoted(&variable.value));
    match value_of("server.public_url", url) {
        Ok(value) => hint(layer, "server.public_url", value, &variable.origin),
        Err(_) => {
            let problem = Problem::new(
                "`SERVER` and `SERVER_PORT` make no address",
                "write a host name and a port, or set `server.public_url`",
            );
            layer.problems.push(problem.at(&variable.origin));
        }
    }
}

/// `DATABASE_URL` before `POSTGRES_*` before `DB_*`.
fn database(layer: &mut Layer, names: &Names<'_>) {
    if layer.entries.contains_key("database.url") {
        return;
    }
    if let Some(variable) = names.here("DATABASE_URL") {
        let location = SecretString::from(unquoted(&variable.value));
        agree(
            layer,
            "database.url",
            Value::Location(location),
            &variable.origin,
        );
        return;
    }
    let postgres = [
        "POSTGRES_SERVER",
        "POSTGRES_PORT",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
    ];
    if compose(layer, names, &postgres, names.text("POSTGRES_DB")) {
        return;
    }
    let set = [names.text("DB_NAME"), names.text("DB_TABLE")];
    if let ([Some(name), Some(table)], Some(variable)) = (set, names.here("DB_TABLE"))
        && name != table
    {
        let what = "`DB_TABLE` and `DB_NAME` both name the database, and differ";
        layer
            .problems
            .push(Problem::new(what, "keep one of the two").at(&variable.origin));
    }
    if let (Some(user), Some(variable)) = (names.text("DB_USER"), names.here("DB_USERNAME"))
        && user != unquoted(&variable.value)
    {
        let what = "`DB_USER` and `DB_USERNAME` both name the user, and differ";
        layer
            .problems
            .push(Problem::new(what, "keep one of the two").at(&variable.origin));
    }
    let user = if names.text("DB_USER").is_some() {
        "DB_USER"
    } else {
        "DB_USERNAME"
    };
    let parts = ["DB_HOST", "DB_PORT", user, "DB_PASSWORD", "DB_NAME"];
    compose(layer, names, &parts, set.into_iter().flatten().next());
}

/// Makes `database.url` of host, port, user and password; the last part is the database's name. True when this layer says
/// any of them and a host is known.
fn compose(
    layer: &mut Layer,
    names: &Names<'_>,
    parts: &[&str; 5],
    database: Option<&str>,
) -> bool {
    let [host, port, user, password, _] = parts;
    let Some(said) = parts.iter().find_map(|name| names.here(name)) else {
        return false;
    };
    let Some(host_text) = names.text(host) else {
        return false;
    };
    let origin = names.here(host).unwrap_or(said).origin.clone();
    let url = Url::parse(&format!("postgres://{host_text}"))
        .ok()
        .filter(Url::has_host)
        .and_then(|mut url| {
            url.set_username(names.text(user).unwrap_or_default())
                .ok()?;
            url.set_password(names.text(password)).ok()?;
            url.set_port(Some(names.text(port).unwrap_or("5432").parse().ok()?))
                .ok()?;
            url.set_path(database.unwrap_or_default());
            Some(url)
        });
    match url {
        Some(url) => agree(
            layer,
            "database.url",
            Value::Location(SecretString::from(url.as_str())),
            &origin,
        ),
        None => {
            let what = format!("`{host}` and `{port}` name no server");
            layer
                .problems
                .push(Problem::new(what, "write a host name and a port number").at(&origin));
        }
    }
    true
}

fn redis(layer: &mut Layer, names: &Names<'_>) {
    let parts = ["REDIS_HOST", "REDIS_PORT", "REDIS_DB"];
    if let (Some(said), Some(host)) = (
        parts.iter().find_map(|name| names.here(name)),
        names.text("REDIS_HOST"),
    ) {
        let port = names.text("REDIS_PORT").unwrap_or("6379");
        let number = names.text("REDIS_DB").unwrap_or("0");
        let url = SecretString::from(format!("redis://{host}:{port}/{number}"));
        agree(layer, "redis.url", Value::Location(url), &said.origin);
    }
    for name in ["REDIS_URL", "CELERY_BROKER_URL"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        let url = unquoted(&variable.value);
        if url.starts_with("redis") {
            hint(
                layer,
                "redis.url",
                Value::Location(SecretString::from(url)),
                &variable.origin,
            );
        } else {
            layer.warnings.push(format!(
                "{}: this is no address of a Redis server and is ignored",
                variable.origin
            ));
        }
    }
}

/// `ALGORITHM=HS256` stands in the documents' example and is only a hint there; the rules decide what becomes of it.
fn algorithm(layer: &mut Layer, names: &Names<'_>) {
    for name in ["JWT_ALGORITHM", "ALGORITHM"] {
        let Some(variable) = names.here(name) else {
            continue;
        };
        match value_of("tokens.algorithm", unquoted(&variable.value).to_owned()) {
            Ok(Value::Text(word)) if name == "ALGORITHM" && word == "HS256" => {
                hint(
                    layer,
                    "tokens.algorithm",
                    Value::Text(word),
                    &variable.origin,
                );
            }
            Ok(value) => agree(layer, "tokens.algorithm", value, &variable.origin),
            Err(problem) => layer.problems.push(problem.at(&variable.origin)),
        }
    }
    if let Some(variable) = names.here("SECRET_KEY") {
        let key = SecretString::from(unquoted(&variable.value));
        hint(
            layer,
            "tokens.hs256_key",
            Value::Secret(key),
            &variable.origin,
        );
    }
}

fn mail_tls(layer: &mut Layer, names: &Names<'_>) {
    let switch = |layer: &mut Layer, name: &str| {
        let variable = names.here(name)?;
        let yes = boolean(unquoted(&variable.value));
        if yes.is_none() {
            let problem =
                Problem::new(format!("`{name}` is no boolean"), "write `true` or `false`");
            layer.problems.push(problem.at(&variable.origin));
        }
        yes.map(|yes| (yes, variable.origin.clone()))
    };
    let implicit = switch(layer, "SMTP_USE_SSL");
    let starttls = switch(layer, "SMTP_USE_TLS").or_else(|| switch(layer, "SMTP_TLS"));
    let word = |word: &str| Value::Text(word.to_owned());
    if let Some((true, origin)) = &implicit {
        agree(layer, "mail.tls", word("implicit"), origin);
    }
    if let Some((true, origin)) = &starttls {
        agree(layer, "mail.tls", word("starttls"), origin);
    }
    if let (Some((false, _)), Some((false, origin))) = (&implicit, &starttls) {
        agree(layer, "mail.tls", word("none"), origin);
    }
}

fn others(layer: &mut Layer, names: &Names<'_>) {
    if let Some(variable) = names.here("SMS_API_KEY") {
        let headers = BTreeMap::from([(
            "Authorization".to_owned(),
            unquoted(&variable.value).to_owned(),
        )]);
        agree(layer, "sms.headers", Value::Map(headers), &variable.origin);
    }
    if let Some(variable) = names.here("MINIO_ENDPOINT") {
        layer.warnings.push(format!(
            "{}: object stores are not available yet; files are kept in the folder that `files.url` names",
            variable.origin
        ));
    }
}

/// The text of a secret value, for those who compare or use it.
pub(crate) fn exposed(value: &Value) -> Option<&str> {
    match value {
        Value::Secret(secret) | Value::Location(secret) => Some(secret.expose_secret()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
        let variable = |(name, value): &(&str, &str)| Variable {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            origin: Origin::Environment {
                name: (*name).to_owned(),
            },
        };
        pairs.iter().map(variable).collect()
    }

    fn layer(pairs: &[(&str, &str)]) -> Layer {
        let here = variables(pairs);
        let mut layer = Layer::default();
        read(&mut layer, &Names::new(&here, &[]));
        layer
    }

    fn set<'l>(layer: &'l Layer, name: &str) -> &'l str {
        match &layer.entries[name].value {
            Value::Text(text) => text,
            value => exposed(value).unwrap(),
        }
    }

    #[test]
    fn every_row_names_a_setting() {
        assert!(ROWS.iter().all(|row| table::find(row.setting).is_some()));
        assert!(
            TOGETHER
                .iter()
                .all(|(setting, _)| table::find(setting).is_some())
        );
    }

    #[test]
    fn a_database_is_made_of_its_parts() {
        let parts = [
            ("DB_HOST", "localhost"),
            ("DB_PORT", "5433"),
            ("DB_USER", "auth_user"),
            ("DB_PASSWORD", "p@ss/w"),
            ("DB_TABLE", "auth"),
        ];
        assert_eq!(
            set(&layer(&parts), "database.url"),
            "postgres://auth_user:p%40ss%2Fw@localhost:5433/auth"
        );
        assert!(
            layer(&[("DB_PORT", "5432"), ("DB_NAME", "x")])
                .entries
                .is_empty()
        );
        let both = layer(&[
            ("DB_HOST", "a"),
            ("POSTGRES_SERVER", "b"),
            ("POSTGRES_DB", "c"),
        ]);
        assert_eq!(set(&both, "database.url"), "postgres://b:5432/c");
        let three = layer(&[
            ("DB_HOST", "a"),
            ("POSTGRES_SERVER", "b"),
            ("DATABASE_URL", "postgresql+psycopg2://u:p@h/d"),
        ]);
        assert_eq!(set(&three, "database.url"), "postgresql+psycopg2://u:p@h/d");
    }

    #[test]
    fn parts_of_an_address_may_stand_in_two_layers() {
        let below = variables(&[
            ("DB_HOST", "db"),
            ("DB_USER", "ada"),
            ("DB_PASSWORD", "old"),
            ("DB_NAME", "auth"),
        ]);
        let here = variables(&[("DB_PASSWORD", "new")]);
        let mut layer = Layer::default();
        read(&mut layer, &Names::new(&here, &below));
        assert_eq!(
            set(&layer, "database.url"),
            "postgres://ada:new@db:5432/auth"
        );
    }

    #[test]
    fn names_of_equal_rank_that_disagree_are_both_named() {
        let found = layer(&[("SMTP_SERVER", "a"), ("SMTP_HOST", "b")]).problems;
        assert!(
            found[0].to_string().contains("SMTP_HOST")
                && found[0].to_string().contains("SMTP_SERVER"),
            "{found:?}"
        );
        assert_eq!(
            layer(&[("SMTP_SERVER", "a"), ("SMTP_HOST", "a")]).problems,
            []
        );
        assert_eq!(
            layer(&[("DB_HOST", "a"), ("DB_NAME", "x"), ("DB_TABLE", "y")])
                .problems
                .len(),
            1
        );
        assert_eq!(
            layer(&[("SMTP_USE_SSL", "true"), ("SMTP_USE_TLS", "true")])
                .problems
                .len(),
            1
        );
        assert_eq!(
            layer(&[("DEBUG", "true"), ("DEV_MODE", "no")])
                .problems
                .len(),
            1
        );
    }

    #[test]
    fn what_is_no_boolean_says_nothing_about_the_mode() {
        let shell = layer(&[("DEBUG", "*")]);
        assert!(shell.hints.is_empty() && shell.problems.is_empty() && shell.warnings.len() == 1);
        assert_eq!(
            layer(&[("DEBUG", "False")]).hints["mode"].value.to_string(),
            "production"
        );
    }

    #[test]
    fn numbers_keep_the_unit_of_their_name() {
        let found = layer(&[
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
            ("REFRESH_TOKEN_EXPIRE_DAYS", "7"),
            ("RT_EXPIRATION_HOURS", "12"),
            ("CODE_COOLDOWN_SECONDS", "90"),
        ]);
        let shown = |name: &str| found.entries[name].value.to_string();
        assert_eq!(shown("tokens.access_lifetime"), "30m");
        assert_eq!(shown("tokens.refresh_lifetime"), "7d");
        assert_eq!(shown("api.code.refresh_lifetime"), "12h");
        assert_eq!(
            (
                shown("codes.sign_in.cooldown"),
                shown("codes.sign_in.lifetime")
            ),
            ("90s".to_owned(), "90s".to_owned())
        );
        assert_eq!(
            layer(&[("ACCESS_TOKEN_EXPIRE_MINUTES", "half an hour")])
                .problems
                .len(),
            1
        );
    }

    #[test]
    fn mail_is_protected_as_the_two_switches_say() {
        let tls = |pairs: &[(&str, &str)]| {
            layer(pairs)
                .entries
                .get("mail.tls")
                .map(|entry| entry.value.to_string())
        };
        assert_eq!(
            tls(&[("SMTP_USE_SSL", "True")]).as_deref(),
            Some("implicit")
        );
        assert_eq!(
            tls(&[("SMTP_USE_SSL", "False"), ("SMTP_USE_TLS", "True")]).as_deref(),
            Some("starttls")
        );
        assert_eq!(
            tls(&[("SMTP_USE_SSL", "False"), ("SMTP_TLS", "0")]).as_deref(),
            Some("none")
        );
        assert_eq!(tls(&[("SMTP_USE_TLS", "False")]), None);
    }

    #[test]
    fn a_broker_of_another_kind_is_ignored_with_a_word() {
        let found = layer(&[("CELERY_BROKER_URL", "amqp://guest@localhost//")]);
        assert!(found.hints.is_empty() && found.warnings.len() == 1);
        assert!(
            layer(&[("CELERY_BROKER_URL", "redis://localhost:6379/0")])
                .hints
                .contains_key("redis.url")
        );
    }

    #[test]
    fn a_native_name_of_the_layer_wins() {
        let here = variables(&[
            ("DOORWARD_MAIL__HOST", "native"),
            ("SMTP_HOST", "documented"),
            ("SMTP_PORT", "2525"),
        ]);
        let mut layer = Layer::default();
        super::super::environment::read_native(&mut layer, &here, std::path::Path::new("."));
        read(&mut layer, &Names::new(&here, &[]));
        assert_eq!(set(&layer, "mail.host"), "native");
        assert_eq!(
            layer.entries["mail.port"].origin.to_string(),
            "environment SMTP_PORT"
        );
        assert_eq!(layer.problems, []);
    }

    #[test]
    fn quotes_that_a_runtime_passed_on_come_off() {
        assert_eq!(
            set(
                &layer(&[("PROJECT_NAME", "\"Authentication Microservice\"")]),
                "server.name"
            ),
            "Authentication Microservice"
        );
    }
}
