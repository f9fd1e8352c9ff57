//! A request on its way to the service.

use super::answer::Answer;
use super::multipart::Form;
use super::watch::Watch;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tower::ServiceExt;

/// Where a request comes from when nothing else is said.
const PEER: &str = "192.0.2.1";

/// A request, sent by [`Request::send`].
#[must_use = "a request that is not sent does nothing"]
pub(crate) struct Request {
    router: Router,
    watch: Arc<Watch>,
    peer: IpAddr,
    message: http::Request<Bytes>,
}

impl Request {
    pub(crate) fn new(router: Router, watch: Arc<Watch>, method: Method, path: &str) -> Self {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::new());
        Self {
            router,
            watch,
            peer: PEER.parse().expect("an address"),
            message: request.unwrap_or_else(|error| panic!("{error}: {path}")),
        }
    }

    /// With a JSON body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over what they have just made"
    )]
    pub(crate) fn json(self, body: Value) -> Self {
        self.watch.learn_from(&body);
        self.body("application/json", body.to_string())
    }

    /// With a body of this type; an empty type says nothing.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        *self.message.body_mut() = body.into();
        if content_type.is_empty() {
            self
        } else {
            self.header(CONTENT_TYPE.as_str(), content_type)
        }
    }

    /// With a form that carries files.
    pub(crate) fn form(self, form: Form) -> Self {
        self.body(&Form::content_type(), form.finish())
    }

    /// With a bearer token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.message.headers_mut().append(name, value);
        self
    }

    /// From another client.
    pub(crate) fn from(mut self, ip: &str) -> Self {
        self.peer = ip.parse().expect("an address");
        self
    }

    /// Sends it, and reads the answer to its end.
    pub(crate) async fn send(self) -> Answer {
        let Self {
            router,
            watch,
            peer,
            message,
        } = self;
        let name = format!("{} {}", message.method(), message.uri());
        let length = message.body().len();
        let mut request = message.map(Body::from);
        if length > 0 {
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(peer, 50_000)));
        let response = router
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await;
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.unwrap_or_else(|error| panic!("the answer to {name} broke off: {error}")),
        };
        watch.see(&name, &answer);
        answer
    }
}
