//! Rate limits as words: `"10/minute"`, or a quota with a period.

use crate::Span;
use std::fmt;
use std::str::FromStr;

/// So many requests a period, as the generic cell rate algorithm (GCRA) admits them: a burst of the quota, then one
/// more every `period / quota`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    count: u32,
    period: Span,
}

/// Why a text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a rate is a positive number a period, such as `10/minute`, `5/second`, `100/hour` or `1000/day`"
)]
pub struct QuotaError;

impl Quota {
    /// `count` requests (at least 1) a `period` (longer than nothing).
    pub fn new(count: u32, period: Span) -> Result<Self, QuotaError> {
        if count == 0 || period.is_zero() {
            Err(QuotaError)
        } else {
            Ok(Self { count, period })
        }
    }

    /// `count` requests a minute.
    ///
    /// # Panics
    /// When `count` is 0: the limits that are built in are not.
    pub const fn per_minute(count: u32) -> Self {
        assert!(count > 0, "a limit admits something");
        Self {
            count,
            period: Span::minutes(1),
        }
    }

    /// The burst: how many are admitted at once.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// The period in which the burst grows back.
    pub const fn period(self) -> Span {
        self.period
    }

    /// Microseconds until one more is admitted.
    pub fn interval_micros(self) -> i64 {
        (self.period.as_millis().saturating_mul(1000) / i64::from(self.count)).max(1)
    }
}

const UNITS: [(&str, Span); 4] = [
    ("second", Span::seconds(1)),
    ("minute", Span::minutes(1)),
    ("hour", Span::hours(1)),
    ("day", Span::days(1)),
];

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (count, period) = text.split_once('/').ok_or(QuotaError)?;
        let count = count.trim().parse().map_err(|_| QuotaError)?;
        let period = period.trim();
        let (_, period) = UNITS
            .iter()
            .find(|(unit, _)| *unit == period)
            .ok_or(QuotaError)?;
        Self::new(count, *period)
    }
}

impl fmt::Display for Quota {
    /// As family `verified` writes it: `10 per 1 minute`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .iter()
            .rev()
            .find(|(_, span)| self.period.as_millis() % span.as_millis() == 0);
        match unit {
            Some((name, span)) => {
                let many = self.period.as_millis() / span.as_millis();
                write!(
                    f,
                    "{} per {many} {name}{}",
                    self.count,
                    if many == 1 { "" } else { "s" }
                )
            }
            None => write!(f, "{} per {}", self.count, self.period),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_as_the_documents_write_it() {
        let quota: Quota = "10/minute".parse().unwrap();
        assert_eq!((quota.count(), quota.period()), (10, Span::minutes(1)));
        assert_eq!(quota.to_string(), "10 per 1 minute");
        assert_eq!(
            "1000/day".parse::<Quota>().unwrap().to_string(),
            "1000 per 1 day"
        );
        assert_eq!(
            Quota::new(5, Span::seconds(90)).unwrap().to_string(),
            "5 per 90 seconds"
        );
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in [
            "",
            "10",
            "0/minute",
            "-1/minute",
            "10/fortnight",
            "x/minute",
            "10/minute/second",
            "1.5/second",
        ] {
            assert!(bad.parse::<Quota>().is_err(), "{bad}");
        }
    }
}
