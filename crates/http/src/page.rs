//! Pages: a template, the policy that goes with it, and whether a form came from one of ours.
//!
//! Pages work without JavaScript, load nothing from elsewhere and are framed by nobody. Templates of other surfaces
//! extend `page.html` of this crate, so that all pages have one frame.

use crate::answer::Retry;
use crate::state::Web;
use askama::Template;
use axum::response::{IntoResponse, Response};
use doorward_domain::Span;
use doorward_service::{Ctx, Fault};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, ORIGIN, VARY};
use http::{HeaderMap, StatusCode};
use tracing::error;

/// A page of our own: a style sheet, an icon, nothing that runs.
const PLAIN: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The same with a form that comes back to this server.
const WITH_FORM: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A page that tells one thing, and what to do about it.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// The one thing.
    pub title: &'static str,
    /// A paragraph each.
    pub lines: &'static [&'static str],
}

/// Shows a page of our own.
pub fn show(template: &impl Template) -> Response {
    with_policy(template, PLAIN)
}

/// Shows a page under a policy of its own.
pub fn with_policy(template: &impl Template, policy: HeaderValue) -> Response {
    answer(StatusCode::OK, template, policy)
}

/// Answers with a page that holds a form.
pub fn form(status: StatusCode, template: &impl Template) -> Response {
    answer(status, template, WITH_FORM)
}

/// Answers with a notice.
pub fn notice(status: StatusCode, notice: &Notice) -> Response {
    answer(status, notice, PLAIN)
}

/// Logs a fault, once, and answers it as [`Web::fault`] does, told as a page.
pub fn fault(web: &Web, ctx: &Ctx, fault: &Fault, notice: &Notice) -> Response {
    let plain = web.fault(ctx, fault);
    let page = answer(plain.status(), notice, PLAIN);
    if fault.is_unavailable() {
        page.retry_after(Span::seconds(1))
    } else {
        page
    }
}

/// Whether an answer is a page already.
pub fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| *kind == HTML)
}

fn answer(status: StatusCode, template: &impl Template, policy: HeaderValue) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, html).into_response();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HTML);
            headers.insert(CONTENT_SECURITY_POLICY, policy);
            headers.append(VARY, HeaderValue::from_static("Accept"));
            response
        }
        Err(error) => {
            error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether a form was sent by a page of ours, or by no page at all. Under `no-referrer` browsers say `null` for our
/// pages (Fetch standard, section "append a request `Origin` header"), and for other people's too: what those lack is
/// the token in the path.
pub fn is_own_form(web: &Web, headers: &HeaderMap) -> bool {
    let own = web.app.settings().public_url.origin().ascii_serialization();
    is_own_origin(&own, headers)
}

fn is_own_origin(own: &str, headers: &HeaderMap) -> bool {
    headers
        .get_all(ORIGIN)
        .iter()
        .all(|sent| sent == "null" || sent == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_a_whole_page_without_anything_that_runs() {
        let response = notice(
            StatusCode::BAD_REQUEST,
            &Notice {
                title: "Not <now>",
                lines: &["One.", "Two."],
            },
        );
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[CONTENT_TYPE], HTML);
        assert_eq!(response.headers()[VARY], "Accept");
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"));
    }

    #[test]
    fn sec_1_2_1_what_a_notice_says_is_text() {
        let page = Notice {
            title: "Not <now>",
            lines: &["a & b"],
        }
        .render()
        .unwrap();
        assert!(page.starts_with("<!doctype html>") && !page.contains("<now>"));
        assert!(page.contains("a &#38; b"), "{page}");
    }

    #[test]
    fn sec_i25_a_form_of_another_origin_is_none_of_ours() {
        let own = "https://door.example.com";
        let sent = |origins: &[&str]| {
            let headers = origins
                .iter()
                .map(|origin| (ORIGIN, origin.parse().unwrap()));
            is_own_origin(own, &headers.collect())
        };
        assert!(sent(&[]) && sent(&["null"]) && sent(&[own]));
        for foreign in [
            "https://evil.example",
            "http://door.example.com",
            "https://door.example.com:8443",
            "https://door.example.com.evil.example",
            "https://door.example.com/",
            "",
        ] {
            assert!(!sent(&[foreign]), "{foreign}");
            assert!(!sent(&[own, foreign]), "{foreign}");
        }
    }
}
