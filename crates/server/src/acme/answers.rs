//! The answers to HTTP-01 (RFC 8555 section 8.3), from the database, so that any replica gives them.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use doorward_service::{SharedApp, certificates};
use std::sync::Arc;

/// Where authorities look.
const PATH: &str = "/.well-known/acme-challenge/{token}";

/// The one route, for whatever listener an authority may reach or be led to.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(app: &SharedApp) -> Router<S> {
    let app = Arc::clone(app);
    Router::new().route(PATH, get(move |uri: Uri| answer(Arc::clone(&app), uri)))
}

async fn answer(app: SharedApp, uri: Uri) -> Response {
    let token = uri.path().rsplit('/').next().unwrap_or_default();
    match certificates::answer_over_http(&app, token).await {
        Ok(Some(answer)) => {
            tracing::info!("an authority checked one of our names over HTTP");
            ([(CONTENT_TYPE, "application/octet-stream")], answer).into_response()
        }
        Ok(None) => doorward_http::not_found(),
        Err(error) => {
            tracing::error!(%error, "the answer to a challenge cannot be read from the database");
            doorward_http::detail(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment")
        }
    }
}
