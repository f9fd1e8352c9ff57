//! Where a request comes from, as limits, codes and the audit see it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of the client: the peer, or what a trusted proxy says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddr(IpAddr);

/// A client's neighbourhood: IPv4 /24, IPv6 /56. A person moves within it; a code remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl ClientAddr {
    /// An IPv4 address that came mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    pub fn new(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }

    /// The address.
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// What limits count by: the IPv4 address, or the IPv6 /64, which one client usually has to itself.
    pub fn limit_key(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(v6) => IpAddr::V6(masked(v6, 64)),
        }
    }

    /// The neighbourhood of the address.
    pub fn network(self) -> Network {
        match self.0 {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Network(IpAddr::V4(Ipv4Addr::new(a, b, c, 0)))
            }
            IpAddr::V6(v6) => Network(IpAddr::V6(masked(v6, 56))),
        }
    }
}

impl std::fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Network {
    /// The text that its keyed hash is made from.
    pub fn key(self) -> String {
        self.0.to_string()
    }
}

fn masked(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> ClientAddr {
        ClientAddr::new(text.parse().unwrap())
    }

    #[test]
    fn a_network_is_a_24_or_a_56() {
        assert_eq!(
            client("192.0.2.1").network(),
            client("192.0.2.254").network()
        );
        assert_ne!(client("192.0.2.1").network(), client("192.0.3.1").network());
        assert_eq!(
            client("2001:db8:0:aa00::1").network(),
            client("2001:db8:0:aaff::2").network()
        );
        assert_ne!(
            client("2001:db8:0:aa00::1").network(),
            client("2001:db8:0:ab00::1").network()
        );
    }

    #[test]
    fn limits_count_by_address_or_by_64() {
        assert_ne!(
            client("192.0.2.1").limit_key(),
            client("192.0.2.2").limit_key()
        );
        assert_eq!(
            client("2001:db8::1").limit_key(),
            client("2001:db8::ffff").limit_key()
        );
        assert_ne!(
            client("2001:db8::1").limit_key(),
            client("2001:db8:0:1::1").limit_key()
        );
    }

    #[test]
    fn sec_15_3_4_a_mapped_address_is_the_address() {
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }
}
