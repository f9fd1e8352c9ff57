//! A certificate chain with its key, checked to belong together, and what the certificate says of itself.

use anyhow::{Context, Result};
use doorward_domain::Timestamp;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::net::IpAddr;
use std::sync::Arc;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The digest of a key authorization (RFC 8737 section 3).
pub(super) const DIGEST_LENGTH: usize = 32;

/// Ready to be shown.
pub(crate) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(crate) facts: Facts,
}

/// What the leaf says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The names and addresses that it is for.
    pub(crate) names: Vec<String>,
    pub(crate) valid_from: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Facts {
    /// Whether it is for this host; a wildcard stands for one label (RFC 9525 section 6.3).
    pub(crate) fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            let parent = host.split_once('.').map(|(_, parent)| parent);
            name == host
                || name
                    .strip_prefix("*.")
                    .is_some_and(|rest| Some(rest) == parent)
        })
    }
}

impl Pair {
    /// A chain, the leaf first, and the key that the leaf belongs to.
    pub(crate) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self> {
        let leaf = chain.first().context("there is no certificate in it")?;
        let facts = facts(leaf)?;
        let key = CertifiedKey::from_der(chain, key, &default_provider())
            .context("certificate and key are no pair")?;
        Ok(Self {
            key: Arc::new(key),
            facts,
        })
    }

    /// One that nobody trusts, to have something to show.
    pub(crate) fn self_signed(names: &[String]) -> Result<Self> {
        let (certificate, key) = made(&CertificateParams::new(names)?)?;
        let mut pair = Self::new(vec![certificate], key)?;
        // It is as good as expired for everybody who looks at it.
        pair.facts.expires_at = Timestamp::EPOCH;
        Ok(pair)
    }

    /// What an authority that checks a name wants to see (RFC 8737 section 3).
    pub(super) fn validating(name: &str, digest: [u8; DIGEST_LENGTH]) -> Result<Self> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
        let (certificate, key) = made(&params)?;
        let facts = facts(&certificate)?;
        // Not checked to belong together, since the extension is critical and the check knows it not.
        let key = default_provider().key_provider.load_private_key(key)?;
        Ok(Self {
            key: Arc::new(CertifiedKey::new(vec![certificate], key)),
            facts,
        })
    }
}

fn made(params: &CertificateParams) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((certificate.der().clone(), key.into()))
}

fn facts(leaf: &CertificateDer<'_>) -> Result<Facts> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(leaf).context("the certificate cannot be read")?;
    let validity = parsed.validity();
    Ok(Facts {
        names: names(&parsed)?,
        valid_from: Timestamp::from_seconds(validity.not_before.timestamp()),
        expires_at: Timestamp::from_seconds(validity.not_after.timestamp()),
    })
}

fn names(leaf: &X509Certificate<'_>) -> Result<Vec<String>> {
    let Some(extension) = leaf.subject_alternative_name()? else {
        return Ok(Vec::new());
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    Ok(extension
        .value
        .general_names
        .iter()
        .filter_map(name)
        .collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts_for(names: &[&str]) -> Facts {
        Facts {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            valid_from: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let facts = facts_for(&["auth.example.com", "*.Example.net", "127.0.0.1"]);
        for host in [
            "auth.example.com",
            "AUTH.example.com",
            "a.example.net",
            "127.0.0.1",
        ] {
            assert!(facts.covers(host), "{host}");
        }
        for host in [
            "example.com",
            "a.auth.example.com",
            "example.net",
            "a.b.example.net",
            "::1",
            "",
        ] {
            assert!(!facts.covers(host), "{host}");
        }
    }

    #[test]
    fn a_made_pair_is_for_its_names() {
        let pair =
            Pair::self_signed(&["auth.example.com".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        assert_eq!(pair.facts.names, ["auth.example.com", "127.0.0.1"]);
    }

    #[test]
    fn what_an_authority_is_shown_bears_the_digest() {
        let pair = Pair::validating("auth.example.com", [7; DIGEST_LENGTH]).unwrap();
        assert_eq!(pair.facts.names, ["auth.example.com"]);
        let (_, leaf) = x509_parser::parse_x509_certificate(&pair.key.cert[0]).unwrap();
        let named = leaf
            .extensions()
            .iter()
            .find(|extension| extension.oid.to_string() == "1.3.6.1.5.5.7.1.31");
        let extension = named.unwrap();
        assert!(extension.critical);
        // An octet string of 32 bytes.
        assert_eq!(
            extension.value,
            [&[4, 32][..], &[7; DIGEST_LENGTH]].concat()
        );
    }

    #[test]
    fn a_key_of_another_certificate_makes_no_pair() {
        let [one, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let params = CertificateParams::new(["auth.example.com".to_owned()]).unwrap();
        let certificate = params.self_signed(&one).unwrap();
        let key = |key: &KeyPair| PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        assert!(Pair::new(vec![certificate.der().clone()], key(&one)).is_ok());
        assert!(Pair::new(vec![certificate.der().clone()], key(&other)).is_err());
        assert!(Pair::new(Vec::new(), key(&one)).is_err());
    }
}
