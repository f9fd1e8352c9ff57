//! Pages: a template, the policy that goes with it, and the few files that all pages share.

use askama::Template;
use axum::response::{IntoResponse, Response};
use doorward_http::{Path, not_found};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, VARY};
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
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A page that tells one thing, and what to do about it.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct Notice {
    pub(crate) title: &'static str,
    pub(crate) lines: &'static [&'static str],
}

/// Shows a page of our own.
pub(crate) fn show(template: &impl Template) -> Response {
    with_policy(template, PLAIN)
}

/// Shows a page under a policy of its own.
pub(crate) fn with_policy(template: &impl Template, policy: HeaderValue) -> Response {
    answer(StatusCode::OK, template, policy)
}

/// Answers with a page that holds a form.
pub(crate) fn form(status: StatusCode, template: &impl Template) -> Response {
    answer(status, template, WITH_FORM)
}

/// Answers with a notice.
pub(crate) fn notice(status: StatusCode, notice: &Notice) -> Response {
    answer(status, notice, PLAIN)
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

/// Serves a file that is built in; caches may keep it for five minutes.
pub(crate) fn file(content_type: &'static str, bytes: impl IntoResponse) -> Response {
    let mut response = bytes.into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, KEPT);
    response
}

/// The files that pages share.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "style.css" => file(
            "text/css; charset=utf-8",
            include_str!("../assets/style.css"),
        ),
        "icon.svg" => file("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => not_found(),
    }
}
