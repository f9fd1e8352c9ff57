//! What must hold between settings, in every mode, in production and in the strict profile.
//!
//! Each rule looks at the whole and adds what is wrong with it, so that all problems are named at once.

mod federation;
mod files;
mod mail;
mod monitoring;
mod sms;
mod strict;
mod tls;
mod tokens;

pub(crate) use federation::{EVERY_DOMAIN, KnownProvider, canonical_domain};

use super::Mode;
use super::documented::exposed;
use super::effective::Effective;
use super::origin::Problem;
use super::placeholder::is_placeholder;
use super::table;
use super::value::Value;
use doorward_crypto::MasterKey;
use doorward_domain::Span;
use doorward_store::DatabaseUrl;
use secrecy::ExposeSecret;
use std::net::IpAddr;
use url::{Host, Url};

/// What a look at the whole brought up.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<String>,
}

impl Findings {
    fn problem(
        &mut self,
        all: &Effective,
        name: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let problem = Problem::new(what, remedy);
        self.problems.push(match all.origin(name) {
            Some(origin) => problem.at(origin),
            None => problem,
        });
    }

    /// Stops production, and only says so in development.
    fn graver_in_production(&mut self, all: &Effective, name: &str, what: &str, remedy: &str) {
        if mode(all) == Mode::Production {
            self.problem(all, name, what, remedy);
        } else {
            let origin = all.origin(name).filter(|origin| origin.is_explicit());
            let origin = origin
                .map(|origin| format!("{origin}: "))
                .unwrap_or_default();
            self.warnings.push(format!(
                "{origin}{what}; {remedy}, production would not start with this"
            ));
        }
    }
}

/// What the command line adds to the settings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    pub(crate) expose_development: bool,
}

/// Applies every rule.
pub(crate) fn check(all: &Effective, context: Context) -> Findings {
    let mut findings = Findings::default();
    bindings(all, context, &mut findings);
    public_url(all, &mut findings);
    tls::check(all, &mut findings);
    v1_prefix(all, &mut findings);
    secrets(all, &mut findings);
    storage(all, &mut findings);
    tokens::check(all, &mut findings);
    lifetimes(all, &mut findings);
    codes(all, &mut findings);
    costs(all, &mut findings);
    mail::check(all, &mut findings);
    sms::check(all, &mut findings);
    monitoring::check(all, &mut findings);
    files::check(all, &mut findings);
    federation::check(all, &mut findings);
    origins(all, &mut findings);
    unavailable(all, &mut findings);
    if all.text("profile") == Some("strict") {
        strict::check(all, &mut findings);
    }
    findings
}

/// The mode that holds.
pub(crate) fn mode(all: &Effective) -> Mode {
    if all.text("mode") == Some("production") {
        Mode::Production
    } else {
        Mode::Development
    }
}

fn bindings(all: &Effective, context: Context, findings: &mut Findings) {
    if mode(all) == Mode::Production || context.expose_development {
        return;
    }
    for name in [
        "server.bind",
        "server.operations_bind",
        "server.tls.redirect_bind",
    ] {
        if all
            .address(name)
            .is_some_and(|address| !address.ip().to_canonical().is_loopback())
        {
            findings.problem(
                all,
                name,
                format!("`{name}` would open a development server to the network"),
                "bind 127.0.0.1, set `mode = \"production\"`, or give `--expose-development`",
            );
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    }
}

fn public_url(all: &Effective, findings: &mut Findings) {
    let name = "server.public_url";
    let Some(url) = all.url(name) else {
        if mode(all) == Mode::Production {
            findings.problem(
                all,
                name,
                "production needs `server.public_url`, the base of every link",
                "set it, such as `https://auth.example.com`",
            );
        }
        return;
    };
    if !matches!(url.scheme(), "http" | "https")
        || !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        findings.problem(
            all,
            name,
            "`server.public_url` is no plain http or https address",
            "write scheme, host and, where needed, port and path alone",
        );
    }
    if mode(all) == Mode::Production && url.scheme() == "http" && !is_loopback(&url) {
        findings.problem(
            all,
            name,
            "`server.public_url` is http to another machine",
            "use https in production",
        );
    }
}

/// First segments that belong to somebody else; below `/api` only what family `session` has is taken.
const TAKEN: &[&str] = &[
    "v1",
    "auth",
    "user",
    "users",
    "utils",
    "health",
    "livez",
    "readyz",
    "metrics",
    "dev",
    "docs",
    "redoc",
    "openapi.json",
    "account",
    "sign-in",
    ".well-known",
];
const SESSION_ROUTES: &[&str] = &["register", "login", "logout", "profile", "delete"];

fn v1_prefix(all: &Effective, findings: &mut Findings) {
    let prefix = all.text("api.v1_prefix").unwrap_or_default();
    let segments: Vec<&str> = prefix.split('/').skip(1).collect();
    let plain = |segment: &&str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let well_formed = prefix.starts_with('/') && !segments.is_empty() && segments.iter().all(plain);
    if !well_formed {
        findings.problem(
            all,
            "api.v1_prefix",
            "`api.v1_prefix` is no path",
            "write a path such as `/api/v1`, without a slash at its end",
        );
        return;
    }
    let collides = match segments.as_slice() {
        [] | ["api"] => true,
        ["api", second, ..] => SESSION_ROUTES.contains(second),
        [first, ..] => TAKEN.contains(first),
    };
    if collides {
        findings.problem(
            all,
            "api.v1_prefix",
            format!("`{prefix}` belongs to another part of the API"),
            "choose another path such as `/api/v1`",
        );
    }
}

/// Keys that must not be guessed, with the least number of bytes; passwords of other services have no such number.
const KEYS: &[&str] = &["proof.secret_key", "tokens.hs256_key"];
const KEY_BYTES: usize = 32;

fn secrets(all: &Effective, findings: &mut Findings) {
    for (name, entry) in all.iter() {
        if is_sample(&entry.value) {
            findings.graver_in_production(
                all,
                name,
                &format!("the value of `{name}` is a placeholder from documentation"),
                "replace it by a secret of your own",
            );
        } else if KEYS.contains(&name)
            && exposed(&entry.value).is_some_and(|text| text.len() < KEY_BYTES)
        {
            findings.graver_in_production(
                all,
                name,
                &format!("`{name}` has fewer than {KEY_BYTES} bytes"),
                "make one with `openssl rand -hex 32`",
            );
        }
    }
    for name in ["master_key", "master_key_previous"] {
        if let Some(text) = all.value(name).and_then(exposed)
            && let Err(error) = MasterKey::parse_base64(text)
        {
            findings.problem(
                all,
                name,
                format!("`{name}` cannot be used: {error}"),
                "make one with `openssl rand -base64 32`",
            );
        }
    }
}

fn is_sample(value: &Value) -> bool {
    let sample = |text: &str| {
        is_placeholder(text) || password_in(text).is_some_and(|password| is_placeholder(&password))
    };
    match value {
        Value::Map(map) => map.values().any(|text| sample(text.expose_secret())),
        value => exposed(value).is_some_and(sample),
    }
}

/// The password inside a database's or Redis' address.
fn password_in(location: &str) -> Option<String> {
    let url = Url::parse(location).ok()?;
    url.password().map(ToOwned::to_owned)
}

fn storage(all: &Effective, findings: &mut Findings) {
    if let Some(location) = all.value("database.url").and_then(exposed) {
        match location.parse::<DatabaseUrl>() {
            Err(_) => findings.problem(
                all,
                "database.url",
                "`database.url` names no database",
                "write `sqlite:path` or `postgres://user:password@host/name`",
            ),
            Ok(DatabaseUrl::Postgres(_)) if all.value("master_key").is_none() => findings.problem(
                all,
                "database.url",
                "PostgreSQL needs `master_key`, the same for every replica",
                "let `doorward init` write one, or make it with `openssl rand -base64 32`",
            ),
            Ok(_) => {}
        }
    }
    if let Some(location) = all.value("redis.url").and_then(exposed) {
        let schemes = [
            "redis://",
            "rediss://",
            "redis+cluster://",
            "rediss+cluster://",
            "redis+sentinel://",
            "rediss+sentinel://",
            "redis+unix://",
            "unix://",
        ];
        if !schemes.iter().any(|scheme| location.starts_with(scheme)) {
            findings.problem(
                all,
                "redis.url",
                "`redis.url` names no Redis server",
                "write an address such as `redis://host:6379/0`",
            );
        }
    }
}

/// Settings that say for how long or how often, and must say some time.
const TIMES: &[&str] = &[
    "tokens.access_lifetime",
    "tokens.refresh_lifetime",
    "tokens.session_lifetime",
    "api.code.access_lifetime",
    "api.code.refresh_lifetime",
    "api.session.access_lifetime",
    "links.confirm.lifetime",
    "links.reset.lifetime",
    "cleanup.interval",
    "server.request_timeout",
    "database.pool_timeout",
    "mail.timeout",
];
/// A link to a new password opens an account to whoever reads the mailbox.
const LONGEST_RESET: Span = Span::hours(24);

fn lifetimes(all: &Effective, findings: &mut Findings) {
    for name in TIMES {
        if all.maybe_span(name).is_some_and(Span::is_zero) {
            findings.problem(
                all,
                name,
                format!("`{name}` is no time at all"),
                "write a duration such as `30m`",
            );
        }
    }
    for name in ["tokens.access_lifetime", "api.code.access_lifetime"] {
        if all
            .maybe_span(name)
            .is_some_and(|span| span > all.span("tokens.session_lifetime"))
        {
            findings.problem(
                all,
                name,
                format!("`{name}` is longer than `tokens.session_lifetime`"),
                "make it shorter",
            );
        }
    }
    if all.span("links.reset.lifetime") > LONGEST_RESET {
        findings.problem(
            all,
            "links.reset.lifetime",
            "`links.reset.lifetime` is longer than a day",
            "write 24h or less",
        );
    }
}

/// The purposes of codes.
pub(crate) const PURPOSES: [&str; 4] = ["sign_in", "proof", "verify", "reset"];

fn codes(all: &Effective, findings: &mut Findings) {
    for purpose in PURPOSES {
        let (length, unique) = (
            format!("codes.{purpose}.length"),
            format!("codes.{purpose}.unique_digits"),
        );
        if all.integer(&unique) > all.integer(&length) {
            findings.problem(
                all,
                &unique,
                format!("`{unique}` is more than `{length}`"),
                "make it smaller",
            );
        }
        let lifetime = format!("codes.{purpose}.lifetime");
        if all.span(&lifetime).is_zero() {
            findings.problem(
                all,
                &lifetime,
                format!("`{lifetime}` is no time at all"),
                "write a duration such as `10m`",
            );
        }
    }
}

fn costs(all: &Effective, findings: &mut Findings) {
    for (name, floor) in [
        ("password.argon2_memory_kib", 19_456),
        ("password.argon2_iterations", 2),
        ("password.bcrypt_cost", 12),
    ] {
        if all.integer(name).is_some_and(|cost| cost < floor) {
            findings.graver_in_production(
                all,
                name,
                &format!("`{name}` makes passwords cheap to guess"),
                &format!("write {floor} or more"),
            );
        }
    }
}

/// The address that mail comes from: chosen, or the log-in where that is an address.
pub(crate) fn sender(all: &Effective) -> Option<&str> {
    let log_in = || {
        all.text("mail.username")
            .filter(|name| name.parse::<lettre::Address>().is_ok())
    };
    all.text("mail.from").or_else(log_in)
}

/// The transport that holds: chosen, or following from the other settings.
pub(crate) fn transport(all: &Effective) -> Option<&str> {
    all.text("mail.transport").or_else(|| {
        if all.text("mail.host").is_some() {
            Some("smtp")
        } else {
            (mode(all) == Mode::Development).then_some("inbox")
        }
    })
}

fn origins(all: &Effective, findings: &mut Findings) {
    for origin in all.list("cors.origins") {
        let exact =
            Url::parse(&origin).is_ok_and(|url| url.origin().ascii_serialization() == origin);
        if !exact && origin != "*" {
            findings.problem(
                all,
                "cors.origins",
                format!("`{origin}` is no origin as a browser sends it"),
                "write scheme, host and port alone, such as `https://app.example.com`",
            );
        }
    }
}

fn unavailable(all: &Effective, findings: &mut Findings) {
    for (name, entry) in all.iter() {
        let later = table::find(name).is_some_and(|setting| !setting.available);
        if later && entry.origin.is_native() {
            findings.warnings.push(format!(
                "{}: `{name}` belongs to a feature that is not available yet",
                entry.origin
            ));
        }
    }
}
