//! Settings that belong together, as those who use them take them.

use doorward_domain::Span;
use doorward_service::certificates::ChallengeKind;
use secrecy::SecretString;
use std::path::PathBuf;
use url::Url;

/// Where the certificates of `server.bind` come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `server.tls.*`: a pair of files.
    Files(PairFiles),
    /// `server.acme.*`: an authority.
    Acme(Acme),
}

/// `server.tls.cert_file` and `.key_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate chain, PEM.
    pub cert_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
}

/// `server.acme.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// The names that one certificate is for: in lower case, sorted, each once.
    pub domains: Vec<String>,
    /// The address that the authority may write to.
    pub contact: Option<String>,
    /// The authority's directory.
    pub directory: Url,
    /// Who signed the certificate of the directory itself, PEM; otherwise the machine decides whom it trusts.
    pub ca_file: Option<PathBuf>,
    /// How the names are shown to be ours: the first at first, each further one after a failure.
    pub challenges: Vec<ChallengeKind>,
}

/// `mail.transport` with what it needs.
#[derive(Clone, Debug)]
pub enum Mail {
    /// To a server.
    Smtp(Smtp),
    /// One .eml a message into this folder.
    File(PathBuf),
    /// Into the development inbox.
    Inbox,
    /// Dropped and counted.
    None,
}

/// Where mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// `mail.from`.
    pub address: String,
    /// `mail.from_name`.
    pub name: String,
}

/// `mail.*` for a server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// `mail.host`.
    pub host: String,
    /// `mail.port`.
    pub port: u16,
    /// `mail.tls`.
    pub protection: Protection,
    /// `mail.username` and `mail.password`.
    pub login: Option<(String, SecretString)>,
    /// How long one command may take.
    pub timeout: Span,
}

/// `mail.tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// TLS after STARTTLS, or no mail at all.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None.
    None,
}

/// `sms.*`: the HTTP provider that SMS goes to.
#[derive(Clone, Debug)]
pub struct SmsProvider {
    /// `sms.url`.
    pub url: Url,
    /// `sms.headers`; values are secrets, and names and values are good for a header.
    pub headers: Vec<(String, SecretString)>,
    /// `sms.body`: a template; without one, `to` and `text` as a JSON object.
    pub body: Option<String>,
}

/// `monitoring.otlp_*`: who collects traces, and how many of them.
#[derive(Clone, Debug)]
pub struct Tracing {
    /// `monitoring.otlp_endpoint`, to which OTLP adds the path of each signal.
    pub endpoint: Url,
    /// `monitoring.otlp_headers`; values are secrets.
    pub headers: Vec<(String, SecretString)>,
    /// How many of a hundred requests.
    pub sample: u32,
    /// `monitoring.service_name`.
    pub service: String,
}

/// `logs.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// The least important level.
    pub level: String,
    /// For programs instead of people.
    pub json: bool,
    /// A file beside the console.
    pub file: Option<PathBuf>,
    /// Bytes at which the file is turned over.
    pub max_size: u64,
    /// Full files to keep.
    pub keep: u32,
}
