//! Replicas die at random under load: what was acknowledged is there, and what was spent stays spent.

use crate::support::people::link_in;
use crate::support::{Ground, Load, Rig, Unexpected, figure, repetitions, turn};
use std::time::Duration;

const CLIENTS: usize = 4;
/// At most this long a replica lives between two deaths of others, in milliseconds.
const PAUSES: u64 = 700;
/// How many of those who got mail follow its link.
const FOLLOWED: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn sec_i10_replicas_killed_at_random_lose_and_revive_nothing() {
    let _turn = turn().await;
    let mut rig = Rig::start(Ground::shared().await, &[]).await;
    let load = Load::start(&rig.door, CLIENTS);
    let kills = repetitions("RIG_KILLS", 20);
    let entropy = doorward_crypto::Entropy::os();
    for _ in 0..kills {
        let [which, pause] = entropy.bytes::<2>().map(u64::from);
        tokio::time::sleep(Duration::from_millis(PAUSES * pause / 255)).await;
        let which = usize::try_from(which).unwrap() % rig.replicas.len();
        let replica = &mut rig.replicas[which];
        replica.kill().await;
        replica.start();
        replica.until_ready().await;
    }
    rig.balancer.until_all_ready().await;
    let tally = load.stop().await;
    tally.expect_only("what a dead replica had", |one| {
        one.is_the_balancers() || one.is_a_delay()
    });
    let promises = tally.verify(&rig.door).await;
    let followed = follow_links(&rig, &tally.records).await;
    let broken = tally
        .unexpected
        .iter()
        .filter(|one| Unexpected::is_the_balancers(one))
        .count();
    figure("crashes", "kill -9 at random under load", kills);
    figure("crashes", "requests answered as usual", tally.good);
    figure("crashes", "requests that died with their replica", broken);
    figure("crashes", "promises kept, none lost or revived", promises);
    figure(
        "crashes",
        "mailed links that came and are good once",
        followed,
    );
}

/// Whoever was registered gets their mail, and its link is good once. Gives how many.
async fn follow_links(rig: &Rig, records: &[crate::support::Record]) -> usize {
    let addressed = records.iter().filter(|record| record.name.contains('@'));
    let mut followed = 0;
    for record in addressed.rev().take(FOLLOWED) {
        let link = rig.door.read_after(&record.name, 0, link_in).await;
        let path = format!("/users/confirm/{link}");
        rig.door.get(&path).answer().await.expect(200);
        for door in rig.each() {
            door.get(&path).answer().await.expect(400);
        }
        followed += 1;
    }
    followed
}
