//! The documented families, sentence by sentence of their pages, and what holds for all of them.

mod across;
mod code;
mod confirm;
mod proof;
mod session;
mod verified;

use crate::support::{Answer, TestApp};
use std::time::Instant;

/// Sends one request after another until the limit refuses one, which is given. The whole quota of a minute must have
/// been admitted, and no more than what grew back meanwhile where the limit counts by a clock of its own.
async fn exhaust<F>(quota: u64, mut send: impl FnMut(u64) -> F) -> Answer
where
    F: Future<Output = Answer>,
{
    let began = Instant::now();
    let mut admitted = 0;
    loop {
        let answer = send(admitted).await;
        let regrown = if TestApp::limits_follow_the_clock() {
            0
        } else {
            began.elapsed().as_secs() * quota / 60 + quota / 60 + 1
        };
        if answer.status == 429 {
            assert!(admitted >= quota, "{admitted} of {quota} were admitted");
            return answer;
        }
        admitted += 1;
        assert!(admitted <= quota + regrown, "{admitted} were admitted");
    }
}
