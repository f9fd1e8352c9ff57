//! The identity providers, as they are configured or known.

use super::is_strict;
use crate::config::{Config, EVERY_DOMAIN, KnownProvider, canonical_domain};
use anyhow::{Context, Result};
use doorward_domain::ProviderName;
use doorward_service::settings::{Federation, Linking, Provider, Vouching};
use url::Url;

/// `federation.*`.
pub(crate) fn federation(config: &Config) -> Result<Federation> {
    let names = config.all.providers().into_iter();
    Ok(Federation {
        providers: names
            .map(|name| named(config, name))
            .collect::<Result<_>>()?,
        link: match config.all.text("federation.link") {
            Some("confirmed") => Linking::Confirmed,
            _ => Linking::Verified,
        },
    })
}

fn named(config: &Config, name: &str) -> Result<(ProviderName, Provider)> {
    let provider =
        provider(config, name).with_context(|| format!("the provider `{name}` cannot be used"))?;
    Ok((ProviderName::parse(name)?, provider))
}

fn provider(config: &Config, name: &str) -> Result<Provider> {
    let all = &config.all;
    let setting = |end: &str| format!("federation.{name}.{end}");
    let (issuer, known) = match (all.text(&setting("issuer")), KnownProvider::find(name)) {
        // Keys and domains belong to an issuer: another issuer has its own.
        (Some(issuer), _) => (issuer, None),
        (None, Some(known)) => (known.issuer, Some(known)),
        (None, None) => anyhow::bail!("`{}` is missing", setting("issuer")),
    };
    let jwks_uri = known.map(|known| Url::parse(known.keys)).transpose()?;
    Ok(Provider {
        issuer: issuer.to_owned(),
        jwks_uri: all.url(&setting("jwks_uri")).or(jwks_uri),
        client_ids: all.list(&setting("client_ids")),
        require_nonce: all
            .maybe_flag(&setting("require_nonce"))
            .unwrap_or_else(|| is_strict(config)),
        vouching: vouching(config, &all.list(&setting("domains")), known),
    })
}

/// For whose addresses a provider's word counts. Where nobody says: for everybody's, or in the strict profile for those
/// whose mail it is known to run.
fn vouching(config: &Config, listed: &[String], known: Option<&KnownProvider>) -> Vouching {
    if listed.iter().any(|domain| domain == EVERY_DOMAIN) {
        return Vouching::Everywhere;
    }
    if !listed.is_empty() {
        let domains = listed.iter().filter_map(|domain| canonical_domain(domain));
        return Vouching::Within(domains.collect());
    }
    if !is_strict(config) {
        return Vouching::Everywhere;
    }
    let own = known.map(|known| known.domains).unwrap_or_default();
    Vouching::Within(own.iter().map(|domain| (*domain).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use std::path::PathBuf;

    fn read(toml: &str) -> Federation {
        let sources = Sources {
            toml: Some((PathBuf::from("doorward.toml"), toml.to_owned())),
            ..Sources::default()
        };
        federation(&Config::load(sources).unwrap()).unwrap()
    }

    fn named(read: &Federation, name: &str) -> Provider {
        read.providers[&ProviderName::parse(name).unwrap()].clone()
    }

    #[test]
    fn a_known_provider_takes_clients_alone() {
        let read = read(
            "[federation]\ngoogle.client_ids = [\"door\"]\napple.client_ids = [\"a\", \"b\"]\n",
        );
        let google = named(&read, "google");
        assert_eq!(google.issuer, "https://accounts.google.com");
        assert!(google.jwks_uri.is_some() && !google.require_nonce);
        assert_eq!(named(&read, "apple").client_ids, ["a", "b"]);
        assert_eq!(read.link, Linking::Verified);
    }

    #[test]
    fn without_clients_there_is_no_provider() {
        assert!(read("").providers.is_empty());
        assert!(
            read("[federation.google]\nclient_ids = []\n")
                .providers
                .is_empty()
        );
    }

    #[test]
    fn another_issuer_brings_keys_of_its_own_and_stands_as_it_was_written() {
        let read = read(
            "[federation]\nlink = \"confirmed\"\n[federation.google]\nissuer = \"http://127.0.0.1:9/\"\nclient_ids = [\"x\"]\n\
             [federation.okta]\nissuer = \"https://okta.example.com\"\njwks_uri = \"https://okta.example.com/keys\"\n\
             client_ids = [\"y\"]\nrequire_nonce = true\n",
        );
        let google = named(&read, "google");
        assert_eq!(
            (google.issuer.as_str(), google.jwks_uri),
            ("http://127.0.0.1:9/", None)
        );
        let okta = named(&read, "okta");
        assert_eq!(
            okta.jwks_uri.unwrap().as_str(),
            "https://okta.example.com/keys"
        );
        assert!(okta.require_nonce && read.link == Linking::Confirmed);
    }

    fn domains(of: &Provider) -> Option<Vec<&str>> {
        match &of.vouching {
            Vouching::Everywhere => None,
            Vouching::Within(domains) => Some(domains.iter().map(String::as_str).collect()),
        }
    }

    #[test]
    fn a_provider_is_trusted_for_the_domains_that_are_listed_else_for_all() {
        let read = read(
            "[federation]\ngoogle.client_ids = [\"a\"]\n[federation.okta]\nissuer = \"https://okta.example.com\"\n\
             client_ids = [\"y\"]\ndomains = [\"Example.COM\", \"bücher.example\"]\n",
        );
        assert_eq!(domains(&named(&read, "google")), None);
        let listed = domains(&named(&read, "okta")).map(|listed| listed.join(" "));
        assert_eq!(listed.as_deref(), Some("example.com xn--bcher-kva.example"));
    }

    #[test]
    fn sec_i17_the_strict_profile_trusts_a_provider_for_the_domains_that_are_its_own() {
        let read = read(
            "profile = \"strict\"\ntokens.audience = \"door\"\nfederation.google.client_ids = [\"x\"]\n\
             federation.apple.client_ids = [\"x\"]\n[federation.okta]\nissuer = \"https://okta.example.com\"\n\
             client_ids = [\"y\"]\n",
        );
        let google = named(&read, "google");
        assert_eq!(domains(&google), Some(vec!["gmail.com", "googlemail.com"]));
        assert!(
            domains(&named(&read, "apple"))
                .unwrap()
                .contains(&"privaterelay.appleid.com")
        );
        assert_eq!(domains(&named(&read, "okta")), Some(Vec::new()));
    }

    #[test]
    fn the_strict_profile_demands_a_nonce_of_everybody() {
        let strict = "profile = \"strict\"\ntokens.audience = \"door\"\n";
        assert!(
            named(
                &read(&format!("{strict}federation.google.client_ids = [\"x\"]\n")),
                "google"
            )
            .require_nonce
        );
    }
}
