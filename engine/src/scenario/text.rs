//! The text of a scenario file: lines below lines, by indentation; and the words of one line.

use std::sync::Arc;

use thiserror::Error;

/// Levels of indentation.
const DEEPEST: usize = 12;

/// A scenario file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, line {line}: {message}")]
pub struct ScenarioFault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub file: Arc<str>,
    pub line: u32,
}

impl Place {
    pub(super) fn fault(&self, message: impl Into<String>) -> ScenarioFault {
        ScenarioFault { file: self.file.to_string(), line: self.line, message: message.into() }
    }
}

/// A line with the lines below it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub place: Place,
    pub text: String,
    pub children: Vec<Line>,
    /// The lines below as they are written, when they are in another language.
    pub block: Option<Block>,
}

/// Text in another language below a line.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub text: String,
    /// The line of the file on which it begins.
    pub first: u32,
}

/// One line of the file.
struct Raw<'a> {
    number: u32,
    indent: usize,
    text: &'a str,
    whole: &'a str,
}

impl Raw<'_> {
    /// Nothing but space or a comment.
    fn is_silent(&self) -> bool {
        self.text.is_empty() || self.text.starts_with('#')
    }
}

/// Reads the lines of a file. `is_block` tells the lines whose content is in another language.
pub(super) fn lines(file: &Arc<str>, text: &str, is_block: fn(&str) -> bool) -> Result<Vec<Line>, ScenarioFault> {
    let mut raw = Vec::new();
    for (number, whole) in (1u32..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let trimmed = whole.trim_start_matches(' ');
        let line = Raw { number, indent: whole.len() - trimmed.len(), text: trimmed.trim_end(), whole };
        if trimmed.starts_with('\t') && !line.text.is_empty() {
            let place = Place { file: Arc::clone(file), line: number };
            return Err(place.fault("the line is indented with a tab; use two spaces for each level"));
        }
        raw.push(line);
    }
    let mut reader = Reader { file, raw: &raw, next: 0, is_block };
    let lines = reader.level(0, 0)?;
    Ok(lines)
}

struct Reader<'a> {
    file: &'a Arc<str>,
    raw: &'a [Raw<'a>],
    next: usize,
    is_block: fn(&str) -> bool,
}

impl Reader<'_> {
    /// The lines that are indented by `indent`, with those below them.
    fn level(&mut self, indent: usize, depth: usize) -> Result<Vec<Line>, ScenarioFault> {
        let mut lines = Vec::new();
        while let Some(raw) = self.raw.get(self.next) {
            if raw.is_silent() {
                self.next += 1;
                continue;
            }
            let place = Place { file: Arc::clone(self.file), line: raw.number };
            if raw.indent < indent {
                break;
            }
            if raw.indent > indent {
                return Err(place.fault(format!(
                    "the line is indented by {} spaces but its neighbours by {indent}; give all lines of a level the same",
                    raw.indent
                )));
            }
            if depth > DEEPEST {
                return Err(
                    place.fault(format!("more than {DEEPEST} levels; put blocks side by side instead of inside each other"))
                );
            }
            self.next += 1;
            let mut line = Line { place, text: raw.text.to_owned(), children: Vec::new(), block: None };
            if (self.is_block)(raw.text) {
                line.block = Some(self.block(indent));
            } else if let Some(inner) = self.inner_indent(indent) {
                line.children = self.level(inner, depth + 1)?;
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The indentation of the next line, when it is deeper.
    fn inner_indent(&self, indent: usize) -> Option<usize> {
        let next = self.raw.iter().skip(self.next).find(|raw| !raw.is_silent())?;
        (next.indent > indent).then_some(next.indent)
    }

    /// Everything that is indented deeper, as it is written.
    fn block(&mut self, indent: usize) -> Block {
        let first = self.next;
        let mut end = self.next;
        for (place, raw) in self.raw.iter().enumerate().skip(first) {
            if raw.text.is_empty() {
                continue;
            }
            if raw.indent <= indent {
                break;
            }
            end = place + 1;
        }
        let taken = self.raw.get(first..end).unwrap_or_default();
        self.next = end;
        let cut = taken.iter().filter(|raw| !raw.text.is_empty()).map(|raw| raw.indent).min().unwrap_or(0);
        let text: Vec<&str> = taken.iter().map(|raw| raw.whole.get(cut..).unwrap_or("")).collect();
        Block { text: text.join("\n"), first: taken.first().map_or(0, |raw| raw.number) }
    }
}

/// The words of a line, taken from its beginning.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    place: &'a Place,
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn new(place: &'a Place, text: &'a str) -> Self {
        Self { place, rest: text.trim() }
    }

    pub(super) fn place(&self) -> &'a Place {
        self.place
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes everything that is left.
    pub(super) fn take_rest(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes a word (or several) if it comes next.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(words) else { return false };
        if !rest.is_empty() && !rest.starts_with([' ', ',', ':']) {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    /// Takes a sign such as `,` if it comes next.
    pub(super) fn eat_sign(&mut self, sign: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest.trim_start();
        true
    }

    /// Takes the next word; it ends at a space, a comma or a colon.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find([' ', ',', ':']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        self.rest = rest.trim_start();
        Some(word)
    }

    /// Takes the next word or quoted text.
    pub(super) fn text(&mut self) -> Result<Option<String>, ScenarioFault> {
        if self.rest.starts_with('"') { self.quoted().map(Some) } else { Ok(self.word().map(str::to_owned)) }
    }

    /// Takes a text in quotation marks; `\"` and `\\` stand for themselves.
    pub(super) fn quoted(&mut self) -> Result<String, ScenarioFault> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((place, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(place + 1..).unwrap_or_default().trim_start();
                    return Ok(text);
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    _ => {
                        return Err(self.place.fault("in quotation marks \\ stands only before \" or \\; write \\\\ for one \\"));
                    }
                },
                other => text.push(other),
            }
        }
        Err(self.place.fault("the text in quotation marks does not end; add a \""))
    }

    /// Takes a text that must stand in quotation marks.
    pub(super) fn quoted_or_fault(&mut self) -> Result<String, ScenarioFault> {
        if self.rest.starts_with('"') { self.quoted() } else { Err(self.place.fault("put the text in quotation marks")) }
    }

    /// Takes a number.
    pub(super) fn number(&mut self, what: &str) -> Result<u64, ScenarioFault> {
        let word = self.word().unwrap_or_default();
        word.parse().ok().ok_or_else(|| self.place.fault(format!("\"{word}\" is no number; write {what}")))
    }

    /// Says that nothing may follow.
    pub(super) fn end(&self, example: &str) -> Result<(), ScenarioFault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.place.fault(format!("\"{}\" is not understood here; write it as: {example}", self.rest)))
    }
}

/// The known name that is nearest to a wrong one, as a question; or all of them.
pub(super) fn instead<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const LISTED: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    // Names such as A or u1 are all near to each other.
    let near = syncline_expression::nearest(wrong, known.iter().copied()).filter(|near| near.chars().count() > 2);
    match near {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if known.is_empty() => "there is none yet".to_owned(),
        None => {
            let more = if known.len() > LISTED { ", ..." } else { "" };
            format!("there are {}{more}", known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Line>, ScenarioFault> {
        lines(&Arc::from("x"), text, |line| line == "rules")
    }

    fn outline(lines: &[Line]) -> String {
        let line = |line: &Line| {
            let block = line.block.as_ref().map(|block| format!("<{}@{}>", block.text, block.first)).unwrap_or_default();
            format!("{}{block}({})", line.text, outline(&line.children))
        };
        lines.iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn indentation_makes_levels() {
        let check = |text: &str, expected: &str| assert_eq!(outline(&read(text).unwrap()), expected);
        check("a\n  b\n  c\n    d\n\n# x\ne", "a(b() c(d())) e()");
        check("a\n    b\nrules\n  [x]\n\n    y = 1 # z\n  # w\nc", "a(b()) rules<[x]\n\n  y = 1 # z\n# w@4>() c()");
        check("rules\na", "rules<@0>() a()");
        check("\u{feff}a  \r\n", "a()");
    }

    #[test]
    fn broken_indentation_is_named() {
        let check = |text: &str, line: u32, expected: &str| {
            let fault = read(text).unwrap_err();
            assert!(fault.line == line && fault.message.contains(expected), "{fault}");
        };
        check("a\n  b\n c", 3, "by 1 spaces but its neighbours by 0");
        check("a\n\tb", 2, "tab");
        let deep: String = (0..20).map(|level| format!("{}a\n", " ".repeat(level))).collect();
        check(&deep, 14, "levels");
    }

    #[test]
    fn words_are_taken_from_the_beginning() {
        let place = Place { file: "x".into(), line: 1 };
        let mut words = Words::new(&place, "run A \"Full \\\"x\\\\\": 12, end");
        assert!(words.eat("run") && !words.eat("B"));
        assert_eq!(words.word(), Some("A"));
        assert_eq!(words.text().unwrap().as_deref(), Some("Full \"x\\"));
        assert!(words.eat_sign(':'));
        assert_eq!(words.number("5").unwrap(), 12);
        assert!(words.eat_sign(',') && words.eat("end") && words.is_empty());
        assert!(Words::new(&place, "\"x").quoted().is_err());
        assert!(Words::new(&place, "\"a\\nb\"").quoted().is_err());
        assert!(Words::new(&place, "x y").end("z").unwrap_err().message.contains("x y"));
    }
}
