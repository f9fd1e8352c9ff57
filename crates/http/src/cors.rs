//! Which pages of other origins may call (Fetch standard, CORS protocol): an exact list, and credentials only with it.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN,
    VARY,
};
use http::{Method, Request, StatusCode};

const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id",
);
const TEN_MINUTES: HeaderValue = HeaderValue::from_static("600");

/// The configured origins.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
    any: bool,
}

/// The grant that one request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// None.
    Nothing,
    /// To the named origin, with credentials.
    Origin(HeaderValue),
    /// To anybody, without credentials.
    Anybody,
}

impl Cors {
    /// Browsers send an origin without a path; a slash at the end of a configured one is therefore dropped.
    pub(crate) fn new(origins: &[String]) -> Self {
        let origins = origins
            .iter()
            .map(|origin| origin.trim_end_matches('/').to_owned());
        let (wild, origins): (Vec<_>, Vec<_>) = origins.partition(|origin| origin == "*");
        Self {
            origins,
            any: !wild.is_empty(),
        }
    }

    /// What the page that sent this request may do. `null`, which every sandboxed page sends, is no origin.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> Grant {
        let mut sent = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (sent.next(), sent.next()) else {
            return Grant::Nothing;
        };
        if origin != "null"
            && self
                .origins
                .iter()
                .any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            Grant::Origin(origin.clone())
        } else if self.any {
            Grant::Anybody
        } else {
            Grant::Nothing
        }
    }

    /// The answer to a preflight of an origin that may call; any other `OPTIONS` is an ordinary request.
    pub(crate) fn preflight<B>(grant: &Grant, request: &Request<B>) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || *grant == Grant::Nothing {
            return None;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, TEN_MINUTES);
        if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        headers.append(
            VARY,
            HeaderValue::from_static(
                "Access-Control-Request-Method, Access-Control-Request-Headers",
            ),
        );
        Some(response)
    }

    /// Writes the grant on an answer. Once answers differ by origin, every one of them says so to caches.
    pub(crate) fn apply(&self, grant: Grant, headers: &mut HeaderMap) {
        if !self.origins.is_empty() {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let origin = match grant {
            Grant::Nothing => return,
            Grant::Anybody => HeaderValue::from_static("*"),
            Grant::Origin(origin) => {
                headers.insert(
                    ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
                origin
            }
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(configured: &[&str], origin: &str) -> Grant {
        let configured: Vec<_> = configured.iter().map(|&origin| origin.to_owned()).collect();
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())]);
        Cors::new(&configured).grant(&headers)
    }

    #[test]
    fn sec_3_4_2_an_exact_origin_gets_credentials() {
        let granted = Grant::Origin(HeaderValue::from_static("https://app.example.com"));
        assert_eq!(
            grant(&["https://app.example.com"], "https://app.example.com"),
            granted
        );
        assert_eq!(
            grant(&["https://app.example.com/"], "https://app.example.com"),
            granted
        );
        assert_eq!(
            grant(&["*", "https://app.example.com"], "https://app.example.com"),
            granted
        );
    }

    #[test]
    fn sec_s23_an_origin_that_only_resembles_gets_nothing() {
        for foreign in [
            "https://app.example.com.evil.example",
            "https://evil-app.example.com",
            "https://evil.example/https://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.co",
            "https://APP.example.com",
            "https://app.example.com/",
            "http://app.example.com",
            "https://example.com",
            "https://app.example.com,https://evil.example",
            "null",
            "*",
            "",
        ] {
            assert_eq!(
                grant(&["https://app.example.com", "null"], foreign),
                Grant::Nothing,
                "{foreign}"
            );
        }
    }

    #[test]
    fn sec_s23_a_star_never_comes_with_credentials() {
        assert_eq!(grant(&["*"], "https://anybody.example"), Grant::Anybody);
        let cors = Cors::new(&["*".to_owned()]);
        let mut headers = HeaderMap::new();
        cors.apply(Grant::Anybody, &mut headers);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn the_headers_that_carry_tokens_may_be_sent() {
        let granted = Grant::Origin(HeaderValue::from_static("https://app.example.com"));
        let request = Request::builder()
            .method(Method::OPTIONS)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "content-type,jwt,rt")
            .body(())
            .unwrap();
        let answer = Cors::preflight(&granted, &request).unwrap();
        let headers = answer.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "content-type,jwt,rt");
        let methods = headers[ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap();
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.contains(method), "{method}");
        }
    }

    #[test]
    fn sec_s23_two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("https://app.example.com"));
        headers.append(ORIGIN, HeaderValue::from_static("https://evil.example"));
        assert_eq!(
            Cors::new(&["https://app.example.com".to_owned()]).grant(&headers),
            Grant::Nothing
        );
    }
}
