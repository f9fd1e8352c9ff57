//! SMS: a provider that codes reach without being read on the way.

use super::{Findings, is_loopback};
use crate::config::effective::Effective;
use axum::http::{HeaderName, HeaderValue};
use doorward_service::sms::SmsBody;
use secrecy::ExposeSecret;

const URL: &str = "sms.url";
const BODY: &str = "sms.body";
const HEADERS: &str = "sms.headers";

/// Names what is wrong with `sms.*`.
pub(super) fn check(all: &Effective, findings: &mut Findings) {
    url(all, findings);
    body(all, findings);
    headers(all, HEADERS, findings);
}

fn url(all: &Effective, findings: &mut Findings) {
    let Some(url) = all.url(URL) else { return };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => findings.graver_in_production(
            all,
            URL,
            "`sms.url` would send codes in the clear to another machine",
            "use https",
        ),
        _ => findings.problem(
            all,
            URL,
            "`sms.url` is no web address",
            "write an https address",
        ),
    }
}

fn body(all: &Effective, findings: &mut Findings) {
    if let Some(Err(error)) = all.text(BODY).map(|body| SmsBody::parse(Some(body))) {
        findings.problem(
            all,
            BODY,
            format!("`{BODY}`: {}", error.to_string().replace('\n', " ")),
            "write a JSON object with `{{ to }}` and `{{ text }}` in it",
        );
    }
}

/// Names what cannot be a header in a setting that holds some.
pub(super) fn headers(all: &Effective, setting: &str, findings: &mut Findings) {
    for (header, value) in all.map(setting) {
        let good = HeaderName::from_bytes(header.as_bytes()).is_ok()
            && HeaderValue::from_str(value.expose_secret()).is_ok();
        if !good {
            let header = header.escape_debug();
            findings.problem(
                all,
                setting,
                format!("`{setting}` holds `{header}`, which is no header"),
                "write a name of letters and `-`, and a value on one line",
            );
        }
    }
}
