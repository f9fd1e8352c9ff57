//! `/`: says that the service is there, to programs in JSON and to people as a page.

use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::State as Shared;
use axum::response::Response;
use doorward_http::{State, accepts_html, json};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, VARY};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The pages that there are to point to.
#[derive(Clone, Copy)]
pub(crate) struct Pages {
    /// Those of the API.
    pub(crate) docs: bool,
    /// The development inbox.
    pub(crate) inbox: bool,
}

pub(crate) fn routes(pages: Pages) -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(welcome))
        .layer(Extension(pages))
}

/// The service says that it is there.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Welcome)]
struct Welcome {
    /// Always `ok`.
    status: &'static str,
    /// `server.name`.
    service: String,
    /// A greeting.
    message: String,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage<'a> {
    name: &'a str,
    pages: Pages,
}

/// Says that the service is there; a browser gets a page.
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    responses((status = 200, description = "It is there", body = Welcome)),
)]
async fn welcome(
    Shared(web): Shared<State>,
    Extension(pages): Extension<Pages>,
    headers: HeaderMap,
) -> Response {
    let name = &web.app.settings().server_name;
    if accepts_html(&headers) {
        return page::show(&WelcomePage { name, pages });
    }
    let message = format!("Welcome to {name}");
    let mut response = json(
        StatusCode::OK,
        &Welcome {
            status: "ok",
            service: name.clone(),
            message,
        },
    );
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, pages: Pages) -> String {
        WelcomePage { name, pages }.render().unwrap()
    }

    #[test]
    fn a_page_names_only_what_is_there() {
        let without = page(
            "Doorward",
            Pages {
                docs: false,
                inbox: false,
            },
        );
        assert!(!without.contains("/docs") && !without.contains("/dev/inbox"));
        assert!(without.contains("/.well-known/jwks.json"));
        let with = page(
            "Doorward",
            Pages {
                docs: true,
                inbox: true,
            },
        );
        assert!(with.contains("/docs") && with.contains("/redoc") && with.contains("/dev/inbox"));
    }

    #[test]
    fn sec_1_1_2_a_name_is_text_in_a_page() {
        let hostile = page(
            "<script>alert(1)</script>",
            Pages {
                docs: false,
                inbox: false,
            },
        );
        assert!(!hostile.contains("<script>"));
    }
}
