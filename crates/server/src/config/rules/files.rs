//! Files: a place that there is, and the keys to it.

use super::{Findings, mode};
use crate::config::Mode;
use crate::config::effective::Effective;
use crate::config::files::{BucketPlace, is_near};

const URL: &str = "files.url";
const ENDPOINT: &str = "files.s3.endpoint";
const KEYS: [&str; 2] = ["files.s3.access_key", "files.s3.secret_key"];

/// Names what is wrong with `files.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    place(all, findings);
    keys(all, findings);
    endpoint(all, findings);
}

fn place(all: &Effective, findings: &mut Findings) {
    let Some(url) = all.text(URL) else { return };
    let folder = url.strip_prefix("file:");
    let is_folder = folder.is_some_and(|path| !path.trim_start_matches("//").is_empty());
    if !is_folder && BucketPlace::parse(url).is_none() {
        findings.problem(
            all,
            URL,
            format!("`{URL}` names neither a folder nor a bucket"),
            "write `file:folder`, `s3://bucket` or `s3://bucket/prefix`",
        );
    }
}

fn keys(all: &Effective, findings: &mut Findings) {
    let [access, secret] = KEYS;
    for (present, absent) in [(access, secret), (secret, access)] {
        if all.value(present).is_some() && all.value(absent).is_none() {
            findings.problem(
                all,
                present,
                format!("`{present}` is set without `{absent}`"),
                "set both or none",
            );
        }
    }
    if all.url(ENDPOINT).is_some() && KEYS.iter().all(|key| all.value(key).is_none()) {
        findings.problem(
            all,
            ENDPOINT,
            format!("`{ENDPOINT}` names a service and nothing gives the keys to it"),
            format!("set `{access}` and `{secret}`"),
        );
    }
}

fn endpoint(all: &Effective, findings: &mut Findings) {
    let Some(url) = all.url(ENDPOINT) else { return };
    let is_bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_bare {
        findings.problem(
            all,
            ENDPOINT,
            format!("`{ENDPOINT}` is no address of a service"),
            "write scheme, host and, where needed, port alone, such as `https://minio.example.com:9000`",
        );
        return;
    }
    if url.scheme() == "https" || is_near(&url) {
        return;
    }
    let what = format!("`{ENDPOINT}` sends users' files in the clear to another network");
    if all.text("profile") == Some("strict") {
        findings.problem(all, ENDPOINT, what, "use https");
    } else if mode(all) == Mode::Production {
        let origin = all.origin(ENDPOINT).map(|origin| format!("{origin}: "));
        let origin = origin.unwrap_or_default();
        findings.warnings.push(format!("{origin}{what}; use https"));
    }
}
