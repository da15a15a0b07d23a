//! The difference of two texts, word by word.

use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, Stroke};

use super::super::theme::Palette;

/// A run of words and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What happened.
    pub change: Change,
    /// The words with the spaces between them.
    pub text: String,
}

/// What happened to a run of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In both texts.
    Same,
    /// Only in the new text.
    Added,
    /// Only in the old text.
    Removed,
}

/// Texts longer than this many words are not compared word by word.
const MOST_WORDS: usize = 300;

/// The pieces that lead from one text to another.
#[must_use]
pub fn words(old: &str, new: &str) -> Vec<Piece> {
    let (a, b) = (split(old), split(new));
    if a.len() > MOST_WORDS || b.len() > MOST_WORDS {
        return [(Change::Removed, old), (Change::Added, new)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(change, text)| Piece { change, text: text.to_owned() })
            .collect();
    }
    let table = common_lengths(&a, &b);
    let length = |i: usize, j: usize| table.get(i * (b.len() + 1) + j).copied().unwrap_or(0);
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.get(i), b.get(j)) {
            (None, None) => return pieces,
            (Some(old), Some(new)) if old == new => {
                push(&mut pieces, Change::Same, old);
                i += 1;
                j += 1;
            }
            (Some(old), next) if next.is_none() || length(i + 1, j) >= length(i, j + 1) => {
                push(&mut pieces, Change::Removed, old);
                i += 1;
            }
            (_, Some(new)) => {
                push(&mut pieces, Change::Added, new);
                j += 1;
            }
            (Some(_), None) => i += 1,
        }
    }
}

/// Words with the space that follows each.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}

/// Length of the longest common sequence from each pair of places on.
fn common_lengths(a: &[&str], b: &[&str]) -> Vec<u16> {
    let width = b.len() + 1;
    let mut table = vec![0u16; (a.len() + 1) * width];
    for (i, old) in a.iter().enumerate().rev() {
        for (j, new) in b.iter().enumerate().rev() {
            let at = |row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
            let value = if old == new { at(i + 1, j + 1) + 1 } else { at(i + 1, j).max(at(i, j + 1)) };
            if let Some(place) = table.get_mut(i * width + j) {
                *place = value;
            }
        }
    }
    table
}

fn push(pieces: &mut Vec<Piece>, change: Change, text: &str) {
    match pieces.last_mut() {
        Some(last) if last.change == change => last.text.push_str(text),
        _ => pieces.push(Piece { change, text: text.to_owned() }),
    }
}

/// The pieces as text: removed struck through, added underlined, both coloured.
#[must_use]
pub fn layout(pieces: &[Piece], palette: &Palette, font: FontId) -> LayoutJob {
    let mut job = LayoutJob::default();
    for piece in pieces {
        let mut format = TextFormat::simple(font.clone(), palette.text);
        match piece.change {
            Change::Same => {}
            Change::Added => {
                format.color = palette.good;
                format.underline = Stroke::new(1.0, palette.good);
            }
            Change::Removed => {
                format.color = palette.bad;
                format.strikethrough = Stroke::new(1.0, palette.bad);
            }
        }
        job.append(&piece.text.replace(['\n', '\r'], " "), 0.0, format);
        if piece.change == Change::Removed && !piece.text.ends_with(' ') {
            job.append(" ", 0.0, TextFormat::simple(font.clone(), palette.text));
        }
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_changed_words_are_marked() {
        let check = |old: &str, new: &str, expected: &[(Change, &str)]| {
            let pieces = words(old, new);
            let pieces: Vec<(Change, &str)> = pieces.iter().map(|piece| (piece.change, piece.text.as_str())).collect();
            assert_eq!(pieces, expected, "{old:?} -> {new:?}");
        };
        check("Engineer", "Senior Engineer", &[(Change::Added, "Senior "), (Change::Same, "Engineer")]);
        check("Bob Baker", "Robert Baker", &[(Change::Removed, "Bob "), (Change::Added, "Robert "), (Change::Same, "Baker")]);
        check("same", "same", &[(Change::Same, "same")]);
        check("", "new", &[(Change::Added, "new")]);
        check("old", "", &[(Change::Removed, "old")]);
    }

    #[test]
    fn very_long_texts_are_replaced_as_a_whole() {
        let long = "word ".repeat(MOST_WORDS + 1);
        assert_eq!(words(&long, "x").len(), 2);
    }
}
