//! The OpenAPI document of everything that is switched on, and the routes that show it.

use crate::docs;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use doorward_http::State;
use http::header::CONTENT_TYPE;
use std::collections::BTreeSet;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, Info, OpenApi, PathItem, Tag};
use utoipa_axum::router::OpenApiRouter;

/// The version of the interface, not of the program: what is deployed is nobody's business.
const VERSION: &str = "1";

/// What is the server's own comes after the families, which are what most readers look for.
const OWN: [(&str, &str); 4] = [
    (
        "native",
        "What every user needs and no family has: the profile, the sessions, the way back in.",
    ),
    ("keys", "The public keys that verify tokens."),
    ("operations", "How the server fares."),
    ("development", "Aids of development mode."),
];

/// Serves the document of all routes in the router, and the pages that show it. Operations name the scheme `bearer` where
/// they take an access token.
pub(crate) fn documented(merged: OpenApiRouter<State>, state: &State) -> Router<State> {
    let (routes, mut document) = merged.split_for_parts();
    let settings = state.app.settings();
    describe(&mut document, &settings.server_name);
    match document.to_json() {
        Ok(text) => {
            let text = Bytes::from(text);
            let serve = get(async move || {
                ([(CONTENT_TYPE, "application/json")], text.clone()).into_response()
            });
            routes
                .route("/openapi.json", serve.clone())
                .route(
                    &format!("{}/openapi.json", settings.v1_prefix.trim_end_matches('/')),
                    serve,
                )
                .merge(docs::routes())
        }
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document could not be written");
            routes
        }
    }
}

fn describe(document: &mut OpenApi, name: &str) {
    document.info = Info::new(name, VERSION);
    document.info.description =
        Some("Every route that is switched on in this installation.".to_owned());
    document.tags = Some(tags(document.paths.paths.values()));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
}

/// The tags in the order in which readers show them.
fn tags<'a>(paths: impl Iterator<Item = &'a PathItem>) -> Vec<Tag> {
    let operations =
        paths.flat_map(|path| [&path.get, &path.post, &path.put, &path.patch, &path.delete]);
    let used = operations
        .flatten()
        .filter_map(|operation| operation.tags.as_ref())
        .flatten();
    let mut used: BTreeSet<&str> = used.map(String::as_str).collect();
    let own: Vec<_> = OWN
        .into_iter()
        .filter(|(name, _)| used.remove(name))
        .collect();
    let families = used
        .into_iter()
        .map(|name| TagBuilder::new().name(name).build());
    let own = own
        .into_iter()
        .map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    families.chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa_axum::routes;

    #[utoipa::path(get, path = "/zoo", tag = "zoo", responses((status = 200)))]
    async fn zoo() {}

    #[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200)))]
    async fn alive() {}

    #[test]
    fn families_come_before_what_is_the_servers_own() {
        let mut document = OpenApiRouter::<()>::new()
            .routes(routes!(alive))
            .routes(routes!(zoo))
            .into_openapi();
        describe(&mut document, "Front door");
        let names: Vec<_> = document
            .tags
            .unwrap()
            .into_iter()
            .map(|tag| tag.name)
            .collect();
        assert_eq!(names, ["zoo", "operations"]);
    }

    #[test]
    fn the_document_is_openapi_3_1_under_the_servers_name() {
        let mut document = OpenApiRouter::<()>::new().into_openapi();
        describe(&mut document, "Front door");
        let value: serde_json::Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        assert!(value["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(value["info"]["title"], "Front door");
        assert_eq!(
            value["components"]["securitySchemes"]["bearer"]["scheme"],
            "bearer"
        );
    }
}
