//! Who the client is, as headers of all kinds tell it.

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
    assert!(!seen("10.0.0.1", &headers).unnamed_proxy && seen("10.0.0.1", &headers).forwarded_tls);
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
