//! Listeners: each bounds how long a connection may take to say what it wants, and drains when told to.

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use url::Url;

/// Within this time a request's header is whole, or the connection closes. It bounds the silence between two requests
/// too, so it is longer than load balancers keep a connection (60 s): who closes first must be they, or a request of
/// theirs meets a closing connection.
const HEADER: Duration = Duration::from_secs(75);
/// Within this time a new connection has sent its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// HTTP/2: requests at once on one connection, and the bytes of one's header.
const STREAMS: u32 = 128;
const HEADER_BYTES: u32 = 32 * 1024;
/// HTTP/2: how long a silent connection is believed in.
const SILENCE: Duration = Duration::from_mins(1);

/// Stops a listener.
pub(crate) type Stop = Handle<SocketAddr>;

/// Takes the address, so that what is wrong with it is known before anything starts.
pub(crate) fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("`{setting}`: cannot listen on `{address}`; stop what listens there or choose another address"))
}

/// Serves until `stop` says otherwise, over TLS where a pair is given.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    stop: Stop,
) -> Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)
        .context("the listener cannot be used")?
        .handle(stop);
    bound(&mut server);
    let server = server.first_request_timeout(FIRST_REQUEST);
    let ended = match tls {
        Some(tls) => {
            server
                .acceptor(RustlsAcceptor::new(tls).handshake_timeout(HANDSHAKE))
                .serve(service)
                .await
        }
        None => server.serve(service).await,
    };
    ended.context("the listener failed")
}

fn bound(server: &mut Server<SocketAddr>) {
    let http = server.http_builder();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(SILENCE)
        .keep_alive_timeout(HANDSHAKE);
}

/// What a plain listener beside TLS answers. A request that brings a token is told so instead of being led on: its client
/// would otherwise never learn that it sends its token in the clear.
pub(crate) fn redirecting(public_url: &Url) -> Router {
    let base = public_url.as_str().trim_end_matches('/').to_owned();
    Router::new().fallback(move |request: Request| {
        let answer = redirect(&base, &request);
        async move { answer }
    })
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

    #[test]
    fn sec_i02_a_redirect_never_leaves_the_public_url() {
        let (_, location) = answer("GET", "//evil.example/x", false);
        assert_eq!(
            location.as_deref(),
            Some("https://auth.example.com//evil.example/x")
        );
    }
}
