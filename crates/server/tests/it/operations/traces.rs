//! Traces: what is handed to a collector, what is not, and how requests go on without one.

mod collector;

use crate::cli::folder::{Folder, free_port};
use crate::support::{TestApp, claims};
use collector::{Collector, Kind, Span};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

async fn tracing_to(collector: &Collector) -> Folder {
    Folder::new()
        .await
        .set("monitoring.otlp_endpoint", &collector.url())
        .set("logs.format", "json")
}

fn named<'s>(spans: &'s [Span], name: &str) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_its_hash_its_commit_and_its_mail_are_traced() {
    let collector = Collector::start().await;
    let folder = tracing_to(&collector)
        .await
        .set(
            "monitoring.otlp_headers",
            r#"{"Authorization": "Bearer for-the-collector"}"#,
        )
        .set("monitoring.service_name", "front-door");
    let serving = folder.serve().await;
    serving.sign_up("ada@example.com", "correct horse 1").await;
    assert_eq!(serving.stop().await, 0);

    let spans = collector.spans();
    let [request] = named(&spans, "POST /api/v1/users")[..] else {
        panic!("{spans:#?}");
    };
    assert_eq!((request.kind, request.failed), (Kind::Server, false));
    assert_eq!(request.parent, "");
    let attributes = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "201"),
        ("http.route", "/api/v1/users"),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.attributes, BTreeMap::from(attributes));
    for inner in ["password", "commit"] {
        let of_it = |span: &&&Span| span.parent == request.id && span.trace == request.trace;
        let found = named(&spans, inner);
        assert!(found.iter().any(|span| of_it(&span)), "{inner}: {spans:#?}");
    }
    let deliveries = named(&spans, "delivery");
    assert!(
        deliveries
            .iter()
            .any(|span| span.kind == Kind::Client && span.attributes["courier"] == "mail"),
        "{spans:#?}"
    );
    assert!(spans.iter().all(|span| span.events == 0));
    assert!(
        !spans.iter().any(|span| span.name.contains("/readyz")),
        "probes are nobody's work: {spans:#?}"
    );
    assert!(collector.was_told("front-door"));
    let headers = collector.authorizations();
    assert!(!headers.is_empty());
    assert!(
        headers
            .iter()
            .all(|header| header.as_deref() == Some("Bearer for-the-collector"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_16_2_5_no_secret_and_nobodys_name_is_handed_to_the_collector() {
    let collector = Collector::start().await;
    let serving = tracing_to(&collector).await.serve().await;
    let tokens = serving.sign_up("ada@example.com", "correct horse 1").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(serving.profile(access).await, 200);
    let wrong = json!({"email": "ada@example.com", "password": "a wrong guess 1"});
    assert_eq!(serving.post("/api/v1/auth/login", &wrong).await.0, 400);
    serving
        .get("/nowhere/secret-path?secret-query=1")
        .send()
        .await
        .unwrap();
    serving.stop().await;
    let spans = collector.spans();
    assert!(spans.len() >= 10, "{spans:#?}");
    let claims = claims(access);
    let secrets = [
        claims["sub"].as_str().unwrap(),
        claims["sid"].as_str().unwrap(),
        "ada@example.com",
        "example.com",
        "correct horse",
        "wrong guess",
        "127.0.0.1",
        "secret-path",
        "secret-query",
        access,
    ];
    for secret in secrets {
        assert!(!collector.was_told(secret), "{secret}: {spans:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxys_trace_goes_on_here_and_others_are_sampled() {
    let collector = Collector::start().await;
    let folder = tracing_to(&collector)
        .await
        .set("monitoring.trace_sample", "0")
        .set("server.trusted_proxies", "127.0.0.1/32");
    let mut serving = folder.serve().await;
    let ask = async |path: &str, parent: Option<&str>| {
        let request = serving.get(path);
        let request = match parent {
            Some(parent) => request.header("traceparent", parent),
            None => request,
        };
        let answer = request.send().await.unwrap();
        answer.headers()["traceparent"].to_str().unwrap().to_owned()
    };
    let answered = ask("/utils/public_key", Some(SAMPLED)).await;
    assert!(answered.starts_with(&format!("00-{TRACE}-")) && answered.ends_with("-01"));
    assert_ne!(
        answered, SAMPLED,
        "the answer names the span of this service"
    );
    let unsampled = ask("/", Some(UNSAMPLED)).await;
    assert!(unsampled.starts_with(&format!("00-{TRACE}-")) && unsampled.ends_with("-00"));
    let own = ask("/.well-known/jwks.json", None).await;
    assert!(!own.contains(TRACE) && own.ends_with("-00"), "{own}");
    let trace = format!("\"trace.id\":\"{TRACE}\"");
    serving
        .until("the access log names the trace", async |serving| {
            serving.log().contains(&trace)
        })
        .await;
    serving.stop().await;

    let spans = collector.spans();
    let [span] = named(&spans, "GET /utils/public_key")[..] else {
        panic!("{spans:#?}");
    };
    assert_eq!((&*span.trace, &*span.parent), (TRACE, "00f067aa0ba902b7"));
    assert!(answered.contains(&span.id));
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    assert!(named(&spans, "GET /").is_empty(), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_a_warning() {
    let folder = Folder::new().await.set(
        "monitoring.otlp_endpoint",
        &format!("http://127.0.0.1:{}", free_port()),
    );
    let mut serving = folder.serve().await;
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(serving.status("/utils/public_key").await.unwrap(), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(10));
    let warned = "the collector of traces takes none";
    serving
        .until("it is said", async |serving| serving.log().contains(warned))
        .await;
    assert_eq!(
        serving.log().matches(warned).count(),
        1,
        "{}",
        serving.log()
    );
    let metrics = serving.get("/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains(r#"doorward_trace_exports_total{outcome="lost"}"#));
    let began = Instant::now();
    assert_eq!(serving.stop().await, 0);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_that_opentelemetry_has_for_them_are_understood() {
    let collector = Collector::start().await;
    let folder = Folder::new()
        .await
        .environment("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .environment("OTEL_SERVICE_NAME", "gate-house");
    let serving = folder.serve().await;
    assert_eq!(serving.status("/").await.unwrap(), 200);
    serving.stop().await;
    assert_eq!(named(&collector.spans(), "GET /").len(), 1);
    assert!(collector.was_told("gate-house"));
}

#[tokio::test]
async fn without_a_collector_a_trusted_parent_is_answered_and_a_strangers_is_not() {
    let app = TestApp::with(&[("server.trusted_proxies", "10.0.0.1/32")]).await;
    let ask = |from: &str| {
        let request = app.get("/utils/public_key").from(from);
        request.header("traceparent", SAMPLED).send()
    };
    let near = ask("10.0.0.1").await.expect(200);
    assert_eq!(near.header("traceparent"), Some(SAMPLED));
    assert_eq!(near.header("x-request-id"), Some(TRACE));
    let far = ask("192.0.2.7").await.expect(200);
    assert_eq!(far.header("traceparent"), None);
}
