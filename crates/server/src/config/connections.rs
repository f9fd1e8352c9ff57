//! How many connections there may be, chosen or by what the process may open.

use crate::descriptors;

/// Where nobody says and descriptors are plenty: with its buffers, a busy connection takes some 100 KiB.
const USUAL: usize = 10_000;
/// The part of all connections that one client may have, where nobody says.
const SHARE: usize = 4;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connections {
    /// In all.
    pub(crate) most: usize,
    /// Of one client.
    pub(crate) share: usize,
    /// Whether that many descriptors can be open.
    pub(crate) affordable: bool,
}

impl Connections {
    pub(super) fn new(most: Option<i64>, share: Option<i64>, descriptors: u64) -> Self {
        let room = descriptors.saturating_sub(descriptors::OWN);
        // Half of what little there is, where the process' own needs take most of it.
        let room = count(room.max(descriptors / 2));
        let chosen = |chosen: i64| usize::try_from(chosen).unwrap_or(usize::MAX);
        let most = most.map_or(USUAL.min(room), chosen);
        Self {
            most,
            share: share.map_or(most.div_ceil(SHARE), chosen),
            affordable: most <= room,
        }
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: Option<i64>, share: Option<i64>, descriptors: u64) -> (usize, usize, bool) {
        let Connections {
            most,
            share,
            affordable,
        } = Connections::new(most, share, descriptors);
        (most, share, affordable)
    }

    #[test]
    fn descriptors_bound_what_nobody_chose() {
        assert_eq!(of(None, None, 65_536), (10_000, 2500, true));
        assert_eq!(of(None, None, 1024), (768, 192, true));
        assert_eq!(of(None, None, 256), (128, 32, true));
    }

    #[test]
    fn what_was_chosen_holds_and_may_be_too_much() {
        assert_eq!(of(Some(500), None, 65_536), (500, 125, true));
        assert_eq!(of(Some(50_000), Some(7), 1024), (50_000, 7, false));
    }
}
