//! What `/metrics` tells, and that it tells it while parts are away.

use crate::cli::folder::{Folder, master_key, on_postgres};
use crate::cli::serving::Serving;
use doorward_service::Clock;
use doorward_testkit::postgres;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse 1";

/// The samples of a page by name and labels, as they stand on it.
async fn samples(serving: &Serving) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    for line in page(serving).await.lines() {
        if let Some((name, value)) = line.rsplit_once(' ').filter(|_| !line.starts_with('#')) {
            samples.insert(name.to_owned(), value.parse().unwrap());
        }
    }
    samples
}

async fn page(serving: &Serving) -> String {
    let answer = serving.get("/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

/// The sum of the series of a name whose labels hold all of these.
#[track_caller]
fn sum(samples: &BTreeMap<String, f64>, name: &str, labels: &[&str]) -> f64 {
    let ours = |series: &&String| {
        let (found, inside) = series.split_once('{').unwrap_or((series, ""));
        found == name && labels.iter().all(|label| inside.contains(label))
    };
    let found: Vec<_> = samples.keys().filter(ours).collect();
    assert!(!found.is_empty(), "no {name} {labels:?} in {samples:#?}");
    found.iter().map(|series| samples[*series]).sum()
}

/// What there is at least after somebody has signed up, was let in, and was refused once: a value, a name, labels.
const AT_LEAST: &[(f64, &str, &[&str])] = &[
    (
        1.0,
        "http_requests_total",
        &[
            r#"route="/api/v1/users""#,
            r#"method="POST""#,
            r#"status="201""#,
        ],
    ),
    (
        1.0,
        "http_request_duration_seconds_count",
        &[r#"route="/api/v1/users""#, r#"class="2xx""#],
    ),
    // The one that asks.
    (1.0, "http_requests_in_flight", &[]),
    (
        1.0,
        "http_denials_total",
        &[r#"reason="invalid_credentials""#],
    ),
    (
        2.0,
        "doorward_limiter_total",
        &[r#"rule="login""#, r#"decision="admitted""#],
    ),
    (1.0, "doorward_connections", &[]),
    (1.0, "doorward_connections_limit", &[]),
    (1.0, "doorward_database_connections", &[r#"state="open""#]),
    (2.0, "doorward_database_connections_limit", &[]),
    (0.0, "doorward_database_waiting", &[]),
    (
        1.0,
        "doorward_database_wait_seconds_count",
        &[r#"access="read""#],
    ),
    (
        1.0,
        "doorward_database_wait_seconds_count",
        &[r#"access="write""#],
    ),
    (0.0, "doorward_database_refused_total", &[]),
    (3.0, "doorward_database_commit_seconds_count", &[]),
    (
        0.0,
        "doorward_queue_jobs",
        &[r#"kind="mail""#, r#"state="ready""#],
    ),
    (
        0.0,
        "doorward_queue_jobs",
        &[r#"kind="sms""#, r#"state="dead""#],
    ),
    (0.0, "doorward_queue_oldest_seconds", &[r#"kind="mail""#]),
    (
        1.0,
        "doorward_jobs_total",
        &[r#"kind="mail""#, r#"outcome="done""#],
    ),
    (
        1.0,
        "doorward_deliveries_total",
        &[r#"courier="mail""#, r#"outcome="delivered""#],
    ),
    (
        1.0,
        "doorward_delivery_seconds_count",
        &[r#"courier="mail""#],
    ),
    (1.0, "doorward_courier_up", &[r#"courier="mail""#]),
    (0.0, "doorward_hashing_queue", &[]),
    (2.0, "doorward_hashing_queue_limit", &[]),
    (
        1.0,
        "doorward_hashing_seconds_count",
        &[r#"operation="hash""#],
    ),
    (
        2.0,
        "doorward_hashing_seconds_count",
        &[r#"operation="verify""#],
    ),
    (
        1.0,
        "doorward_cache_total",
        &[r#"cache="tokens""#, r#"outcome="hit""#],
    ),
    (
        1.0,
        "doorward_cache_total",
        &[r#"cache="tokens""#, r#"outcome="miss""#],
    ),
    (1.0, "doorward_cache_total", &[r#"cache="sessions""#]),
    (1.0, "doorward_build_info", &[env!("CARGO_PKG_VERSION")]),
    (1_000_000.0, "process_resident_memory_bytes", &[]),
    (5.0, "process_open_fds", &[]),
    (64.0, "process_max_fds", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_everything_that_wears_out() {
    let serving = Folder::new().await.serve().await;
    let tokens = serving.sign_up("ada@example.com", PASSWORD).await;
    let access = tokens["access_token"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(serving.profile(access).await, 200);
    }
    let wrong = json!({"email": "ada@example.com", "password": "a wrong guess 1"});
    assert_eq!(serving.post("/api/v1/auth/login", &wrong).await.0, 400);
    let seen = samples(&serving).await;
    for (least, name, labels) in AT_LEAST {
        let found = sum(&seen, name, labels);
        assert!(found >= *least, "{name} {labels:?} is {found}");
    }
    let redis = seen.get("doorward_redis_up").copied();
    assert_eq!(redis, on_postgres().then_some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_told_in_unix_time() {
    let serving = Folder::new().await.serve().await;
    let seen = samples(&serving).await;
    let now = exactly(Clock::system().now().as_millis()) / 1000.0;
    let made = sum(&seen, "doorward_signing_key_created_at_seconds", &[]);
    let started = sum(&seen, "process_start_time_seconds", &[]);
    for time in [made, started] {
        assert!((0.0..600.0).contains(&(now - time)), "{time} is not {now}");
    }
    let due = sum(&seen, "doorward_signing_key_rotates_at_seconds", &[]);
    assert_close(due - made, 90.0 * 86_400.0);
}

/// Milliseconds of our times fit.
fn exactly(millis: i64) -> f64 {
    millis.to_string().parse().unwrap()
}

#[track_caller]
fn assert_close(left: f64, right: f64) {
    assert!((left - right).abs() < 0.001, "{left} is not {right}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_served_says_what_it_means() {
    let serving = Folder::new().await.serve().await;
    serving.sign_up("ada@example.com", PASSWORD).await;
    let page = page(&serving).await;
    let families = |mark: &str| -> Vec<String> {
        let lines = page.lines().filter_map(|line| line.strip_prefix(mark));
        let mut names: Vec<_> = lines
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    let typed = families("# TYPE ");
    assert!(typed.len() > 20, "{typed:?}");
    assert_eq!(typed, families("# HELP "));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_go_on_while_the_database_is_away() {
    let server = postgres::Server::private().await;
    let database = server.new_database(None);
    let folder = Folder::sqlite()
        .set("database.url", &database.url)
        .set("database.pool_timeout", "30s")
        .set("master_key", &master_key());
    let serving = folder.serve().await;
    assert_close(
        sum(&samples(&serving).await, "doorward_queue_jobs", &[]),
        0.0,
    );
    server.stop().await;
    let began = Instant::now();
    let seen = samples(&serving).await;
    assert!(began.elapsed() < Duration::from_secs(8));
    assert!(sum(&seen, "doorward_queue_jobs", &[]).is_nan());
    assert!(sum(&seen, "doorward_signing_key_created_at_seconds", &[]).is_nan());
    server.start().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while sum(&samples(&serving).await, "doorward_queue_jobs", &[]).is_nan() {
        assert!(Instant::now() < deadline, "{}", serving.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_is_counted_and_stops_nobody() {
    let serving = Folder::new()
        .await
        .set("logs.file", "/dev/full")
        .serve()
        .await;
    serving.sign_up("ada@example.com", PASSWORD).await;
    let seen = samples(&serving).await;
    assert!(sum(&seen, "doorward_log_failures_total", &[r#"output="file""#]) >= 1.0);
    let console = sum(
        &seen,
        "doorward_log_failures_total",
        &[r#"output="console""#],
    );
    assert_close(console, 0.0);
    assert!(serving.log().contains("answered"), "{}", serving.log());
    assert_eq!(serving.stop().await, 0);
}
