//! What a listener tells of the connection that brought a request, beside the request itself.

/// What a listener tells of a connection; it puts this into the extensions of each request. A request without it came over
/// a connection that there is nothing to say of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// A trusted proxy opened the connection for its client, and said so by a PROXY header.
    pub proxied: Option<Proxied>,
    /// The head of the request tells more than once how long its body is. Where a proxy in front believes one of them and
    /// the server another, what one takes for a body is the next request for the other (RFC 9112 section 11.2).
    pub ambiguous_length: bool,
}

/// What a PROXY header told beside the address, which counts as the peer's from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxied {
    /// The client spoke TLS with the proxy.
    pub tls: bool,
}
