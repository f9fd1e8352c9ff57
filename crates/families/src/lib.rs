//! The documented API families, each a thin translation of its own wire shapes.
//!
//! A family reads its requests, calls the operations that all surfaces share, and writes its answers; it contains no
//! rule. What a family says to each refusal stands in its one table. A family that is off has no routes and no place in
//! the OpenAPI document.

mod base;
mod call;
mod code;
mod confirm;
mod crossings;
mod detail;
mod fields;
mod form;
mod proof;
mod session;
mod verified;

use doorward_domain::Family;
use doorward_http::State;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

/// The routes of every family that is on, with their limits around them.
pub fn routes(web: &State) -> OpenApiRouter<State> {
    let settings = web.app.settings();
    let mut routes = described();
    if settings.families.has(Family::Code) {
        routes = routes.merge(doorward_http::limit(code::routes(), web, code::limits()));
    }
    if settings.families.has(Family::Confirm) {
        routes = routes.merge(confirm::routes(web));
    }
    if settings.families.has(Family::Proof) {
        let family = proof::routes(&settings.v1_prefix);
        let limits = proof::limits(&settings.v1_prefix);
        routes = routes.merge(doorward_http::limit(family, web, limits));
    }
    if settings.families.has(Family::Session) {
        let family = session::routes();
        routes = routes.merge(doorward_http::limit(family, web, session::limits()));
    }
    if settings.families.has(Family::Verified) {
        let family = verified::routes(&settings.v1_prefix, settings.files.max_size);
        let limits = verified::limits(&web.http.named, &settings.v1_prefix);
        routes = routes.merge(doorward_http::limit(family, web, limits));
    }
    routes.merge(crossings::routes(web))
}

/// No route yet, but what the routes' descriptions refer to.
fn described() -> OpenApiRouter<State> {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let document = OpenApiBuilder::new().components(Some(components)).build();
    OpenApiRouter::with_openapi(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn document() -> Value {
        let all = described()
            .merge(code::routes())
            .merge(confirm::described())
            .merge(OpenApiRouter::with_openapi(crossings::document()))
            .merge(proof::routes("/base"))
            .merge(session::routes())
            .merge(verified::routes("/base", 1024));
        serde_json::to_value(all.into_openapi()).unwrap()
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.insert(reference.clone());
                }
                members
                    .values()
                    .for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_document_resolves() {
        let document = document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_schema_carries_its_familys_name() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for name in schemas.keys() {
            let family = name.split_once('.').map(|(family, _)| family);
            let known = family.is_some_and(|family| family.parse::<Family>().is_ok());
            assert!(known, "{name}");
        }
    }

    #[test]
    fn the_base_of_proof_and_verified_is_the_operators() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.contains_key("/base/users/download-file/{name}"));
        assert!(paths.contains_key("/base/auth/send-code"));
        assert!(paths.contains_key("/api/login"));
        assert!(!paths.keys().any(|path| path.starts_with("/api/v1")));
        assert_eq!(paths.len(), 29);
    }

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document = document();
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        let mut ids = BTreeSet::new();
        for operation in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id}");
        }
        assert!(ids.contains("code_post_token_or_confirm_token"), "{ids:?}");
    }

    #[test]
    fn every_operation_tells_its_refusals_and_the_bearer_is_described() {
        let document = document();
        let profile = &document["paths"]["/base/users/profile"]["get"];
        assert_eq!(
            profile["responses"]["403"]["description"]
                .as_str()
                .map(|text| text.contains("Not authenticated")),
            Some(true)
        );
        assert_eq!(profile["security"][0], serde_json::json!({"bearer": []}));
        let scheme = &document["components"]["securitySchemes"]["bearer"];
        assert_eq!(scheme["scheme"], "bearer");
    }
}
