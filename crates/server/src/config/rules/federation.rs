//! Other providers of identities: each has a name, an issuer that cannot be impersonated, and clients that it is for.

use super::{Findings, is_loopback};
use crate::config::effective::Effective;
use doorward_domain::ProviderName;
use url::Url;

/// What need not be configured of a well-known provider: its issuer, and where it publishes its keys.
pub(crate) const KNOWN_PROVIDERS: &[(&str, &str, &str)] = &[
    (
        "google",
        "https://accounts.google.com",
        "https://www.googleapis.com/oauth2/v3/certs",
    ),
    (
        "apple",
        "https://appleid.apple.com",
        "https://appleid.apple.com/auth/keys",
    ),
];

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
            None if KNOWN_PROVIDERS.iter().any(|(known, ..)| *known == provider) => {}
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
    }
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
