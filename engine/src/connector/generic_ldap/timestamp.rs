//! `modifyTimestamp`: generalized times (RFC 4517, 3.3.13) as servers keep them. Pure.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// Seconds by which a change may have been stamped too early: the grain of a second, and changes that were stamped in
/// one order and committed in another.
const OVERLAP: i64 = 10;

/// A time of the server's clock, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(DateTime);

impl Timestamp {
    /// Reads `20261123083000Z` or `20261123083000.123456Z`; other zones are not used for operational attributes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (digits, rest) = text.trim().split_at_checked(14)?;
        let fraction = rest.strip_suffix('Z')?;
        let is_fraction =
            |text: &str| text.strip_prefix(['.', ',']).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if !digits.bytes().all(|octet| octet.is_ascii_digit()) || !(fraction.is_empty() || is_fraction(fraction)) {
            return None;
        }
        DateTime::strptime("%Y%m%d%H%M%S", digits).ok().map(Self)
    }

    /// The time from which on changes are asked for, when everything up to this time was read in an import that took
    /// `elapsed`.
    pub(super) fn asked_from(self, elapsed: Duration) -> Self {
        let back = SignedDuration::try_from(elapsed).unwrap_or_default() + SignedDuration::from_secs(OVERLAP);
        Self(self.0.saturating_sub(back))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime("%Y%m%d%H%M%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_second() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Timestamp::parse(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
        };
        check("20261123083059Z", Some("20261123083059Z"));
        check("20261123083059.999999Z", Some("20261123083059Z"));
        check("20261123083059,5Z", Some("20261123083059Z"));
        for text in
            ["", "20261123083059", "20261123083059+0100", "2026112308Z", "20261323083059Z", "20261123083059.xZ", "ÄÄÄÄÄÄÄZ"]
        {
            check(text, None);
        }
    }

    #[test]
    fn changes_are_asked_for_from_a_little_earlier() {
        let check = |text: &str, elapsed: u64, expected: &str| {
            let time = Timestamp::parse(text).unwrap().asked_from(Duration::from_secs(elapsed));
            assert_eq!(time.to_string(), expected);
        };
        check("20261123083059Z", 0, "20261123083049Z");
        check("20260101000005Z", 60, "20251231235855Z");
    }
}
