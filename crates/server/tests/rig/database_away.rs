//! PostgreSQL restarts under load: at most a delay for a while, and nothing that was acknowledged is lost.

use crate::support::{Ground, Load, Rig, figure, people, seconds, turn, within};
use doorward_testkit::{postgres, redis};
use std::time::Duration;

const CLIENTS: usize = 4;
const WARM: usize = 100;
/// For how long the database is away.
const AWAY: Duration = Duration::from_secs(2);
/// Within this every replica works again.
const RECOVERED: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_restarted_under_load_costs_a_delay_and_loses_nothing() {
    let _turn = turn().await;
    let server = postgres::Server::private().await;
    let redis = tokio::task::spawn_blocking(|| redis::server().url.clone());
    let ground = Ground {
        database: server.new_database(None),
        redis: redis.await.unwrap(),
    };
    let rig = Rig::start(ground, &[]).await;
    let load = Load::start(&rig.door, CLIENTS);
    let enough = async || load.answered() >= WARM;
    within(Duration::from_mins(1), "load passes", enough).await;

    server.stop().await;
    tokio::time::sleep(AWAY).await;
    for door in rig.each() {
        door.get("/livez").answer().await.expect(200);
        let answer = door.get("/api/profile").bearer("nonsense").answer().await;
        assert!(matches!(answer.status, 401 | 503), "{answer:?}");
    }
    server.start().await;

    let mut names = (0..).map(|number| format!("returned{number}"));
    let recovered = within(RECOVERED, "every replica writes again", async || {
        for door in rig.each() {
            let form = serde_json::json!({"login": names.next(), "password": people::PASSWORD});
            if door
                .stranger()
                .post("/api/register", &form)
                .answer()
                .await
                .status
                != 201
            {
                return false;
            }
        }
        true
    });
    let recovered = recovered.await;
    figure(
        "PostgreSQL restarted",
        "every replica writes again after",
        seconds(recovered),
    );
    let before = load.answered();
    let enough = async || load.answered() >= before + WARM;
    within(Duration::from_mins(1), "load passes again", enough).await;

    let tally = load.stop().await;
    tally.expect_only(
        "503 with Retry-After",
        crate::support::Unexpected::is_a_delay,
    );
    let promises = tally.verify(&rig.door).await;
    figure(
        "PostgreSQL restarted",
        "requests under load answered as usual",
        tally.good,
    );
    figure(
        "PostgreSQL restarted",
        "requests answered 503 with Retry-After",
        tally.unexpected.len(),
    );
    figure("PostgreSQL restarted", "promises kept, none lost", promises);
}
