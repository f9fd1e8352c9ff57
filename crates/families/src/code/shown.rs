//! The tokens that a request shows: each in a header of its own, or else in `Authorization`.

use axum::extract::FromRequestParts;
use doorward_http::Authorization;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use std::convert::Infallible;

const JWT: HeaderName = HeaderName::from_static("jwt");
const RT: HeaderName = HeaderName::from_static("rt");

/// An access token, if one is shown: header `JWT`, or else `Authorization: Bearer`.
pub(super) struct Jwt(pub(super) Option<SecretString>);

/// A refresh token, if one is shown: header `RT`, or else `Authorization: Bearer`.
pub(super) struct Rt(pub(super) Option<SecretString>);

impl<S: Sync> FromRequestParts<S> for Jwt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        token(&JWT, parts, state).await.map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Rt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        token(&RT, parts, state).await.map(Self)
    }
}

async fn token<S: Sync>(
    name: &HeaderName,
    parts: &mut Parts,
    state: &S,
) -> Result<Option<SecretString>, Infallible> {
    if let Some(token) = own(name, &parts.headers) {
        return Ok(Some(token));
    }
    let authorization = Authorization::from_request_parts(parts, state).await?;
    Ok(match authorization {
        Authorization::Bearer(token) => Some(token),
        Authorization::Missing | Authorization::OtherScheme => None,
    })
}

/// The header's token. What is sent twice, or is no text, is shown all the same, as something that is no token.
fn own(name: &HeaderName, headers: &HeaderMap) -> Option<SecretString> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next()?, values.next());
    let text = first.to_str().ok().filter(|_| second.is_none());
    let token = text.unwrap_or("?").trim();
    (!token.is_empty()).then(|| token.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    async fn shown(headers: &[(&str, &str)]) -> Option<String> {
        let mut request = http::Request::new(());
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let (mut parts, ()) = request.into_parts();
        let Ok(Jwt(token)) = Jwt::from_request_parts(&mut parts, &()).await;
        token.map(|token| token.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_token_is_shown_in_its_own_header_or_else_as_a_bearer_token() {
        assert_eq!(shown(&[("JWT", "a.b.c")]).await.unwrap(), "a.b.c");
        let bearer = ("Authorization", "Bearer d.e.f");
        assert_eq!(shown(&[bearer]).await.unwrap(), "d.e.f");
        assert_eq!(shown(&[bearer, ("JWT", "a.b.c")]).await.unwrap(), "a.b.c");
        assert_eq!(shown(&[bearer, ("JWT", " ")]).await.unwrap(), "d.e.f");
    }

    #[tokio::test]
    async fn an_empty_header_shows_nothing() {
        assert_eq!(shown(&[]).await, None);
        assert_eq!(shown(&[("JWT", "")]).await, None);
        assert_eq!(shown(&[("RT", "a.b.c")]).await, None);
        assert_eq!(shown(&[("Authorization", "Basic YTpi")]).await, None);
    }

    #[tokio::test]
    async fn sec_15_3_7_two_tokens_are_none() {
        let two = [("JWT", "a.b.c"), ("JWT", "d.e.f")];
        assert_eq!(shown(&two).await.unwrap(), "?");
    }
}
