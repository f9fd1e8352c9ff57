//! What the pages of this surface stand on: the frame that all surfaces share, and the few files that are built in.

use axum::response::{IntoResponse, Response};
pub(crate) use doorward_http::page::{Notice, fault, form, is_own_form, notice, show, with_policy};
use doorward_http::{Path, not_found};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

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
