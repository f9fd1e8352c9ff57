//! Limits are counted once for all replicas: together they admit the quota, and not as many times it as there are
//! replicas.

use crate::support::{Door, Ground, Load, Rig, figure, seconds, turn, within};
use doorward_testkit::redis::{Sentinels, Server};
use futures_util::future::join_all;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Refilled so slowly that nothing is while the scenario runs: one in six minutes.
pub(crate) const SLOW_LIMIT: (&str, &str) = ("rate_limit.named.login", "10/hour");
pub(crate) const QUOTA: usize = 10;
/// More than the quota, over all replicas.
const TRIES: usize = 24;
/// Clients whose counts lie in different slots of a cluster.
const CLIENTS: usize = 12;
/// Clients of the load during a failover.
const LOAD: usize = 2;
/// Within this the replicas count together again after a failover.
const FOUND: Duration = Duration::from_secs(20);

/// How many of so many tries at once one client is admitted to, tried at these doors in turn.
pub(crate) async fn admitted(doors: &[Door], tries: usize) -> usize {
    let client = doors[0].stranger();
    let statuses = join_all((0..tries).map(|number| {
        let form = json!({"email": nobody(), "password": "wrong password"});
        let door = client.beside(&doors[number % doors.len()]);
        async move { door.post("/api/v1/auth/login", &form).answer().await.status }
    }));
    let statuses = statuses.await;
    assert!(
        statuses.iter().all(|status| matches!(status, 400 | 429)),
        "{statuses:?}"
    );
    statuses.iter().filter(|status| **status == 400).count()
}

/// An address that nobody has guessed a password for: each has a limit of its own.
fn nobody() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("nobody{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Each of many clients is admitted exactly the quota, over all replicas.
pub(crate) async fn exactly_the_quota(rig: &Rig, what: &str) {
    let doors = rig.each();
    for _ in 0..CLIENTS {
        assert_eq!(admitted(&doors, TRIES).await, QUOTA, "{what}");
    }
    let verdict = format!("{QUOTA} of {TRIES}, for each of {CLIENTS} clients");
    figure(
        "limits",
        &format!("admitted by 3 replicas, {what}"),
        verdict,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s22_three_replicas_share_a_quota_through_one_redis() {
    let _turn = turn().await;
    let rig = Rig::start(Ground::shared().await, &[SLOW_LIMIT]).await;
    exactly_the_quota(&rig, "one Redis").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s22_three_replicas_share_a_quota_through_a_cluster_of_three() {
    let _turn = turn().await;
    let redis = Server::cluster_of_three().await;
    let rig = Rig::start(Ground::with_redis(&redis.url).await, &[SLOW_LIMIT]).await;
    exactly_the_quota(&rig, "a cluster of three").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s22_three_replicas_share_a_quota_through_sentinels_also_after_a_failover() {
    let _turn = turn().await;
    let redis = Sentinels::start().await;
    let rig = Rig::start(Ground::with_redis(&redis.url).await, &[SLOW_LIMIT]).await;
    exactly_the_quota(&rig, "a server that sentinels name").await;
    let load = Load::start(&rig.door, LOAD);
    redis.fail_over().await;
    let doors = rig.each();
    let all_well = async || {
        let said = join_all(doors.iter().map(says_ok)).await;
        said.into_iter().all(|ok| ok)
    };
    let took = within(FOUND, "the replicas find the new server", all_well).await;
    let tally = load.stop().await;
    tally.expect_no_failure();
    figure(
        "limits",
        "a failover under load, requests of which none failed",
        tally.good,
    );
    figure(
        "limits",
        "the replicas find the new server after",
        seconds(took),
    );
    exactly_the_quota(&rig, "after a failover").await;
}

/// Whether a replica has nothing to complain of.
pub(crate) async fn says_ok(door: &Door) -> bool {
    status_of(door).await == "ok"
}

/// What a replica that is ready says of itself.
pub(crate) async fn status_of(door: &Door) -> String {
    door.get("/readyz")
        .answer()
        .await
        .expect(200)
        .field("status")
}
