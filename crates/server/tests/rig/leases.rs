//! What one replica does for all, another does soon after that one stops, dies or stands still.

use crate::support::people::{self, PASSWORD};
use crate::support::{Ground, Rig, figure, seconds, turn, within};
use doorward_testkit::replicas::Replica;
use serde_json::json;
use std::time::Duration;

/// Within this another replica has taken over from one that died.
const BOUND: Duration = Duration::from_secs(30);
/// The same from one that was told to stop, and gave its duties back.
const HANDED_OVER: Duration = Duration::from_secs(10);
const QUICK: (&str, &str) = ("cleanup.interval", "1s");
const HOLDER: &str = "SELECT holder FROM leases WHERE duty = 'cleaning'";
const TAKES_OVER: &str = "this process does it from now on";

/// Who cleans, by the name that it has in the database.
async fn holder(rig: &Rig) -> String {
    rig.ground.database.run(HOLDER).await.trim().to_owned()
}

/// How often each replica has said that it cleans from now on.
fn takeovers(rig: &Rig) -> Vec<usize> {
    let says = |line: &&str| line.contains(TAKES_OVER) && line.contains("cleaning");
    let logs = rig.replicas.iter().map(Replica::log);
    logs.map(|log| log.lines().filter(says).count()).collect()
}

/// Waits until somebody else than before cleans; gives who, and how long that took.
async fn successor(rig: &Rig, before: &[usize], bound: Duration) -> (usize, Duration) {
    let took = within(bound, "another replica cleans", async || {
        takeovers(rig) != before
    })
    .await;
    let after = takeovers(rig);
    let who = (0..after.len()).find(|index| after[*index] > before[*index]);
    (who.unwrap(), took)
}

/// What has ended is removed: somebody cleans.
async fn is_cleaned(rig: &Rig, login: &str) {
    let id = people::member(&rig.door.stranger(), login).await;
    let form = json!({"login": login, "password": PASSWORD});
    rig.door
        .post("/api/login", &form)
        .answer()
        .await
        .expect(200);
    let age = format!("UPDATE sessions SET expires_at = 1 WHERE user_id = '{id}'");
    rig.ground.database.run(age).await;
    let left = format!("SELECT count(*) FROM sessions WHERE user_id = '{id}'");
    let gone = async || rig.ground.database.run(left.clone()).await.trim() == "0";
    within(BOUND, "the ended session is removed", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_passes_to_another_replica_when_its_holder_stops_stands_still_or_dies() {
    let _turn = turn().await;
    let mut rig = Rig::start(Ground::shared().await, &[QUICK]).await;
    let nobody = vec![0; rig.replicas.len()];
    let (first, _) = successor(&rig, &nobody, BOUND).await;
    is_cleaned(&rig, "ada").await;

    let before = takeovers(&rig);
    assert_eq!(rig.replicas[first].stop().await, 0);
    let (second, took) = successor(&rig, &before, HANDED_OVER).await;
    figure(
        "leases",
        "the holder stops: another cleans after",
        seconds(took),
    );
    rig.replicas[first].start();
    rig.replicas[first].until_ready().await;

    let (before, name) = (takeovers(&rig), holder(&rig).await);
    rig.replicas[second].signal("STOP");
    let (third, took) = successor(&rig, &before, BOUND).await;
    figure(
        "leases",
        "the holder stands still: another cleans after",
        seconds(took),
    );
    rig.replicas[second].signal("CONT");
    rig.replicas[second].until_ready().await;
    is_cleaned(&rig, "grace").await;
    assert_ne!(
        holder(&rig).await,
        name,
        "who was passed over stays passed over"
    );

    let before = takeovers(&rig);
    rig.replicas[third].kill().await;
    let (_, took) = successor(&rig, &before, BOUND).await;
    figure(
        "leases",
        "the holder is killed: another cleans after",
        seconds(took),
    );
    is_cleaned(&rig, "edsger").await;
}
