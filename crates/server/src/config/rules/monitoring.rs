//! Monitoring: a collector of traces that can be asked at all.

use super::{Findings, sms};
use crate::config::effective::Effective;

const ENDPOINT: &str = "monitoring.otlp_endpoint";
const HEADERS: &str = "monitoring.otlp_headers";

/// Names what is wrong with `monitoring.otlp_*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    if all
        .url(ENDPOINT)
        .is_some_and(|url| !matches!(url.scheme(), "http" | "https"))
    {
        findings.problem(
            all,
            ENDPOINT,
            format!("`{ENDPOINT}` is no web address"),
            "write where the collector takes OTLP over HTTP, usually port 4318",
        );
    }
    sms::headers(all, HEADERS, findings);
}
