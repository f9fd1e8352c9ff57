//! Who the client is: the peer, or what proxies say that the operator trusts.
//!
//! Anybody can send forwarding headers. They count only when the peer is a trusted proxy, and then from the right: each
//! proxy appends what it saw, so the first hop that is no trusted proxy is the client, and what stands left of it is
//! hearsay.

use doorward_domain::ClientAddr;
use http::HeaderMap;
use http::header::FORWARDED;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// `server.trusted_proxies`: the networks whose forwarding headers count.
#[derive(Clone, Debug, Default)]
pub struct Trusted(Vec<IpNet>);

impl Trusted {
    /// Whether this address is that of a trusted proxy.
    pub fn has(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|network| network.contains(&ip))
    }
}

impl FromIterator<IpNet> for Trusted {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl From<Vec<IpNet>> for Trusted {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }
}

/// What a request tells about where it comes from, as far as it can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The client.
    pub client: ClientAddr,
    /// Whether the peer is a trusted proxy, so that its other headers may be read too.
    pub trusted_peer: bool,
    /// A trusted proxy says that the client spoke TLS with it.
    pub forwarded_tls: bool,
    /// Forwarding headers came from a peer that nobody named as a proxy; they were not read.
    pub unnamed_proxy: bool,
}

impl Seen {
    /// Looks at the peer's address and the request's headers.
    pub fn new(peer: SocketAddr, headers: &HeaderMap, trusted: &Trusted) -> Self {
        let peer = peer.ip().to_canonical();
        if trusted.has(peer) {
            Self {
                client: ClientAddr::new(believed(peer, headers, trusted)),
                trusted_peer: true,
                forwarded_tls: forwarded_tls(headers),
                unnamed_proxy: false,
            }
        } else {
            Self {
                client: ClientAddr::new(peer),
                trusted_peer: false,
                forwarded_tls: false,
                unnamed_proxy: headers.contains_key(X_FORWARDED_FOR)
                    || headers.contains_key(FORWARDED),
            }
        }
    }
}

/// The client by whichever header the proxy writes. Where both are there and disagree, one of them came from the client
/// and nobody can tell which: then only the peer itself is certain.
fn believed(peer: IpAddr, headers: &HeaderMap, trusted: &Trusted) -> IpAddr {
    let listed = headers.contains_key(X_FORWARDED_FOR).then(|| {
        nearest_stranger(
            peer,
            trusted,
            lines(headers, X_FORWARDED_FOR)
                .flat_map(|line| line.rsplit(','))
                .map(hop),
        )
    });
    let forwarded = headers.contains_key(FORWARDED).then(|| {
        nearest_stranger(
            peer,
            trusted,
            lines(headers, FORWARDED.as_str())
                .flat_map(elements)
                .map(forwarded_for),
        )
    });
    match (listed, forwarded) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(client), _) | (None, Some(client)) => client,
        (None, None) => peer,
    }
}

/// A header may come in several lines, which are one list (RFC 9110 section 5.3); here from the last to the first.
/// A line that is no ASCII text is an unreadable hop.
fn lines<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap_or("?"))
        .collect();
    lines.into_iter().rev()
}

/// Walks from the peer towards the client and stops at the first address that is no trusted proxy. A hop that cannot be
/// read ends the walk at the proxy that reported it.
fn nearest_stranger(
    peer: IpAddr,
    trusted: &Trusted,
    hops: impl Iterator<Item = Option<IpAddr>>,
) -> IpAddr {
    let mut nearest = peer;
    for hop in hops {
        let Some(ip) = hop else { return nearest };
        nearest = ip;
        if !trusted.has(ip) {
            return nearest;
        }
    }
    nearest
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.parse::<IpAddr>().ok();
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<std::net::Ipv6Addr>()
            .ok()
            .map(IpAddr::V6)
    };
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.or_else(bracketed)
        .or_else(with_port)
        .map(|ip| ip.to_canonical())
}

/// The elements of a `Forwarded` line from the last to the first (RFC 7239 section 4); commas inside quotes are text.
fn elements(line: &str) -> Vec<&str> {
    let mut elements = split_unquoted(line, ',');
    elements.reverse();
    elements
}

fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == separator
    })
    .collect()
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    parameter(element, "for").and_then(|node| hop(&node))
}

/// The value of a parameter that is there exactly once.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut values = split_unquoted(element, ';').into_iter().filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// The scheme that the nearest proxy saw.
fn forwarded_tls(headers: &HeaderMap) -> bool {
    let listed = lines(headers, X_FORWARDED_PROTO)
        .next()
        .and_then(|line| line.rsplit(',').next());
    let listed = listed.map(|scheme| scheme.trim().to_owned());
    let forwarded = lines(headers, FORWARDED.as_str())
        .next()
        .and_then(|line| parameter(elements(line).first()?, "proto"));
    match (listed, forwarded) {
        (Some(one), Some(other)) => is_https(&one) && is_https(&other),
        (Some(scheme), None) | (None, Some(scheme)) => is_https(&scheme),
        (None, None) => false,
    }
}

fn is_https(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn trusted() -> Trusted {
        ["10.0.0.0/8", "2001:db8:aaaa::/48"]
            .into_iter()
            .map(|text| text.parse().unwrap())
            .collect()
    }

    fn seen(peer: &str, headers: &[(&str, &str)]) -> Seen {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let peer = peer.parse().map_or_else(
            |_| peer.parse().unwrap(),
            |ip: IpAddr| SocketAddr::new(ip, 50_000),
        );
        Seen::new(peer, &map, &trusted())
    }

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        seen(peer, headers).client.to_string()
    }

    #[test]
    fn sec_4_1_3_forwarding_headers_count_only_from_trusted_networks() {
        let headers = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(client("198.51.100.9", &headers), "198.51.100.9");
        assert!(
            seen("198.51.100.9", &headers).unnamed_proxy
                && !seen("198.51.100.9", &headers).forwarded_tls
        );
        assert_eq!(client("10.0.0.1", &headers), "203.0.113.7");
        assert!(
            !seen("10.0.0.1", &headers).unnamed_proxy && seen("10.0.0.1", &headers).forwarded_tls
        );
    }

    #[test]
    fn sec_i27_a_spoofed_hop_stands_left_of_the_client_and_is_not_read() {
        assert_eq!(
            client(
                "10.0.0.1",
                &[("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.2")]
            ),
            "203.0.113.7"
        );
        let lines = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "203.0.113.7"),
        ];
        assert_eq!(client("10.0.0.1", &lines), "203.0.113.7");
        assert_eq!(
            client(
                "10.0.0.1",
                &[("forwarded", "for=1.1.1.1, for=203.0.113.7;proto=https")]
            ),
            "203.0.113.7"
        );
        assert_eq!(
            client(
                "10.0.0.1",
                &[("forwarded", "for=\"a, for=9.9.9.9\", for=203.0.113.7")]
            ),
            "203.0.113.7"
        );
    }

    #[test]
    fn sec_i27_two_headers_that_disagree_leave_only_the_peer() {
        let both = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=1.1.1.1"),
        ];
        assert_eq!(client("10.0.0.1", &both), "10.0.0.1");
        let alike = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=\"203.0.113.7:4711\""),
        ];
        assert_eq!(client("10.0.0.1", &alike), "203.0.113.7");
    }

    #[test]
    fn sec_i27_an_unreadable_hop_ends_the_walk_at_the_proxy_that_reported_it() {
        for hidden in [
            "unknown",
            "_hidden",
            "",
            "203.0.113",
            "203.0.113.7 evil",
            "[2001:db8::1",
            "1.2.3.4:99999",
        ] {
            assert_eq!(
                client("10.0.0.1", &[("x-forwarded-for", hidden)]),
                "10.0.0.1",
                "{hidden:?}"
            );
            let chain = format!("1.1.1.1, {hidden}, 10.0.0.2");
            assert_eq!(
                client("10.0.0.1", &[("x-forwarded-for", &chain)]),
                "10.0.0.2",
                "{hidden:?}"
            );
        }
        assert_eq!(
            client("10.0.0.1", &[("forwarded", "for=1.1.1.1;for=2.2.2.2")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn sec_15_3_4_addresses_are_read_in_every_spelling() {
        for (text, address) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7 ", "203.0.113.7"),
        ] {
            assert_eq!(
                client("10.0.0.1", &[("x-forwarded-for", text)]),
                address,
                "{text}"
            );
        }
        assert_eq!(
            client("10.0.0.1", &[("forwarded", "For=\"[2001:db8::7]:4711\"")]),
            "2001:db8::7"
        );
    }

    #[test]
    fn sec_15_3_4_a_mapped_peer_is_the_peer() {
        assert_eq!(
            client(
                "[::ffff:10.0.0.1]:443",
                &[("x-forwarded-for", "203.0.113.7")]
            ),
            "203.0.113.7"
        );
        assert_eq!(
            client(
                "[::ffff:198.51.100.9]:443",
                &[("x-forwarded-for", "203.0.113.7")]
            ),
            "198.51.100.9"
        );
    }

    #[test]
    fn a_chain_of_trusted_proxies_alone_is_its_leftmost_hop() {
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", "10.0.0.9, 10.0.0.2")]),
            "10.0.0.9"
        );
        assert_eq!(
            client(
                "2001:db8:aaaa::1",
                &[("x-forwarded-for", "2001:db8:bbbb::1")]
            ),
            "2001:db8:bbbb::1"
        );
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_saw() {
        assert!(!seen("10.0.0.1", &[("x-forwarded-proto", "https, http")]).forwarded_tls);
        assert!(seen("10.0.0.1", &[("x-forwarded-proto", "http, HTTPS")]).forwarded_tls);
        assert!(seen("10.0.0.1", &[("forwarded", "for=1.1.1.1;proto=https")]).forwarded_tls);
        assert!(
            !seen(
                "10.0.0.1",
                &[("forwarded", "proto=https"), ("x-forwarded-proto", "http")]
            )
            .forwarded_tls
        );
    }

    proptest::proptest! {
        #[test]
        fn sec_i43_no_header_value_panics(listed in "\\PC{0,60}", forwarded in "[a-z0-9=;,\". :\\[\\]]{0,60}") {
            let mut map = HeaderMap::new();
            map.insert("x-forwarded-for", HeaderValue::from_bytes(listed.as_bytes()).unwrap());
            map.insert("forwarded", HeaderValue::from_str(&forwarded).unwrap());
            Seen::new("10.0.0.1:1".parse().unwrap(), &map, &trusted());
        }
    }
}
