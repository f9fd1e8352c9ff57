//! Headers of both versions, whole, in pieces, and from people who should not send any.

use super::*;
use ppp::v2::{Addresses, Builder, Command, Protocol, Version};
use std::net::{Ipv4Addr, Ipv6Addr};

const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\n\r\n";

/// Sends these pieces, each when the one before was read, and gives what came of them and what was left over.
async fn sent(pieces: &[&[u8]], trusted: bool) -> Result<(Header, Vec<u8>), Refused> {
    let (mut client, mut server) = tokio::io::duplex(1);
    let bytes = pieces.concat();
    let sending = async move {
        use tokio::io::AsyncWriteExt;
        // Whoever refuses early reads no further.
        let _ = client.write_all(&bytes).await;
        client
    };
    let receiving = async {
        let received = receive(&mut server, trusted).await;
        let mut rest = Vec::new();
        if received.is_ok() {
            server.read_to_end(&mut rest).await.unwrap();
        }
        drop(server);
        received.map(|(header, own)| (header, [own, rest].concat()))
    };
    let (client, received) = tokio::join!(
        async {
            drop(sending.await);
        },
        receiving
    );
    let () = client;
    received
}

fn client(address: &str, tls: bool) -> Header {
    Header::Client {
        address: address.parse().unwrap(),
        tls,
    }
}

fn version_2(command: Command, addresses: impl Into<Addresses>, tls: Option<u8>) -> Vec<u8> {
    let header =
        Builder::with_addresses(Version::Two | command, Protocol::Stream, addresses.into());
    let header = match tls {
        Some(bits) => header.write_tlv(TLS, &[bits, 0, 0, 0, 0]).unwrap(),
        None => header,
    };
    header.build().unwrap()
}

fn v4() -> Addresses {
    let (source, destination) = (Ipv4Addr::new(203, 0, 113, 7), Ipv4Addr::new(10, 0, 0, 1));
    Addresses::IPv4(v2::IPv4::new(source, destination, 40_000, 443))
}

fn v6() -> Addresses {
    let (source, destination) = (Ipv6Addr::from(0x2001_0db8 << 96 | 7), Ipv6Addr::LOCALHOST);
    Addresses::IPv6(v2::IPv6::new(source, destination, 40_000, 443))
}

#[tokio::test]
async fn both_versions_name_the_client_and_leave_its_own_bytes_alone() {
    let headers = [
        (
            b"PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\n".to_vec(),
            client("203.0.113.7:40000", false),
        ),
        (
            b"PROXY TCP6 2001:db8::7 ::1 40000 443\r\n".to_vec(),
            client("[2001:db8::7]:40000", false),
        ),
        (
            version_2(Command::Proxy, v4(), None),
            client("203.0.113.7:40000", false),
        ),
        (
            version_2(Command::Proxy, v6(), Some(1)),
            client("[2001:db8::7]:40000", true),
        ),
        (
            version_2(Command::Proxy, v4(), Some(0)),
            client("203.0.113.7:40000", false),
        ),
    ];
    for (header, named) in headers {
        let received = sent(&[&header, REQUEST], true).await;
        assert_eq!(received, Ok((named, REQUEST.to_vec())));
    }
}

#[tokio::test]
async fn a_proxy_that_speaks_for_itself_stays_the_peer() {
    let unix = Addresses::Unix(v2::Unix::new([1; 108], [2; 108]));
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(),
        version_2(Command::Local, v4(), None),
        version_2(Command::Local, Addresses::Unspecified, None),
        version_2(Command::Proxy, unix, None),
    ] {
        let received = sent(&[&header, REQUEST], true).await;
        assert_eq!(received, Ok((Header::Local, REQUEST.to_vec())));
    }
}

#[tokio::test]
async fn what_is_no_header_goes_on_as_it_came() {
    for bytes in [
        REQUEST,
        b"POST / HTTP/1.1\r\n\r\n",
        b"PROPFIND / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ] {
        for trusted in [true, false] {
            let received = sent(&[bytes], trusted).await;
            assert_eq!(received, Ok((Header::Absent, bytes.to_vec())));
        }
    }
}

#[tokio::test]
async fn sec_i27_a_header_of_a_stranger_is_refused_before_it_is_read() {
    for header in [
        b"PROXY TCP4 127.0.0.1 10.0.0.1 1 1\r\n".to_vec(),
        b"PROXY ".to_vec(),
        version_2(Command::Proxy, v4(), None),
        version_2(Command::Local, v4(), None),
    ] {
        assert_eq!(
            sent(&[&header, REQUEST], false).await,
            Err(Refused::Untrusted)
        );
    }
}

#[tokio::test]
async fn sec_i43_a_header_that_is_none_or_too_long_is_refused() {
    let mut long = version_2(Command::Proxy, v4(), None);
    long[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    let mut wrong = version_2(Command::Proxy, v4(), None);
    wrong[12] = 0x31;
    let mut short = version_2(Command::Proxy, v4(), None);
    short[14..16].copy_from_slice(&4_u16.to_be_bytes());
    for header in [
        b"PROXY TCP4 203.0.113.7 10.0.0.1 40000\r\n".to_vec(),
        b"PROXY TCP4 999.0.113.7 10.0.0.1 40000 443\r\n".to_vec(),
        b"PROXY TCP4 203.0.113.7 10.0.0.1 40000 99999\r\n".to_vec(),
        b"PROXY TCP5 203.0.113.7 10.0.0.1 40000 443\r\n".to_vec(),
        [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 100]].concat(),
        b"PROXY \xff\xff\r\n".to_vec(),
        long,
        wrong,
        short,
    ] {
        let received = sent(&[&header, REQUEST], true).await;
        assert_eq!(received, Err(Refused::Malformed), "{header:?}");
    }
    assert_eq!(sent(&[b"PROXY TCP4 203"], true).await, Err(Refused::Gone));
    assert_eq!(sent(&[], true).await, Err(Refused::Gone));
}

#[tokio::test]
async fn sec_i43_no_bytes_at_all_break_it() {
    let entropy = doorward_crypto::Entropy::os();
    for signature in [SIGNATURE_1, SIGNATURE_2, b""] {
        for _ in 0..200 {
            let bytes: [u8; 64] = entropy.bytes();
            let _ = sent(&[signature, &bytes], true).await;
        }
    }
}
