//! Finding and replacing in strings, and words.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Parameter, Substitute, Types, each, enumeration};
use crate::limits;
use crate::problem::{Fault, quoted};
use crate::text_units;
use crate::value::Val;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const IGNORE_CASE: &str = "vbTextCompare";
const COMPARE: Parameter = enumeration("compare", &["vbBinaryCompare", IGNORE_CASE]);

/// Text to search, with every character folded when case is ignored; folding keeps the number of characters.
fn searchable(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { Cow::Owned(text_units::folded(text)) } else { Cow::Borrowed(text) }
}

/// The position, from 1, of a byte of the searchable text in the text it was made from.
fn position(text: &str, searched: &str, byte: usize) -> usize {
    let characters = searched.get(..byte).map_or(0, |before| before.chars().count());
    text.chars().take(characters).map(char::len_utf16).sum::<usize>() + 1
}

/// The position of the first occurrence, from 1; 0 when there is none or the text is empty.
pub(crate) fn first(text: &str, wanted: &str) -> usize {
    let found = match wanted.as_bytes() {
        // Preparing a search costs more than looking at each byte of a name.
        [byte] => text.bytes().position(|found| found == *byte),
        _ => text.find(wanted),
    };
    match found {
        Some(byte) if !text.is_empty() => text.get(..byte).map_or(0, text_units::length) + 1,
        _ => 0,
    }
}

fn number(position: usize) -> Val<'static> {
    Val::Number(i64::try_from(position).unwrap_or(i64::MAX))
}

fn in_str<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, wanted) = (call.text(0)?, call.text(1)?);
    let start = if call.given() > 2 { call.number(2)? } else { 1 };
    let ignore_case = call.given() > 3 && call.text(3)? == IGNORE_CASE;
    let Some(skipped) = usize::try_from(start).ok().and_then(|start| start.checked_sub(1)) else {
        return Err(call.fault(format_args!("the start must be 1 or more, {start} found.")));
    };
    if skipped == 0 && !ignore_case {
        return Ok(number(first(&text, &wanted)));
    }
    let length = text_units::length(&text);
    if skipped >= length {
        return Ok(Val::Number(0));
    }
    if wanted.is_empty() {
        return Ok(Val::Number(start));
    }
    let rest = text_units::slice(&text, skipped, length);
    let searched = searchable(rest, ignore_case);
    Ok(match searched.find(searchable(&wanted, ignore_case).as_ref()) {
        Some(byte) => number(length - text_units::length(rest) + position(rest, &searched, byte)),
        None => Val::Number(0),
    })
}

fn in_str_rev<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, wanted) = (call.text(0)?, call.text(1)?);
    let start = if call.given() > 2 { call.number(2)? } else { -1 };
    let ignore_case = call.given() > 3 && call.text(3)? == IGNORE_CASE;
    if start == 0 || start < -1 {
        return Err(call.fault(format_args!("the start must be 1 or more, or -1 for the end; {start} found.")));
    }
    let length = text_units::length(&text);
    let end = usize::try_from(start).unwrap_or(length);
    if text.is_empty() || end > length {
        return Ok(Val::Number(0));
    }
    if wanted.is_empty() {
        return Ok(number(end));
    }
    let head = text_units::slice(&text, 0, end);
    let searched = searchable(head, ignore_case);
    Ok(match searched.rfind(searchable(&wanted, ignore_case).as_ref()) {
        Some(byte) => number(position(head, &searched, byte)),
        None => Val::Number(0),
    })
}

/// The two-character forms of line feed, carriage return and tab.
fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text;
    }
    let mut output = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let escaped = match (character, rest.peek()) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('t')) => Some('\t'),
            _ => None,
        };
        if escaped.is_some() {
            rest.next();
        }
        output.push(escaped.unwrap_or(character));
    }
    Cow::Owned(output)
}

fn replace<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, old, new) = (call.text(0)?, unescape(call.text(1)?), unescape(call.text(2)?));
    if old.is_empty() {
        return Err(call.fault("the text to replace is empty."));
    }
    let found = text.matches(old.as_ref()).count();
    if found == 0 {
        return Ok(Val::Text(text));
    }
    let kept = text.len().saturating_sub(found.saturating_mul(old.len()));
    if kept.saturating_add(found.saturating_mul(new.len())) > limits::TEXT_BYTES {
        return Err(call.limit("the replaced text is too long."));
    }
    Ok(Val::text(text.replace(old.as_ref(), &new)))
}

fn replace_chars<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, pattern) = (call.text(0)?, call.text(1)?);
    let pattern: String = pattern.chars().filter(|character| !character.is_whitespace()).collect();
    let mut pairs: BTreeMap<char, &str> = BTreeMap::new();
    for entry in pattern.split(',') {
        let faulty = || {
            call.fault(format_args!(
                "{} is not an entry of a pattern. Write one character, a colon and its replacement, as in \"å:a,ö:o\".",
                quoted(entry)
            ))
        };
        let (source, target) = entry.split_once(':').ok_or_else(faulty)?;
        let mut source = source.chars();
        match (source.next(), source.next()) {
            (Some(character), None) if character.len_utf16() == 1 && !target.contains(':') => {
                // The first entry for a character counts.
                pairs.entry(character).or_insert(target);
            }
            _ => return Err(faulty()),
        }
    }
    let mut output = String::with_capacity(text.len());
    for character in text.chars() {
        match pairs.get(&character) {
            Some(target) => output.push_str(target),
            None => output.push(character),
        }
        if output.len() > limits::TEXT_BYTES {
            return Err(call.limit("the replaced text is too long."));
        }
    }
    Ok(Val::text(output))
}

fn word<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, number, delimiters) = (call.text(0)?, call.number(1)?, call.text(2)?);
    let Some(index) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)) else {
        return Ok(Val::text(""));
    };
    Ok(match text {
        Cow::Borrowed(text) => Val::text(nth_word(text, index, &delimiters)),
        Cow::Owned(text) => Val::text(nth_word(&text, index, &delimiters).to_owned()),
    })
}

/// Up to this many bytes of delimiters are looked through for each character of the text.
const FEW_DELIMITERS: usize = 16;

fn nth_piece(text: &str, index: usize, separates: impl Fn(char) -> bool) -> &str {
    text.split(separates).filter(|word| !word.is_empty()).nth(index).unwrap_or_default()
}

fn nth_word<'t>(text: &'t str, index: usize, delimiters: &str) -> &'t str {
    let mut characters = delimiters.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return text.split(only).filter(|word| !word.is_empty()).nth(index).unwrap_or_default();
    }
    if delimiters.len() <= FEW_DELIMITERS {
        return nth_piece(text, index, |character| delimiters.contains(character));
    }
    let delimiters: BTreeSet<char> = delimiters.chars().collect();
    nth_piece(text, index, |character| delimiters.contains(&character))
}

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Text,
    signature: "",
    description: "",
    example: "",
    parameters: &[],
    required: 2,
    nulls: NullRule::Null,
    result: Types::TEXT,
    body: Body::Plain(replace),
};

const SEARCH: &[Parameter] = &[each("text", Types::TEXT), each("match", Types::TEXT), each("start", Types::NUMBER), COMPARE];

/// Finding and replacing.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "InStr",
        signature: "num InStr(str text, str match [, num start [, enum compare]])",
        description: "The position of the first occurrence at or after the start, 1 being the first character; 0 when there is none. \
                      vbTextCompare ignores case.",
        example: "InStr([mail], \"@\")",
        parameters: SEARCH,
        nulls: NullRule::First(Substitute::Zero),
        result: Types::NUMBER,
        body: Body::Plain(in_str),
        ..BASE
    },
    FunctionInfo {
        name: "InStrRev",
        signature: "num InStrRev(str text, str match [, num start [, enum compare]])",
        description: "The position of the last occurrence that ends at or before the start; 0 when there is none. \
                      vbTextCompare ignores case.",
        example: "InStrRev([displayName], \" \")",
        parameters: SEARCH,
        nulls: NullRule::First(Substitute::Zero),
        result: Types::NUMBER,
        body: Body::Plain(in_str_rev),
        ..BASE
    },
    FunctionInfo {
        name: "Replace",
        signature: "str Replace(str value, str oldValue, str newValue)",
        description: "Every occurrence of a text replaced by another; \\n, \\r and \\t stand for line feed, carriage return and tab.",
        example: "Replace([streetAddress], \"\\r\\n\", \", \")",
        parameters: &[each("value", Types::TEXT), each("oldValue", Types::TEXT), each("newValue", Types::TEXT)],
        required: 3,
        ..BASE
    },
    FunctionInfo {
        name: "ReplaceChars",
        signature: "str ReplaceChars(str value, str pattern)",
        description: "Single characters replaced after a pattern of entries source:target separated by commas; \
                      an empty target removes the character.",
        example: "ReplaceChars([sn], \"å:a,ä:a,ö:o,':\")",
        parameters: &[each("value", Types::TEXT), each("pattern", Types::TEXT)],
        body: Body::Plain(replace_chars),
        ..BASE
    },
    FunctionInfo {
        name: "Word",
        signature: "str Word(str value, num number, str delimiters)",
        description: "The word of this number, 1 being the first; each character of the delimiters separates words. \
                      The empty string when there are fewer words.",
        example: "Word([userPrincipalName], 1, \"@\")",
        parameters: &[each("value", Types::TEXT), each("number", Types::NUMBER), each("delimiters", Types::TEXT)],
        required: 3,
        nulls: NullRule::First(Substitute::EmptyText),
        body: Body::Plain(word),
        ..BASE
    },
];
