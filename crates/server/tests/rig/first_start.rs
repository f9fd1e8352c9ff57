//! Replicas that start together on an empty database agree on one schema and one first key.

use crate::support::{Ground, Rig, figure, repetitions, seconds, turn};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_on_an_empty_database_agree() {
    let _turn = turn().await;
    let rounds = repetitions("RIG_FIRST_STARTS", 5);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let began = Instant::now();
        let rig = Rig::start(Ground::shared().await, &[]).await;
        slowest = slowest.max(began.elapsed());
        let mut sets = Vec::new();
        for door in rig.each() {
            sets.push(
                door.get("/.well-known/jwks.json")
                    .answer()
                    .await
                    .expect(200)
                    .json(),
            );
        }
        assert_eq!(
            sets[0]["keys"].as_array().map(Vec::len),
            Some(1),
            "{sets:?}"
        );
        assert!(sets.iter().all(|set| set == &sets[0]), "{sets:?}");
        let twice = "SELECT version FROM _sqlx_migrations GROUP BY version HAVING count(*) > 1 OR NOT bool_and(success)";
        assert_eq!(rig.ground.database.run(twice).await, "");
    }
    figure(
        "first start",
        "rounds of 3 replicas at once on an empty database",
        rounds,
    );
    figure(
        "first start",
        "slowest until all three are ready",
        seconds(slowest),
    );
}
