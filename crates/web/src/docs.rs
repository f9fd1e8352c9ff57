//! Two readers of the OpenAPI document, Swagger UI and Redoc, from the binary itself: they work offline and ask nobody
//! else for anything.
//!
//! Redoc is the bundle of its release 2.5.4 with the address of a remote logo taken out; its licence lies beside it.

use crate::page;
use askama::Template;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;
use doorward_http::{Path, State, not_found};
use http::header::HeaderValue;
use std::sync::Arc;
use tracing::error;
use utoipa_swagger_ui::Config;

/// Both write styles into the page as they draw it; scripts come from this server alone.
const SWAGGER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Redoc searches in a worker that it makes itself.
const REDOC_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/docs", get(swagger))
        .route("/docs/{name}", get(swagger_file))
        .route("/redoc", get(redoc))
        .route("/redoc/{name}", get(redoc_file))
}

#[derive(Template)]
#[template(path = "swagger.html")]
struct SwaggerPage<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "redoc.html")]
struct RedocPage<'a> {
    name: &'a str,
}

async fn swagger(Shared(web): Shared<State>) -> Response {
    page::with_policy(
        &SwaggerPage {
            name: &web.app.settings().server_name,
        },
        SWAGGER_POLICY,
    )
}

async fn redoc(Shared(web): Shared<State>) -> Response {
    page::with_policy(
        &RedocPage {
            name: &web.app.settings().server_name,
        },
        REDOC_POLICY,
    )
}

/// The files that the Swagger page loads; the archive holds more.
async fn swagger_file(Path(name): Path<String>) -> Response {
    let content_type = match name.as_str() {
        "swagger-ui.css" | "index.css" => "text/css; charset=utf-8",
        "swagger-ui-bundle.js" | "swagger-ui-standalone-preset.js" | "swagger-initializer.js" => {
            "text/javascript; charset=utf-8"
        }
        _ => return not_found(),
    };
    // By default Swagger UI sends the document to a validator on the internet.
    let config = Config::from("/openapi.json")
        .validator_url("none")
        .deep_linking(true)
        .try_it_out_enabled(true);
    match utoipa_swagger_ui::serve(&name, Arc::new(config)) {
        Ok(Some(file)) => page::file(content_type, file.bytes.into_owned()),
        Ok(None) => not_found(),
        Err(error) => {
            error!(%error, "Swagger UI could not be configured");
            not_found()
        }
    }
}

async fn redoc_file(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "redoc.standalone.js" => page::file(
            "text/javascript; charset=utf-8",
            include_str!("../assets/redoc.standalone.js"),
        ),
        "LICENSE.txt" => page::file(
            "text/plain; charset=utf-8",
            include_str!("../assets/redoc.LICENSE.txt"),
        ),
        _ => not_found(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn served(name: &str) -> (u16, String) {
        let response = swagger_file(Path(name.to_owned())).await;
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn everything_that_the_swagger_page_loads_is_there() {
        let page = SwaggerPage { name: "Doorward" }.render().unwrap();
        let files: Vec<_> = page
            .split("\"/docs/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(files.len(), 5);
        for file in files {
            assert_eq!(served(file).await.0, 200, "{file}");
        }
    }

    #[tokio::test]
    async fn sec_3_6_1_swagger_ui_asks_no_validator() {
        let (_, script) = served("swagger-initializer.js").await;
        assert!(
            script.contains("\"/openapi.json\"") && script.contains("\"validatorUrl\": \"none\""),
            "{script}"
        );
    }

    #[tokio::test]
    async fn sec_13_4_7_only_what_the_page_loads_is_served() {
        for name in ["oauth2-redirect.html", "index.html", "..", "swagger-ui.js"] {
            assert_eq!(served(name).await.0, 404, "{name}");
        }
    }

    #[test]
    fn sec_3_6_1_the_redoc_bundle_loads_no_logo_from_elsewhere() {
        assert!(!include_str!("../assets/redoc.standalone.js").contains("cdn.redoc.ly"));
    }
}
