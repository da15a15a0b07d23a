//! Text by UTF-16 code units, and case without culture: the language counts and compares this way on every machine.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The number of UTF-16 code units.
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The code units from `start` up to `end` (from 0); half of a surrogate pair is dropped.
pub(crate) fn slice(text: &str, start: usize, end: usize) -> &str {
    if text.is_ascii() {
        let end = end.min(text.len());
        return text.get(start.min(end)..end).unwrap_or_default();
    }
    let (mut unit, mut from, mut to) = (0, None, None);
    for (at, character) in text.char_indices() {
        if from.is_none() && unit >= start {
            from = Some(at);
        }
        unit += character.len_utf16();
        if unit <= end {
            to = Some(at + character.len_utf8());
        }
    }
    match (from, to) {
        (Some(from), Some(to)) if from < to => text.get(from..to).unwrap_or_default(),
        _ => "",
    }
}

/// The first `count` code units; half of a surrogate pair is dropped.
pub(crate) fn head(text: &str, count: usize) -> &str {
    // No text has more code units than bytes.
    if count >= text.len() {
        return text;
    }
    match text.as_bytes().get(..count) {
        Some(head) if head.is_ascii() => text.get(..count).unwrap_or_default(),
        _ => slice(text, 0, count),
    }
}

/// Ordinal comparison by code units.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    if left.is_ascii() && right.is_ascii() { left.cmp(right) } else { left.encode_utf16().cmp(right.encode_utf16()) }
}

/// Equality that ignores case, without culture.
pub(crate) fn equal_ignoring_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    left.chars().map(fold).eq(right.chars().map(fold))
}

/// The character used to compare without regard to case.
pub(crate) fn fold(character: char) -> char {
    upper_character(lower_character(character))
}

/// A text in which every character is folded; their number stays.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(fold).collect() }
}

/// Upper case, one character to one.
pub(crate) fn upper(text: Cow<'_, str>) -> Cow<'_, str> {
    map_characters(text, upper_character)
}

/// Lower case, one character to one.
pub(crate) fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    map_characters(text, lower_character)
}

fn map_characters(text: Cow<'_, str>, map: fn(char) -> char) -> Cow<'_, str> {
    if text.chars().all(|character| map(character) == character) {
        return text;
    }
    Cow::Owned(text.chars().map(map).collect())
}

/// The simple upper-case mapping.
pub(crate) fn upper_character(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    single(character.to_uppercase()).unwrap_or_else(|| greek_title(character))
}

/// The simple lower-case mapping.
pub(crate) fn lower_character(character: char) -> char {
    match character {
        _ if character.is_ascii() => character.to_ascii_lowercase(),
        // The only letter whose full mapping has two characters.
        '\u{130}' => 'i',
        _ => single(character.to_lowercase()).unwrap_or(character),
    }
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    if characters.next().is_some() { None } else { Some(first) }
}

/// Greek letters with iota subscript have a one-character capital although their full mapping has two.
fn greek_title(character: char) -> char {
    let distance = match u32::from(character) {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => 8,
        0x1FB3 | 0x1FC3 | 0x1FF3 => 9,
        _ => 0,
    };
    char::from_u32(u32::from(character) + distance).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_drop_half_pairs() {
        let text = "a😀b";
        for (start, end, expected) in [
            (0, 1, "a"),
            (0, 2, "a"),
            (0, 3, "a😀"),
            (0, 4, "a😀b"),
            (1, 3, "😀"),
            (2, 4, "b"),
            (2, 3, ""),
            (4, 9, ""),
            (3, 1, ""),
        ] {
            assert_eq!(slice(text, start, end), expected, "{start}..{end}");
        }
        assert_eq!(slice("hello", 1, 3), "el");
        assert_eq!(slice("hello", 4, 2), "");
        assert_eq!(length(text), 4);
    }

    #[test]
    fn case_is_one_to_one() {
        for (text, expected) in [("straße", "STRAßE"), ("\u{1F80}\u{1FB3}", "\u{1F88}\u{1FBC}"), ("ŉ", "ŉ"), ("ÿ", "Ÿ")] {
            assert_eq!(upper(text.into()), expected, "{text}");
        }
        assert_eq!(lower("İÅÄÖ".into()), "iåäö");
    }

    #[test]
    fn ordinal_order_is_by_code_unit() {
        assert_eq!(compare("\u{FFFD}", "😀"), Ordering::Greater);
        assert_eq!(compare("B", "a"), Ordering::Less);
    }
}
