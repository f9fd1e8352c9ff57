//! What the operator decided about HTTP, as plain values.

use crate::{Pattern, Trusted};
use doorward_domain::{Quota, Span};

/// Every setting that the HTTP surfaces share.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of the configuration"
)]
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// `server.trusted_proxies`: whose forwarding headers count.
    pub trusted_proxies: Trusted,
    /// `server.body_limit`, in bytes.
    pub body_limit: usize,
    /// `server.request_timeout`: how long an answer may take to begin.
    pub request_timeout: Span,
    /// `cors.origins`, each exactly as browsers send it.
    pub cors_origins: Vec<String>,
    /// Whether the listener itself speaks TLS.
    pub tls: bool,
    /// `profile = "strict"`.
    pub strict: bool,
    /// `mode = "development"`.
    pub development: bool,
    /// `rate_limit.rules`.
    pub rules: Vec<PathRule>,
    /// `rate_limit.enabled`.
    pub limits_enabled: bool,
    /// `rate_limit.named`.
    pub named: NamedLimits,
    /// `monitoring.slow_request`: what takes longer is warned about.
    pub slow_request: Span,
    /// `server.plain_http`.
    pub plain_http: PlainHttp,
}

/// One of `rate_limit.rules`: it counts for each endpoint and client.
#[derive(Clone, Debug)]
pub struct PathRule {
    /// Which paths it counts.
    pub pattern: Pattern,
    /// How many of them are admitted.
    pub quota: Quota,
    /// From when on a request under this path is slow, where that differs from `monitoring.slow_request`.
    pub slow: Option<Span>,
}

/// `rate_limit.named`: the limits of family `verified`, for each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedLimits {
    /// Signing in.
    pub login: Quota,
    /// Refreshing a token.
    pub refresh: Quota,
    /// Asking for a code.
    pub send_otp: Quota,
    /// Sending a code back.
    pub verify_otp: Quota,
    /// Each other route of the family.
    pub default: Quota,
}

impl Default for NamedLimits {
    fn default() -> Self {
        Self {
            login: Quota::per_minute(10),
            refresh: Quota::per_minute(30),
            send_otp: Quota::per_minute(5),
            verify_otp: Quota::per_minute(10),
            default: Quota::per_minute(100),
        }
    }
}

/// `server.plain_http`: what production does with plain HTTP from a peer that is neither loopback nor a trusted proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// Answers.
    Allow,
    /// Answers, and says so in the log and in `/readyz`.
    Warn,
    /// Answers 403; health routes are exempt.
    Refuse,
}

impl Default for HttpSettings {
    /// What holds in production when nothing is said, path rules apart.
    fn default() -> Self {
        Self {
            trusted_proxies: Trusted::default(),
            body_limit: 64 * 1024,
            request_timeout: Span::seconds(30),
            cors_origins: Vec::new(),
            tls: false,
            strict: false,
            development: false,
            rules: Vec::new(),
            limits_enabled: true,
            named: NamedLimits::default(),
            slow_request: Span::seconds(5),
            plain_http: PlainHttp::Warn,
        }
    }
}
