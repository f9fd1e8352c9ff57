//! Signing keys are rotated as fast as it goes while tokens are made: none is stranded.

use crate::support::people::{self, Family, Person, show};
use crate::support::{Door, Ground, Rig, figure, repetitions, seconds, turn};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a verifier that meets a new key may have to ask again until every replica publishes it.
const BOUND: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(20);

/// A token, and the key set that a verifier had fetched just before.
struct Sample {
    token: String,
    before: JwkSet,
}

async fn key_set(door: &Door) -> JwkSet {
    let answer = door
        .get("/.well-known/jwks.json")
        .answer()
        .await
        .expect(200);
    serde_json::from_str(&answer.text).unwrap()
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

/// Whether the token verifies with this set; `None` where the set does not have its key.
fn verifies(token: &str, set: &JwkSet) -> Option<bool> {
    let key = DecodingKey::from_jwk(set.find(&kid(token))?).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_aud = false;
    Some(decode::<Value>(token, &key, &validation).is_ok())
}

/// Signs in at the balancer again and again; each token has to be good at once at every replica, and by a key set from
/// before or after.
async fn sign_in_while(
    door: Door,
    replicas: Vec<Door>,
    running: Arc<AtomicBool>,
) -> (Vec<Sample>, Duration) {
    let (mut samples, mut slowest) = (Vec::new(), Duration::ZERO);
    while running.load(Ordering::Relaxed) {
        let turn = samples.len();
        let before = key_set(&replicas[turn % replicas.len()]).await;
        let token = people::login(&door.stranger(), "ada").await;
        let made = Instant::now();
        for replica in &replicas {
            show(replica, Family::Session, &token)
                .answer()
                .await
                .expect(200);
        }
        if let Some(good) = verifies(&token, &before) {
            assert!(good, "a key set from before refuses it");
        } else {
            let after = &replicas[(turn + 1) % replicas.len()];
            while verifies(&token, &key_set(after).await) != Some(true) {
                assert!(
                    made.elapsed() < BOUND,
                    "no key set has its key after {:?}",
                    made.elapsed()
                );
                tokio::time::sleep(GLANCE).await;
            }
            slowest = slowest.max(made.elapsed());
        }
        samples.push(Sample { token, before });
    }
    (samples, slowest)
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_i47_rotation_under_load_strands_no_token() {
    let _turn = turn().await;
    let quick = [
        ("tokens.algorithm", "ES256"),
        ("rate_limit.enabled", "false"),
    ];
    let rig = Rig::start(Ground::shared().await, &quick).await;
    Person::register(&rig.at(0), &rig.at(1), Family::Session, "ada").await;
    let running = Arc::new(AtomicBool::new(true));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn(sign_in_while(
                rig.door.stranger(),
                rig.each(),
                Arc::clone(&running),
            ))
        })
        .collect();
    let rotations = repetitions("RIG_ROTATIONS", 30);
    for _ in 0..rotations {
        rig.command(&["keys", "rotate", "--now"]).await;
    }
    running.store(false, Ordering::Relaxed);
    let (mut samples, mut slowest) = (Vec::new(), Duration::ZERO);
    for client in clients {
        let (more, slow) = client.await.unwrap();
        samples.extend(more);
        slowest = slowest.max(slow);
    }
    // Whoever fetches the keys now can verify every token that was ever made.
    for door in rig.each() {
        let last = key_set(&door).await;
        assert!(
            samples
                .iter()
                .all(|sample| verifies(&sample.token, &last) == Some(true))
        );
    }
    let used: BTreeSet<_> = samples.iter().map(|sample| kid(&sample.token)).collect();
    assert!(
        used.len() > rotations / 2,
        "the replicas signed with {} keys of {rotations}",
        used.len()
    );
    let early = samples
        .iter()
        .filter(|sample| verifies(&sample.token, &sample.before).is_some())
        .count();
    figure(
        "key rotation",
        "rotations under load on 3 replicas",
        rotations,
    );
    figure(
        "key rotation",
        "keys that the replicas have signed with",
        used.len(),
    );
    figure("key rotation", "tokens made, none stranded", samples.len());
    figure("key rotation", "of them with a key of before", early);
    figure(
        "key rotation",
        "slowest until any replica publishes a new key",
        seconds(slowest),
    );
}
