//! Cutting, trimming, padding and case of strings.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Parameter, Substitute, Types, Volatility, each};
use crate::limits;
use crate::problem::{Fault, quoted};
use crate::text_units;
use crate::value::Val;
use std::borrow::Cow;
use std::ops::Range;

/// Cuts text; what is on loan stays on loan.
fn cut<'a>(text: Cow<'a, str>, part: impl for<'t> Fn(&'t str) -> &'t str) -> Val<'a> {
    Val::Text(match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => {
            let kept = part(&text);
            Cow::Owned(if kept.len() == text.len() { text } else { kept.to_owned() })
        }
    })
}

/// Cuts a string by characters, or binary data by bytes; `range` is told the length.
fn cut_units<'a>(call: &Call<'_, 'a>, value: Val<'a>, range: impl Fn(usize) -> Range<usize>) -> Result<Val<'a>, Fault> {
    match value {
        Val::Text(text) => Ok(cut(text, |text| {
            let kept = range(text_units::length(text));
            text_units::slice(text, kept.start, kept.end)
        })),
        Val::Binary(bytes) => {
            let length = bytes.len();
            let kept = range(length);
            let (start, end) = (kept.start.min(length), kept.end.min(length));
            Ok(Val::Binary(match bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..end).unwrap_or_default()),
                Cow::Owned(bytes) => Cow::Owned(bytes.get(start..end).unwrap_or_default().to_vec()),
            }))
        }
        other => Err(call.element(0, &other)),
    }
}

/// A count as a length; a negative one means everything.
fn wanted(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn left<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (value, count) = (call.take(0), wanted(call.number(1)?));
    match value {
        Val::Text(text) => Ok(cut(text, |text| text_units::head(text, count))),
        other => cut_units(call, other, |length| 0..count.min(length)),
    }
}

fn right<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (value, count) = (call.take(0), wanted(call.number(1)?));
    cut_units(call, value, |length| length.saturating_sub(count)..length)
}

fn mid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (value, start) = (call.take(0), call.number(1)?);
    let count = if call.given() > 2 { call.number(2)? } else { i64::MAX };
    cut_units(call, value, |length| match (usize::try_from(start), usize::try_from(count)) {
        (_, Ok(0)) => 0..0,
        (Ok(start), Ok(count)) if (1..=length).contains(&start) => start - 1..(start - 1).saturating_add(count).min(length),
        _ => 0..length,
    })
}

fn len<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let length = match call.take(0) {
        Val::Text(text) => text_units::length(&text),
        Val::Binary(bytes) => bytes.len(),
        other => return Err(call.element(0, &other)),
    };
    Ok(Val::Number(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn trim<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(cut(call.text(0)?, str::trim))
}

fn trim_start<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(cut(call.text(0)?, str::trim_start))
}

fn trim_end<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(cut(call.text(0)?, str::trim_end))
}

fn lower_case<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Text(text_units::lower(call.text(0)?)))
}

fn upper_case<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Text(text_units::upper(call.text(0)?)))
}

fn proper_case<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let text = call.text(0)?;
    let words: Vec<String> = text.split(' ').map(proper_word).collect();
    Ok(Val::text(words.join(" ")))
}

/// A word of two or more letters, all upper case, stays as it is.
fn proper_word(word: &str) -> String {
    let letters = || word.chars().filter(|character| character.is_alphabetic());
    if letters().nth(1).is_some() && letters().all(char::is_uppercase) {
        return word.to_owned();
    }
    let mut characters = word.chars();
    let first = characters.next().map(text_units::upper_character);
    first.into_iter().chain(characters.map(text_units::lower_character)).collect()
}

/// The text, the characters missing to the wanted length, and the pad character.
fn padding<'a>(call: &mut Call<'_, 'a>) -> Result<(Cow<'a, str>, String), Fault> {
    let (text, length, pad) = (call.text(0)?, call.number(1)?, call.text(2)?);
    if text_units::length(&pad) != 1 {
        return Err(call.fault(format_args!("the pad character must be exactly one character, {} found.", quoted(&pad))));
    }
    let missing = usize::try_from(length).unwrap_or(0).saturating_sub(text_units::length(&text));
    if missing.saturating_mul(pad.len()) > limits::TEXT_BYTES {
        return Err(call.limit("the padded text is too long."));
    }
    Ok((text, pad.repeat(missing)))
}

fn pad_left<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, padding) = padding(call)?;
    Ok(if padding.is_empty() { Val::Text(text) } else { Val::text(padding + &text) })
}

fn pad_right<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, padding) = padding(call)?;
    Ok(if padding.is_empty() { Val::Text(text) } else { Val::text(text.into_owned() + &padding) })
}

fn guid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::text(call.context.random.guid().hyphenated().to_string()))
}

const VALUE: Parameter = each("value", Types::TEXT);
const CUTTABLE: Parameter = each("value", Types::TEXT.or(Types::BINARY));
const COUNT: Parameter = each("count", Types::NUMBER);

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Text,
    signature: "",
    description: "",
    example: "",
    parameters: &[VALUE],
    required: 1,
    nulls: NullRule::Null,
    result: Types::TEXT,
    body: Body::Plain(trim),
};

const EMPTY_FOR_NULL: NullRule = NullRule::First(Substitute::EmptyText);

/// Strings.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "Guid",
        signature: "str Guid()",
        description: "A new random GUID, different at every evaluation. Use it with Apply once.",
        example: "Guid()",
        parameters: &[],
        required: 0,
        body: Body::Volatile(Volatility::Chance, guid),
        ..BASE
    },
    FunctionInfo {
        name: "LCase",
        signature: "str LCase(str value)",
        description: "The text in lower case.",
        example: "LCase([mail])",
        body: Body::Plain(lower_case),
        ..BASE
    },
    FunctionInfo {
        name: "LTrim",
        signature: "str LTrim(str value)",
        description: "The text without white space at the start.",
        example: "LTrim(\" Test \")",
        body: Body::Plain(trim_start),
        ..BASE
    },
    FunctionInfo {
        name: "Left",
        signature: "str Left(str|bin value, num count)",
        description: "The first characters, or bytes of binary data. A negative count gives the whole input, NULL the empty string.",
        example: "Left([info], 448)",
        parameters: &[CUTTABLE, COUNT],
        required: 2,
        nulls: EMPTY_FOR_NULL,
        result: Types::TEXT.or(Types::BINARY),
        body: Body::Plain(left),
        ..BASE
    },
    FunctionInfo {
        name: "Len",
        signature: "num Len(str|bin value)",
        description: "The number of characters, or of bytes of binary data. NULL gives 0.",
        example: "Len([displayName])",
        parameters: &[CUTTABLE],
        nulls: NullRule::First(Substitute::Zero),
        result: Types::NUMBER,
        body: Body::Plain(len),
        ..BASE
    },
    FunctionInfo {
        name: "Mid",
        signature: "str Mid(str|bin value, num start, num count)",
        description: "A number of characters from a position, 1 being the first. A start outside the text gives the whole input. \
                      Without a count it takes the rest; write the count, the original product demands it.",
        example: "Mid([telephoneNumber], 3, 5)",
        parameters: &[CUTTABLE, each("start", Types::NUMBER), COUNT],
        required: 2,
        nulls: EMPTY_FOR_NULL,
        result: Types::TEXT.or(Types::BINARY),
        body: Body::Plain(mid),
        ..BASE
    },
    FunctionInfo {
        name: "PCase",
        signature: "str PCase(str value)",
        description: "Each word between spaces with a capital and small letters; a word all in capitals stays. \
                      Use PCase(LCase([x])) to change those too.",
        example: "PCase([givenName])",
        body: Body::Plain(proper_case),
        ..BASE
    },
    FunctionInfo {
        name: "PadLeft",
        signature: "str PadLeft(str value, num length, str padCharacter)",
        description: "The text filled up at the start to a length.",
        example: "PadLeft([employeeID], 10, \"0\")",
        parameters: &[VALUE, each("length", Types::NUMBER), each("padCharacter", Types::TEXT)],
        required: 3,
        nulls: EMPTY_FOR_NULL,
        body: Body::Plain(pad_left),
        ..BASE
    },
    FunctionInfo {
        name: "PadRight",
        signature: "str PadRight(str value, num length, str padCharacter)",
        description: "The text filled up at the end to a length.",
        example: "PadRight([employeeID], 10, \"0\")",
        parameters: &[VALUE, each("length", Types::NUMBER), each("padCharacter", Types::TEXT)],
        required: 3,
        nulls: EMPTY_FOR_NULL,
        body: Body::Plain(pad_right),
        ..BASE
    },
    FunctionInfo {
        name: "RTrim",
        signature: "str RTrim(str value)",
        description: "The text without white space at the end.",
        example: "RTrim(\" Test \")",
        body: Body::Plain(trim_end),
        ..BASE
    },
    FunctionInfo {
        name: "Right",
        signature: "str Right(str|bin value, num count)",
        description: "The last characters, or bytes of binary data. A negative count gives the whole input, NULL the empty string.",
        example: "Right([telephoneNumber], 4)",
        parameters: &[CUTTABLE, COUNT],
        required: 2,
        nulls: EMPTY_FOR_NULL,
        result: Types::TEXT.or(Types::BINARY),
        body: Body::Plain(right),
        ..BASE
    },
    FunctionInfo {
        name: "Trim",
        signature: "str Trim(str value)",
        description: "The text without white space at both ends.",
        example: "Trim([displayName])",
        ..BASE
    },
    FunctionInfo {
        name: "UCase",
        signature: "str UCase(str value)",
        description: "The text in upper case.",
        example: "UCase([c])",
        body: Body::Plain(upper_case),
        ..BASE
    },
];
