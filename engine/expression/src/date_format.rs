//! The formats of FormatDateTime: English names and fixed separators on every machine.

use crate::date_text::MONTHS;
use crate::date_time::DateTime;
use crate::problem::quoted;
use jiff::civil::Weekday;
use std::fmt::Write;

/// What CStr writes for a date.
pub(crate) const GENERAL: &str = "M/d/yyyy h:mm:ss tt";

/// Writes an instant in a format; the error says what is wrong with the format.
pub(crate) fn write(instant: DateTime, format: &str) -> Result<String, String> {
    let mut characters = format.chars();
    let custom = match (characters.next(), characters.next()) {
        (None, _) => GENERAL,
        (Some(letter), None) => standard(letter)
            .ok_or_else(|| format!("\"{letter}\" is not a standard format. Use %{letter} for the letter alone."))?,
        _ => format,
    };
    Writer { instant, output: String::with_capacity(custom.len() + 8) }.run(custom)
}

fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "M/d/yyyy",
        'D' => "dddd, MMMM d, yyyy",
        't' => "h:mm tt",
        'T' => "h:mm:ss tt",
        'f' => "dddd, MMMM d, yyyy h:mm tt",
        'F' => "dddd, MMMM d, yyyy h:mm:ss tt",
        'g' => "M/d/yyyy h:mm tt",
        'G' => GENERAL,
        'M' | 'm' => "MMMM d",
        'Y' | 'y' => "MMMM yyyy",
        's' => "yyyy-MM-ddTHH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ssZ",
        'R' | 'r' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        'O' | 'o' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        _ => return None,
    })
}

struct Writer {
    instant: DateTime,
    output: String,
}

impl Writer {
    fn run(mut self, format: &str) -> Result<String, String> {
        let mut rest = format.chars().peekable();
        while let Some(letter) = rest.next() {
            match letter {
                '\'' | '"' => loop {
                    match rest.next() {
                        Some(quote) if quote == letter => break,
                        Some(other) => self.output.push(other),
                        None => return Err(format!("the quote {letter} in {} is not closed.", quoted(format))),
                    }
                },
                '\\' => match rest.next() {
                    Some(other) => self.output.push(other),
                    None => return Err(format!("{} ends in a backslash.", quoted(format))),
                },
                '%' => match rest.next() {
                    Some(alone) if alone != '%' => self.letters(alone, 1)?,
                    _ => return Err(format!("a letter is expected behind % in {}.", quoted(format))),
                },
                _ => {
                    let mut count = 1;
                    while rest.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    self.letters(letter, count)?;
                }
            }
        }
        Ok(self.output)
    }

    /// A run of one letter.
    fn letters(&mut self, letter: char, count: usize) -> Result<(), String> {
        let utc = self.instant.to_civil();
        let (year, month, day) = (i64::from(utc.year()), usize::from(utc.month().unsigned_abs()), utc.day());
        let hour = utc.hour();
        match letter {
            'd' => match count {
                1 | 2 => self.number(day.into(), count),
                _ => self.name(weekday(utc.weekday()), count),
            },
            'M' => match count {
                1 | 2 => self.number(utc.month().into(), count),
                _ => self.name(MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or_default(), count),
            },
            'y' if count <= 2 => self.number(year % 100, count),
            'y' => self.number(year, count),
            'h' => self.number(((hour + 11) % 12 + 1).into(), count.min(2)),
            'H' => self.number(hour.into(), count.min(2)),
            'm' => self.number(utc.minute().into(), count.min(2)),
            's' => self.number(utc.second().into(), count.min(2)),
            'f' if count > 7 => return Err("a fraction has at most 7 digits.".to_owned()),
            'f' => {
                let digits = format!("{:09}", utc.subsec_nanosecond());
                self.output.extend(digits.chars().take(count));
            }
            't' => {
                let half = if hour < 12 { "AM" } else { "PM" };
                self.output.extend(half.chars().take(count));
            }
            'z' => self.output.push_str(match count {
                1 => "+0",
                2 => "+00",
                _ => "+00:00",
            }),
            'g' => self.output.push_str("A.D."),
            'K' => (0..count).for_each(|_| self.output.push('Z')),
            other => self.output.extend(std::iter::repeat_n(other, count)),
        }
        Ok(())
    }

    fn number(&mut self, number: i64, digits: usize) {
        // Writing to a String cannot fail.
        write!(self.output, "{number:0digits$}").ok();
    }

    /// Three letters of a name, or all from a run of four on.
    fn name(&mut self, name: &str, count: usize) {
        let letters = if count == 3 { 3 } else { name.len() };
        self.output.extend(name.chars().take(letters));
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date_text;

    fn check(format: &str, expected: &str) {
        let instant = date_text::parse("2024-03-07 16:05:09.1234567").unwrap();
        assert_eq!(write(instant, format).as_deref(), Ok(expected), "{format}");
    }

    #[test]
    fn standard_formats() {
        for (format, expected) in [
            ("d", "3/7/2024"),
            ("D", "Thursday, March 7, 2024"),
            ("t", "4:05 PM"),
            ("T", "4:05:09 PM"),
            ("f", "Thursday, March 7, 2024 4:05 PM"),
            ("G", "3/7/2024 4:05:09 PM"),
            ("", "3/7/2024 4:05:09 PM"),
            ("M", "March 7"),
            ("y", "March 2024"),
            ("s", "2024-03-07T16:05:09"),
            ("u", "2024-03-07 16:05:09Z"),
            ("R", "Thu, 07 Mar 2024 16:05:09 GMT"),
            ("o", "2024-03-07T16:05:09.1234567Z"),
        ] {
            check(format, expected);
        }
    }

    #[test]
    fn custom_formats() {
        for (format, expected) in [
            ("ddd dddd", "Thu Thursday"),
            ("MMM MMMM", "Mar March"),
            ("yy yyy yyyy yyyyy", "24 2024 2024 02024"),
            ("h hh H HH", "4 04 16 16"),
            ("f fff fffffff", "1 123 1234567"),
            ("t tt", "P PM"),
            ("z zz zzz K", "+0 +00 +00:00 Z"),
            ("%y gg", "24 A.D."),
            ("\\y\\\\ 'yy' \"dd\"", "y\\ yy dd"),
            ("yyyyMMdd.0Z", "20240307.0Z"),
            ("nn", "nn"),
        ] {
            check(format, expected);
        }
    }

    #[test]
    fn faulty_formats() {
        let instant = date_text::parse("2024-03-07").unwrap();
        for format in ["w", "'open", "yyyy\\", "%", "yyyy%", "ffffffff", "%%"] {
            assert!(write(instant, format).is_err(), "{format}");
        }
    }
}
