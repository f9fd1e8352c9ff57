//! Requests that are refused for how they are put together or how they arrive, and what a PROXY header changes.

use super::*;
use futures_util::stream;
use std::time::Duration;

fn with_transport(transport: Transport, version: Version) -> http::request::Builder {
    request("GET", "/ok").version(version).extension(transport)
}

#[tokio::test]
async fn sec_i43_a_request_of_two_lengths_is_refused_and_its_connection_closed() {
    let server = server(HttpSettings::default());
    let ambiguous = Transport {
        ambiguous_length: true,
        ..Transport::default()
    };
    let answer = server
        .send(with_transport(ambiguous, Version::HTTP_11))
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.headers()["connection"], "close");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn sec_i43_a_head_of_more_than_100_headers_is_refused() {
    let server = server(HttpSettings::default());
    let with = |count: usize, version: Version| {
        (0..count).fold(request("GET", "/ok").version(version), |request, n| {
            request.header("x-many", n)
        })
    };
    let most = server.send(with(100, Version::HTTP_2)).await;
    assert_eq!(most.status(), StatusCode::OK);
    let more = server.send(with(101, Version::HTTP_2)).await;
    assert_eq!(more.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    // HTTP/2 forbids the header that ends a connection of HTTP/1.
    assert!(!more.headers().contains_key("connection"));
    let older = server.send(with(101, Version::HTTP_11)).await;
    assert_eq!(older.headers()["connection"], "close");
}

#[tokio::test]
async fn sec_i44_a_body_that_drips_is_answered_408_whatever_the_handler_says() {
    let mut edge = Edge::new(
        Arc::new(HttpSettings::default()),
        Arc::default(),
        Box::new(|| Timestamp::EPOCH),
    );
    edge.pace = Pace {
        pause: Duration::from_millis(20),
        floor: 1000,
    };
    let impatient = Server {
        router: edge.around(routes()),
        signals: Arc::default(),
    };
    let dripping = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let answer = impatient.from(PEER, request("POST", "/ok"), dripping).await;
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.headers()["connection"], "close");
    let whole = impatient.from(PEER, request("POST", "/ok"), "body").await;
    assert_eq!(text(whole).await, "4");
}

#[tokio::test]
async fn tls_that_ended_at_a_proxy_counts_when_its_proxy_header_says_so() {
    let server = server(HttpSettings {
        plain_http: PlainHttp::Refuse,
        ..HttpSettings::default()
    });
    let proxied = |tls: bool| Transport {
        proxied: Some(Proxied { tls }),
        ..Transport::default()
    };
    for tls in [true, false] {
        let answer = server
            .send(with_transport(proxied(tls), Version::HTTP_11))
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "its plain part is inside");
        assert_eq!(
            answer.headers().contains_key("strict-transport-security"),
            tls
        );
    }
    let direct = with_transport(Transport::default(), Version::HTTP_11);
    assert_eq!(server.send(direct).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sec_i27_a_client_named_by_a_proxy_header_is_no_proxy_itself() {
    let server = server(behind_proxy());
    let proxied = Transport {
        proxied: Some(Proxied { tls: false }),
        ..Transport::default()
    };
    let claims = request("GET", "/ctx")
        .extension(proxied)
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-request-id", "given-1");
    let answer = text(server.send(claims).await).await;
    assert!(
        answer.starts_with("198.51.100.9 ") && !answer.contains("given-1"),
        "{answer}"
    );
}
