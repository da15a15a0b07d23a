//! How times, sizes and counts read.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The zone and the present moment that texts are made with.
#[derive(Clone, Debug)]
pub struct Format {
    /// Zone of the times shown.
    pub zone: TimeZone,
    /// The present moment.
    pub now: Timestamp,
}

impl Format {
    /// A moment in the chosen zone, such as `2026-01-05 09:00:00`.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A moment as typed: `2026-01-05 09:00:00`, with or without the time, in the zone shown.
    ///
    /// # Errors
    /// A sentence that says how moments look.
    pub fn parse(&self, text: &str) -> Result<Timestamp, String> {
        let problem = || "Enter a date and time such as 2026-01-05 09:00:00".to_owned();
        let civil = text.trim().parse::<jiff::civil::DateTime>().ok().ok_or_else(problem)?;
        civil.to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp()).ok().ok_or_else(problem)
    }

    /// A moment that may be absent; absent is empty.
    #[must_use]
    pub fn maybe_time(&self, at: Option<Timestamp>) -> String {
        at.map(|at| self.time(at)).unwrap_or_default()
    }

    /// UTC and how long ago, for tooltips.
    #[must_use]
    pub fn time_tooltip(&self, at: Timestamp) -> String {
        format!("{} UTC, {}", at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S"), self.ago(at))
    }

    /// Such as `3 min ago`.
    #[must_use]
    pub fn ago(&self, at: Timestamp) -> String {
        let seconds = self.now.as_second() - at.as_second();
        match seconds {
            ..0 => "in the future".to_owned(),
            0..60 => "just now".to_owned(),
            60..3600 => format!("{} min ago", seconds / 60),
            3600..86_400 => format!("{} h ago", seconds / 3600),
            _ => format!("{} d ago", seconds / 86_400),
        }
    }

    /// Such as `1 h 02 min`, `3 min 05 s`, `12.4 s`.
    #[must_use]
    pub fn duration(&self, from: Timestamp, to: Option<Timestamp>) -> String {
        let millis = to.unwrap_or(self.now).as_millisecond().saturating_sub(from.as_millisecond()).max(0);
        let seconds = millis / 1000;
        match seconds {
            0..60 => format!("{}.{} s", seconds, (millis % 1000) / 100),
            60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
            _ => format!("{} h {:02} min", seconds / 3600, (seconds % 3600) / 60),
        }
    }
}

/// A count with thousands separated, such as `12,345`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size, such as `12 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        1_048_576..1_073_741_824 => format!("{} MB", bytes / 1_048_576),
        _ => format!("{}.{} GB", bytes / 1_073_741_824, (bytes % 1_073_741_824) * 10 / 1_073_741_824),
    }
}

/// `1 object`, `2 objects`.
#[must_use]
pub fn plural(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
}

/// Bytes of a text from which on lists and tooltips show its beginning only.
const LONG: usize = 1024;

/// The beginning of a long text, cut between two letters; `None` for one that is not long.
#[must_use]
pub fn shortened(text: &str) -> Option<&str> {
    (text.len() > LONG).then(|| text.get(..text.floor_char_boundary(LONG)).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> Format {
        Format { zone: TimeZone::UTC, now: "2026-01-05T10:00:00Z".parse().unwrap() }
    }

    #[test]
    fn times_read_as_documented() {
        let check = |at: &str, time: &str, ago: &str| {
            let at = at.parse().unwrap();
            assert_eq!(format().time(at), time);
            assert_eq!(format().ago(at), ago);
        };
        check("2026-01-05T09:00:00Z", "2026-01-05 09:00:00", "1 h ago");
        check("2026-01-05T09:56:30Z", "2026-01-05 09:56:30", "3 min ago");
        check("2026-01-02T10:00:00Z", "2026-01-02 10:00:00", "3 d ago");
        check("2026-01-05T10:00:01Z", "2026-01-05 10:00:01", "in the future");
    }

    #[test]
    fn durations_counts_and_sizes_are_short() {
        let start = "2026-01-05T09:00:00Z".parse().unwrap();
        for (end, expected) in
            [("2026-01-05T09:00:12.4Z", "12.4 s"), ("2026-01-05T09:03:05Z", "3 min 05 s"), ("2026-01-05T10:02:00Z", "1 h 02 min")]
        {
            assert_eq!(format().duration(start, Some(end.parse().unwrap())), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        assert_eq!(size(5 * 1_048_576), "5 MB");
        assert_eq!(plural(1, "object"), "1 object");
        assert_eq!(plural(2, "object"), "2 objects");
        assert_eq!(shortened(&"é".repeat(512)), None);
        assert_eq!(shortened(&format!("a{}", "é".repeat(512))).map(str::len), Some(1023));
    }
}
