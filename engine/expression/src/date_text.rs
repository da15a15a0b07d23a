//! The date strings CDate and IsDate accept: `date [time [AM|PM] [zone]]`, UTC when no zone is given.

use crate::date_time::DateTime;
use jiff::SignedDuration;
use jiff::civil::{Date, Time};

/// English month names; the first three letters are enough.
pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Reads a date string; `None` when it has another form or names an impossible date.
pub(crate) fn parse(text: &str) -> Option<DateTime> {
    let mut cursor = Cursor { rest: text.trim() };
    let date = cursor.date()?;
    if cursor.rest.is_empty() {
        return DateTime::new(date.to_datetime(Time::midnight()));
    }
    let spaces = cursor.spaces();
    if !spaces && !cursor.symbol('T') {
        return None;
    }
    let time = cursor.time()?;
    cursor.spaces();
    let east_minutes = cursor.zone()?;
    let shift = SignedDuration::from_secs(-60 * east_minutes);
    if cursor.rest.is_empty() { DateTime::new(date.to_datetime(time).checked_add(shift).ok()?) } else { None }
}

struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or(("", self.rest));
        self.rest = rest;
        taken
    }

    fn spaces(&mut self) -> bool {
        !self.take(char::is_whitespace).is_empty()
    }

    fn symbol(&mut self, symbol: char) -> bool {
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i16> {
        let digits = self.take(|character| character.is_ascii_digit());
        if (least..=most).contains(&digits.len()) { digits.parse().ok() } else { None }
    }

    fn date(&mut self) -> Option<Date> {
        if self.rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return self.month_first();
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 4 {
            let year = self.number(4, 4)?;
            let separator = self.separator()?;
            let month = self.number(1, 2)?;
            let day = if self.symbol(separator) { self.number(1, 2)? } else { return None };
            return build(year, month, day);
        }
        let first = self.number(1, 2)?;
        if self.spaces() {
            let month = self.month()?;
            let year = if self.spaces() { self.number(4, 4)? } else { return None };
            return build(year, month, first);
        }
        let separator = self.separator()?;
        if separator == '-' && self.rest.starts_with(|next: char| next.is_ascii_alphabetic()) {
            let month = self.month()?;
            let year = if self.symbol('-') { self.number(4, 4)? } else { return None };
            return build(year, month, first);
        }
        let day = self.number(1, 2)?;
        let year = if self.symbol(separator) { self.number(4, 4)? } else { return None };
        build(year, first, day)
    }

    /// `MMM d, yyyy`; the comma may be missing.
    fn month_first(&mut self) -> Option<Date> {
        let month = self.month()?;
        let day = if self.spaces() { self.number(1, 2)? } else { return None };
        let comma = self.symbol(',');
        let spaces = self.spaces();
        let year = if comma || spaces { self.number(4, 4)? } else { return None };
        build(year, month, day)
    }

    fn separator(&mut self) -> Option<char> {
        ['-', '/'].into_iter().find(|separator| self.symbol(*separator))
    }

    fn month(&mut self) -> Option<i16> {
        let name = self.take(|character| character.is_ascii_alphabetic());
        let at = MONTHS.iter().position(|month| {
            month.eq_ignore_ascii_case(name) || month.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(name))
        })?;
        i16::try_from(at + 1).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let mut hour = self.number(1, 2)?;
        let minute = if self.symbol(':') { self.number(2, 2)? } else { return None };
        let with_seconds = self.symbol(':');
        let second = if with_seconds { self.number(2, 2)? } else { 0 };
        let mut nanosecond = 0;
        if with_seconds && self.symbol('.') {
            let digits = self.take(|character| character.is_ascii_digit());
            if !(1..=7).contains(&digits.len()) {
                return None;
            }
            nanosecond = format!("{digits:0<9}").parse().ok()?;
        }
        if let Some(afternoon) = self.half_of_day() {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        // A leap second is no second of the calendar the language counts in.
        if second > 59 {
            return None;
        }
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, nanosecond).ok()
    }

    /// AM or PM behind optional spaces.
    fn half_of_day(&mut self) -> Option<bool> {
        let ahead = self.rest.trim_start();
        let (half, rest) = ahead.split_at_checked(2)?;
        let afternoon = half.eq_ignore_ascii_case("PM");
        if (afternoon || half.eq_ignore_ascii_case("AM")) && !rest.starts_with(char::is_alphanumeric) {
            self.rest = rest;
            return Some(afternoon);
        }
        None
    }

    /// Minutes east of UTC; 0 when there is no zone.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() {
            return Some(0);
        }
        let name = self.take(|character| character.is_ascii_alphabetic());
        if !name.is_empty() {
            return ["Z", "GMT", "UTC"].iter().any(|zone| zone.eq_ignore_ascii_case(name)).then_some(0);
        }
        let east = if self.symbol('+') {
            1
        } else if self.symbol('-') {
            -1
        } else {
            return None;
        };
        let digits = self.take(|character| character.is_ascii_digit());
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits.parse::<i64>().ok()?, if self.symbol(':') { i64::from(self.number(2, 2)?) } else { 0 }),
            4 => {
                let (hours, minutes) = digits.split_at_checked(2)?;
                (hours.parse().ok()?, minutes.parse().ok()?)
            }
            _ => return None,
        };
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= 14 * 60).then_some(east * total)
    }
}

fn build(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text).map(|instant| instant.to_string()).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn accepted_forms() {
        for text in [
            "2022-9-1",
            "2022/09/01",
            "9/1/2022",
            "9-1-2022",
            "1 Sep 2022",
            "1-SEP-2022",
            "sep 1, 2022",
            "September 1 2022",
            " 2022-09-01 ",
            "2022-09-01 00:00",
            "2022-09-01 12:00 AM",
            "2022-09-01T00:00:00Z",
            "2022-09-01 00:00 GMT",
            "2022-09-01 02:00 +2",
            "2022-09-01 02:00 +0200",
            "2022-08-31 16:00 -08:00",
        ] {
            check(text, "2022-09-01T00:00:00Z");
        }
        check("2022-09-01 12:30PM", "2022-09-01T12:30:00Z");
        check("2022-09-01 23:59:59.1234567", "2022-09-01T23:59:59.1234567Z");
        check("9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z");
        check("0001-01-01", "0001-01-01T00:00:00Z");
    }

    #[test]
    fn other_forms_are_no_dates() {
        for text in [
            "",
            "tomorrow",
            "25/12/2007",
            "2007-13-01",
            "2023-02-29",
            "1/2/07",
            "4:00 PM",
            "20140905081453.0Z",
            "2022-09-01Z",
            "2022-09-01 25:00",
            "2022-09-01 13:00 PM",
            "2022-09-01 1:00:60",
            "2022-09-01 1:00 +15",
            "2022-09-01 1:00 CET",
            "2022-09-01 1:00.5",
            "2022-09-01 1:00:00.12345678",
            "2022-09/01",
            "0001-01-01 00:00 +1",
            "9999-12-31 23:00 -2",
            "2022-09-01 1:00 Z x",
            "Sept 1, 2022",
            "å",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
