//! Other providers of identities: each has a name, an issuer that cannot be impersonated, and clients that it is for.

use super::{Findings, is_loopback};
use crate::config::effective::Effective;
use doorward_domain::{Email, ProviderName};
use url::Url;

/// What need not be configured of a well-known provider.
pub(crate) struct KnownProvider {
    pub(crate) name: &'static str,
    pub(crate) issuer: &'static str,
    /// Where it publishes its keys.
    pub(crate) keys: &'static str,
    /// The domains whose mail it runs itself.
    pub(crate) domains: &'static [&'static str],
}

impl KnownProvider {
    /// The one of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KNOWN_PROVIDERS.iter().find(|known| known.name == name)
    }
}

const KNOWN_PROVIDERS: &[KnownProvider] = &[
    KnownProvider {
        name: "google",
        issuer: "https://accounts.google.com",
        keys: "https://www.googleapis.com/oauth2/v3/certs",
        domains: &["gmail.com", "googlemail.com"],
    },
    KnownProvider {
        name: "apple",
        issuer: "https://appleid.apple.com",
        keys: "https://appleid.apple.com/auth/keys",
        domains: &[
            "icloud.com",
            "mac.com",
            "me.com",
            "privaterelay.appleid.com",
        ],
    },
];

/// Stands for every domain.
pub(crate) const EVERY_DOMAIN: &str = "*";

/// Names what is wrong with `federation.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    for provider in all.providers() {
        let setting = |end: &str| format!("federation.{provider}.{end}");
        if ProviderName::parse(provider).is_err() {
            let name = some_setting(all, provider);
            let what = format!("`{}` is no name of a provider", provider.escape_debug());
            findings.problem(
                all,
                &name,
                what,
                "write 1 to 32 characters of `a-z`, `0-9`, `_` and `-`",
            );
            continue;
        }
        let clients = setting("client_ids");
        if all.list(&clients).is_empty() {
            let what = format!("the provider `{provider}` needs `{clients}`");
            let remedy = "list the clients whose ID tokens are accepted";
            findings.problem(all, &some_setting(all, provider), what, remedy);
        }
        let issuer = setting("issuer");
        match all.text(&issuer) {
            None if KnownProvider::find(provider).is_some() => {}
            None => {
                let what = format!("the provider `{provider}` needs `{issuer}`");
                let remedy = "write the issuer as its ID tokens say it";
                findings.problem(all, &some_setting(all, provider), what, remedy);
            }
            Some(text) => trustworthy(all, &issuer, Url::parse(text).ok(), findings),
        }
        let keys = setting("jwks_uri");
        if let Some(url) = all.url(&keys) {
            trustworthy(all, &keys, Some(url), findings);
        }
        named_domains(all, &setting("domains"), findings);
    }
}

/// Whom a provider is believed about is a list of domains, which in the strict profile names each of them.
fn named_domains(all: &Effective, name: &str, findings: &mut Findings) {
    for domain in all.list(name) {
        if domain == EVERY_DOMAIN {
            if all.text("profile") == Some("strict") {
                let what = format!("`{name}` trusts a provider for every domain");
                let remedy = "list the domains whose addresses it runs";
                findings.problem(all, name, what, remedy);
            }
        } else if canonical_domain(&domain).is_none() {
            let what = format!("`{name}`: `{}` is no domain", domain.escape_debug());
            findings.problem(all, name, what, "write domains such as `example.com`");
        }
    }
}

/// A domain as those of addresses are compared.
pub(crate) fn canonical_domain(domain: &str) -> Option<String> {
    let somebody = Email::parse(&format!("somebody@{domain}")).ok()?;
    Some(somebody.domain().to_owned())
}

/// Keys decide who somebody is: nobody on the way may exchange them.
fn trustworthy(all: &Effective, name: &str, url: Option<Url>, findings: &mut Findings) {
    let good = url.is_some_and(|url| {
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        safe && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    });
    if !good {
        findings.problem(
            all,
            name,
            format!("`{name}` is no https address"),
            "write an https address; http is for loopback alone",
        );
    }
}

/// A setting of the provider that somebody wrote, to name its place.
fn some_setting(all: &Effective, provider: &str) -> String {
    let before = format!("federation.{provider}.");
    let written = all
        .iter()
        .map(|(name, _)| name)
        .find(|name| name.starts_with(&before));
    written.unwrap_or(&before).to_owned()
}
