//! The generic cell rate algorithm: a whole limiter in one number, the theoretical arrival time.
//!
//! That is the moment at which everything admitted so far is paid off. A request is admitted while paying for it would not reach
//! further ahead than one period.

use super::Decision;
use doorward_domain::{Quota, Span, Timestamp};

/// Decides on a request at `now` and returns the new arrival time; `None` when the request is refused, which costs
/// nothing. All times are microseconds.
pub(super) fn decide(arrival: Option<i64>, quota: Quota, now: i64) -> (Decision, Option<i64>) {
    let interval = quota.interval_micros();
    let burst = interval.saturating_mul(i64::from(quota.count()));
    let owed = arrival.map_or(now, |arrival| arrival.max(now));
    let next = owed.saturating_add(interval);
    let wait = next.saturating_sub(burst).saturating_sub(now);
    let admitted = wait <= 0;
    let reached = if admitted { next } else { owed };
    let decision = Decision {
        admitted,
        limit: quota.count(),
        remaining: u32::try_from((-wait).max(0) / interval).unwrap_or(u32::MAX),
        retry_after: span(wait.max(0)),
        reset_after: span(reached.saturating_sub(now)),
    };
    (decision, admitted.then_some(next))
}

/// Whole milliseconds, rounded up.
fn span(micros: i64) -> Span {
    let millis = micros.saturating_add(999) / 1000;
    Timestamp::from_millis(millis).since(Timestamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// Plays requests at these seconds and returns which are admitted.
    fn play(quota: &str, seconds: &[i64]) -> Vec<bool> {
        let quota: Quota = quota.parse().unwrap();
        let mut arrival = None;
        seconds
            .iter()
            .map(|second| {
                let (decision, next) = decide(arrival, quota, second * SECOND);
                arrival = next.or(arrival);
                decision.admitted
            })
            .collect()
    }

    #[test]
    fn a_burst_of_the_quota_then_one_every_interval() {
        assert_eq!(
            play(
                "3/minute",
                &[0, 0, 0, 0, 19, 20, 20, 40, 100, 100, 100, 100]
            ),
            [
                true, true, true, false, false, true, false, true, true, true, true, false
            ]
        );
    }

    #[test]
    fn a_decision_says_what_is_left_and_how_long_to_wait() {
        let quota: Quota = "2/minute".parse().unwrap();
        let (first, arrival) = decide(None, quota, 0);
        assert_eq!((first.limit, first.remaining), (2, 1));
        assert_eq!(
            (first.retry_after, first.reset_after),
            (Span::ZERO, Span::seconds(30))
        );
        let (second, arrival) = decide(arrival, quota, 0);
        assert_eq!(
            (second.remaining, second.reset_after),
            (0, Span::minutes(1))
        );
        let (third, after) = decide(arrival, quota, 10 * SECOND);
        assert_eq!((third.admitted, third.remaining, after), (false, 0, None));
        assert_eq!(
            (third.retry_after, third.reset_after),
            (Span::seconds(20), Span::seconds(50))
        );
    }

    #[test]
    fn waiting_as_told_is_enough_and_a_clock_that_goes_back_is_no_gift() {
        let quota: Quota = "7/second".parse().unwrap();
        let mut arrival = None;
        for _ in 0..7 {
            arrival = decide(arrival, quota, SECOND).1;
        }
        let (refused, _) = decide(arrival, quota, SECOND);
        assert!(!refused.admitted);
        let later = SECOND + refused.retry_after.as_millis() * 1000;
        assert!(decide(arrival, quota, later).0.admitted);
        assert!(!decide(arrival, quota, 0).0.admitted);
    }
}
