//! Values as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How text answers are written.
#[derive(Clone, Debug)]
pub struct View {
    /// Width of the terminal; `None` when the answer goes to a file or another program.
    pub width: Option<usize>,
    /// Zone that times are shown in.
    pub zone: TimeZone,
}

impl View {
    /// A time, to the second; in UTC it ends in `Z`.
    #[must_use]
    pub fn time(&self, time: Timestamp) -> String {
        let text = time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        if self.zone == TimeZone::UTC { format!("{text}Z") } else { text }
    }

    /// A time, or nothing.
    #[must_use]
    pub fn time_or_empty(&self, time: Option<Timestamp>) -> String {
        time.map(|time| self.time(time)).unwrap_or_default()
    }
}

/// The time between two instants: `0.4 s`, `1 min 05 s`, `2 h 03 min`.
#[must_use]
pub fn duration(started: Timestamp, ended: Timestamp) -> String {
    let millis = ended.as_millisecond().saturating_sub(started.as_millisecond()).max(0);
    let seconds = millis / 1000;
    if seconds < 60 {
        format!("{}.{} s", seconds, millis % 1000 / 100)
    } else if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60)
    }
}

/// Bytes as `12.3 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "bytes";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if count / unit < 1024 {
            break;
        }
        unit = unit.saturating_mul(1024);
        name = next;
    }
    if unit == 1 {
        return format!("{count} {name}");
    }
    format!("{}.{} {name}", count / unit, count % unit * 10 / unit)
}

/// `1 object`, `2 objects`.
#[must_use]
pub fn count(number: u64, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// `Yes` or `No`.
#[must_use]
pub fn yes_no(value: bool) -> &'static str {
    if value { "Yes" } else { "No" }
}

/// Text of a directory made harmless for a terminal: control and direction characters are shown as
/// escapes, so that a value can neither move the cursor nor reorder the line.
#[must_use]
pub fn safe(text: &str) -> String {
    let dangerous =
        |character: char| character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(dangerous) {
        return text.to_string();
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if dangerous(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Columns that a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to that many columns; a cut one ends in `…`.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_string();
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > columns {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    cut
}

/// A word for a shell: quoted when it holds more than letters, digits and harmless signs.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:@%+,\\".contains(character);
    if !word.is_empty() && word.chars().all(plain) && (cfg!(windows) || !word.contains('\\')) {
        return word.to_string();
    }
    if cfg!(windows) { format!("\"{}\"", word.replace('"', "\\\"")) } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_local_or_utc() {
        let check = |zone: TimeZone, expected: &str| {
            assert_eq!(View { width: None, zone }.time(at("2024-05-03T14:39:16.7Z")), expected);
        };
        check(TimeZone::UTC, "2024-05-03 14:39:16Z");
        check(TimeZone::fixed(jiff::tz::offset(2)), "2024-05-03 16:39:16");
    }

    #[test]
    fn durations_and_sizes_are_short() {
        let check = |end: &str, expected: &str| assert_eq!(duration(at("2024-05-03T10:00:00Z"), at(end)), expected);
        check("2024-05-03T10:00:00.450Z", "0.4 s");
        check("2024-05-03T10:01:05Z", "1 min 05 s");
        check("2024-05-03T12:03:00Z", "2 h 03 min");
        check("2024-05-03T09:00:00Z", "0.0 s");
        let check = |count: u64, expected: &str| assert_eq!(bytes(count), expected);
        check(0, "0 bytes");
        check(1023, "1023 bytes");
        check(1536, "1.5 KiB");
        check(3_355_443_200, "3.1 GiB");
    }

    #[test]
    fn values_cannot_drive_the_terminal() {
        let check = |input: &str, expected: &str| assert_eq!(safe(input), expected);
        check("Ann", "Ann");
        check("a\u{1b}[2Jb", "a\\u{1b}[2Jb");
        check("two\nlines", "two\\nlines");
        check("evil\u{202e}txt", "evil\\u{202e}txt");
        check("ليلى حداد", "ليلى حداد");
    }

    #[test]
    fn texts_are_cut_by_columns_not_characters() {
        let check = |input: &str, columns: usize, expected: &str| assert_eq!(truncate(input, columns), expected);
        check("contoso.com", 11, "contoso.com");
        check("contoso.com", 8, "contoso…");
        check("東京オフィス", 12, "東京オフィス");
        check("東京オフィス", 6, "東京…");
        check("Петър", 3, "Пе…");
    }

    #[test]
    #[cfg(unix)]
    fn words_are_quoted_for_the_shell() {
        let check = |word: &str, expected: &str| assert_eq!(shell_word(word), expected);
        check("contoso.com", "contoso.com");
        check("contoso.onmicrosoft.com - AAD", "'contoso.onmicrosoft.com - AAD'");
        check("CN=O'Neil,DC=x", r"'CN=O'\''Neil,DC=x'");
        check("", "''");
        check("CN=Long\\, Jr.", "'CN=Long\\, Jr.'");
    }
}
