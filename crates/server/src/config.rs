//! The configuration: defaults < `doorward.toml` < `.env` < environment < flags, read once and checked as a whole.
//!
//! One declarative table of settings is the source of the loader, the checks, `config print`, `config reference` and
//! `init`. All problems are named at once, each with its place and its remedy. Secrets are never printed.

mod connections;
mod documented;
mod dotenv;
mod draft;
mod effective;
mod environment;
mod files;
mod layer;
mod origin;
mod parts;
mod pem;
mod placeholder;
mod print;
mod reference;
mod rules;
mod table;
mod toml_file;
mod value;

pub use dotenv::Variable;
pub use draft::{Draft, draft};
pub use files::{Bucket, BucketPlace, Files, S3};
pub use origin::{Origin, Problem, Problems};
pub use parts::{Acme, Logs, Mail, PairFiles, Protection, Sender, SmsProvider, Smtp, Tls, Tracing};
pub use print::{Shown, shown};
pub use reference::reference;
pub use value::PathLimit;

pub(crate) use connections::Connections;
pub(crate) use pem::read as read_pem;
pub(crate) use rules::{EVERY_DOMAIN, KnownProvider, canonical_domain};

use documented::Names;
use doorward_domain::Span;
use doorward_service::certificates::ChallengeKind;
use doorward_store::DatabaseUrl;
use effective::Effective;
use ipnet::IpNet;
use layer::Layer;
use rules::Context;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;
use value::{Raw, Value};

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--data-dir FOLDER`.
    pub data_dir: Option<PathBuf>,
    /// `--bind ADDRESS`.
    pub bind: Option<String>,
    /// `--expose-development`: development may listen on the network.
    pub expose_development: bool,
}

/// Everything that settings are read from, gathered; tests put it together by hand. It holds secrets as they stand in
/// their files, and so has no `Debug`.
#[derive(Clone, Default)]
pub struct Sources {
    /// The working folder: relative names of secret files start here.
    pub folder: PathBuf,
    /// The configuration file with its text.
    pub toml: Option<(PathBuf, String)>,
    /// The text of `.env`.
    pub dotenv: Option<String>,
    /// The environment.
    pub environment: Vec<Variable>,
    /// The command line.
    pub flags: Flags,
}

const FILE: &str = "doorward.toml";

impl Sources {
    /// Reads the files of the working folder and the environment of this process.
    pub fn gather(flags: Flags) -> Result<Self, Problems> {
        let folder = PathBuf::from(".");
        let toml = match &flags.config {
            Some(path) => Some((path.clone(), read_file(path)?)),
            None => read_if_there(Path::new(FILE))?.map(|text| (PathBuf::from(FILE), text)),
        };
        let dotenv = read_if_there(Path::new(".env"))?;
        Ok(Self {
            folder,
            toml,
            dotenv,
            environment: environment::of_this_process(),
            flags,
        })
    }
}

fn read_file(path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn read_if_there(path: &Path) -> Result<Option<String>, Problems> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // A folder of this name, as Python projects have, says nothing.
        Err(_) if path.is_dir() => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
    let what = format!("`{}` cannot be read: {error}", path.display());
    Problems(vec![Problem::new(
        what,
        "name a file that this process may read",
    )])
}

/// One person on one machine, or a service for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `mode = "development"`.
    Development,
    /// `mode = "production"`.
    Production,
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Development or production.
    pub mode: Mode,
    /// Things to say at the start that keep nothing from starting.
    pub warnings: Vec<String>,
    pub(crate) all: Effective,
}

impl Config {
    /// Reads and checks everything. The error names every problem there is.
    pub fn load(sources: Sources) -> Result<Self, Problems> {
        let context = Context {
            expose_development: sources.flags.expose_development,
        };
        let mut layers = layers(sources);
        let mut problems: Vec<Problem> = layers
            .iter_mut()
            .flat_map(|layer| std::mem::take(&mut layer.problems))
            .collect();
        let mut warnings: Vec<String> = layers
            .iter_mut()
            .flat_map(|layer| std::mem::take(&mut layer.warnings))
            .collect();
        let hinted = layers
            .iter()
            .rev()
            .find_map(|layer| layer.hints.get("tokens.algorithm"))
            .map(|hint| hint.origin.clone());
        let contradiction = layers.iter().find_map(documented::two_algorithms);
        let mut all = Effective::of(layers);
        if all.hs256_is_possible() {
            problems.extend(contradiction);
        } else if let Some(origin) =
            hinted.filter(|_| all.text("tokens.algorithm") != Some("HS256"))
        {
            let chosen = all.text("tokens.algorithm").unwrap_or_default();
            warnings.push(format!("{origin}: HS256 has no public key, which families that are on promise; {chosen} signs"));
        }
        if rules::mode(&all) == Mode::Development {
            warnings.extend(all.forget_sample_keys());
        }
        let findings = rules::check(&all, context);
        problems.extend(findings.problems);
        warnings.extend(findings.warnings);
        if problems.is_empty() {
            Ok(Self {
                mode: rules::mode(&all),
                warnings,
                all,
            })
        } else {
            Err(Problems(problems))
        }
    }

    /// Whether this is for one person on one machine.
    pub fn is_development(&self) -> bool {
        self.mode == Mode::Development
    }

    /// `data_dir`.
    pub fn data_dir(&self) -> PathBuf {
        self.all.path("data_dir").unwrap_or_default()
    }

    /// `server.bind`.
    pub fn bind(&self) -> SocketAddr {
        self.all
            .address("server.bind")
            .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)))
    }

    /// `server.public_url`; in development it follows the address that is listened on.
    pub fn public_url(&self) -> Url {
        self.all
            .url("server.public_url")
            .unwrap_or_else(|| self.own_url())
    }

    fn own_url(&self) -> Url {
        let bind = self.bind();
        let ip = if bind.ip().is_unspecified() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            bind.ip()
        };
        let scheme = if self.tls().is_some() {
            "https"
        } else {
            "http"
        };
        Url::parse(&format!("{scheme}://{}", SocketAddr::new(ip, bind.port())))
            .expect("a scheme and a socket address make a URL")
    }

    /// `database.url`, or the file in `data_dir`.
    pub fn database_url(&self) -> DatabaseUrl {
        let configured = self
            .all
            .value("database.url")
            .and_then(documented::exposed)
            .and_then(|text| text.parse().ok());
        configured.unwrap_or_else(|| DatabaseUrl::Sqlite(self.data_dir().join("doorward.db")))
    }

    /// `master_key`, when it is configured.
    pub fn master_key(&self) -> Option<SecretString> {
        self.all.secret("master_key")
    }

    /// `master_key_previous`.
    pub fn master_key_previous(&self) -> Option<SecretString> {
        self.all.secret("master_key_previous")
    }

    /// `proof.secret_key`, where it is configured.
    pub fn proof_key(&self) -> Option<SecretString> {
        self.all.secret("proof.secret_key")
    }

    /// Where the certificates of `server.bind` come from, where it speaks TLS.
    pub fn tls(&self) -> Option<Tls> {
        if let Some(acme) = self.acme() {
            return Some(Tls::Acme(acme));
        }
        Some(Tls::Files(PairFiles {
            cert_file: self.all.path("server.tls.cert_file")?,
            key_file: self.all.path("server.tls.key_file")?,
        }))
    }

    /// `server.acme.*`, where domains are named.
    pub(crate) fn acme(&self) -> Option<Acme> {
        let domains: BTreeSet<String> = self
            .all
            .list("server.acme.domains")
            .iter()
            .map(|domain| domain.to_ascii_lowercase())
            .collect();
        let kind = |word: &String| match word.as_str() {
            "http-01" => ChallengeKind::Http01,
            _ => ChallengeKind::TlsAlpn01,
        };
        let challenges = self.all.list("server.acme.challenges");
        (!domains.is_empty()).then_some(Acme {
            domains: domains.into_iter().collect(),
            contact: self.all.text("server.acme.contact").map(str::to_owned),
            directory: self.all.url("server.acme.directory")?,
            ca_file: self.all.path("server.acme.ca_file"),
            challenges: challenges.iter().map(kind).collect(),
        })
    }

    /// `server.tls.redirect_bind`.
    pub fn redirect_bind(&self) -> Option<SocketAddr> {
        self.all.address("server.tls.redirect_bind")
    }

    /// `server.operations_bind`.
    pub fn operations_bind(&self) -> Option<SocketAddr> {
        self.all.address("server.operations_bind")
    }

    /// `server.shutdown_grace`.
    pub fn shutdown_grace(&self) -> Span {
        self.all.span("server.shutdown_grace")
    }

    /// `server.shutdown_delay`.
    pub fn shutdown_delay(&self) -> Span {
        let usual = match self.mode {
            Mode::Development => Span::ZERO,
            Mode::Production => Span::seconds(5),
        };
        self.all
            .maybe_span("server.shutdown_delay")
            .unwrap_or(usual)
    }

    /// `server.max_connections` and `server.max_connections_per_client`, where the process may open so many descriptors.
    pub(crate) fn connections(&self, descriptors: u64) -> Connections {
        Connections::new(
            self.all.integer("server.max_connections"),
            self.all.integer("server.max_connections_per_client"),
            descriptors,
        )
    }

    /// `server.trusted_proxies`.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.all.networks("server.trusted_proxies")
    }

    /// `api.docs`.
    pub fn docs(&self) -> bool {
        self.all
            .maybe_flag("api.docs")
            .unwrap_or(self.is_development())
    }

    /// `redis.url`.
    pub fn redis_url(&self) -> Option<SecretString> {
        self.all.secret("redis.url")
    }

    /// `files.url`, with `files.s3.*` where that is a bucket.
    pub fn files(&self) -> Files {
        files::files(&self.all, &self.data_dir())
    }

    /// Another bucket of the service that `files.s3.*` names.
    pub fn bucket(&self, place: BucketPlace) -> Bucket {
        files::bucket(&self.all, place)
    }

    /// How mail leaves.
    pub fn mail(&self) -> Mail {
        match rules::transport(&self.all) {
            Some("smtp") => Mail::Smtp(self.smtp()),
            Some("file") => Mail::File(self.data_dir().join("mail")),
            Some("none") => Mail::None,
            _ => Mail::Inbox,
        }
    }

    /// The address and name that mail comes from.
    pub fn sender(&self) -> Sender {
        let name = self
            .all
            .text("mail.from_name")
            .or_else(|| self.all.text("server.name"));
        Sender {
            address: rules::sender(&self.all)
                .unwrap_or("doorward@localhost")
                .to_owned(),
            name: name.unwrap_or_default().to_owned(),
        }
    }

    /// The provider that SMS goes to, where one is configured.
    pub fn sms(&self) -> Option<SmsProvider> {
        Some(SmsProvider {
            url: self.all.url("sms.url")?,
            headers: self.all.map("sms.headers").into_iter().collect(),
            body: self.all.text("sms.body").map(str::to_owned),
        })
    }

    /// `monitoring.otlp_*`, where a collector is named.
    pub fn tracing(&self) -> Option<Tracing> {
        Some(Tracing {
            endpoint: self.all.url("monitoring.otlp_endpoint")?,
            headers: self
                .all
                .map("monitoring.otlp_headers")
                .into_iter()
                .collect(),
            sample: self.all.number("monitoring.trace_sample"),
            service: self
                .all
                .text("monitoring.service_name")
                .unwrap_or_default()
                .to_owned(),
        })
    }

    fn smtp(&self) -> Smtp {
        let port = self
            .all
            .integer("mail.port")
            .map(|_| self.all.number("mail.port"));
        let protection = match (self.all.text("mail.tls"), port) {
            (Some("none"), _) => Protection::None,
            (Some("implicit"), _) | (None, Some(465)) => Protection::Implicit,
            _ => Protection::StartTls,
        };
        let usual = if protection == Protection::Implicit {
            465
        } else {
            587
        };
        Smtp {
            host: self.all.text("mail.host").unwrap_or_default().to_owned(),
            port: port.unwrap_or(usual),
            protection,
            login: self
                .all
                .text("mail.username")
                .map(str::to_owned)
                .zip(self.all.secret("mail.password")),
            timeout: self.all.span("mail.timeout"),
        }
    }

    /// `logs.*`.
    pub fn logs(&self) -> Logs {
        let usual = if self.is_development() {
            "pretty"
        } else {
            "json"
        };
        Logs {
            level: self.all.text("logs.level").unwrap_or("info").to_owned(),
            json: self.all.text("logs.format").unwrap_or(usual) == "json",
            file: self.all.path("logs.file"),
            max_size: self.all.number("logs.max_size"),
            keep: self.all.number("logs.keep"),
        }
    }
}

/// The layers from the lowest to the highest.
fn layers(sources: Sources) -> Vec<Layer> {
    let Sources {
        folder,
        toml,
        dotenv,
        environment,
        flags,
    } = sources;
    let mut layers = vec![found(&folder)];
    if let Some((path, text)) = toml {
        layers.push(toml_file::read(&path, &text));
    }
    let (below, problems) = dotenv.as_deref().map(dotenv::read).unwrap_or_default();
    layers.push(of_variables(&below, &[], &folder, problems));
    layers.push(of_variables(&environment, &below, &folder, Vec::new()));
    layers.push(of_flags(&flags));
    layers
}

/// Keys where one of the documented services keeps them.
fn found(folder: &Path) -> Layer {
    let mut layer = Layer::default();
    for (name, file) in [
        ("tokens.private_key", "keys/private_key.pem"),
        ("tokens.public_key", "keys/public_key.pem"),
    ] {
        let path = folder.join(file);
        if let Some(text) = path.to_str().filter(|_| path.is_file()) {
            layer.take(
                name,
                &Raw::Text(text.to_owned()),
                &Origin::Found(PathBuf::from(file)),
            );
        }
    }
    layer
}

fn of_variables(
    here: &[Variable],
    below: &[Variable],
    folder: &Path,
    problems: Vec<Problem>,
) -> Layer {
    let mut layer = Layer {
        problems,
        ..Layer::default()
    };
    environment::read_native(&mut layer, here, folder);
    documented::read(&mut layer, &Names::new(here, below));
    layer
}

fn of_flags(flags: &Flags) -> Layer {
    let mut layer = Layer::default();
    if let Some(folder) = &flags.data_dir {
        let value = Value::Text(folder.to_string_lossy().into_owned());
        layer.entries.insert(
            "data_dir".to_owned(),
            layer::Entry {
                value,
                origin: Origin::Flag("--data-dir"),
            },
        );
    }
    if let Some(bind) = &flags.bind {
        layer.take(
            "server.bind",
            &Raw::Text(bind.clone()),
            &Origin::Flag("--bind"),
        );
    }
    layer
}

#[cfg(test)]
mod tests;
