//! The one table of settings: loader, checks, `config print`, `config reference` and `init` are made from it.

use super::value::Kind;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Its dotted name; `*` stands for a name that the operator chooses.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Fallback,
    /// What the strict profile makes of it.
    pub(crate) strict: Strict,
    /// Whether the feature it belongs to exists.
    pub(crate) available: bool,
    /// One sentence for the reference page.
    pub(crate) doc: &'static str,
}

/// What holds when nobody sets a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fallback {
    /// This text, read as if somebody had written it.
    Fixed(&'static str),
    /// Something that follows from other settings, in words.
    Derived(&'static str),
    /// Nothing.
    Nothing,
}

/// The strict profile's word on a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strict {
    /// It says nothing.
    Free,
    /// This is the default and the only value.
    Only(&'static str),
    /// This is the default, and whatever else is chosen is no more than it.
    AtMost(&'static str),
    /// Whatever is chosen is no less than this.
    AtLeast(&'static str),
    /// It must be set.
    Required,
    /// It must not be set.
    Unset,
}

impl Setting {
    const fn new(name: &'static str, kind: Kind, default: Fallback, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            default,
            strict: Strict::Free,
            available: true,
            doc,
        }
    }

    const fn strictly(mut self, strict: Strict) -> Self {
        self.strict = strict;
        self
    }

    /// Of a feature that is still to come: read and checked, and answered with a warning.
    const fn later(mut self) -> Self {
        self.available = false;
        self
    }

    /// Whether its value, or a part of it, is never shown.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::Location | Kind::Map)
    }

    /// Whether a dotted name is this setting's.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            None => self.name == name,
            Some((before, after)) => name
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|chosen| !chosen.is_empty() && !chosen.contains('.')),
        }
    }

    /// Its name in the environment.
    pub(crate) fn variable(&self) -> String {
        format!("DOORWARD_{}", self.name.to_uppercase().replace('.', "__"))
    }
}

/// The setting that a dotted name belongs to.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.is_named(name))
}

/// The setting that was probably meant: few edits away for its length.
pub(crate) fn nearest(name: &str) -> Option<&'static Setting> {
    let most = (name.len() / 4).min(3);
    SETTINGS
        .iter()
        .map(|setting| (distance(name, setting.name), setting))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, setting)| setting)
}

/// Edits between two names (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((r, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or_default();
            next.push(
                (above + 1)
                    .min(before + 1)
                    .min(diagonal + usize::from(l != *r)),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

const FAMILIES: &[&str] = &["code", "confirm", "proof", "session", "verified"];
const CHALLENGES: &[&str] = &["tls-alpn-01", "http-01"];
const MANY: i64 = i64::MAX;

const fn fixed(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    Setting::new(name, kind, Fallback::Fixed(default), doc)
}

const fn derived(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    Setting::new(name, kind, Fallback::Derived(default), doc)
}

const fn unset(name: &'static str, kind: Kind, doc: &'static str) -> Setting {
    Setting::new(name, kind, Fallback::Nothing, doc)
}

/// Every setting there is, in the order of the reference page.
#[rustfmt::skip]
pub(crate) const SETTINGS: &[Setting] = &[
    fixed("mode", Kind::Word(&["development", "production"]), "development", "`development` is for one person on one machine; `production` starts only with what production needs."),
    fixed("profile", Kind::Word(&["standard", "strict"]), "standard", "`strict` switches every compatibility loosening off; a setting that loosens again then stops the start."),
    fixed("data_dir", Kind::Path, "./doorward-data", "Holds database, secrets and files, unless they are named elsewhere."),
    derived("master_key", Kind::Secret, "with SQLite made in `data_dir/master.key` on first start", "32 random bytes as base64 that seal private keys and key the hashes of codes and links; with PostgreSQL it must be set, the same for every replica."),
    unset("master_key_previous", Kind::Secret, "The master key before a change: opens what is not sealed anew yet."),

    fixed("server.name", Kind::Text, "Doorward", "The name in `/`, in the API description and in mail."),
    fixed("server.bind", Kind::Address, "127.0.0.1:8000", "The address to listen on; development takes only loopback without `--expose-development`."),
    derived("server.public_url", Kind::Url, "`http://127.0.0.1:8000` in development", "The base of every link, never taken from a request; production needs it, as https or as http on loopback."),
    unset("server.operations_bind", Kind::Address, "A listener of its own for `/metrics`, `/livez`, `/readyz` and `/health`."),
    fixed("server.trusted_proxies", Kind::Networks, "", "Networks of the proxies whose forwarding headers count."),
    fixed("server.plain_http", Kind::Word(&["allow", "warn", "refuse"]), "warn", "Production over plain HTTP to a peer that is neither loopback nor a trusted proxy: `allow`, `warn` or `refuse` (403).").strictly(Strict::Only("refuse")),
    fixed("server.request_timeout", Kind::Span, "30s", "When a request that is not answered gets 503."),
    fixed("server.body_limit", Kind::Size, "64KiB", "The largest body of a request; files have a limit of their own."),
    derived("server.max_connections", Kind::Count(1, MANY), "what the descriptors of the process allow, 10,000 at most", "Connections at once; one more is closed at once."),
    derived("server.max_connections_per_client", Kind::Count(1, MANY), "a quarter of `server.max_connections`", "Connections at once of one client, an IPv4 address or an IPv6 /64; trusted proxies have as many as there are."),
    derived("server.shutdown_delay", Kind::Span, "5 s in production, 0 s in development", "How long connections are still taken after SIGTERM, while `/readyz` already says 503 and each answer is the last of its connection: until balancers have noticed."),
    fixed("server.shutdown_grace", Kind::Span, "30s", "How long after that requests and the worker may finish what they have begun, together."),
    unset("server.tls.cert_file", Kind::Path, "Certificate chain (PEM) for TLS on `server.bind`; read again when it changes."),
    unset("server.tls.key_file", Kind::Path, "Private key (PEM) of that certificate."),
    unset("server.tls.redirect_bind", Kind::Address, "A plain HTTP listener that redirects to https."),
    fixed("server.acme.domains", Kind::List, "", "Host names to get one certificate for by ACME (RFC 8555), kept in the database and shown by all replicas; setting it agrees to the authority's terms of service."),
    unset("server.acme.contact", Kind::Text, "The e-mail address that the certificate authority may write to."),
    fixed("server.acme.directory", Kind::Url, "https://acme-v02.api.letsencrypt.org/directory", "The certificate authority's directory: Let's Encrypt, or any other."),
    unset("server.acme.ca_file", Kind::Path, "The authority (PEM) that signed the certificate of a directory of your own; unset, what this machine trusts."),
    fixed("server.acme.challenges", Kind::Words(CHALLENGES), "tls-alpn-01,http-01", "How the names are shown to be yours, each tried in turn: `tls-alpn-01` on port 443, `http-01` by `server.tls.redirect_bind` on port 80."),

    fixed("api.families", Kind::Words(FAMILIES), "code,confirm,proof,session,verified", "The documented API families that are served; the others answer 404.").strictly(Strict::Only("confirm,proof,session,verified")),
    derived("api.docs", Kind::Bool, "on in development, off in production", "Whether `/docs`, `/redoc` and `/openapi.json` are served."),
    fixed("api.v1_prefix", Kind::Text, "/api/v1", "The base path of the families `proof` and `verified`."),
    fixed("api.code.token_cooldown", Kind::Span, "60s", "Family `code`: the wait between two tokens."),
    fixed("api.code.password_length", Kind::Range, "6-128", "Family `code`: shortest and longest password."),
    fixed("api.code.nickname_length", Kind::Range, "3-42", "Family `code`: shortest and longest nickname."),
    fixed("api.code.name_length", Kind::Range, "1-42", "Family `code`: shortest and longest name."),
    fixed("api.code.min_age", Kind::Count(0, 150), "18", "Family `code`: the youngest age."),
    derived("api.code.access_lifetime", Kind::Span, "`tokens.access_lifetime`", "Family `code`: how long an access token lives."),
    derived("api.code.refresh_lifetime", Kind::Span, "`tokens.refresh_lifetime`", "Family `code`: how long a refresh token lives."),
    fixed("api.code.disclose_state", Kind::Bool, "true", "Family `code`: whether anybody who asks for a code is told that an account is suspended, banned or deleted.").strictly(Strict::Only("false")),
    fixed("api.code.move_identifier", Kind::Word(&["documented", "guarded"]), "documented", "Family `code`: an address or number moves to whoever proves it; `guarded`: not from an account that has a password.").strictly(Strict::Only("guarded")),
    fixed("api.confirm.disclose_existence", Kind::Bool, "true", "Family `confirm`: whether a taken address is told.").strictly(Strict::Only("false")),
    fixed("api.confirm.password_length", Kind::Range, "8-128", "Family `confirm`: shortest and longest password."),
    fixed("api.confirm.confirm_on_get", Kind::Bool, "true", "Family `confirm`: whether a `GET` of the link by a program that takes no HTML confirms the address.").strictly(Strict::Only("false")),
    fixed("api.confirm.password_form", Kind::Bool, "true", "Family `confirm`: whether `/auth/token` takes `grant_type=password`.").strictly(Strict::Only("false")),
    fixed("api.session.access_lifetime", Kind::Span, "24h", "Family `session`: how long a session and its token live.").strictly(Strict::AtMost("1h")),
    fixed("api.session.open_registration", Kind::Bool, "true", "Family `session`: whether a taken login is told at registration.").strictly(Strict::Only("false")),
    fixed("api.verified.disclose_existence", Kind::Bool, "true", "Family `verified`: whether a taken address is told.").strictly(Strict::Only("false")),
    fixed("api.verified.password_length", Kind::Range, "6-512", "Family `verified`: shortest and longest password."),
    fixed("api.verified.rotate_refresh", Kind::Bool, "false", "Family `verified`: whether refreshing turns the refresh token over, with two more fields in the answer.").strictly(Strict::Only("true")),
    derived("proof.secret_key", Kind::Secret, "made on first start in development", "Family `proof`: the key that consumers of proofs share, at least 32 bytes.").strictly(Strict::Unset),
    fixed("proof.projects", Kind::List, "", "Family `proof`: the projects that are known; empty means any."),

    derived("database.url", Kind::Location, "`sqlite:<data_dir>/doorward.db`", "`sqlite:path` or `postgres://…` (`postgresql://` and SQLAlchemy's driver suffixes too)."),
    fixed("database.pool_size", Kind::Count(1, 10_000), "10", "Connections that are kept."),
    fixed("database.max_overflow", Kind::Count(0, 10_000), "20", "Connections beyond `pool_size` at most."),
    fixed("database.pool_timeout", Kind::Span, "30s", "How long a request waits for a connection before 503."),
    fixed("database.pool_recycle", Kind::Span, "1h", "When a connection is replaced."),
    unset("redis.url", Kind::Location, "Redis or Valkey for limits and caches that replicas share: `redis://`, `rediss://`, `redis+cluster://` or `redis+sentinel://`."),
    derived("redis.prefix", Kind::Text, "from the database's identity", "What every key in Redis begins with."),
    derived("cache.lifetime", Kind::Span, "30 m with Redis, 1 s without", "How long a replica may keep what it has verified."),

    fixed("tokens.algorithm", Kind::Word(&["RS256", "ES256", "EdDSA", "PS256", "HS256"]), "RS256", "What signs tokens; HS256 only while `code`, `confirm` and `proof` are off.").strictly(Strict::Only("ES256")),
    derived("tokens.issuer", Kind::Text, "`server.public_url`", "The claim `iss`."),
    unset("tokens.audience", Kind::Text, "The claim `aud`; left out when unset.").strictly(Strict::Required),
    unset("tokens.hs256_key", Kind::Secret, "The key of HS256, at least 32 bytes; whoever holds it can make tokens."),
    derived("tokens.private_key", Kind::Secret, "made and kept sealed in the database", "A private key of your own: PEM (PKCS#8 or PKCS#1) with real or escaped line ends, or the path of such a file."),
    derived("tokens.public_key", Kind::Text, "of the private key", "Its public key, checked against it: PEM, or the path of such a file."),
    fixed("tokens.access_lifetime", Kind::Span, "30m", "How long an access token lives."),
    fixed("tokens.refresh_lifetime", Kind::Span, "7d", "How long a refresh token lives; refreshing slides it inside the session's end."),
    fixed("tokens.session_lifetime", Kind::Span, "30d", "When a session ends at the latest."),
    fixed("tokens.refresh", Kind::Word(&["rotating", "stateless"]), "rotating", "`stateless` gives up noticing a refresh token that is used twice.").strictly(Strict::Only("rotating")),
    fixed("tokens.reuse_grace", Kind::Span, "10s", "How long the refresh token just used gets the same successor again.").strictly(Strict::Only("0s")),
    derived("tokens.rotate_keys_every", Kind::Span, "90 d; 0 where `tokens.private_key` is set", "When a new signing key takes over; 0 means never."),

    fixed("codes.sign_in.length", Kind::Count(4, 10), "6", "Sign-in codes: digits.").strictly(Strict::AtLeast("6")),
    fixed("codes.sign_in.unique_digits", Kind::Count(1, 10), "4", "Sign-in codes: different digits at least.").strictly(Strict::Only("1")),
    fixed("codes.sign_in.lifetime", Kind::Span, "300s", "Sign-in codes: how long they are good.").strictly(Strict::AtMost("10m")),
    fixed("codes.sign_in.cooldown", Kind::Span, "60s", "Sign-in codes: the wait between two."),
    fixed("codes.sign_in.attempts", Kind::Count(1, 100), "3", "Sign-in codes: wrong guesses that kill one."),
    fixed("codes.proof.length", Kind::Count(4, 10), "6", "Codes of family `proof`: digits.").strictly(Strict::AtLeast("6")),
    fixed("codes.proof.unique_digits", Kind::Count(1, 10), "1", "Codes of family `proof`: different digits at least."),
    fixed("codes.proof.lifetime", Kind::Span, "300s", "Codes of family `proof`: how long they are good.").strictly(Strict::AtMost("10m")),
    fixed("codes.proof.cooldown", Kind::Span, "0s", "Codes of family `proof`: the wait between two."),
    fixed("codes.proof.attempts", Kind::Count(1, 100), "5", "Codes of family `proof`: wrong guesses that kill one."),
    fixed("codes.verify.length", Kind::Count(4, 10), "6", "Codes that prove an address in family `verified`: digits.").strictly(Strict::AtLeast("6")),
    fixed("codes.verify.unique_digits", Kind::Count(1, 10), "1", "Codes that prove an address: different digits at least."),
    fixed("codes.verify.lifetime", Kind::Span, "600s", "Codes that prove an address: how long they are good.").strictly(Strict::AtMost("10m")),
    fixed("codes.verify.cooldown", Kind::Span, "60s", "Codes that prove an address: the wait between two."),
    fixed("codes.verify.attempts", Kind::Count(1, 100), "5", "Codes that prove an address: wrong guesses that kill one."),
    fixed("codes.reset.length", Kind::Count(4, 10), "8", "Codes for a forgotten password: digits.").strictly(Strict::AtLeast("6")),
    fixed("codes.reset.unique_digits", Kind::Count(1, 10), "1", "Codes for a forgotten password: different digits at least."),
    fixed("codes.reset.lifetime", Kind::Span, "15m", "Codes for a forgotten password: how long they are good.").strictly(Strict::AtMost("10m")),
    fixed("codes.reset.cooldown", Kind::Span, "60s", "Codes for a forgotten password: the wait between two."),
    fixed("codes.reset.attempts", Kind::Count(1, 100), "5", "Codes for a forgotten password: wrong guesses that kill one."),
    fixed("codes.escalation", Kind::Word(&["length", "refuse", "off"]), "length", "What many wrong guesses in a day bring: longer codes, a stop for unknown networks, or nothing.").strictly(Strict::Only("refuse")),
    fixed("links.confirm.lifetime", Kind::Span, "24h", "How long a confirmation link is good."),
    fixed("links.reset.lifetime", Kind::Span, "1h", "How long a link for a forgotten password is good."),

    fixed("password.algorithm", Kind::Word(&["argon2id", "bcrypt"]), "argon2id", "What hashes passwords; `bcrypt` for those who share hashes with the documented services."),
    fixed("password.policy", Kind::Word(&["documented", "strict"]), "documented", "`strict`: 8 to 128 characters everywhere, common passwords refused.").strictly(Strict::Only("strict")),
    fixed("password.attempts", Kind::Count(1, 100), "3", "Wrong passwords after the right code that suspend an account of family `code`."),
    fixed("password.argon2_memory_kib", Kind::Count(8, 262_144), "19456", "Memory of one argon2id hash."),
    fixed("password.argon2_iterations", Kind::Count(1, 16), "2", "Passes of one argon2id hash."),
    fixed("password.bcrypt_cost", Kind::Count(4, 16), "12", "Cost of one bcrypt hash."),
    fixed("accounts.require_verified_email", Kind::Bool, "false", "Whether nobody signs in before the address is proven.").strictly(Strict::Only("true")),
    fixed("accounts.reauthenticate", Kind::Word(&["documented", "fresh"]), "documented", "What changing an address, setting a first password and deleting ask for: what the documents say, or a sign-in of the last 15 minutes too.").strictly(Strict::Only("fresh")),
    fixed("accounts.retention", Kind::Span, "30d", "How long it is remembered that an account was deleted."),
    fixed("accounts.unproven_lifetime", Kind::Span, "7d", "When an account is removed whose address was never proven and that nobody signed in to."),
    fixed("cleanup.interval", Kind::Span, "600s", "How often what has ended is removed."),
    fixed("cleanup.batch", Kind::Count(1, 100_000), "1000", "How many rows one step of cleaning removes."),

    derived("mail.transport", Kind::Word(&["smtp", "file", "inbox", "none"]), "`smtp` when `mail.host` is set, else `inbox` in development", "How mail leaves: by SMTP, as one .eml file a message, into the development inbox, or not at all."),
    unset("mail.host", Kind::Text, "The SMTP server."),
    derived("mail.port", Kind::Count(1, 65_535), "465 with `implicit`, else 587", "Its port."),
    unset("mail.username", Kind::Text, "The name to log in with."),
    unset("mail.password", Kind::Secret, "The password to log in with."),
    derived("mail.tls", Kind::Word(&["starttls", "implicit", "none"]), "`implicit` on port 465, else `starttls`", "How the connection is protected; `none` only to loopback, unless `mail.force_plain` is set."),
    fixed("mail.force_plain", Kind::Bool, "false", "Lets `mail.tls = \"none\"` reach a server that is not on loopback.").strictly(Strict::Only("false")),
    derived("mail.from", Kind::Text, "`mail.username` where that is an address", "The address that mail comes from."),
    derived("mail.from_name", Kind::Text, "`server.name`", "The name that mail comes from."),
    fixed("mail.timeout", Kind::Span, "10s", "How long one command to the SMTP server may take."),
    unset("mail.templates", Kind::Path, "A folder whose files replace the built-in messages.").later(),
    unset("sms.url", Kind::Url, "The HTTP provider that sends SMS; without it phones work in development alone, where the inbox shows them."),
    unset("sms.headers", Kind::Map, "Headers for that provider, such as `{ Authorization = \"Bearer …\" }`; in the environment as a JSON object."),
    derived("sms.body", Kind::Text, "`to` and `text` as a JSON object", "The body for that provider: a template with `to`, `text` and `code`."),

    fixed("rate_limit.enabled", Kind::Bool, "true", "Whether requests are limited.").strictly(Strict::Only("true")),
    derived("rate_limit.rules", Kind::Rules, "each family's own", "Limits by path: `[{ path = \"/api/*\", quota = 100, per = \"60s\", slow = \"5s\" }]`, `*` one segment, `**` any; in the environment `/api/* 100/minute`."),
    fixed("rate_limit.named.login", Kind::Rate, "10/minute", "Family `verified`: sign-in."),
    fixed("rate_limit.named.refresh", Kind::Rate, "30/minute", "Family `verified`: refresh."),
    fixed("rate_limit.named.send_otp", Kind::Rate, "5/minute", "Family `verified`: asking for a code."),
    fixed("rate_limit.named.verify_otp", Kind::Rate, "10/minute", "Family `verified`: answering with a code."),
    fixed("rate_limit.named.default", Kind::Rate, "100/minute", "Family `verified`: every other route."),
    fixed("cors.origins", Kind::List, "", "Origins whose pages may call the API, exactly as a browser sends them."),
    derived("files.url", Kind::Text, "`file:<data_dir>/files`", "Where files are kept: `file:folder`, or in S3 `s3://bucket` or `s3://bucket/prefix`."),
    fixed("files.max_size", Kind::Size, "10MiB", "The largest file."),
    fixed("files.max_count", Kind::Count(0, MANY), "100", "Files a user."),
    fixed("files.any_type", Kind::Bool, "true", "Whether files are kept whose name, type and first bytes disagree (always as attachments).").strictly(Strict::Only("false")),
    unset("files.s3.endpoint", Kind::Url, "The S3 service (MinIO or another) that has the bucket, such as `https://minio.example.com:9000`; without it Amazon's, in `files.s3.region`."),
    fixed("files.s3.region", Kind::Text, "us-east-1", "The region that requests to S3 are signed for."),
    unset("files.s3.access_key", Kind::Text, "The access key to S3; without keys, what the role of the machine gives (Amazon alone)."),
    unset("files.s3.secret_key", Kind::Secret, "The secret key to S3."),
    derived("files.s3.path_style", Kind::Bool, "true with `files.s3.endpoint` or a dot in the bucket's name", "Whether the bucket's name is in the path of a request and not in the host."),
    fixed("logs.level", Kind::Word(&["error", "warn", "info", "debug", "trace"]), "info", "The least important events that are logged."),
    derived("logs.format", Kind::Word(&["pretty", "json"]), "`pretty` in development, `json` in production", "For people or for programs."),
    unset("logs.file", Kind::Path, "A file that gets the log beside the console."),
    fixed("logs.max_size", Kind::Size, "5MiB", "The size at which that file is turned over."),
    fixed("logs.keep", Kind::Count(0, 1000), "5", "How many full files are kept."),
    fixed("monitoring.slow_request", Kind::Span, "5s", "From when on a request is logged as slow."),
    unset("monitoring.otlp_endpoint", Kind::Url, "The collector that traces are handed to by OTLP over HTTP, such as `http://127.0.0.1:4318`; without it there are none."),
    unset("monitoring.otlp_headers", Kind::Map, "Headers for that collector, such as `{ Authorization = \"Bearer …\" }`; in the environment as a JSON object."),
    fixed("monitoring.trace_sample", Kind::Count(0, 100), "100", "How many of a hundred requests are traced; where a trusted proxy traces a request, it has decided."),
    fixed("monitoring.service_name", Kind::Text, "doorward", "What this service is called in traces."),
    fixed("federation.link", Kind::Word(&["verified", "confirmed"]), "verified", "How an identity joins an account with the same address: both sides have it verified, or the signed-in user says so.").strictly(Strict::Only("confirmed")),
    fixed("federation.google.client_ids", Kind::List, "", "Client ids whose Google ID tokens are accepted."),
    fixed("federation.apple.client_ids", Kind::List, "", "Client ids whose Apple ID tokens are accepted."),
    unset("federation.*.client_ids", Kind::List, "Client ids whose ID tokens of this provider are accepted; its name has 1 to 32 characters of `a-z`, `0-9`, `_`, `-`."),
    unset("federation.*.issuer", Kind::Text, "The issuer of any other OpenID provider, exactly as its tokens say it: https, or http on loopback."),
    derived("federation.*.jwks_uri", Kind::Url, "what the issuer's discovery document says", "Where that provider publishes its keys: https, or http on loopback."),
    derived("federation.*.domains", Kind::List, "every domain; in the strict profile those whose mail the provider runs", "The domains of addresses that this provider is believed about; `*`: every one."),
    derived("federation.*.require_nonce", Kind::Bool, "false", "Whether ID tokens must carry a nonce of ours.").strictly(Strict::Only("true")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::Raw;

    #[test]
    fn every_fixed_default_is_a_value_of_its_kind() {
        for setting in SETTINGS {
            let strict = match setting.strict {
                Strict::Only(text) | Strict::AtMost(text) | Strict::AtLeast(text) => Some(text),
                _ => None,
            };
            let fixed = match setting.default {
                Fallback::Fixed(text) => Some(text),
                _ => None,
            };
            for text in strict.into_iter().chain(fixed) {
                assert!(
                    setting.kind.read(&Raw::Text(text.to_owned())).is_some(),
                    "{} = {text}",
                    setting.name
                );
            }
        }
    }

    #[test]
    fn every_name_stands_once_and_every_sentence_ends() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(
            SETTINGS
                .iter()
                .all(|setting| setting.doc.ends_with(['.', ')']))
        );
    }

    #[test]
    fn a_chosen_name_is_one_segment() {
        assert!(find("federation.okta.issuer").is_some());
        assert!(find("federation..issuer").is_none());
        assert!(find("federation.a.b.issuer").is_none());
        assert_eq!(
            find("federation.google.client_ids").unwrap().name,
            "federation.google.client_ids"
        );
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let nearest = |name: &str| nearest(name).map(|setting| setting.name);
        assert_eq!(nearest("server.bin"), Some("server.bind"));
        assert_eq!(nearest("codes.verify.lenght"), Some("codes.verify.length"));
        assert_eq!(nearest("entirely.else"), None);
        assert_eq!(SETTINGS[0].variable(), "DOORWARD_MODE");
        assert_eq!(
            find("codes.sign_in.length").unwrap().variable(),
            "DOORWARD_CODES__SIGN_IN__LENGTH"
        );
    }
}
