//! The configuration as the plain values that the use cases and the HTTP surfaces work with.

mod federation;

pub(crate) use federation::federation;

use crate::config::{Config, Mail, Mode, read_pem};
use anyhow::{Context, Result};
use doorward_crypto::Scheme;
use doorward_domain::{Families, Family, PasswordRules, Quota, Span};
use doorward_http::{HttpSettings, NamedLimits, PathRule, PlainHttp, Trusted};
use doorward_service::keys::BroughtKey;
use doorward_service::passwords;
use doorward_service::settings::{
    self, Accounts, Certificates, Cleanup, CodeFamily, CodeRule, Codes, ConfirmFamily, Escalation,
    Files, Links, Passwords, ProofFamily, Reauthenticate, SessionFamily, Settings, SmsRoute,
    Tokens, VerifiedFamily,
};
use secrecy::{ExposeSecret, SecretString};

/// How long a verified token may be kept where nobody says, with Redis and without.
const CACHE_SHARED: Span = Span::minutes(30);
const CACHE_ALONE: Span = Span::seconds(1);
const ROTATE_KEYS_EVERY: Span = Span::days(90);
/// Argon2id with one lane.
const PARALLELISM: u32 = 1;

/// What the use cases depend on; `proof_key` is the key of proofs, configured or made.
pub(super) fn service(config: &Config, proof_key: Option<SecretString>) -> Result<Settings> {
    let all = &config.all;
    let families = all.list("api.families");
    let families: Families = families
        .iter()
        .map(|name| name.parse::<Family>())
        .collect::<Result<_, _>>()?;
    let usual_cache = if config.redis_url().is_some() {
        CACHE_SHARED
    } else {
        CACHE_ALONE
    };
    Ok(Settings {
        mode: match config.mode {
            Mode::Development => settings::Mode::Development,
            Mode::Production => settings::Mode::Production,
        },
        strict: is_strict(config),
        server_name: all.text("server.name").unwrap_or_default().to_owned(),
        public_url: config.public_url(),
        families,
        v1_prefix: all.text("api.v1_prefix").unwrap_or_default().to_owned(),
        tokens: tokens(config)?,
        code: code_family(config),
        confirm: ConfirmFamily {
            disclose_existence: all.flag("api.confirm.disclose_existence"),
            password: password_rules(config, lengths(config, "api.confirm.password_length")),
            confirm_on_get: all.flag("api.confirm.confirm_on_get"),
            password_form: all.flag("api.confirm.password_form"),
        },
        session: SessionFamily {
            access_lifetime: all.span("api.session.access_lifetime"),
            password: password_rules(
                config,
                PasswordRules {
                    min: 8,
                    max: 128,
                    mixed: true,
                },
            ),
            open_registration: all.flag("api.session.open_registration"),
        },
        verified: VerifiedFamily {
            rotate_refresh: all.flag("api.verified.rotate_refresh"),
            disclose_existence: all.flag("api.verified.disclose_existence"),
            password: password_rules(config, lengths(config, "api.verified.password_length")),
        },
        proof: ProofFamily {
            secret_key: proof_key,
            projects: all.list("proof.projects"),
        },
        codes: codes(config),
        links: Links {
            confirm_lifetime: all.span("links.confirm.lifetime"),
            reset_lifetime: all.span("links.reset.lifetime"),
        },
        accounts: accounts(config),
        password: Passwords {
            scheme: scheme(config),
            strict: has_strict_passwords(config),
            attempts: all.number("password.attempts"),
        },
        cleanup: Cleanup {
            interval: all.span("cleanup.interval"),
            batch: all.number("cleanup.batch"),
        },
        cache_lifetime: all.maybe_span("cache.lifetime").unwrap_or(usual_cache),
        files: Files {
            max_size: all.number("files.max_size"),
            max_count: all.number("files.max_count"),
            any_type: all.flag("files.any_type"),
        },
        inbox: matches!(config.mail(), Mail::Inbox),
        sms: sms(config),
        federation: federation(config)?,
        certificates: config.acme().map(|acme| Certificates {
            domains: acme.domains,
            directory: acme.directory.to_string(),
        }),
    })
}

fn code_family(config: &Config) -> CodeFamily {
    let all = &config.all;
    let lifetime =
        |own: &str, shared: &str| all.maybe_span(own).unwrap_or_else(|| all.span(shared));
    CodeFamily {
        token_cooldown: all.span("api.code.token_cooldown"),
        password: password_rules(config, lengths(config, "api.code.password_length")),
        nickname: span_of(config, "api.code.nickname_length"),
        name: span_of(config, "api.code.name_length"),
        min_age: all.integer("api.code.min_age").unwrap_or_default(),
        access_lifetime: lifetime("api.code.access_lifetime", "tokens.access_lifetime"),
        refresh_lifetime: lifetime("api.code.refresh_lifetime", "tokens.refresh_lifetime"),
        disclose_state: all.flag("api.code.disclose_state"),
        guard_identifiers: all.text("api.code.move_identifier") == Some("guarded"),
    }
}

fn accounts(config: &Config) -> Accounts {
    let all = &config.all;
    Accounts {
        require_verified_email: all.flag("accounts.require_verified_email"),
        retention: all.span("accounts.retention"),
        unproven_lifetime: all.span("accounts.unproven_lifetime"),
        reauthenticate: match all.text("accounts.reauthenticate") {
            Some("fresh") => Reauthenticate::Fresh,
            _ => Reauthenticate::Documented,
        },
    }
}

fn codes(config: &Config) -> Codes {
    Codes {
        sign_in: code_rule(config, "sign_in"),
        proof: code_rule(config, "proof"),
        verify: code_rule(config, "verify"),
        reset: code_rule(config, "reset"),
        escalation: match config.all.text("codes.escalation") {
            Some("refuse") => Escalation::Refuse,
            Some("off") => Escalation::Off,
            _ => Escalation::Length,
        },
    }
}

/// A provider that is configured is used in development too; else the inbox shows what would have gone out, wherever mail
/// goes.
fn sms(config: &Config) -> SmsRoute {
    if config.sms().is_some() {
        SmsRoute::Provider
    } else if config.is_development() {
        SmsRoute::Inbox
    } else {
        SmsRoute::Nowhere
    }
}

fn is_strict(config: &Config) -> bool {
    config.all.text("profile") == Some("strict")
}

fn tokens(config: &Config) -> Result<Tokens> {
    let all = &config.all;
    let public_url = config.public_url();
    let issuer = all
        .text("tokens.issuer")
        .unwrap_or_else(|| public_url.as_str().trim_end_matches('/'));
    let brought = all.value("tokens.private_key").is_some();
    let usual_rotation = if brought {
        Span::ZERO
    } else {
        ROTATE_KEYS_EVERY
    };
    let algorithm = all.text("tokens.algorithm").unwrap_or("RS256");
    Ok(Tokens {
        algorithm: algorithm
            .parse()
            .with_context(|| format!("`tokens.algorithm`: `{algorithm}` is unknown"))?,
        issuer: issuer.to_owned(),
        audience: all.text("tokens.audience").map(str::to_owned),
        access_lifetime: all.span("tokens.access_lifetime"),
        refresh_lifetime: all.span("tokens.refresh_lifetime"),
        session_lifetime: all.span("tokens.session_lifetime"),
        reuse_grace: all.span("tokens.reuse_grace"),
        stateless_refresh: all.text("tokens.refresh") == Some("stateless"),
        rotate_keys_every: all
            .maybe_span("tokens.rotate_keys_every")
            .unwrap_or(usual_rotation),
        hs256_key: all.secret("tokens.hs256_key"),
    })
}

fn has_strict_passwords(config: &Config) -> bool {
    config.all.text("password.policy") == Some("strict")
}

/// The documented rule of a family, or the one rule of the strict policy.
fn password_rules(config: &Config, documented: PasswordRules) -> PasswordRules {
    if has_strict_passwords(config) {
        passwords::STRICT
    } else {
        documented
    }
}

fn lengths(config: &Config, name: &str) -> PasswordRules {
    let (min, max) = span_of(config, name).into_inner();
    PasswordRules {
        min,
        max,
        mixed: false,
    }
}

/// The shortest and the longest that a setting allows.
fn span_of(config: &Config, name: &str) -> std::ops::RangeInclusive<usize> {
    let (min, max) = config.all.range(name);
    let length = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    length(min)..=length(max)
}

fn code_rule(config: &Config, purpose: &str) -> CodeRule {
    let name = |end: &str| format!("codes.{purpose}.{end}");
    CodeRule {
        length: config.all.number(&name("length")),
        unique_digits: config.all.number(&name("unique_digits")),
        lifetime: config.all.span(&name("lifetime")),
        cooldown: config.all.span(&name("cooldown")),
        attempts: config.all.number(&name("attempts")),
    }
}

fn scheme(config: &Config) -> Scheme {
    if config.all.text("password.algorithm") == Some("bcrypt") {
        return Scheme::Bcrypt {
            cost: config.all.number("password.bcrypt_cost"),
        };
    }
    Scheme::Argon2id {
        memory_kib: config.all.number("password.argon2_memory_kib"),
        iterations: config.all.number("password.argon2_iterations"),
        parallelism: PARALLELISM,
    }
}

/// `tokens.private_key` and `.public_key`: PEM as it stands, or from the file that they name.
pub(super) fn brought_key(config: &Config) -> Result<Option<BroughtKey>> {
    let Some(private) = config.all.secret("tokens.private_key") else {
        return Ok(None);
    };
    let private_pem = SecretString::from(pem("tokens.private_key", private.expose_secret())?);
    let public_pem = config
        .all
        .text("tokens.public_key")
        .map(|text| pem("tokens.public_key", text))
        .transpose()?;
    Ok(Some(BroughtKey {
        private_pem,
        public_pem,
    }))
}

fn pem(name: &str, text: &str) -> Result<String> {
    read_pem(text)
        .with_context(|| format!("`{name}` is neither PEM nor the path of a file that can be read"))
}

/// What the HTTP surfaces share.
pub(super) fn http(config: &Config) -> Result<HttpSettings> {
    let all = &config.all;
    Ok(HttpSettings {
        trusted_proxies: Trusted::from(config.trusted_proxies()),
        body_limit: all.number("server.body_limit"),
        request_timeout: all.span("server.request_timeout"),
        cors_origins: all.list("cors.origins"),
        tls: config.tls().is_some(),
        strict: is_strict(config),
        development: config.is_development(),
        rules: path_rules(config)?,
        limits_enabled: all.flag("rate_limit.enabled"),
        named: NamedLimits {
            login: all.rate("rate_limit.named.login"),
            refresh: all.rate("rate_limit.named.refresh"),
            send_otp: all.rate("rate_limit.named.send_otp"),
            verify_otp: all.rate("rate_limit.named.verify_otp"),
            default: all.rate("rate_limit.named.default"),
        },
        slow_request: all.span("monitoring.slow_request"),
        plain_http: match all.text("server.plain_http") {
            Some("allow") => PlainHttp::Allow,
            Some("refuse") => PlainHttp::Refuse,
            _ => PlainHttp::Warn,
        },
    })
}

/// The configured rules, or what the gateway in front of family `session` has.
fn path_rules(config: &Config) -> Result<Vec<PathRule>> {
    let Some(rules) = config.all.rules("rate_limit.rules") else {
        let pattern = "/api/*".parse().context("the built-in rule is a pattern")?;
        return Ok(vec![PathRule {
            pattern,
            quota: Quota::per_minute(100),
            slow: None,
        }]);
    };
    let read = |rule: crate::config::PathLimit| {
        let pattern = rule
            .path
            .parse()
            .with_context(|| format!("`rate_limit.rules`: `{}` is no pattern", rule.path))?;
        Ok(PathRule {
            pattern,
            quota: rule.quota,
            slow: rule.slow,
        })
    };
    rules.into_iter().map(read).collect()
}
