//! Five families by five, across replicas: registered at one, signed in at the next, over at all of them when it ends at
//! the third.

use crate::revocation::{BOUND, believed_for};
use crate::support::people::{FAMILIES, Family, Person, show};
use crate::support::{Door, Ground, Rig, figure, seconds, turn};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_at_one_replica_signs_in_at_another_and_is_out_at_all() {
    let _turn = turn().await;
    let rig = Rig::start(Ground::shared().await, &[]).await;
    let mut slowest = Duration::ZERO;
    for (row, born) in FAMILIES.into_iter().enumerate() {
        for (column, through) in FAMILIES.into_iter().enumerate() {
            // One person with one address: who proves an address from elsewhere drops what was set before.
            let home = rig.door.stranger();
            let at = |step: usize| home.beside(&rig.at(row + column + step));
            let name = format!("{born:?}{through:?}").to_lowercase();
            let person = Person::register(&at(0), &at(1), born, &name).await;
            let token = person.enter(&at(1), through).await;
            for door in rig.each() {
                assert_eq!(
                    shown_everywhere(&home.beside(&door), &token).await,
                    [200; 5],
                    "{born:?} {through:?}"
                );
            }
            person.leave(&at(2), through, &token).await;
            let ended = Instant::now();
            for door in rig.each() {
                let believed =
                    believed_for(ended, || show(&door.stranger(), through, &token)).await;
                assert!(
                    believed < BOUND,
                    "{born:?} {through:?}: still good after {believed:?}"
                );
                slowest = slowest.max(believed);
            }
        }
    }
    figure(
        "5 x 5 families",
        "registered, signed in, signed out across 3 replicas",
        "25 of 25",
    );
    figure(
        "5 x 5 families",
        "longest that another replica still took the token",
        seconds(slowest),
    );
}

/// What each family says to a token, by status.
async fn shown_everywhere(door: &Door, token: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for family in FAMILIES {
        let answer = show(door, family, token).answer().await;
        statuses.push(answer.status);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_through_one_replica_is_read_through_the_others_within_a_second() {
    let _turn = turn().await;
    let rig = Rig::start(Ground::shared().await, &[]).await;
    let person = Person::register(&rig.at(0), &rig.at(1), Family::Verified, "grace").await;
    let token = person.enter(&rig.at(0), Family::Confirm).await;
    for door in rig.each() {
        show(&door, Family::Confirm, &token)
            .answer()
            .await
            .expect(200);
    }
    let form = serde_json::json!({"first_name": "Grace"});
    let change = rig
        .at(0)
        .call(reqwest::Method::PUT, "/users")
        .bearer(&token)
        .json(&form);
    change.answer().await.expect(200);
    let changed = Instant::now();
    for door in rig.each() {
        let mut stale = Duration::ZERO;
        loop {
            let began = changed.elapsed();
            let answer = show(&door.stranger(), Family::Confirm, &token)
                .answer()
                .await
                .expect(200);
            if answer.json()["first_name"] == "Grace" {
                break;
            }
            stale = began;
            assert!(stale < BOUND, "the old name after {stale:?}");
        }
        figure(
            "changes",
            "longest that another replica still told the old name",
            seconds(stale),
        );
    }
}
