//! Whether a request came to this server under one of its own names.
//!
//! A page of another site can point a name of its own at this machine (DNS rebinding) and would then read answers as if
//! they were its own. What it cannot do is make the browser send another `Host` than that name.

use doorward_http::Web;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};
use std::net::IpAddr;

/// Whether the request names a loopback address or the host of `server.public_url`, and comes from no page of another
/// origin. The port is free, since a container's is often mapped to another.
pub(crate) fn is_own(web: &Web, uri: &Uri, headers: &HeaderMap) -> bool {
    is_own_name(web.app.settings().public_url.host_str(), uri, headers)
}

fn is_own_name(public: Option<&str>, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(authority) = authority(uri, headers) else {
        return false;
    };
    let host = authority.host();
    let own = is_loopback(host) || public.is_some_and(|public| public.eq_ignore_ascii_case(host));
    own && is_same_origin(&authority, headers)
}

/// The name that the request was sent to: `:authority` of HTTP/2, else the one `Host`.
fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter();
    let sent = match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), _, None) => return Some(authority.clone()),
        (None, Some(host), None) => host.to_str().ok()?,
        (_, _, Some(_)) | (None, None, None) => return None,
    };
    sent.parse::<Authority>()
        .ok()
        .filter(|authority| !authority.as_str().contains('@'))
}

fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// A page that runs a script sends its origin; a reader who opens a link sends none.
fn is_same_origin(own: &Authority, headers: &HeaderMap) -> bool {
    let mut origins = headers
        .get_all(ORIGIN)
        .iter()
        .map(|origin| origin.to_str().unwrap_or_default());
    origins.all(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(own.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        is_own_name(
            Some("door.example.com"),
            &Uri::from_static("/dev/inbox"),
            &headers,
        )
    }

    #[test]
    fn loopback_and_the_public_name_are_its_own() {
        for host in [
            "127.0.0.1:8000",
            "localhost",
            "LOCALHOST:9000",
            "[::1]:8000",
            "127.1.2.3",
            "door.example.com",
            "Door.Example.com:443",
        ] {
            assert!(own(host, None), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_that_was_pointed_here_is_not_its_own() {
        for host in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "door.example.com.evil.example",
            "user@localhost",
            "192.0.2.1:8000",
            "0.0.0.0:8000",
            "[::]:8000",
            "",
        ] {
            assert!(!own(host, None), "{host}");
        }
        assert!(!is_own_name(
            None,
            &Uri::from_static("/dev/inbox"),
            &HeaderMap::new()
        ));
    }

    #[test]
    fn a_script_of_another_origin_is_not_answered() {
        assert!(own("localhost:8000", Some("http://localhost:8000")));
        for foreign in [
            "http://localhost:3000",
            "https://evil.example",
            "null",
            "http://localhost:8000.evil.example",
        ] {
            assert!(!own("localhost:8000", Some(foreign)), "{foreign}");
        }
    }
}
