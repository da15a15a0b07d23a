//! Intervals as administrators write them: `[d.]HH:mm:ss` (`operations.md` 1-1).

use jiff::SignedDuration;
use thiserror::Error;

/// A text that is no interval.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{0}\" is no interval; write [days.]hours:minutes:seconds, such as 03:00:00 for three hours or 7.00:00:00 for a week")]
pub struct InvalidInterval(String);

/// Reads an interval: `03:00:00` is three hours, `1.0:0:0` a day.
///
/// # Errors
/// [`InvalidInterval`] when it is none.
pub fn parse_interval(text: &str) -> Result<SignedDuration, InvalidInterval> {
    read(text.trim()).ok_or_else(|| InvalidInterval(text.to_owned()))
}

fn read(text: &str) -> Option<SignedDuration> {
    let (days, time) = match text.split_once('.') {
        Some((days, time)) => (number(days, 5, i64::MAX)?, time),
        None => (0, text),
    };
    let mut parts = time.split(':');
    let mut next = |most| number(parts.next()?, 2, most);
    let (hours, minutes, seconds) = (next(23)?, next(59)?, next(59)?);
    parts.next().is_none().then(|| SignedDuration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

/// A number of a few digits and no sign.
fn number(text: &str, digits: usize, most: i64) -> Option<i64> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| fits && *number <= most)
}

/// Writes an interval, padded: `1.00:00:00`.
#[must_use]
pub fn interval_text(interval: SignedDuration) -> String {
    let seconds = interval.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let time = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if days == 0 { time } else { format!("{days}.{time}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_the_documented_form() {
        let check = |text: &str, expected: Option<&str>| {
            let read = parse_interval(text).ok();
            assert_eq!(read.map(interval_text).as_deref(), expected, "{text}");
        };
        check("03:00:00", Some("03:00:00"));
        check("1.0:0:0", Some("1.00:00:00"));
        check("7.00:00:00", Some("7.00:00:00"));
        check("0:30:5", Some("00:30:05"));
        for wrong in [
            "25:00:00",
            "abc",
            "",
            "00:60:00",
            "00:00:60",
            "001:00:00",
            "1:00",
            "1:2:3:4",
            "-1.00:00:00",
            "+1:00:00",
            "1.",
            "99999999999.0:0:0",
        ] {
            check(wrong, None);
        }
    }
}
