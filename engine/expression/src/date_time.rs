//! The dt type: an instant in UTC.

use jiff::civil::{self, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// An instant in UTC, in steps of 100 nanoseconds, from year 1 to year 9999. No attribute holds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Steps since 1601-01-01, the form of directory times; negative before.
    ticks: i64,
}

/// Nanoseconds of one step.
const STEP: i64 = 100;
const TICKS_PER_SECOND: i64 = 10_000_000;
/// Seconds from 1601-01-01 to 1970-01-01. Counting from 1970 keeps durations within what the calendar library adds.
const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;
/// The first instant of year 1, and the first after year 9999, in steps.
const BEGINNING: i64 = -504_911_232_000_000_000;
const END: i64 = 2_650_467_744_000_000_000;

impl DateTime {
    /// A date and time read as UTC; smaller parts than 100 nanoseconds are cut. `None` before year 1.
    pub fn new(utc: civil::DateTime) -> Option<Self> {
        let since = utc.duration_since(unix_epoch());
        let seconds = since.as_secs().checked_add(UNIX_EPOCH_SECONDS)?;
        let steps = i64::from(since.subsec_nanos()).div_euclid(STEP);
        Self::within(seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(steps)?)
    }

    fn within(ticks: i64) -> Option<Self> {
        (BEGINNING..END).contains(&ticks).then_some(Self { ticks })
    }

    /// The instant of a timestamp; a timestamp before year 1 becomes the first instant.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self::new(timestamp.to_zoned(TimeZone::UTC).datetime()).unwrap_or(Self { ticks: BEGINNING })
    }

    /// The instant of a count of seconds since 1970; `None` outside of the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Self::within(seconds.checked_add(UNIX_EPOCH_SECONDS)?.checked_mul(TICKS_PER_SECOND)?)
    }

    /// The date and time in UTC.
    pub fn to_civil(self) -> civil::DateTime {
        let seconds = SignedDuration::from_secs(self.ticks.div_euclid(TICKS_PER_SECOND) - UNIX_EPOCH_SECONDS);
        let since = seconds + SignedDuration::from_nanos(self.ticks.rem_euclid(TICKS_PER_SECOND) * STEP);
        unix_epoch().saturating_add(since)
    }

    /// Steps of 100 nanoseconds since 1601-01-01, the form of directory times; negative before.
    pub fn to_ticks(self) -> i64 {
        self.ticks
    }

    /// The instant that many steps of 100 nanoseconds after 1601-01-01; `None` when negative or after year 9999.
    pub fn from_ticks(ticks: i64) -> Option<Self> {
        Self::within(ticks).filter(|_| ticks >= 0)
    }
}

fn unix_epoch() -> civil::DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

impl fmt::Display for DateTime {
    /// ISO 8601 with a `Z`, the fraction without trailing zeros.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}Z", self.to_civil())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_both_ways() {
        for (ticks, text) in [
            (0, "1601-01-01T00:00:00Z"),
            (129_699_324_000_000_000, "2012-01-01T23:00:00Z"),
            (130_543_784_930_000_005, "2014-09-05T08:14:53.0000005Z"),
            (2_650_467_743_999_999_999, "9999-12-31T23:59:59.9999999Z"),
        ] {
            let instant = DateTime::from_ticks(ticks).expect(text);
            assert_eq!(instant.to_string(), text);
            assert_eq!(instant.to_ticks(), ticks);
        }
        let last = DateTime::from_unix_seconds(253_402_300_799).map(|instant| instant.to_string());
        assert_eq!(last.as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(DateTime::from_unix_seconds(253_402_300_800), None);
        let first = DateTime::from_unix_seconds(-62_135_596_800).map(|instant| instant.to_string());
        assert_eq!(first.as_deref(), Some("0001-01-01T00:00:00Z"));
        assert_eq!(DateTime::from_unix_seconds(-62_135_596_801), None);
        let early = date(1, 1, 1).at(0, 0, 0, 123_456_789);
        assert_eq!(DateTime::new(early).map(|instant| instant.to_string()).as_deref(), Some("0001-01-01T00:00:00.1234567Z"));
        assert_eq!(DateTime::from_ticks(-1), None);
        assert_eq!(DateTime::from_ticks(2_650_467_744_000_000_000), None);
        assert_eq!(DateTime::from_ticks(i64::MAX), None);
    }
}
