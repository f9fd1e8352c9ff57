//! Redis goes away under load and comes back: no request fails for it, nothing is revived by it.

use crate::limits::{QUOTA, SLOW_LIMIT, admitted, exactly_the_quota, says_ok, status_of};
use crate::support::{Ground, Load, Rig, figure, seconds, turn, within};
use doorward_testkit::redis::Server;
use std::time::Duration;

const CLIENTS: usize = 4;
/// How much load there is before something happens, in requests.
const WARM: usize = 100;
/// Within this every replica knows.
const NOTICED: Duration = Duration::from_secs(10);

/// Lets so much load pass.
async fn pass(load: &Load, requests: usize) {
    let until = load.answered() + requests;
    let enough = async || load.answered() >= until;
    within(Duration::from_mins(1), "load passes", enough).await;
}

/// Waits until every replica says this of itself.
async fn until_all_say(rig: &Rig, status: &str) -> Duration {
    let all = async || {
        for door in rig.each() {
            if status_of(&door).await != status {
                return false;
            }
        }
        true
    };
    within(NOTICED, status, all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_s22_redis_killed_hung_and_flushed_under_load_costs_no_request_and_revives_nothing() {
    let _turn = turn().await;
    let redis = Server::private().await;
    let rig = Rig::start(Ground::with_redis(&redis.url).await, &[SLOW_LIMIT]).await;
    let load = Load::start(&rig.door, CLIENTS);
    pass(&load, WARM).await;

    redis.stop().await;
    let noticed = until_all_say(&rig, "degraded").await;
    figure(
        "Redis killed",
        "all replicas say `degraded` after",
        seconds(noticed),
    );
    for door in rig.each() {
        // It counts for itself, and no more than the quota.
        assert_eq!(admitted(&[door], QUOTA + 3).await, QUOTA);
    }
    pass(&load, WARM).await;

    redis.start().await;
    let noticed = until_all_say(&rig, "ok").await;
    figure(
        "Redis killed",
        "all replicas say `ok` again after",
        seconds(noticed),
    );
    exactly_the_quota(&rig, "Redis back").await;

    redis.hang().await;
    pass(&load, WARM).await;
    until_all_say(&rig, "degraded").await;
    redis.go_on().await;
    until_all_say(&rig, "ok").await;

    redis.flush().await;
    pass(&load, WARM).await;
    assert!(says_ok(&rig.at(0)).await);

    let tally = load.stop().await;
    tally.expect_no_failure();
    let promises = tally.verify(&rig.door).await;
    figure(
        "Redis killed, hung, flushed",
        "requests under load, none failed",
        tally.good,
    );
    figure(
        "Redis killed, hung, flushed",
        "promises kept, none revived",
        promises,
    );
}
