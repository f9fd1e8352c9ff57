//! `init`: a commented `doorward.toml` with fresh secrets, made from the table.

use super::table::{Fallback, SETTINGS, Setting};
use super::value::Kind;
use doorward_crypto::{Entropy, MasterKey};
use secrecy::ExposeSecret;
use std::fmt::Write as _;

/// What the file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// One person on one machine.
    Development,
    /// A service for others.
    Production,
}

/// The text of a new configuration file. Holds fresh secrets: it belongs into a file that only its owner can read.
pub fn draft(purpose: Draft, entropy: &Entropy) -> String {
    let mut file = HEAD.to_owned();
    let mut section = "";
    for setting in SETTINGS
        .iter()
        .filter(|setting| setting.available && !setting.name.contains('*'))
    {
        let (own, key) = setting.name.rsplit_once('.').unwrap_or(("", setting.name));
        if own != section {
            section = own;
            // Writing into a String cannot fail.
            let _ = write!(file, "\n[{own}]\n");
        }
        let _ = write!(file, "\n# {}\n", setting.doc);
        match chosen(setting.name, purpose, entropy) {
            Some(value) => {
                let _ = writeln!(file, "{key} = {value}");
            }
            None => file.push_str(&commented(setting, key)),
        }
    }
    file
}

const HEAD: &str = "\
# Doorward's settings. A line that begins with `#` shows the default; take the `#` away to change it.
# `doorward config check` names every problem at once, `doorward config print` shows what holds and where it came from.
# This file holds secrets: keep it readable for its owner alone, and out of version control.
";

/// What a new file sets, as TOML.
fn chosen(name: &str, purpose: Draft, entropy: &Entropy) -> Option<String> {
    let production = purpose == Draft::Production;
    match name {
        "mode" if production => Some("\"production\"".to_owned()),
        "mode" => Some("\"development\"".to_owned()),
        "master_key" => Some(format!(
            "\"{}\"",
            MasterKey::generate(entropy).to_base64().expose_secret()
        )),
        "mail.transport" if production => Some("\"smtp\"".to_owned()),
        _ => None,
    }
}

fn commented(setting: &Setting, key: &str) -> String {
    match setting.default {
        Fallback::Fixed(text) => format!("# {key} = {}\n", toml(setting.kind, text)),
        Fallback::Derived(words) => format!("# Default: {words}\n# {key} = {}\n", example(setting)),
        Fallback::Nothing => format!("# {key} = {}\n", example(setting)),
    }
}

/// A default as TOML writes it.
fn toml(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Bool | Kind::Count(..) => text.to_owned(),
        Kind::Words(_) | Kind::List | Kind::Networks => {
            let words: Vec<_> = text
                .split(',')
                .filter(|word| !word.is_empty())
                .map(|word| format!("\"{word}\""))
                .collect();
            format!("[{}]", words.join(", "))
        }
        _ => format!("\"{text}\""),
    }
}

/// What could stand there.
fn example(setting: &Setting) -> String {
    let text = match setting.name {
        "server.public_url" => "https://auth.example.com",
        "server.operations_bind" => "127.0.0.1:9000",
        "server.tls.redirect_bind" => "0.0.0.0:80",
        "server.tls.cert_file" => "/etc/doorward/cert.pem",
        "server.tls.key_file" => "/etc/doorward/key.pem",
        "server.acme.contact" => "admin@example.com",
        "server.acme.ca_file" => "/etc/doorward/acme-ca.pem",
        "database.url" => "postgres://doorward@localhost/doorward",
        "redis.url" => "redis://localhost:6379/0",
        "mail.host" => "smtp.example.com",
        "mail.port" => return "587".to_owned(),
        "mail.from" => "noreply@example.com",
        "mail.transport" => "smtp",
        "mail.tls" => "starttls",
        "files.url" => "file:./doorward-data/files",
        "files.s3.endpoint" => "https://minio.example.com:9000",
        "files.s3.access_key" => "doorward",
        "sms.url" => "https://sms.example.com/messages",
        "sms.headers" => return "{ Authorization = \"Bearer …\" }".to_owned(),
        "sms.body" => r#"{\"to\": \"{{ to }}\", \"text\": \"{{ text }}\"}"#,
        "api.code.access_lifetime" => "30m",
        "api.code.refresh_lifetime" => "7d",
        "logs.file" => "logs/app.log",
        "logs.format" => "json",
        "api.docs" | "files.s3.path_style" => return "true".to_owned(),
        "cache.lifetime" => "1s",
        "tokens.rotate_keys_every" => "90d",
        "rate_limit.rules" => {
            return "[{ path = \"/api/*\", quota = 100, per = \"60s\" }]".to_owned();
        }
        _ => "",
    };
    format!("\"{text}\"")
}
