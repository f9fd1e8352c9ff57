//! The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a proxy that passes bytes on says first for whom.
//!
//! A header counts from a trusted proxy alone, and is told from all else by its signature, which no request and no TLS
//! handshake begins with. From anybody else it is an attempt to be somebody else, or a proxy that nobody named: the
//! connection is closed. Whatever is read beyond the header is given back to whoever reads next.

mod replayed;

pub(crate) use replayed::Replayed;

use ppp::{v1, v2};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = v2::PROTOCOL_PREFIX;
/// Version 1: the longest header that there can be, with its line end.
const LINE: usize = 107;
/// Version 2: the part before addresses and additions.
const FIXED: usize = 16;
/// Version 2: more than addresses of any kind with all additions that proxies are known to send.
const MOST: usize = 2048;
/// Bytes to take at once: what a header needs that says more than an address.
const AT_ONCE: usize = 512;
/// Version 2: the addition that tells of TLS between client and proxy, and the bit of it that says there was some.
const TLS: u8 = 0x20;
const CLIENT_TLS: u8 = 0x01;

/// What stands before the first byte of the client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// Nothing.
    Absent,
    /// The proxy speaks for itself (a health check), or does not say for whom: the peer is who it is.
    Local,
    /// A client.
    Client {
        /// Where it comes from.
        address: SocketAddr,
        /// It spoke TLS with the proxy.
        tls: bool,
    },
}

/// Why a connection ends before it has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It ended by itself, or could not be read.
    Gone,
    /// A header came from somebody who is no trusted proxy.
    Untrusted,
    /// A header came that is none, or is too long.
    Malformed,
}

/// Reads up to the first byte that is the client's own; gives what was read beyond that. Whoever calls bounds the time.
pub(crate) async fn receive<S: AsyncRead + Unpin>(
    stream: &mut S,
    trusted: bool,
) -> Result<(Header, Vec<u8>), Refused> {
    let mut read = Vec::with_capacity(AT_ONCE);
    loop {
        let room = u64::try_from(AT_ONCE).unwrap_or(u64::MAX);
        let part = (&mut *stream).take(room).read_buf(&mut read).await;
        if !part.is_ok_and(|count| count > 0) {
            return Err(Refused::Gone);
        }
        if !trusted && is_signed(&read) {
            return Err(Refused::Untrusted);
        }
        match look(&read) {
            Look::Other => return Ok((Header::Absent, read)),
            Look::Unclear => {}
            Look::Malformed => return Err(Refused::Malformed),
            Look::Whole(length) => {
                let own = read.split_off(length);
                let header = parse(&read).ok_or(Refused::Malformed)?;
                return Ok((header, own));
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// No header.
    Other,
    /// More has to come before anybody knows, or before the header is whole.
    Unclear,
    /// A header of this length.
    Whole(usize),
    Malformed,
}

fn is_signed(read: &[u8]) -> bool {
    read.starts_with(SIGNATURE_1) || read.starts_with(SIGNATURE_2)
}

fn look(read: &[u8]) -> Look {
    if read.starts_with(SIGNATURE_1) {
        let line = read.get(..LINE.min(read.len())).unwrap_or_default();
        let end = line.windows(2).position(|pair| pair == b"\r\n");
        return match end {
            Some(end) => Look::Whole(end + 2),
            None if read.len() < LINE => Look::Unclear,
            None => Look::Malformed,
        };
    }
    if read.starts_with(SIGNATURE_2) {
        let Some(&[high, low]) = read.get(FIXED - 2..FIXED) else {
            return Look::Unclear;
        };
        let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
        return match length {
            _ if length > FIXED + MOST => Look::Malformed,
            _ if read.len() < length => Look::Unclear,
            _ => Look::Whole(length),
        };
    }
    if SIGNATURE_1.starts_with(read) || SIGNATURE_2.starts_with(read) {
        Look::Unclear
    } else {
        Look::Other
    }
}

/// What a whole header says.
fn parse(bytes: &[u8]) -> Option<Header> {
    if bytes.starts_with(SIGNATURE_1) {
        let header = v1::Header::try_from(bytes).ok()?;
        let address = match header.addresses {
            v1::Addresses::Unknown => return Some(Header::Local),
            v1::Addresses::Tcp4(ip) => (ip.source_address, ip.source_port).into(),
            v1::Addresses::Tcp6(ip) => (ip.source_address, ip.source_port).into(),
        };
        return Some(Header::Client {
            address,
            tls: false,
        });
    }
    let header = v2::Header::try_from(bytes).ok()?;
    let address = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(ip)) => (ip.source_address, ip.source_port).into(),
        (v2::Command::Proxy, v2::Addresses::IPv6(ip)) => (ip.source_address, ip.source_port).into(),
        (v2::Command::Local, _)
        | (v2::Command::Proxy, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => {
            return Some(Header::Local);
        }
    };
    let mut tls = false;
    for addition in header.tlvs() {
        let addition = addition.ok()?;
        let client = addition.value.first().copied().unwrap_or_default();
        tls |= addition.kind == TLS && client & CLIENT_TLS != 0;
    }
    Some(Header::Client { address, tls })
}

#[cfg(test)]
mod tests;
