//! One replica after the other is stopped and started again under load, and no request fails.

use crate::support::{Ground, Load, Rig, figure, seconds, turn};
use std::time::Instant;

const CLIENTS: usize = 6;
/// Longer than the balancer takes to notice that a replica is no longer ready.
const DELAY: (&str, &str) = ("server.shutdown_delay", "1s");

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_fails_no_request() {
    let _turn = turn().await;
    let mut rig = Rig::start(Ground::shared().await, &[DELAY]).await;
    let load = Load::start(&rig.door, CLIENTS);
    let began = Instant::now();
    for replica in &mut rig.replicas {
        assert_eq!(replica.stop().await, 0, "{}", replica.log());
        replica.start();
        replica.until_ready().await;
        rig.balancer.until_all_ready().await;
    }
    let took = began.elapsed();
    let tally = load.stop().await;
    tally.expect_no_failure();
    let promises = tally.verify(&rig.door).await;
    figure("rolling restart", "three replicas took", seconds(took));
    figure(
        "rolling restart",
        "requests under load, none failed",
        tally.good,
    );
    figure("rolling restart", "promises kept", promises);
}
