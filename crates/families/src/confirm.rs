//! Family `confirm`: a mailed link confirms an address, and a password or a third party's word then gives tokens.

mod limits;
mod link;
mod page;
mod refusals;
mod routes;
mod token_form;
mod wire;

pub(crate) use limits::limits;

use axum::middleware;
use doorward_http::{State, limit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes that no other family has, with their limits around them.
pub(crate) fn routes(web: &State) -> OpenApiRouter<State> {
    let links =
        limit(links(), web, limits()).route_layer(middleware::from_fn(page::limit_told_as_page));
    limit(routes::routes(), web, limits()).merge(links)
}

/// The routes whose paths family `code` has as well.
pub(crate) fn posts() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(routes::refresh))
        .routes(routes!(token_form::token))
}

fn links() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(link::open, link::answer))
}

/// The routes that no other family has, as the OpenAPI document tells them.
#[cfg(test)]
pub(crate) fn described() -> OpenApiRouter<State> {
    routes::routes().merge(links())
}
