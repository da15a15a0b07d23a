//! The line of an expression with a marker under the exact place.

use crate::cli::text::{safe, width};

/// A place in an expression, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Characters before the place.
    pub offset: usize,
    /// Characters of the place; an empty one is marked by one sign.
    pub length: usize,
}

/// Two lines: the source line with its number, and the marker below. A place of several lines is marked up to
/// the end of its first one. On a terminal a long line is cut around the marker.
#[must_use]
pub fn marked(text: &str, place: Place, columns: Option<usize>) -> String {
    let (number, start, line) = line_at(text, place.offset);
    let shown: Vec<String> = line.chars().map(shown).collect();
    let from = place.offset.saturating_sub(start).min(shown.len());
    let to = from.saturating_add(place.length).min(shown.len());
    let mut line = Line {
        before: shown.get(..from).unwrap_or_default(),
        marked: shown.get(from..to).unwrap_or_default(),
        after: shown.get(to..).unwrap_or_default(),
        cut_before: false,
        cut_after: false,
    };
    let number = number.to_string();
    let gutter = " ".repeat(number.len());
    if let Some(columns) = columns {
        line.cut(columns.saturating_sub(number.len() + GUTTER).max(LEAST));
    }
    let indent = " ".repeat(line.columns_before());
    let underline = "~".repeat(line.columns_marked().saturating_sub(1));
    format!("  {number} | {}\n  {gutter} | {indent}^{underline}\n", line.text())
}

/// Columns beside the line number: two spaces before it, a bar with spaces behind it.
const GUTTER: usize = 5;
/// Columns that a cut line has at least.
const LEAST: usize = 20;

/// The number of the line that holds a character, from 1, the characters before the line, and the line.
fn line_at(text: &str, offset: usize) -> (usize, usize, &str) {
    let mut start = 0;
    let mut last = (1, 0, "");
    for (index, line) in text.split('\n').enumerate() {
        let length = line.chars().count();
        last = (index + 1, start, line.strip_suffix('\r').unwrap_or(line));
        if offset <= start + length {
            break;
        }
        start += length + 1;
    }
    last
}

/// A character as it is shown: nothing that drives the terminal, nothing that takes an unknown width.
fn shown(character: char) -> String {
    if character == '\t' { " ".to_owned() } else { safe(character.encode_utf8(&mut [0; 4])) }
}

/// A line in three parts.
struct Line<'l> {
    before: &'l [String],
    marked: &'l [String],
    after: &'l [String],
    cut_before: bool,
    cut_after: bool,
}

impl Line<'_> {
    fn text(&self) -> String {
        let sign = |cut: bool| if cut { "…" } else { "" };
        let parts = [self.before, self.marked, self.after].concat().concat();
        format!("{}{parts}{}", sign(self.cut_before), sign(self.cut_after))
    }

    fn columns_before(&self) -> usize {
        columns(self.before) + usize::from(self.cut_before)
    }

    fn columns_marked(&self) -> usize {
        columns(self.marked)
    }

    /// Leaves characters out until the line fits, the marked ones last and from their end.
    fn cut(&mut self, limit: usize) {
        let whole = columns(self.before) + columns(self.marked) + columns(self.after);
        if whole <= limit {
            return;
        }
        // Most of what surrounds the place stands before it; a third of the room is kept for what follows.
        let following = columns(self.after).min(limit / 3);
        while self.columns_before() + self.columns_marked().min(limit / 3) + following + 1 > limit {
            let Some((_, rest)) = self.before.split_first() else { break };
            (self.before, self.cut_before) = (rest, true);
        }
        while self.columns_before() + columns(self.marked) + columns(self.after) + usize::from(self.cut_after) > limit {
            if let Some((_, rest)) = self.after.split_last() {
                (self.after, self.cut_after) = (rest, true);
            } else if let Some((_, rest)) = self.marked.split_last() {
                (self.marked, self.cut_after) = (rest, true);
            } else {
                break;
            }
        }
    }
}

fn columns(parts: &[String]) -> usize {
    parts.iter().map(|part| width(part)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, length: usize, columns: Option<usize>, expected: &str) {
        assert_eq!(marked(text, Place { offset, length }, columns), expected, "{text} {offset} {length}");
    }

    #[test]
    fn the_marker_stands_under_the_place() {
        check("trim([mail])", 0, 4, None, "  1 | trim([mail])\n    | ^~~~\n");
        check("1 / 0", 2, 1, None, "  1 | 1 / 0\n    |   ^\n");
        check("IIF([a]=1,2", 11, 0, None, "  1 | IIF([a]=1,2\n    |            ^\n");
        check("", 0, 0, None, "  1 | \n    | ^\n");
    }

    #[test]
    fn lines_and_wide_characters_are_counted() {
        check("IIF(\r\n\tTrue,\r\n\t\"東京\" & [x])", 22, 3, None, "  3 |  \"東京\" & [x])\n    |           ^~~\n");
        check("IIF(True,\n 1,\n 2)", 0, 17, None, "  1 | IIF(True,\n    | ^~~~~~~~~\n");
        check("a\n", 1, 0, None, "  1 | a\n    |  ^\n");
        check("a\n", 2, 0, None, "  2 | \n    | ^\n");
        let tenth = format!("{}x", "\n".repeat(9));
        check(&tenth, 9, 1, None, "  10 | x\n     | ^\n");
    }

    #[test]
    fn nothing_drives_the_terminal() {
        check("\"\u{1b}[2J\" & x", 9, 1, None, "  1 | \"\\u{1b}[2J\" & x\n    |               ^\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let long = format!("{}[unknown]{}", "a".repeat(200), "b".repeat(200));
        let text = marked(&long, Place { offset: 200, length: 9 }, Some(60));
        assert_eq!(
            text,
            "  1 | …aaaaaaaaaaaaaaaaaaaaaaaaa[unknown]bbbbbbbbbbbbbbbbbb…\n    |                           ^~~~~~~~~\n"
        );
        for columns in [0, 10, 26, 40, 80, 1_000] {
            let text = marked(&long, Place { offset: 200, length: 9 }, Some(columns));
            assert!(text.lines().all(|line| width(line) <= columns.max(LEAST + GUTTER + 1)), "{columns}: {text}");
        }
        let text = marked(&long, Place { offset: 0, length: 409 }, Some(40));
        assert!(text.starts_with("  1 | aaaa") && text.contains("…\n") && text.contains("^~~~~"), "{text}");
    }
}
