//! TLS on the port itself: a pair of files or certificates by ACME, never both.

use super::{Findings, is_loopback};
use crate::config::effective::Effective;
use std::net::IpAddr;
use url::Url;

const CERT: &str = "server.tls.cert_file";
const KEY: &str = "server.tls.key_file";
const REDIRECT: &str = "server.tls.redirect_bind";
const DOMAINS: &str = "server.acme.domains";
const CONTACT: &str = "server.acme.contact";
const DIRECTORY: &str = "server.acme.directory";
const CA_FILE: &str = "server.acme.ca_file";
const CHALLENGES: &str = "server.acme.challenges";
const PUBLIC_URL: &str = "server.public_url";

/// Authorities put no more names into one certificate.
const MOST_DOMAINS: usize = 100;

/// The names together are a key of the database, which takes no longer ones.
const DOMAINS_LENGTH: usize = 2_000;

/// Names what is wrong with `server.tls.*` and `server.acme.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    pair(all, findings);
    let domains = all.list(DOMAINS);
    if domains.is_empty() {
        without_acme(all, findings);
    } else {
        acme(all, &domains, findings);
    }
}

fn is_set(all: &Effective, name: &str) -> bool {
    all.value(name).is_some()
}

fn pair(all: &Effective, findings: &mut Findings) {
    for (present, absent) in [(CERT, KEY), (KEY, CERT)] {
        if is_set(all, present) && !is_set(all, absent) {
            findings.problem(
                all,
                present,
                format!("`{present}` is set without `{absent}`"),
                "set both or none",
            );
        }
    }
}

fn without_acme(all: &Effective, findings: &mut Findings) {
    if is_set(all, REDIRECT) && !is_set(all, CERT) {
        findings.problem(
            all,
            REDIRECT,
            format!("`{REDIRECT}` redirects to a TLS listener that there is not"),
            format!("set `{CERT}` and `{KEY}`, or `{DOMAINS}`, too"),
        );
    }
    for name in [CONTACT, CA_FILE] {
        if is_set(all, name) {
            findings.problem(
                all,
                name,
                format!("`{name}` is set without `{DOMAINS}`"),
                format!("name the domains to get certificates for in `{DOMAINS}`"),
            );
        }
    }
}

fn acme(all: &Effective, domains: &[String], findings: &mut Findings) {
    if is_set(all, CERT) {
        findings.problem(
            all,
            DOMAINS,
            format!("`{DOMAINS}` and `{CERT}` are both set"),
            "choose certificates by ACME or a pair of files",
        );
    }
    names(all, domains, findings);
    own_name(all, domains, findings);
    authority(all, findings);
    if all.list(CHALLENGES).is_empty() {
        findings.problem(
            all,
            CHALLENGES,
            format!("`{CHALLENGES}` is empty"),
            "name one at least, or leave it out",
        );
    }
}

fn names(all: &Effective, domains: &[String], findings: &mut Findings) {
    for domain in domains.iter().filter(|domain| !is_host_name(domain)) {
        findings.problem(
            all,
            DOMAINS,
            format!("`{domain}` is no name that a certificate can be had for"),
            "write a host name such as `auth.example.com`, in its `xn--` form where it is not ASCII; wildcards are not had this way",
        );
    }
    let length: usize = domains.iter().map(|domain| domain.len() + 1).sum();
    if domains.len() > MOST_DOMAINS || length > DOMAINS_LENGTH {
        findings.problem(
            all,
            DOMAINS,
            format!(
                "`{DOMAINS}` has more than {MOST_DOMAINS} names or {DOMAINS_LENGTH} characters"
            ),
            "name fewer",
        );
    }
}

/// Letters, digits and hyphens in two labels at least (RFC 5890 section 2.3.1), and no IP address.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && name.parse::<IpAddr>().is_err()
}

/// The name that links lead to must be one of the certificate's.
fn own_name(all: &Effective, domains: &[String], findings: &mut Findings) {
    let url = all.url(PUBLIC_URL);
    let covered = url.as_ref().is_some_and(|url| {
        url.scheme() == "https"
            && url.host_str().is_some_and(|host| {
                domains
                    .iter()
                    .any(|domain| domain.eq_ignore_ascii_case(host))
            })
    });
    if !covered {
        findings.problem(
            all,
            DOMAINS,
            format!("`{PUBLIC_URL}` is not https with a host of `{DOMAINS}`"),
            format!("add the host of `{PUBLIC_URL}` to `{DOMAINS}`"),
        );
    }
}

fn authority(all: &Effective, findings: &mut Findings) {
    if all
        .text(CONTACT)
        .is_some_and(|contact| contact.parse::<lettre::Address>().is_err())
    {
        findings.problem(
            all,
            CONTACT,
            format!("`{CONTACT}` is no e-mail address"),
            "write an address such as `admin@example.com`",
        );
    }
    let safe = |url: &Url| {
        url.username().is_empty()
            && url.password().is_none()
            && (url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
    };
    if all.url(DIRECTORY).is_some_and(|url| !safe(&url)) {
        findings.problem(
            all,
            DIRECTORY,
            format!("`{DIRECTORY}` is not reached over https"),
            "write the https address of the authority's directory",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_has_two_labels_of_letters_digits_and_hyphens() {
        for name in [
            "auth.example.com",
            "a.b",
            "xn--bcher-kva.example",
            "1.example.com",
        ] {
            assert!(is_host_name(name), "{name}");
        }
        for name in [
            "localhost",
            "*.example.com",
            "192.0.2.1",
            "::1",
            "bücher.example",
            "a..b",
            ".a.b",
            "a.b.",
            "-a.b",
            "a-.b",
            "a_b.c",
            "a b.c",
            "https://a.b",
            "a.b:443",
            "",
        ] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
