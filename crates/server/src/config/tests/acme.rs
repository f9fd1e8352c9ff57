//! Certificates by ACME: what the names, the authority and the rest of the configuration demand of each other.

use super::*;
use doorward_service::certificates::ChallengeKind;

/// A good configuration with one thing changed.
fn acme(line: &str) -> Sources {
    let text = format!("server.public_url = \"https://auth.example.com\"\n{line}\n");
    file(&text)
}

#[test]
fn names_are_one_set_whatever_their_order_and_case() {
    let config = Config::load(acme(
        "server.acme.domains = [\"www.example.com\", \"AUTH.example.com\", \"auth.example.com\"]",
    ));
    let found = config.unwrap().acme().unwrap();
    assert_eq!(found.domains, ["auth.example.com", "www.example.com"]);
    assert_eq!(
        found.directory.as_str(),
        "https://acme-v02.api.letsencrypt.org/directory"
    );
    assert_eq!(
        found.challenges,
        [ChallengeKind::TlsAlpn01, ChallengeKind::Http01]
    );
    assert!(Config::load(acme("")).unwrap().acme().is_none());
}

#[test]
fn what_cannot_lead_to_a_certificate_is_named() {
    let domains = "server.acme.domains = [\"auth.example.com\"]";
    for (lines, word) in [
        (
            "server.acme.domains = [\"*.example.com\", \"auth.example.com\"]",
            "no name",
        ),
        (
            "server.acme.domains = [\"www.example.com\"]",
            "server.public_url",
        ),
        (
            &format!("{domains}\nserver.acme.directory = \"http://ca.example.com/\""),
            "https",
        ),
        (
            &format!("{domains}\nserver.acme.contact = \"Ada\""),
            "no e-mail address",
        ),
        (
            &format!("{domains}\nserver.acme.challenges = []"),
            "is empty",
        ),
        (
            &format!("{domains}\nserver.acme.challenges = [\"dns-01\"]"),
            "tls-alpn-01",
        ),
        (
            &format!(
                "{domains}\nserver.tls.cert_file = \"a.pem\"\nserver.tls.key_file = \"a.key\""
            ),
            "both set",
        ),
        (
            "server.acme.contact = \"ada@example.com\"",
            "without `server.acme.domains`",
        ),
        (
            "server.acme.ca_file = \"ca.pem\"",
            "without `server.acme.domains`",
        ),
    ] {
        let found = problems(acme(lines));
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{lines}: {found:?}"
        );
    }
}

#[test]
fn the_redirect_listener_goes_with_certificates_by_acme() {
    let lines =
        "server.acme.domains = [\"auth.example.com\"]\nserver.tls.redirect_bind = \"127.0.0.1:80\"";
    let config = Config::load(acme(lines)).unwrap();
    assert!(config.redirect_bind().is_some());
    assert!(matches!(config.tls(), Some(Tls::Acme(_))));
    let alone = problems(acme("server.tls.redirect_bind = \"127.0.0.1:80\""));
    assert!(
        alone.len() == 1 && alone[0].contains("server.acme.domains"),
        "{alone:?}"
    );
}
