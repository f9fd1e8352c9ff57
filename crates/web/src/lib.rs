//! What is the server's own beside the families: the native API and its pages, key set, health, metrics, API documents,
//! the development inbox and the page at `/`.
//!
//! Nothing here holds a rule: it reads what `service` says and writes it as JSON or as a page. Pages work without
//! JavaScript, load nothing from elsewhere and are framed by nobody.

mod api;
mod docs;
mod document;
mod health;
mod host;
mod inbox;
mod keys;
mod message;
mod metrics;
mod page;
mod recovery;
mod refusals;
mod welcome;

pub use metrics::RenderMetrics;

use axum::Router;
use axum::routing::get;
use doorward_http::{LimitPlan, State, limit};
use doorward_service::settings::Mode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What is switched on beside the families.
#[derive(Clone, Default)]
pub struct Surface {
    /// `api.docs`: the OpenAPI document and the two pages that show it.
    pub docs: bool,
    /// `/dev/inbox`; in development alone, whatever this says.
    pub inbox: bool,
    /// `/metrics` on this listener, and how its text is made.
    pub metrics: Option<RenderMetrics>,
}

/// Everything that the main listener serves: the given families, and what is the server's own. The OpenAPI document
/// describes both.
pub fn routes(state: &State, surface: Surface, families: OpenApiRouter<State>) -> Router<State> {
    let mut own = OpenApiRouter::new()
        .routes(routes!(keys::jwks))
        .routes(routes!(keys::public_key))
        .merge(health_routes())
        .route("/assets/{name}", get(page::asset));
    let inbox = surface.inbox && state.app.settings().mode == Mode::Development;
    if inbox {
        own = own.routes(routes!(inbox::show, inbox::clear));
    }
    own = own.merge(welcome::routes(welcome::Pages {
        docs: surface.docs,
        inbox,
    }));
    if let Some(render) = surface.metrics {
        own = own.merge(metrics::routes(render));
    }
    let pages = OpenApiRouter::new().routes(routes!(recovery::show, recovery::submit));
    let all = families
        .merge(api::routes(state))
        .merge(limit(pages, state, api::page_limits()))
        .merge(limit(own, state, LimitPlan::default()));
    if surface.docs {
        document::documented(all, state)
    } else {
        all.into()
    }
}

/// What `server.operations_bind` serves: how the server fares, for those who run it.
pub fn operations(render: RenderMetrics) -> Router<State> {
    health_routes().merge(metrics::routes(render)).into()
}

fn health_routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::health))
}
