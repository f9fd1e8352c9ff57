//! What takes longer than it should is a warning of its own beside its line in the access log.

use super::*;
use crate::monitor::{Answered, record};
use crate::settings::PathRule;
use doorward_domain::{ClientAddr, Quota};
use serde_json::Value;
use std::io;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tracing::subscriber::DefaultGuard;

/// What this thread logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens until the guard goes.
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    /// The fields of each warning of a slow request.
    fn slow_requests(&self) -> Vec<Value> {
        let text = String::from_utf8(self.text().clone()).unwrap();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        events
            .filter(|event: &Value| event["level"] == "WARN")
            .map(|event| event["fields"].clone())
            .filter(|fields| fields["message"] == "slow request")
            .collect()
    }

    fn slow_routes(&self) -> Vec<String> {
        let route = |fields: &Value| fields["http.route"].as_str().unwrap().to_owned();
        self.slow_requests().iter().map(route).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answered_after(took: Duration) {
    let answered = Answered {
        method: &Method::POST,
        route: "/api/login",
        client: ClientAddr::new(PEER.into()),
        request_id: "given-1",
        trace: &Trace::begin(None),
        took,
        slow: HttpSettings::default().slow_request.to_std(),
        probe: false,
    };
    record(&answered, &"ok".into_response());
}

#[test]
fn what_takes_longer_than_5_s_is_a_warning_with_route_and_duration() {
    let (log, _listening) = Log::listen();
    answered_after(Duration::from_secs(5));
    assert_eq!(log.slow_requests(), [] as [Value; 0]);
    answered_after(Duration::from_millis(5250));
    let [warning] = &log.slow_requests()[..] else {
        panic!("{:?}", log.slow_requests());
    };
    assert_eq!(warning["http.method"], "POST");
    assert_eq!(warning["http.route"], "/api/login");
    assert_eq!(warning["http.duration_ms"], 5250.0);
    assert_eq!(warning["request.id"], "given-1");
}

/// A server where everything is slow after `everywhere`, and `/ok` after `there`.
fn slow_after(everywhere: Span, there: Span) -> Server {
    server(HttpSettings {
        slow_request: everywhere,
        rules: vec![PathRule {
            pattern: "/ok".parse().unwrap(),
            quota: Quota::per_minute(100),
            slow: Some(there),
        }],
        ..HttpSettings::default()
    })
}

#[tokio::test]
async fn a_path_rule_has_a_threshold_of_its_own_for_what_is_slow() {
    let (at_once, never) = (Span::seconds(0), Span::hours(1));
    for (everywhere, there, slow) in [(never, at_once, "/ok"), (at_once, never, "/ctx")] {
        let (log, _listening) = Log::listen();
        let server = slow_after(everywhere, there);
        for path in ["/ok", "/ctx"] {
            let answer = server.send(request("GET", path)).await;
            assert_eq!(answer.status(), StatusCode::OK);
        }
        assert_eq!(log.slow_routes(), [slow]);
    }
}
