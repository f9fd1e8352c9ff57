//! `/metrics`: what the recorder of the process has counted, as Prometheus reads it.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderValue};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use doorward_http::State;

/// How the text of `/metrics` is made; some of it is only looked at when somebody asks.
pub type RenderMetrics = Arc<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>;

const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

#[derive(Clone)]
struct Renderer(RenderMetrics);

pub(crate) fn routes(render: RenderMetrics) -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(metrics))
        .layer(Extension(Renderer(render)))
}

/// What the server has counted, as Prometheus text.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")),
)]
async fn metrics(Extension(Renderer(render)): Extension<Renderer>) -> Response {
    let mut response = render().await.into_response();
    response.headers_mut().insert(CONTENT_TYPE, PROMETHEUS);
    response
}
