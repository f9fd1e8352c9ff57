//! Every metric there is, with the sentence that `/metrics` says of it. Names and labels are a public promise: dashboards
//! and alerts of others hang on them.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

/// What a metric is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    /// In seconds.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
struct Metric {
    kind: Kind,
    name: &'static str,
    help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    let kind = Kind::Counter;
    Metric { kind, name, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    let kind = Kind::Gauge;
    Metric { kind, name, help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    let kind = Kind::Histogram;
    Metric { kind, name, help }
}

#[rustfmt::skip]
const METRICS: &[Metric] = &[
    counter("http_requests_total", "Requests that were answered, by method, template of the route, and status."),
    histogram("http_request_duration_seconds", "Time until an answer began, by method, template of the route, and class of the status."),
    gauge("http_requests_in_flight", "Requests that are being answered now."),
    counter("http_denials_total", "Requests that were refused on purpose, by reason."),
    counter("doorward_limiter_total", "Requests that a rate limit counted, by its rule and whether it admitted them."),

    gauge("doorward_connections", "Connections of clients that are open, by listener."),
    gauge("doorward_connections_limit", "Connections of clients that may be open at most."),
    counter("doorward_connections_closed_total", "Connections of clients that ended or were not taken, by listener and cause."),
    counter("doorward_connections_failed_total", "Connections that the system would not hand over, by listener; mostly for want of descriptors."),
    gauge("doorward_certificate_expires_at_seconds", "When the certificate that clients are shown ends, in Unix time; 0 for one that nobody trusts."),

    gauge("doorward_database_connections", "Connections to the database: open ones, and those of them that nobody uses."),
    gauge("doorward_database_connections_limit", "Connections to the database at most."),
    gauge("doorward_database_waiting", "Callers that wait for a connection, or on SQLite for the writer."),
    histogram("doorward_database_wait_seconds", "Time until a connection was had, to read or to write."),
    counter("doorward_database_refused_total", "Callers that got no connection in time, to read or to write."),
    histogram("doorward_database_commit_seconds", "Time until a commit had lasted; on SQLite several share one."),

    gauge("doorward_queue_jobs", "Jobs in the queue by kind: ready ones, those that a worker holds, those that are not due yet, dead ones."),
    gauge("doorward_queue_oldest_seconds", "Age of the oldest job by kind that should be done by now, however often it was tried; 0 where there is none."),
    counter("doorward_jobs_total", "Jobs that were tried here, by kind, and whether they are done, come again, or are dead."),

    counter("doorward_deliveries_total", "Messages that were handed over here or not: delivered, deferred, refused, or nobody was there."),
    histogram("doorward_delivery_seconds", "Time until whoever takes a message had answered."),
    gauge("doorward_courier_up", "0 where the last few tries to hand over a message found nobody, else 1."),

    gauge("doorward_hashing_queue", "Passwords that are hashed or wait for it."),
    gauge("doorward_hashing_queue_limit", "Passwords that may be hashed or wait at most; sign-ins beyond are refused."),
    counter("doorward_hashing_refused_total", "Passwords that found the queue full."),
    histogram("doorward_hashing_seconds", "Time to hash or verify a password, waiting included."),

    counter("doorward_cache_total", "Look-ups of a verified token or a live session in memory, and whether it was there."),
    gauge("doorward_redis_up", "Whether Redis answers; left out where none is configured."),

    gauge("doorward_signing_key_created_at_seconds", "When the key that signs tokens was made, in Unix time."),
    gauge("doorward_signing_key_rotates_at_seconds", "When the key that signs tokens is due to be replaced, in Unix time; left out where that never is."),

    counter("doorward_log_failures_total", "Log lines that could not be written, to the console or the file."),
    counter("doorward_trace_exports_total", "Batches of spans that the collector of traces took or did not."),

    gauge("doorward_build_info", "1, with the version that runs."),
    gauge("process_start_time_seconds", "When the process started, in Unix time."),
    gauge("process_resident_memory_bytes", "Memory that the process occupies."),
    gauge("process_open_fds", "File descriptors that are open."),
    gauge("process_max_fds", "File descriptors that may be open."),
];

/// Tells the recorder what each metric means, and begins those at 0 whose first growth somebody should hear of: a series
/// that begins with 1 has not grown.
pub(super) fn describe() {
    for Metric { kind, name, help } in METRICS {
        match kind {
            Kind::Counter => describe_counter!(*name, *help),
            Kind::Gauge => describe_gauge!(*name, *help),
            Kind::Histogram => describe_histogram!(*name, *help),
        }
    }
    for kind in super::readings::KINDS {
        for outcome in ["done", "retried", "dead"] {
            counter!("doorward_jobs_total", "kind" => kind, "outcome" => outcome).increment(0);
        }
    }
    for access in ["read", "write"] {
        counter!("doorward_database_refused_total", "access" => access).increment(0);
    }
    for output in ["console", "file"] {
        counter!("doorward_log_failures_total", "output" => output).increment(0);
    }
    counter!("doorward_hashing_refused_total").increment(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Write;
    use std::path::{Path, PathBuf};

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// The names that the code counts and measures under.
    fn measured() -> BTreeSet<String> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(root().join("crates")).unwrap() {
            sources(&entry.unwrap().path().join("src"), &mut files);
        }
        let mut names = BTreeSet::new();
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            for call in ["counter!(", "gauge!(", "histogram!("] {
                for rest in text.split(call).skip(1) {
                    let name = rest.trim_start().strip_prefix('"');
                    let name = name.and_then(|rest| rest.split('"').next());
                    let is_name =
                        |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    names.extend(name.filter(is_name).map(str::to_owned));
                }
            }
        }
        names
    }

    #[test]
    fn names_and_sentences_are_a_promise() {
        let mut page = String::new();
        for Metric { kind, name, help } in METRICS {
            writeln!(page, "{kind:?} {name}: {help}").unwrap();
        }
        insta::assert_snapshot!("metrics", page);
    }

    #[test]
    fn what_is_measured_is_described_and_the_other_way_round() {
        let described: BTreeSet<_> = METRICS
            .iter()
            .map(|metric| metric.name.to_owned())
            .collect();
        assert_eq!(described.len(), METRICS.len());
        assert_eq!(described, measured());
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for Metric { kind, name, help } in METRICS {
            let total = name.ends_with("_total");
            assert_eq!(total, matches!(kind, Kind::Counter), "{name}");
            assert!(
                !matches!(kind, Kind::Histogram) || name.ends_with("_seconds"),
                "{name}"
            );
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{name}"
            );
            assert!(help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn operators_find_every_metric_in_the_manual() {
        let manual = std::fs::read_to_string(root().join("docs/OPERATING.md")).unwrap();
        for metric in METRICS {
            assert!(
                manual.contains(&format!("`{}`", metric.name)),
                "{}",
                metric.name
            );
        }
    }
}
