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
mod tests;
