//! What the log says of slow requests.

use super::folder::Folder;
use super::serving::Serving;
use serde_json::Value;

/// Where nothing is slow but what a rule says is.
const SETTINGS: &str = r#"
[logs]
format = "json"

[monitoring]
slow_request = "1h"

[rate_limit]
rules = [{ path = "/api/*", quota = 100, per = "60s", slow = "0s" }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_the_configuration_says_from_when_on_its_paths_are_slow() {
    let folder = Folder::sqlite().with_file("doorward.toml", SETTINGS);
    let mut serving = folder.serve().await;
    assert_eq!(serving.status("/utils/public_key").await.unwrap(), 200);
    assert_eq!(serving.status("/api/profile").await.unwrap(), 403);
    let warned = async |serving: &Serving| serving.log().contains("slow request");
    serving.until("a request was slow", warned).await;
    let log = serving.log();
    let warnings: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("slow request"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert_eq!(warning["level"], "WARN");
    let text = warning.to_string();
    assert!(
        text.contains("/api/profile") && text.contains("duration_ms"),
        "{text}"
    );
}
