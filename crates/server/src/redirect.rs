//! The plain listener beside TLS: it leads pages to https, and authorities to the answers that they look for.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use url::Url;

/// What it answers: `before` that, and for all else the way to https. A request that brings a token is told so instead
/// of being led on: its client would otherwise never learn that it sends its token in the clear.
pub(crate) fn routes(public_url: &Url, before: Router) -> Router {
    let base = public_url.as_str().trim_end_matches('/').to_owned();
    let led = before.fallback(move |request: Request| {
        let answer = redirect(&base, &request);
        async move { answer }
    });
    led.layer(map_response(async |mut answer: Response| {
        doorward_http::secure(answer.headers_mut());
        answer
    }))
}

fn redirect(base: &str, request: &Request) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    match HeaderValue::try_from(format!("{base}{path}")) {
        Ok(location) if reading && !request.headers().contains_key(AUTHORIZATION) => {
            (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
        }
        _ => doorward_http::detail(StatusCode::FORBIDDEN, "This service is reached over https"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use tower::ServiceExt as _;

    fn answer(method: &str, path: &str, token: bool) -> (u16, Option<String>) {
        let mut request = Request::builder().method(method).uri(path);
        if token {
            request = request.header(AUTHORIZATION, "Bearer x");
        }
        let response = redirect(
            "https://auth.example.com",
            &request.body(Body::empty()).unwrap(),
        );
        let location = response
            .headers()
            .get(LOCATION)
            .map(|location| location.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[test]
    fn sec_4_1_2_plain_pages_are_led_to_https_and_tokens_are_not() {
        let led = Some("https://auth.example.com/docs?x=1".to_owned());
        assert_eq!(answer("GET", "/docs?x=1", false), (308, led));
        assert_eq!(answer("POST", "/api/login", false), (403, None));
        assert_eq!(answer("GET", "/api/profile", true), (403, None));
    }

    #[tokio::test]
    async fn sec_3_4_4_what_leads_to_https_is_inert_too_and_asks_for_no_tls() {
        let routes = routes(&"https://auth.example.com".parse().unwrap(), Router::new());
        for method in ["GET", "POST"] {
            let request = Request::builder().method(method).uri("/docs");
            let request = request.body(Body::empty()).unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(
                answer.headers().get("strict-transport-security"),
                None,
                "RFC 6797 section 7.2"
            );
        }
    }

    #[test]
    fn sec_i02_a_redirect_never_leaves_the_public_url() {
        let (_, location) = answer("GET", "//evil.example/x", false);
        assert_eq!(
            location.as_deref(),
            Some("https://auth.example.com//evil.example/x")
        );
    }
}
