//! The native API under `/v1`: what every user needs and no documented family has.
//!
//! It translates and contains no rule. Whatever it answers that is no success is a problem document (RFC 9457) made from
//! the one table of refusals, unknown paths and wrong methods included.

mod body;
mod call;
mod limits;
mod me;
mod password;
mod problem;
mod sessions;
mod tokens;

pub(crate) use limits::pages as page_limits;

use doorward_http::{State, limit};
use problem::{Problem, Trouble};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of the native API, with its limits around it.
pub(crate) fn routes(state: &State) -> OpenApiRouter<State> {
    let (routes, document) = described().split_for_parts();
    let routes = routes.method_not_allowed_fallback(async || Problem::from(Trouble::Method));
    let routes = OpenApiRouter::with_openapi(document).merge(routes.into());
    limit(routes, state, limits::api()).merge(elsewhere())
}

fn described() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(me::show, me::update))
        .routes(routes!(sessions::list, sessions::end_many))
        .routes(routes!(sessions::end))
        .routes(routes!(tokens::sign_out))
        .routes(routes!(tokens::refresh))
        .routes(routes!(password::forgot))
        .routes(routes!(password::reset))
}

/// Paths under the base where there is nothing. They are no route and are not counted.
fn elsewhere() -> OpenApiRouter<State> {
    let nothing = axum::routing::any(async || Problem::from(Trouble::Path));
    OpenApiRouter::new()
        .route("/v1", nothing.clone())
        .route("/v1/{*rest}", nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_schema_carries_the_name_of_its_surface() {
        let document = serde_json::to_value(described().into_openapi()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert!(schemas.len() > 8, "{schemas:?}");
        for name in schemas.keys() {
            assert!(name.starts_with("native."), "{name}");
        }
    }

    #[test]
    fn every_operation_tells_what_a_refusal_looks_like() {
        let document = serde_json::to_value(described().into_openapi()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let refusal =
                    &operation["responses"]["default"]["content"]["application/problem+json"];
                assert_eq!(
                    refusal["schema"]["$ref"], "#/components/schemas/native.Problem",
                    "{path}"
                );
                assert!(
                    operation["operationId"]
                        .as_str()
                        .unwrap()
                        .starts_with("native_"),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn the_document_lists_every_code_that_a_program_may_meet() {
        let document = serde_json::to_value(described().into_openapi()).unwrap();
        let codes =
            &document["components"]["schemas"]["native.Problem"]["properties"]["code"]["enum"];
        for code in [
            "link_invalid",
            "session_not_found",
            "field_invalid",
            "internal",
        ] {
            assert!(
                codes.as_array().unwrap().contains(&Value::from(code)),
                "{code} is not in {codes}"
            );
        }
    }
}
