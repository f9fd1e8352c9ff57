//! Routes whose base path the operator chooses.
//!
//! They are written with the base that the documents have, and moved to the operator's when they are mounted.

use doorward_http::State;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// The base that the routes are written with.
const WRITTEN: &str = "/api/v1";

/// A router of these routes under `base`.
pub(crate) fn under(
    base: &str,
    routes: impl IntoIterator<Item = UtoipaMethodRouter<State>>,
) -> OpenApiRouter<State> {
    routes
        .into_iter()
        .map(|route| moved(base, route))
        .fold(OpenApiRouter::new(), OpenApiRouter::routes)
}

fn moved(base: &str, mut route: UtoipaMethodRouter<State>) -> UtoipaMethodRouter<State> {
    let paths = std::mem::take(&mut route.1.paths);
    let moved = paths.into_iter().map(|(path, item)| {
        let below = path.strip_prefix(WRITTEN).unwrap_or(&path);
        (format!("{base}{below}"), item)
    });
    route.1.paths = moved.collect();
    route
}
