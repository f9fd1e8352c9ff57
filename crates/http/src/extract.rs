//! What handlers take from a request. These refuse in the shape of all surfaces; axum's own do not.

use crate::answer;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use doorward_service::Ctx;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::convert::Infallible;

/// The circumstances of the request. A family sees them through itself: `ctx.through(Family::Session)`.
#[derive(Clone, Debug)]
pub struct Context(pub Ctx);

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let ctx = parts.extensions.get::<Ctx>().cloned();
        ctx.map(Self).ok_or_else(|| {
            tracing::error!("a router is served without its outermost layer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    }
}

/// What the request shows to prove who sends it.
#[derive(Debug)]
pub enum Authorization {
    /// Nothing.
    Missing,
    /// Something that is no bearer token (RFC 6750 section 2.1), or more than one thing.
    OtherScheme,
    /// A bearer token.
    Bearer(SecretString),
}

impl Authorization {
    fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (first, second) = (values.next(), values.next());
        let Some(value) = first else {
            return Self::Missing;
        };
        let text = value.to_str().unwrap_or_default().trim();
        match text.split_once(' ') {
            Some((scheme, token)) if second.is_none() && scheme.eq_ignore_ascii_case("bearer") => {
                Self::Bearer(token.trim().into())
            }
            None if text.is_empty() || text.eq_ignore_ascii_case("bearer") => Self::Missing,
            Some(_) | None => Self::OtherScheme,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Authorization {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

/// The parameters of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

#[expect(
    clippy::disallowed_types,
    reason = "this is the extractor that translates its refusals"
)]
impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| answer::validation(&["path"], "This path cannot be read", "path_parsing"))
    }
}

/// The parameters of the query, each sent at most once: a second one would mean one thing here and another elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

#[expect(
    clippy::disallowed_types,
    reason = "this is the extractor that translates its refusals"
)]
impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        if let Some(name) = repeated(parts.uri.query().unwrap_or_default()) {
            return Err(answer::validation(
                &["query", &name],
                "Parameter sent twice",
                "duplicate",
            ));
        }
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value))
            .map_err(|_| {
                answer::validation(
                    &["query"],
                    "These parameters cannot be read",
                    "query_parsing",
                )
            })
    }
}

fn repeated(query: &str) -> Option<String> {
    let mut seen = HashSet::new();
    let names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
    names.into_iter().find(|name| !seen.insert(name.clone()))
}

/// The body, whole and within `server.body_limit`; a larger one is answered with 413.
///
/// A route that streams larger ones lifts the limit for itself with [`RawBody::unlimited`] and bounds what it reads.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl RawBody {
    /// The layer of a route that bounds its body by itself.
    pub fn unlimited() -> DefaultBodyLimit {
        DefaultBodyLimit::disable()
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|rejection| match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    answer::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large")
                }
                _ => answer::detail(
                    StatusCode::BAD_REQUEST,
                    "The request body could not be read",
                ),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(values: &[&str]) -> Authorization {
        Authorization::read(
            &values
                .iter()
                .map(|value| (AUTHORIZATION, value.parse().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn a_bearer_token_is_read_in_any_case_of_its_scheme() {
        for text in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert!(
                matches!(read(&[text]), Authorization::Bearer(token) if token.expose_secret() == "abc"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_empty_header_shows_nothing() {
        assert!(matches!(read(&[]), Authorization::Missing));
        assert!(matches!(read(&[""]), Authorization::Missing));
        assert!(matches!(read(&["Bearer "]), Authorization::Missing));
    }

    #[test]
    fn sec_15_3_7_two_headers_or_another_scheme_are_no_token() {
        assert!(matches!(
            read(&["Bearer a", "Bearer b"]),
            Authorization::OtherScheme
        ));
        assert!(matches!(read(&["Basic YTpi"]), Authorization::OtherScheme));
        assert!(matches!(read(&["abc"]), Authorization::OtherScheme));
    }

    #[test]
    fn sec_15_3_7_a_parameter_sent_twice_is_found_in_any_spelling() {
        assert_eq!(repeated("a=1&b=2"), None);
        assert_eq!(repeated("a=1&%61=2").as_deref(), Some("a"));
        assert_eq!(repeated("full&full").as_deref(), Some("full"));
    }
}
