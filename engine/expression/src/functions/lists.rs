//! Multi-valued attributes.

use crate::call::Call;
use crate::function_table::{
    Body, Category, FunctionInfo, NullRule, Parameter, Special, Substitute, Types, each, enumeration, list, whole,
};
use crate::limits;
use crate::problem::{Fault, ProblemKind, quoted};
use crate::text_units;
use crate::value::{Collector, Val};
use std::collections::HashSet;

fn number(count: usize) -> Val<'static> {
    Val::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

fn contains<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (values, wanted) = (call.list(0)?, call.text(1)?);
    let ignore_case = call.given() > 2 && call.text(2)? == "CaseInsensitive";
    let folded = if ignore_case { text_units::folded(&wanted) } else { String::new() };
    let Some(values) = values else { return Ok(Val::Number(0)) };
    let (mut work, mut found_at) = (values.walk(), 0);
    for (value, position) in values.iter().zip(1..) {
        work = work.saturating_add(value.work());
        let found = match &value {
            Val::Text(text) if ignore_case => text_units::folded(text).contains(&folded),
            Val::Text(text) => text.contains(wanted.as_ref()),
            Val::Reference(name) => *name == wanted,
            other => return Err(call.element(0, other)),
        };
        if found {
            found_at = position;
            break;
        }
    }
    call.charge(work);
    Ok(number(found_at))
}

fn count<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(number(call.list(0)?.map_or(0, |values| values.len())))
}

fn item<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (values, index) = (call.list(0)?, call.take(1));
    if index.is_null() && values.is_some() {
        return Ok(Val::Null);
    }
    let held = values.as_ref().map_or(0, |values| values.len());
    let wanted = match index {
        Val::Number(index) => index,
        _ => 1,
    };
    let at = usize::try_from(wanted).ok().and_then(|index| index.checked_sub(1)).filter(|at| *at < held);
    match (values, at) {
        (Some(values), Some(at)) => Ok(values.get(at)),
        _ => {
            let plural = if held == 1 { "value" } else { "values" };
            let message = format!("Item: index {wanted}, but the attribute has {held} {plural}. Use ItemOrNull.");
            Err(Fault::new(ProblemKind::Index, message))
        }
    }
}

fn item_or_null<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (values, index) = (call.list(0)?, call.number(1)?);
    let at = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
    Ok(values.zip(at).map_or(Val::Null, |(values, at)| values.get(at)))
}

fn join<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let Some(values) = call.list(0)? else { return Ok(Val::Null) };
    call.charge(values.walk());
    let delimiter = match call.take(1) {
        Val::Text(delimiter) => delimiter,
        _ if call.given() > 1 => "".into(),
        _ => " ".into(),
    };
    let mut output = String::new();
    for (index, value) in values.iter().enumerate() {
        let Val::Text(text) = &value else { return Err(call.element(0, &value)) };
        if index > 0 {
            output.push_str(&delimiter);
        }
        output.push_str(text);
        if output.len() > limits::TEXT_BYTES {
            return Err(call.limit("the joined text is too long."));
        }
    }
    Ok(Val::text(output))
}

/// Up to so many values, comparing each with each is quicker than remembering them in a set.
const COMPARED_EACH: usize = 24;

fn remove_duplicates<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let Some(values) = call.list(0)? else { return Ok(Val::Null) };
    call.charge(values.walk() + values.iter().map(|value| value.work()).sum::<usize>());
    let mut kept = Collector::with_capacity(values.len());
    if values.len() <= COMPARED_EACH {
        for value in values.iter() {
            if !kept.values().iter().any(|before| before.is_same(&value)) {
                kept.push(value)?;
            }
        }
        return Ok(kept.finish());
    }
    let mut seen = HashSet::with_capacity(values.len());
    for value in values.iter() {
        if value.clone().into_value().is_none_or(|owned| seen.insert(owned)) {
            kept.push(value)?;
        }
    }
    Ok(kept.finish())
}

fn split<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (text, delimiter) = (call.text(0)?, call.text(1)?);
    let limit = if call.given() > 2 { call.number(2)? } else { i64::MAX };
    if text_units::length(&delimiter) != 1 {
        return Err(call.fault(format_args!("the delimiter must be exactly one character, {} found.", quoted(&delimiter))));
    }
    if limit < 1 {
        return Err(call.fault(format_args!("the limit must be 1 or more, {limit} found.")));
    }
    if text.is_empty() {
        return Ok(Val::Null);
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut pieces = Collector::with_capacity(0);
    match text {
        std::borrow::Cow::Borrowed(text) => {
            for piece in text.splitn(most, delimiter.as_ref()) {
                pieces.push(Val::text(piece))?;
            }
        }
        std::borrow::Cow::Owned(text) => {
            for piece in text.splitn(most, delimiter.as_ref()) {
                pieces.push(Val::text(piece.to_owned()))?;
            }
        }
    }
    // The pieces take more room than the text.
    call.charge(pieces.values().len() / limits::STEP_PIECES);
    Ok(pieces.finish())
}

const ATTRIBUTE: Parameter = list("attribute", Types::ANY);
const INDEX: Parameter = each("index", Types::NUMBER);

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::MultiValued,
    signature: "",
    description: "",
    example: "",
    parameters: &[ATTRIBUTE],
    required: 1,
    nulls: NullRule::Null,
    result: Types::ANY,
    body: Body::Plain(count),
};

/// Multi-valued attributes.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "Contains",
        signature: "num Contains(mvstr|mvref attribute, str search [, enum casetype])",
        description: "The position of the first value in which the text is found, 1 being the first; 0 when there is none. \
                      References must be equal to the text.",
        example: "Contains([proxyAddresses], \"SMTP:\") > 0",
        parameters: &[
            list("attribute", Types::TEXT.or(Types::REFERENCE)),
            each("search", Types::TEXT),
            enumeration("casetype", &["CaseSensitive", "CaseInsensitive"]),
        ],
        required: 2,
        nulls: NullRule::First(Substitute::Zero),
        result: Types::NUMBER,
        body: Body::Plain(contains),
        ..BASE
    },
    FunctionInfo {
        name: "Count",
        signature: "num Count(mv attribute)",
        description: "The number of values; 0 for NULL.",
        example: "Count([proxyAddresses])",
        nulls: NullRule::First(Substitute::Zero),
        result: Types::NUMBER,
        ..BASE
    },
    FunctionInfo {
        name: "ImportedValue",
        signature: "var ImportedValue(\"attributeName\")",
        description: "The values of an attribute last confirmed by an import; pending exports are not seen. For inbound rules.",
        example: "ImportedValue(\"proxyAddresses\")",
        parameters: &[whole("attributeName")],
        nulls: NullRule::Handled,
        body: Body::Special(Special::ImportedValue),
        ..BASE
    },
    FunctionInfo {
        name: "Item",
        signature: "var Item(mv attribute, num index)",
        description: "The value at a position, 1 being the first; an error when there is none.",
        example: "Item([description], 1)",
        parameters: &[ATTRIBUTE, INDEX],
        required: 2,
        nulls: NullRule::Handled,
        body: Body::Plain(item),
        ..BASE
    },
    FunctionInfo {
        name: "ItemOrNull",
        signature: "var ItemOrNull(mv attribute, num index)",
        description: "The value at a position, 1 being the first; NULL when there is none.",
        example: "ItemOrNull([description], 2)",
        parameters: &[ATTRIBUTE, INDEX],
        required: 2,
        body: Body::Plain(item_or_null),
        ..BASE
    },
    FunctionInfo {
        name: "Join",
        signature: "str Join(mvstr attribute [, str delimiter])",
        description: "All values as one text with a delimiter between them, a space unless given.",
        example: "Join([proxyAddresses], \",\")",
        parameters: &[list("attribute", Types::TEXT), each("delimiter", Types::TEXT)],
        nulls: NullRule::Handled,
        result: Types::TEXT,
        body: Body::Plain(join),
        ..BASE
    },
    FunctionInfo {
        name: "RemoveDuplicates",
        signature: "mvstr RemoveDuplicates(mvstr attribute)",
        description: "Each value once, in the order of first occurrence; upper and lower case differ.",
        example: "RemoveDuplicates([proxyAddresses])",
        body: Body::Plain(remove_duplicates),
        ..BASE
    },
    FunctionInfo {
        name: "Split",
        signature: "mvstr Split(str value, str delimiter [, num limit])",
        description: "The pieces of a text between one-character delimiters; with a limit the last piece keeps the rest.",
        example: "Split([extensionAttribute1], \";\")",
        parameters: &[each("value", Types::TEXT), each("delimiter", Types::TEXT), each("limit", Types::NUMBER)],
        required: 2,
        result: Types::TEXT,
        body: Body::Plain(split),
        ..BASE
    },
    FunctionInfo {
        name: "ValueCount",
        signature: "num ValueCount(\"attributeName\")",
        description: "The number of values of an attribute, without reading them.",
        example: "ValueCount(\"member\")",
        parameters: &[whole("attributeName")],
        nulls: NullRule::Handled,
        result: Types::NUMBER,
        body: Body::Special(Special::ValueCount),
        ..BASE
    },
];
