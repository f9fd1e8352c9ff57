//! How many descriptors this process may have open: each connection is one, and so is each file.

/// What everything but the clients' connections needs: the database, Redis, mail, files, the log.
pub(crate) const OWN: u64 = 256;

/// What Linux says of the limits of a process.
const LIMITS: &str = "/proc/self/limits";
/// What an old default is, where nobody tells.
const USUAL: u64 = 1024;

/// How many descriptors may be open at once.
pub(crate) fn allowed() -> u64 {
    let limits = std::fs::read_to_string(LIMITS).unwrap_or_default();
    parse(&limits).unwrap_or(USUAL)
}

/// The soft limit: `Max open files  1024  524288  files`.
fn parse(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_what_holds() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax cpu time              unlimited            unlimited            seconds   \nMax open files            1024                 524288               files     \n";
        assert_eq!(parse(limits), Some(1024));
        assert_eq!(
            parse("Max open files unlimited unlimited files"),
            Some(u64::MAX)
        );
        assert_eq!(parse(""), None);
        assert!(allowed() > 0);
    }
}
