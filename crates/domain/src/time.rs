//! Points in time and spans between them, both in whole milliseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A point in time: milliseconds since the Unix epoch, UTC.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    Default,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: what `NumericDate` of RFC 7519 section 2 holds here.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// From whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The same moment without its milliseconds.
    #[must_use]
    pub const fn truncated_to_seconds(self) -> Self {
        Self::from_seconds(self.as_seconds())
    }

    /// How long it is from `earlier` until this moment; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Self) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        Span(if millis < 0 { 0 } else { millis })
    }

    /// RFC 3339 in UTC with `Z` and whole seconds.
    pub fn to_rfc3339(self) -> String {
        self.format(0)
    }

    /// RFC 3339 in UTC with `Z` and milliseconds.
    pub fn to_rfc3339_millis(self) -> String {
        self.format(3)
    }

    fn format(self, precision: u8) -> String {
        let clamped = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        let printer = jiff::fmt::temporal::DateTimePrinter::new().precision(Some(precision));
        printer.timestamp_to_string(&clamped)
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A length of time in milliseconds, never negative.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    Default,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn millis(millis: u32) -> Self {
        Self(millis as i64)
    }

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds as i64 * 1000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as i64 * 60_000)
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self(hours as i64 * 3_600_000)
    }

    /// So many days.
    pub const fn days(days: u32) -> Self {
        Self(days as i64 * 86_400_000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// In whole seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1000
    }

    /// In whole seconds, rounded up and never 0: what a `Retry-After` header says (RFC 9110 section 10.2.3).
    pub const fn as_retry_after(self) -> i64 {
        let seconds = (self.0.saturating_add(999)) / 1000;
        if seconds < 1 { 1 } else { seconds }
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The same length for the standard library's timers.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.unsigned_abs())
    }
}

/// A duration that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a duration is whole seconds or a number with `ms`, `s`, `m`, `h` or `d`, such as `\"30s\"` or `\"7d\"`"
)]
pub struct SpanError;

impl FromStr for Span {
    type Err = SpanError;

    /// Reads `"30s"`, `"10m"`, `"24h"`, `"7d"`, `"250ms"` or whole seconds.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = match unit {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(SpanError),
        };
        let number: i64 = number.parse().map_err(|_| SpanError)?;
        number.checked_mul(factor).map(Self).ok_or(SpanError)
    }
}

impl fmt::Display for Span {
    /// The largest unit that fits without a rest: `90s`, `30m`, `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (millis, unit) in [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1000, "s"),
        ] {
            if self.0 != 0 && self.0 % millis == 0 {
                return write!(f, "{}{unit}", self.0 / millis);
            }
        }
        if self.0 == 0 {
            f.write_str("0s")
        } else {
            write!(f, "{}ms", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_z() {
        let time = Timestamp::from_millis(1_735_734_896_250);
        assert_eq!(time.to_rfc3339(), "2025-01-01T12:34:56Z");
        assert_eq!(time.to_rfc3339_millis(), "2025-01-01T12:34:56.250Z");
        assert_eq!(
            time.truncated_to_seconds().to_rfc3339_millis(),
            "2025-01-01T12:34:56.000Z"
        );
    }

    #[test]
    fn spans_are_read_with_units_or_as_whole_seconds() {
        assert_eq!("30s".parse(), Ok(Span::seconds(30)));
        assert_eq!("600".parse(), Ok(Span::minutes(10)));
        assert_eq!("7d".parse(), Ok(Span::days(7)));
        assert_eq!("250ms".parse(), Ok(Span::millis(250)));
        for bad in ["", "s", "1.5h", "-3s", "7 d", "9999999999999999999", "1w"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_span_prints_as_it_is_read() {
        for text in ["90s", "30m", "24h", "7d", "0s", "250ms"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
        assert_eq!(Span::minutes(30).to_string(), "30m");
    }

    #[test]
    fn a_wait_is_rounded_up_and_never_zero() {
        assert_eq!(Span::ZERO.as_retry_after(), 1);
        assert_eq!(Span::millis(1001).as_retry_after(), 2);
        assert_eq!(Span::seconds(42).as_retry_after(), 42);
    }

    #[test]
    fn arithmetic_saturates_at_the_ends_of_time() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end + Span::days(1), end);
        assert_eq!(Timestamp::EPOCH.since(end), Span::ZERO);
        assert!(!end.to_rfc3339().is_empty());
    }
}
