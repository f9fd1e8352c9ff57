//! The outermost layer around routers made up for it.

mod framing;
mod slow;

use super::*;
use crate::{Context, RawBody};
use axum::body::{Body, to_bytes};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use doorward_domain::Span;
use http::Request;
use tower::ServiceExt;

const PEER: [u8; 4] = [198, 51, 100, 9];
const PROXY: [u8; 4] = [10, 0, 0, 1];

fn routes() -> Router {
    Router::new()
        .route(
            "/ok",
            get(async || "ok").post(async |RawBody(body): RawBody| body.len().to_string()),
        )
        .route(
            "/ctx",
            get(async |Context(ctx): Context| format!("{} {}", ctx.client, ctx.request_id)),
        )
        .route(
            "/panic",
            get(async || -> &'static str { panic!("on purpose") }),
        )
        .route(
            "/never",
            get(async || std::future::pending::<&'static str>().await),
        )
        .route(
            "/cached",
            get(async || ([("cache-control", "public, max-age=300")], "ok")),
        )
        .route(
            "/own",
            post(async || (StatusCode::METHOD_NOT_ALLOWED, "not now").into_response()),
        )
        .route("/livez", get(async || "ok"))
}

struct Server {
    router: Router,
    signals: Arc<Signals>,
}

fn server(settings: HttpSettings) -> Server {
    let signals = Arc::<Signals>::default();
    let edge = Edge::new(
        Arc::new(settings),
        Arc::clone(&signals),
        Box::new(|| Timestamp::EPOCH),
    );
    Server {
        router: edge.around(routes()),
        signals,
    }
}

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

impl Server {
    async fn from(
        &self,
        peer: [u8; 4],
        request: http::request::Builder,
        body: impl Into<Body>,
    ) -> Response {
        let mut request = request.body(body.into()).unwrap();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((peer, 50_000))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send(&self, request: http::request::Builder) -> Response {
        self.from(PEER, request, Body::empty()).await
    }
}

async fn text(response: Response) -> String {
    String::from_utf8(
        to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec(),
    )
    .unwrap()
}

fn behind_proxy() -> HttpSettings {
    HttpSettings {
        trusted_proxies: ["10.0.0.0/8".parse().unwrap()].into_iter().collect(),
        ..HttpSettings::default()
    }
}

#[tokio::test]
async fn sec_3_4_4_every_answer_is_dressed() {
    let impatient = server(HttpSettings {
        request_timeout: Span::millis(1),
        ..HttpSettings::default()
    });
    let server = server(HttpSettings {
        body_limit: 10,
        ..HttpSettings::default()
    });
    let answers = [
        (200, server.send(request("GET", "/ok")).await),
        (404, server.send(request("GET", "/nowhere")).await),
        (405, server.send(request("DELETE", "/ok")).await),
        (204, server.send(request("OPTIONS", "/ok")).await),
        (
            413,
            server
                .from(PEER, request("POST", "/ok"), vec![b'x'; 11])
                .await,
        ),
        (500, server.send(request("GET", "/panic")).await),
        (503, impatient.send(request("GET", "/never")).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status(), status);
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{status}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{status}");
        assert_eq!(headers["x-frame-options"], "DENY", "{status}");
        assert_eq!(
            headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'",
            "{status}"
        );
        assert_eq!(headers["cache-control"], "no-store", "{status}");
        assert_eq!(headers["x-request-id"].len(), 32, "{status}");
        assert!(
            !headers.contains_key("strict-transport-security"),
            "{status}"
        );
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/json", "{status}");
            assert!(text(answer).await.starts_with(r#"{"detail":""#), "{status}");
        }
    }
}

#[tokio::test]
async fn errors_have_one_shape() {
    let server = server(HttpSettings::default());
    assert_eq!(
        text(server.send(request("GET", "/nowhere")).await).await,
        r#"{"detail":"Not Found"}"#
    );
    let wrong = server.send(request("DELETE", "/ok")).await;
    assert_eq!(wrong.headers()["allow"], "GET,HEAD,POST");
    assert_eq!(text(wrong).await, r#"{"detail":"Method Not Allowed"}"#);
    let own = server.send(request("POST", "/own")).await;
    assert_eq!(
        (own.status(), text(own).await.as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "not now")
    );
}

#[tokio::test]
async fn sec_4_1_4_unknown_methods_and_trace_are_not_allowed() {
    let server = server(HttpSettings::default());
    for method in ["TRACE", "CONNECT", "PROPFIND", "get"] {
        let answer = server.send(request(method, "/ok")).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()["allow"], "GET,HEAD,POST", "{method}");
    }
}

#[tokio::test]
async fn options_tells_what_a_path_allows() {
    let answer = server(HttpSettings::default())
        .send(request("OPTIONS", "/ok"))
        .await;
    assert_eq!(
        (answer.status(), &answer.headers()["allow"]),
        (StatusCode::NO_CONTENT, &"GET,HEAD,POST".parse().unwrap())
    );
    assert_eq!(text(answer).await, "");
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let server = server(HttpSettings::default());
    assert_eq!(
        server.send(request("GET", "/ok/")).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        server.send(request("GET", "/ok/?a=b")).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        server.send(request("GET", "/ok//")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        server.send(request("GET", "//ok")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        server.send(request("GET", "/")).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn head_follows_get_without_its_body() {
    let answer = server(HttpSettings::default())
        .send(request("HEAD", "/ok"))
        .await;
    assert_eq!(
        (answer.status(), &answer.headers()["content-length"]),
        (StatusCode::OK, &"2".parse().unwrap())
    );
    assert_eq!(text(answer).await, "");
}

#[tokio::test]
async fn sec_5_2_1_a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
    let server = server(HttpSettings {
        body_limit: 10,
        ..HttpSettings::default()
    });
    assert_eq!(
        text(
            server
                .from(PEER, request("POST", "/ok"), vec![b'x'; 10])
                .await
        )
        .await,
        "10"
    );
    assert_eq!(
        server
            .from(PEER, request("POST", "/ok"), vec![b'x'; 11])
            .await
            .status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let pieces = futures_util::stream::iter((0..6).map(|_| Ok::<_, std::io::Error>("xx")));
    let streamed = server
        .from(PEER, request("POST", "/ok"), Body::from_stream(pieces))
        .await;
    assert_eq!(streamed.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn sec_16_5_4_a_panic_is_a_500_that_tells_nothing() {
    let answer = server(HttpSettings::default())
        .send(request("GET", "/panic"))
        .await;
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        text(answer).await,
        format!(r#"{{"detail":"Internal Server Error","request_id":"{id}"}}"#)
    );
    let development = server(HttpSettings {
        development: true,
        ..HttpSettings::default()
    });
    assert!(
        text(development.send(request("GET", "/panic")).await)
            .await
            .contains("on purpose")
    );
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_a_503() {
    let server = server(HttpSettings {
        request_timeout: Span::millis(1),
        ..HttpSettings::default()
    });
    let answer = server.send(request("GET", "/never")).await;
    assert_eq!(
        (answer.status(), &answer.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn what_a_page_says_of_caching_stands() {
    let answer = server(HttpSettings::default())
        .send(request("GET", "/cached"))
        .await;
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
}

#[tokio::test]
async fn sec_3_4_1_tls_is_insisted_on_where_it_is_spoken() {
    let own = server(HttpSettings {
        tls: true,
        ..HttpSettings::default()
    });
    let answer = own.send(request("GET", "/nowhere")).await;
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let strict = server(HttpSettings {
        tls: true,
        strict: true,
        ..HttpSettings::default()
    });
    let answer = strict.send(request("GET", "/ok")).await;
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000; includeSubDomains"
    );
    let proxied = server(behind_proxy());
    let https = || request("GET", "/ok").header("x-forwarded-proto", "https");
    assert!(
        proxied
            .from(PROXY, https(), Body::empty())
            .await
            .headers()
            .contains_key("strict-transport-security")
    );
    assert!(
        !proxied
            .send(https())
            .await
            .headers()
            .contains_key("strict-transport-security")
    );
}

#[tokio::test]
async fn sec_i27_only_a_trusted_proxy_names_client_and_request() {
    let server = server(behind_proxy());
    let forwarded = || {
        request("GET", "/ctx")
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-request-id", "given-1")
    };
    assert_eq!(
        text(server.from(PROXY, forwarded(), Body::empty()).await).await,
        "203.0.113.7 given-1"
    );
    assert!(!server.signals.notices().join(" ").contains("forwarding"));
    let spoofed = text(server.send(forwarded()).await).await;
    assert!(
        spoofed.starts_with("198.51.100.9 ") && !spoofed.contains("given"),
        "{spoofed}"
    );
    assert!(
        server
            .signals
            .notices()
            .join(" ")
            .contains("server.trusted_proxies")
    );
}

#[tokio::test]
async fn sec_4_1_2_plain_http_is_refused_where_the_operator_says_so() {
    let refuse = HttpSettings {
        plain_http: PlainHttp::Refuse,
        ..behind_proxy()
    };
    let server = server(refuse.clone());
    let answer = server.send(request("GET", "/ok")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(text(answer).await.contains("server.plain_http"));
    assert_eq!(
        server.send(request("GET", "/livez")).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        server
            .from([127, 0, 0, 1], request("GET", "/ok"), Body::empty())
            .await
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        server
            .from(PROXY, request("GET", "/ok"), Body::empty())
            .await
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn plain_http_is_noticed() {
    let server = server(HttpSettings::default());
    server.send(request("GET", "/ok")).await;
    assert!(
        server
            .signals
            .notices()
            .join(" ")
            .contains("server.plain_http")
    );
}

#[tokio::test]
async fn sec_s23_a_preflight_is_answered_for_exact_origins_alone() {
    let server = server(HttpSettings {
        cors_origins: vec!["https://app.example.com".to_owned()],
        ..HttpSettings::default()
    });
    let preflight = |origin: &str| {
        let asked = request("OPTIONS", "/ok")
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        asked.header("access-control-request-headers", "authorization, jwt")
    };
    let granted = server.send(preflight("https://app.example.com")).await;
    let headers = granted.headers();
    assert_eq!(granted.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(
        headers["access-control-allow-headers"],
        "authorization, jwt"
    );
    assert!(
        headers["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("DELETE")
    );
    assert!(!headers.contains_key("allow"));

    let foreign = server
        .send(preflight("https://app.example.com.evil.example"))
        .await;
    assert_eq!(
        (foreign.status(), &foreign.headers()["allow"]),
        (StatusCode::NO_CONTENT, &"GET,HEAD,POST".parse().unwrap())
    );
    assert!(
        foreign
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    assert_eq!(foreign.headers()["vary"], "Origin");
}

#[tokio::test]
async fn sec_s23_errors_carry_the_grant_too_so_that_a_page_can_read_them() {
    let server = server(HttpSettings {
        cors_origins: vec!["https://app.example.com".to_owned()],
        ..HttpSettings::default()
    });
    let answer = server
        .send(request("GET", "/nowhere").header("origin", "https://app.example.com"))
        .await;
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    let plain = server.send(request("GET", "/nowhere")).await;
    assert_eq!(plain.headers()["vary"], "Origin");
    assert!(!plain.headers().contains_key("access-control-allow-origin"));
}
