//! How an expression looks: colours of the tokens, lines under problems, the brackets at the cursor.

use std::collections::BTreeSet;
use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Stroke};
use syncline_expression::{Highlight, HighlightClass, Problem, highlight};

use super::super::super::theme::Palette;
use super::class_of;

/// Columns of a line that are shown around a problem.
const EXCERPT: usize = 90;

fn colour(class: HighlightClass, palette: &Palette) -> Color32 {
    match class {
        HighlightClass::Text => palette.good,
        HighlightClass::Number | HighlightClass::Literal | HighlightClass::Constant => palette.warn,
        HighlightClass::Attribute => palette.accent,
        HighlightClass::Parameter | HighlightClass::Variable => palette.stopped,
        HighlightClass::Function => palette.text_strong,
        HighlightClass::Operator | HighlightClass::Punctuation => palette.text_weak,
        HighlightClass::Unknown | HighlightClass::Fault => palette.bad,
    }
}

/// The text with its colours and marks.
#[must_use]
pub fn layout(text: &str, problems: &[Problem], brackets: Option<(usize, usize)>, palette: &Palette, font: FontId) -> LayoutJob {
    let tokens = highlight(text);
    let mut borders: BTreeSet<usize> = BTreeSet::from([0, text.len()]);
    let marked: Vec<(Range<usize>, Color32)> =
        problems.iter().map(|problem| (underlined(text, problem), palette.status(class_of(problem)))).collect();
    let ranges = tokens.iter().map(|token| &token.range).chain(marked.iter().map(|(range, _)| range));
    borders.extend(ranges.flat_map(|range| [range.start, range.end]));
    for at in brackets.into_iter().flat_map(|(open, close)| [open, close]) {
        borders.extend([at, at + 1]);
    }
    let borders: Vec<usize> = borders.into_iter().filter(|at| text.is_char_boundary(*at)).collect();
    let mut job = LayoutJob::default();
    for pair in borders.windows(2) {
        let [start, end] = pair else { continue };
        let Some(part) = text.get(*start..*end) else { continue };
        let token = tokens.iter().find(|token: &&Highlight| token.range.contains(start));
        let mut format = TextFormat::simple(font.clone(), token.map_or(palette.text, |token| colour(token.class, palette)));
        if let Some((_, colour)) = marked.iter().find(|(range, _)| range.contains(start)) {
            format.underline = Stroke::new(1.5, *colour);
        }
        if brackets.is_some_and(|(open, close)| open == *start || close == *start) {
            format.background = palette.selected;
        }
        job.append(part, 0.0, format);
    }
    job
}

/// What is underlined: at least one character, the last one for a problem at the end.
fn underlined(text: &str, problem: &Problem) -> Range<usize> {
    if !problem.range.is_empty() {
        return problem.range.clone();
    }
    let start = problem.range.start.min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    match rest.chars().next().filter(|next| *next != '\n') {
        Some(next) => start..start + next.len_utf8(),
        None => text.get(..start).and_then(|before| before.char_indices().last()).map_or(start..start, |(last, _)| last..start),
    }
}

/// The bracket at the cursor and the one that belongs to it, in bytes.
#[must_use]
pub fn brackets(text: &str, cursor: usize) -> Option<(usize, usize)> {
    let mut open = Vec::new();
    for token in highlight(text).iter().filter(|token| token.class == HighlightClass::Punctuation) {
        match text.get(token.range.clone()) {
            Some("(") => open.push(token.range.start),
            Some(")") => {
                let start = open.pop()?;
                let end = token.range.start;
                let at = |bracket: usize| cursor == bracket || cursor == bracket + 1;
                if at(start) || at(end) {
                    return Some((start, end));
                }
            }
            _ => {}
        }
    }
    None
}

/// The line of a problem and a second line with marks under the exact place.
#[must_use]
pub fn excerpt(text: &str, problem: &Problem) -> (String, String) {
    let line = text.split('\n').nth(problem.line.saturating_sub(1)).unwrap_or_default();
    let column = problem.column.saturating_sub(1);
    let skipped = column.saturating_sub(EXCERPT / 2);
    let skipped = if line.chars().count() <= EXCERPT { 0 } else { skipped };
    let shown: String =
        line.chars().skip(skipped).take(EXCERPT).map(|letter| if letter == '\t' { ' ' } else { letter }).collect();
    let room = shown.chars().count().saturating_sub(column - skipped).max(1);
    let marks = problem.length.clamp(1, room);
    (shown, format!("{}{}", " ".repeat(column - skipped), "^".repeat(marks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::{AttributeKind, SourceObject, check};

    fn problems(text: &str) -> Vec<Problem> {
        check(text, &SourceObject::new("x").with("a", AttributeKind::Text, false, Vec::new()), None)
    }

    #[test]
    fn the_mark_stands_under_the_exact_place() {
        let check = |text: &str, line: &str, mark: &str| {
            let problems = problems(text);
            assert_eq!(excerpt(text, &problems[0]), (line.to_owned(), mark.to_owned()), "{text}");
        };
        check("Trm([a])", "Trm([a])", "^^^");
        check("[a] &\n  [b]", "  [b]", "  ^^^");
        let long = format!("\"{}\" & [b]", "x".repeat(200));
        let (line, mark) = excerpt(&long, &problems(&long)[0]);
        assert_eq!(line.chars().skip(mark.find('^').unwrap()).take(3).collect::<String>(), "[b]");
    }

    #[test]
    fn the_whole_text_is_laid_out_whatever_it_is() {
        let (font, palette) = (FontId::monospace(13.0), Palette::of(&egui::Style::default()));
        for text in ["", "Trim([a]) & \"ö\"", "Trim([a]", "\"open", "[b] & [c]\n& Foo(1)", "ö"] {
            let job = layout(text, &problems(text), brackets(text, 5), palette, font.clone());
            assert_eq!(job.text, text);
            let marked = job.sections.iter().any(|section| section.format.underline != Stroke::NONE);
            assert_eq!(marked, !text.is_empty() && !problems(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn brackets_belong_together() {
        let check = |text: &str, cursor: usize, expected: Option<(usize, usize)>| {
            assert_eq!(brackets(text, cursor), expected, "{text} {cursor}");
        };
        check("Len(Trim([a]))", 3, Some((3, 13)));
        check("Len(Trim([a]))", 9, Some((8, 12)));
        check("Len(Trim([a]))", 14, Some((3, 13)));
        check("Len(Trim([a]))", 6, None);
        check("Len(\"(\")", 8, Some((3, 7)));
        check("Len([a]", 4, None);
    }
}
