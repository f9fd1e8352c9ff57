//! The paths that two families have, and for which of them a request is.
//!
//! `POST /auth/refresh` with a header `RT`, and `POST /auth/token` with something else than a form, are for `code`; the
//! others are for `confirm`. Where one of the two is off, all of them are the other's. Each family answers in its own
//! shapes and counts by its own limits: the crossing hands a request on and does nothing else.

mod operation;

use crate::{code, confirm};
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use axum::routing::{Router, post};
use doorward_domain::Family;
use doorward_http::{MediaType, State, limit, media_type};
use http::HeaderMap;
use std::sync::Arc;
use tower::ServiceExt;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// A path, and whether the headers of a request show that it is for `code`.
type Crossing = (&'static str, fn(&HeaderMap) -> bool);

const CROSSINGS: [Crossing; 2] = [
    ("/auth/refresh", shows_refresh_token),
    ("/auth/token", is_no_form),
];

/// The header in which clients of `code` send their refresh token.
const RT: &str = "rt";

fn shows_refresh_token(headers: &HeaderMap) -> bool {
    headers.contains_key(RT)
}

fn is_no_form(headers: &HeaderMap) -> bool {
    !matches!(media_type(headers), MediaType::Form | MediaType::Multipart)
}

/// The routes at the crossings for the families that are on, with their limits around them.
pub(crate) fn routes(web: &State) -> OpenApiRouter<State> {
    let families = web.app.settings().families;
    let code = || limit(code::posts(), web, code::limits());
    let confirm = || limit(confirm::posts(), web, confirm::limits());
    match (families.has(Family::Code), families.has(Family::Confirm)) {
        (true, true) => crossed(web, code(), confirm()),
        (true, false) => code(),
        (false, true) => confirm(),
        (false, false) => OpenApiRouter::new(),
    }
}

fn crossed(
    web: &State,
    code: OpenApiRouter<State>,
    confirm: OpenApiRouter<State>,
) -> OpenApiRouter<State> {
    let (code, code_document) = code.split_for_parts();
    let (confirm, confirm_document) = confirm.split_for_parts();
    let ways = Ways {
        code: code.with_state(Arc::clone(web)),
        confirm: confirm.with_state(Arc::clone(web)),
    };
    let router = CROSSINGS
        .into_iter()
        .fold(Router::new(), |router, (path, is_for_code)| {
            let ways = ways.clone();
            let pick = post(async move |request: Request| {
                let way = if is_for_code(request.headers()) {
                    ways.code
                } else {
                    ways.confirm
                };
                hand_on(way, request).await
            });
            router.route(path, pick)
        });
    let document = described(code_document, confirm_document);
    OpenApiRouter::with_openapi(document).merge(router.into())
}

/// Where a crossing leads.
#[derive(Clone)]
struct Ways {
    code: Router,
    confirm: Router,
}

async fn hand_on(way: Router, mut request: Request) -> Response {
    // The family's own router matches the path again, and its limits go by what it finds.
    request.extensions_mut().remove::<MatchedPath>();
    match way.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// One operation where there are two.
fn described(mut code: OpenApi, confirm: OpenApi) -> OpenApi {
    for (path, item) in &confirm.paths.paths {
        let first = code.paths.paths.get_mut(path);
        let first = first.and_then(|item| item.post.as_mut());
        if let (Some(first), Some(second)) = (first, &item.post) {
            operation::join(first, second);
        }
    }
    code.merge(confirm);
    code
}

#[cfg(test)]
pub(crate) fn document() -> OpenApi {
    described(
        code::posts().into_openapi(),
        confirm::posts().into_openapi(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CONTENT_TYPE;
    use http::{HeaderName, HeaderValue};
    use serde_json::{Value, json};

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_header_rt_is_for_code() {
        let rt: HeaderName = "RT".parse().unwrap();
        assert!(shows_refresh_token(&with(rt.clone(), "a.b.c")));
        assert!(shows_refresh_token(&with(rt, "")));
        assert!(!shows_refresh_token(&with(
            CONTENT_TYPE,
            "application/json"
        )));
    }

    #[test]
    fn a_form_is_for_confirm() {
        for form in [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-8",
            "multipart/form-data; boundary=x",
        ] {
            assert!(!is_no_form(&with(CONTENT_TYPE, form)), "{form}");
        }
        for other in ["application/json", "text/plain", ""] {
            assert!(is_no_form(&with(CONTENT_TYPE, other)), "{other}");
        }
        assert!(is_no_form(&HeaderMap::new()));
    }

    #[test]
    fn every_post_that_both_families_have_is_a_crossing() {
        let (code, confirm) = (
            code::posts().into_openapi(),
            confirm::posts().into_openapi(),
        );
        for document in [code, confirm] {
            let paths: Vec<_> = document.paths.paths.into_keys().collect();
            assert_eq!(paths, CROSSINGS.map(|(path, _)| path));
        }
    }

    #[test]
    fn one_operation_describes_both_families() {
        let document = serde_json::to_value(document()).unwrap();
        let token = &document["paths"]["/auth/token"]["post"];
        assert_eq!(token["tags"], json!(["code", "confirm"]));
        let bodies: Vec<_> = token["requestBody"]["content"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(
            bodies,
            [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data"
            ]
        );
        let refresh = &document["paths"]["/auth/refresh"]["post"];
        assert_eq!(refresh["requestBody"]["required"], Value::Null);
        let rt = &refresh["parameters"][0];
        assert_eq!(
            (&rt["name"], &rt["required"]),
            (&json!("RT"), &json!(false))
        );
        let good = &refresh["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(good["anyOf"].as_array().map(Vec::len), Some(2), "{good}");
    }
}
