//! Who asks, when, and through which surface: what every operation is told about its request.

use doorward_domain::{ClientAddr, Family, Timestamp};

/// The circumstances of one request. Surfaces build it once, at the edge.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The moment of the request; every rule of one operation sees the same one.
    pub now: Timestamp,
    /// The client, as trusted proxies tell it.
    pub client: ClientAddr,
    /// What the client calls itself, shown beside its sessions.
    pub user_agent: Option<String>,
    /// The id under which the request is logged and answered.
    pub request_id: String,
    /// The surface that the request came through.
    pub family: Family,
}

impl Ctx {
    /// The same circumstances, seen through `family`.
    #[must_use]
    pub fn through(mut self, family: Family) -> Self {
        self.family = family;
        self
    }
}
