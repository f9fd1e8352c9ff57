//! A revocation is seen by every replica within a second, whichever way it is done and whatever has become of Redis.

use crate::support::people::{self, Family, PASSWORD, Person, show};
use crate::support::{Call, Door, Ground, Rig, figure, seconds, turn};
use doorward_testkit::redis;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

/// For how long a replica may believe in what has ended elsewhere.
pub(crate) const BOUND: Duration = Duration::from_secs(1);
/// When waiting for the end of a token is given up.
const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(5);
/// How often each way is tried in each state of Redis.
const ROUNDS: usize = 3;

/// How long after `ended` a request was begun that was still admitted: that the machine is slow to answer counts for
/// nothing.
pub(crate) async fn believed_for(ended: Instant, show: impl Fn() -> Call) -> Duration {
    let mut believed = Duration::ZERO;
    loop {
        let began = ended.elapsed();
        let answer = show().answer().await;
        match answer.status {
            200 => believed = began,
            401 | 403 => return believed,
            _ => panic!("neither admitted nor refused: {answer:?}"),
        }
        assert!(began < PATIENCE, "it is believed for ever");
        tokio::time::sleep(GLANCE).await;
    }
}

/// The ways in which a session ends.
#[derive(Clone, Copy, Debug)]
enum Way {
    LogOut,
    EndOthers,
    ChangePassword,
    DeleteUser,
    Suspend,
    SignOutByOperator,
}

const WAYS: [Way; 6] = [
    Way::LogOut,
    Way::EndOthers,
    Way::ChangePassword,
    Way::DeleteUser,
    Way::Suspend,
    Way::SignOutByOperator,
];

#[tokio::test(flavor = "multi_thread")]
async fn sec_7_4_1_every_replica_sees_a_revocation_within_a_second_whatever_becomes_of_redis() {
    let _turn = turn().await;
    let redis = redis::Server::private().await;
    let rig = Rig::start(
        Ground::with_redis(&redis.url).await,
        &[("rate_limit.enabled", "false")],
    )
    .await;
    measure(&rig, "Redis answers").await;
    redis.flush().await;
    measure(&rig, "after FLUSHALL").await;
    redis.hang().await;
    measure(&rig, "Redis hangs").await;
    redis.stop().await;
    measure(&rig, "Redis is killed").await;
    redis.start().await;
    measure(&rig, "Redis is back").await;
}

/// Ends sessions in every way, several times, and looks at how long the other replicas believe in them.
async fn measure(rig: &Rig, state: &str) {
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let samples = WAYS.map(|way| sample(rig, way, round, state));
        all.extend(join_all(samples).await);
    }
    all.sort_by_key(|(_, believed)| *believed);
    let (way, slowest) = all.last().copied().unwrap();
    assert!(
        slowest < BOUND,
        "{state}: {way:?} is believed for {slowest:?}"
    );
    let (_, middle) = all[all.len() / 2];
    figure(
        "revocation",
        &format!("{state}: middle of {}", all.len()),
        seconds(middle),
    );
    figure("revocation", &format!("{state}: slowest"), seconds(slowest));
}

async fn sample(rig: &Rig, way: Way, round: usize, state: &str) -> (Way, Duration) {
    let name: String = format!("{way:?}{round}{state}")
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let here = rig.at(round).stranger();
    let person = Person::register(&here, &here, Family::Session, &name.to_lowercase()).await;
    let token = person.enter(&here, Family::Session).await;
    let others = [rig.at(round + 1), rig.at(round + 2)];
    for door in &others {
        show(door, Family::Session, &token)
            .answer()
            .await
            .expect(200);
    }
    end(rig, &here, way, &person, &token).await;
    let ended = Instant::now();
    let seen = others
        .iter()
        .map(|door| believed_for(ended, || show(door, Family::Session, &token)));
    let believed = join_all(seen).await.into_iter().max().unwrap();
    (way, believed)
}

async fn end(rig: &Rig, here: &Door, way: Way, person: &Person, token: &str) {
    let call = match way {
        Way::LogOut => here.call(Method::POST, "/api/logout").bearer(token),
        Way::EndOthers => {
            let another = person.enter(here, Family::Confirm).await;
            here.call(Method::DELETE, "/v1/sessions").bearer(&another)
        }
        Way::ChangePassword => {
            let another = person.enter(here, Family::Confirm).await;
            let form = json!({"old_password": PASSWORD, "new_password": "Another-Horse-8-Battery"});
            here.call(Method::PUT, "/users/password")
                .bearer(&another)
                .json(&form)
        }
        Way::DeleteUser => here.call(Method::DELETE, "/users").bearer(token),
        Way::Suspend => return drop(rig.command(&["users", "suspend", &person.id]).await),
        Way::SignOutByOperator => {
            return drop(rig.command(&["users", "sign-out", &person.id]).await);
        }
    };
    let status = call.answer().await.status;
    assert!(matches!(status, 200 | 204), "{way:?}: {status}");
    assert_eq!(people::subject(token), person.id);
}
