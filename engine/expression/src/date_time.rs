//! The dt type: an instant in UTC.

use jiff::civil::{self, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// An instant in UTC, in steps of 100 nanoseconds, from year 1 to year 9999. No attribute holds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(civil::DateTime);

/// Nanoseconds of one step.
const STEP: i32 = 100;

impl DateTime {
    /// A date and time read as UTC; smaller parts than 100 nanoseconds are cut. `None` before year 1.
    pub fn new(utc: civil::DateTime) -> Option<Self> {
        if utc.year() < 1 {
            return None;
        }
        let whole = utc.subsec_nanosecond() / STEP * STEP;
        utc.with().subsec_nanosecond(whole).build().ok().map(Self)
    }

    /// The instant of a timestamp; a timestamp before year 1 becomes the first instant.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self::new(timestamp.to_zoned(TimeZone::UTC).datetime()).unwrap_or(Self(date(1, 1, 1).at(0, 0, 0, 0)))
    }

    /// The instant of a count of seconds since 1970; `None` outside of the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        unix_epoch().checked_add(SignedDuration::from_secs(seconds)).ok().and_then(Self::new)
    }

    /// The date and time in UTC.
    pub fn to_civil(self) -> civil::DateTime {
        self.0
    }

    /// Steps of 100 nanoseconds since 1601-01-01, the form of directory times; negative before.
    pub fn to_ticks(self) -> i64 {
        let since = self.0.duration_since(unix_epoch());
        let ticks = since.as_nanos() / i128::from(STEP) + i128::from(UNIX_EPOCH_SECONDS) * i128::from(TICKS_PER_SECOND);
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// The instant that many steps of 100 nanoseconds after 1601-01-01; `None` when negative or after year 9999.
    pub fn from_ticks(ticks: i64) -> Option<Self> {
        if ticks < 0 {
            return None;
        }
        let nanoseconds = i32::try_from(ticks % TICKS_PER_SECOND).ok()? * STEP;
        let since = SignedDuration::from_secs(ticks / TICKS_PER_SECOND - UNIX_EPOCH_SECONDS)
            .checked_add(SignedDuration::from_nanos(nanoseconds.into()))?;
        unix_epoch().checked_add(since).ok().map(Self)
    }
}

const TICKS_PER_SECOND: i64 = 10_000_000;

/// Seconds from 1601-01-01 to 1970-01-01. Counting from 1970 keeps durations within what the calendar library adds.
const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;

fn unix_epoch() -> civil::DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

impl fmt::Display for DateTime {
    /// ISO 8601 with a `Z`, the fraction without trailing zeros.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}Z", self.0)
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
        assert_eq!(DateTime::from_unix_seconds(-62_135_596_801), None);
        assert_eq!(DateTime::from_ticks(-1), None);
        assert_eq!(DateTime::from_ticks(2_650_467_744_000_000_000), None);
        assert_eq!(DateTime::from_ticks(i64::MAX), None);
    }
}
