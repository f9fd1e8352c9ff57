//! Settings that belong together, as those who use them take them.

use doorward_domain::Span;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// `server.tls.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub cert_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
    /// A plain listener that redirects.
    pub redirect_bind: Option<SocketAddr>,
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
