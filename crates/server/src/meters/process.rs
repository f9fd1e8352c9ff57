//! What the system says of this process; nothing where it is no Linux.

use metrics::gauge;
use std::fs;

/// Sets the gauges that every exporter of Prometheus has.
pub(super) fn read() {
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        let open = u32::try_from(open.count().saturating_sub(1)).unwrap_or(u32::MAX);
        gauge!("process_open_fds").set(f64::from(open));
    }
    if let Some(most) = most_descriptors() {
        gauge!("process_max_fds").set(most);
    }
}

/// `VmRSS:     12345 kB`
fn resident_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

/// `Max open files            1024                 524288               files`: the first is the one that counts.
fn most_descriptors() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        assert!(resident_memory().unwrap() > 100_000.0);
        assert!(most_descriptors().unwrap() >= 64.0);
    }
}
