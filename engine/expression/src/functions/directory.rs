//! Distinguished names.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Parameter, Types, each, enumeration};
use crate::problem::{Fault, quoted};
use crate::value::Val;
use smallvec::SmallVec;
use std::borrow::Cow;

/// One component: type and value without surrounding spaces, escapes kept.
struct Component<'t> {
    kind: &'t str,
    value: &'t str,
}

/// The components from the left; `Err` for one without an equals sign.
fn components(name: &str) -> impl Iterator<Item = Result<Component<'_>, Fault>> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = component_end(text);
        let (component, tail) = text.split_at_checked(end).unwrap_or((text, ""));
        rest = tail.strip_prefix(',');
        Some(match component.split_once('=') {
            Some((kind, value)) => Ok(Component { kind: kind.trim(), value: trim_value(value) }),
            None => Err(Fault::value(format!("{} is not a component of a distinguished name.", quoted(component)))),
        })
    })
}

/// The first comma outside quotes and not behind a backslash.
fn component_end(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Spaces around a value are dropped, an escaped one at the end stays.
fn trim_value(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let trimmed = value.trim_end_matches(' ');
    let backslashes = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let kept = if backslashes % 2 == 1 { trimmed.len() + 1 } else { trimmed.len() };
    value.get(..kept.min(value.len())).unwrap_or(trimmed)
}

fn named(call: &Call<'_, '_>, fault: Fault) -> Fault {
    call.fault(fault.message())
}

/// The value of component `number`, from 1, taken from a name without copying what is on loan.
fn pick<'a>(
    call: &Call<'_, 'a>,
    name: Cow<'a, str>,
    find: impl for<'t> Fn(&'t str) -> Result<Option<&'t str>, Fault>,
) -> Result<Val<'a>, Fault> {
    let found = match name {
        Cow::Borrowed(name) => find(name).map(|value| value.map(Cow::Borrowed)),
        Cow::Owned(name) => find(&name).map(|value| value.map(|value| Cow::Owned(value.to_owned()))),
    };
    Ok(found.map_err(|fault| named(call, fault))?.map_or(Val::Null, Val::Text))
}

fn dn_component<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (name, number) = (call.reference(0)?, call.number(1)?);
    pick(call, name, |name| {
        let mut found = None;
        for (component, position) in components(name).zip(1_i64..) {
            let component = component?;
            if position == number {
                found = Some(component.value);
            }
        }
        Ok(found)
    })
}

fn dn_component_rev<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (name, number) = (call.reference(0)?, call.number(1)?);
    let skip_domain = call.given() > 2;
    pick(call, name, |name| {
        let mut values: SmallVec<[&str; 16]> = SmallVec::new();
        for component in components(name) {
            let component = component?;
            if !(skip_domain && component.kind.eq_ignore_ascii_case("DC")) {
                values.push(component.value);
            }
        }
        let from_right = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        Ok(from_right.and_then(|index| values.iter().rev().nth(index).copied()))
    })
}

fn escape_dn_component<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let text = call.text(0)?;
    let prefix = type_prefix(&text);
    let (kept, value) = text.split_at_checked(prefix).unwrap_or(("", &text));
    let last = value.chars().count().saturating_sub(1);
    let mut output = String::with_capacity(text.len() + 8);
    output.push_str(kept);
    for (index, character) in value.chars().enumerate() {
        let escaped = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => true,
            '#' => index == 0,
            ' ' => index == 0 || index == last,
            _ => false,
        };
        if escaped {
            output.push('\\');
        }
        match character {
            '\0' => output.push_str("\\00"),
            '\r' => output.push_str("\\0D"),
            '\n' => output.push_str("\\0A"),
            other => output.push(other),
        }
    }
    Ok(if output.len() == text.len() { Val::Text(text) } else { Val::text(output) })
}

/// The length of `type=` at the start: an attribute name or an object identifier; 0 when there is none.
fn type_prefix(text: &str) -> usize {
    let Some((kind, _)) = text.split_once('=') else { return 0 };
    let name = kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    let identifier = kind.starts_with(|first: char| first.is_ascii_digit())
        && kind.chars().all(|character| character.is_ascii_digit() || character == '.');
    if name || identifier { kind.len() + 1 } else { 0 }
}

const NAME: Parameter = each("dn", Types::REFERENCE);
const NUMBER: Parameter = each("number", Types::NUMBER);

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Directory,
    signature: "",
    description: "",
    example: "",
    parameters: &[NAME, NUMBER],
    required: 2,
    nulls: NullRule::Null,
    result: Types::TEXT,
    body: Body::Plain(dn_component),
};

/// Distinguished names.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "DNComponent",
        signature: "str DNComponent(ref dn, num number)",
        description: "The value of a component of a distinguished name, 1 being the first from the left; NULL when there are fewer.",
        example: "DNComponent(CRef([dn]), 1)",
        ..BASE
    },
    FunctionInfo {
        name: "DNComponentRev",
        signature: "str DNComponentRev(ref dn, num number [, enum options])",
        description: "As DNComponent, counted from the right; the option DC leaves out the domain components.",
        example: "DNComponentRev(CRef([dn]), 1, DC)",
        parameters: &[NAME, NUMBER, enumeration("options", &["DC"])],
        body: Body::Plain(dn_component_rev),
        ..BASE
    },
    FunctionInfo {
        name: "EscapeDNComponent",
        signature: "str EscapeDNComponent(str value)",
        description: "One component, with or without \"type=\" in front, made fit for a distinguished name.",
        example: "EscapeDNComponent(\"cn=\" & [displayName]) & \",\" & %Forest.LDAP%",
        parameters: &[each("value", Types::TEXT)],
        required: 1,
        body: Body::Plain(escape_dn_component),
        ..BASE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str) -> Vec<String> {
        components(name).map(|component| component.map_or("?".into(), |found| found.value.to_owned())).collect()
    }

    #[test]
    fn commas_in_quotes_and_escapes_do_not_separate() {
        assert_eq!(values("CN=Smith\\, John,OU=\"a,b\",DC=x"), ["Smith\\, John", "\"a,b\"", "x"]);
        assert_eq!(values("CN=a\\\\,OU=b"), ["a\\\\", "b"]);
        assert_eq!(values("CN = x , OU = y\\  ,DC=z"), ["x", "y\\ ", "z"]);
        assert_eq!(values("CN=a+UID=b,DC=x"), ["a+UID=b", "x"]);
        assert_eq!(values("nonsense"), ["?"]);
        assert_eq!(values("CN=a,"), ["a", "?"]);
    }
}
