//! Operators over single values, and conditions.

use crate::function_table::Types;
use crate::lexer::Operator;
use crate::limits;
use crate::problem::{Fault, ProblemKind};
use crate::text_units;
use crate::value::Val;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The comparison of two numbers or two texts, which hardly ever is anything else; `None` for everything that needs
/// [`binary`].
#[inline]
pub(crate) fn compare_alike(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Option<bool> {
    match (left, right) {
        (Val::Number(left), Val::Number(right)) if operator.compares() => Some(holds(operator, left.cmp(right))),
        // A long text has its price.
        (Val::Text(left), Val::Text(right)) if left.len().max(right.len()) <= limits::SHORT_TEXT => match operator {
            Operator::Equal => Some(left == right),
            Operator::NotEqual => Some(left != right),
            _ => None,
        },
        _ => None,
    }
}

/// Applies an arithmetic, concatenating or comparing operator to two single values.
pub(crate) fn binary<'a>(operator: Operator, left: Val<'a>, right: Val<'a>) -> Result<Val<'a>, Fault> {
    for value in [&left, &right] {
        if matches!(value, Val::AuthoritativeNull | Val::IgnoreThisFlow | Val::Constant(_)) {
            let message = format!("{} cannot be an operand of {}.", value.type_name(), operator.symbol());
            return Err(Fault::wrong_type(message));
        }
    }
    match operator {
        Operator::Concatenate => concatenate(left, right),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => arithmetic(operator, &left, &right),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => compare(operator, &left, &right).map(Val::Boolean),
        Operator::And | Operator::Or => {
            let (left, right) = (truth(operator, &left)?, truth(operator, &right)?);
            Ok(Val::Boolean(if operator == Operator::And { left && right } else { left || right }))
        }
    }
}

/// The sign.
pub(crate) fn negate<'a>(value: &Val<'_>) -> Result<Val<'a>, Fault> {
    match value {
        Val::Null => Ok(Val::Null),
        Val::Number(number) => number.checked_neg().map(Val::Number).ok_or_else(overflow),
        other => Err(Fault::wrong_type(format!("- needs num, {} found.{}", other.type_name(), to_number(other)))),
    }
}

fn overflow() -> Fault {
    Fault::new(ProblemKind::Overflow, "The result does not fit a signed 64-bit number.")
}

fn arithmetic<'a>(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Result<Val<'a>, Fault> {
    for value in [left, right] {
        if !matches!(value, Val::Number(_) | Val::Null) {
            let hint = if operator == Operator::Add && matches!(value, Val::Text(_)) {
                " Use & to join strings or CNum to calculate."
            } else {
                to_number(value)
            };
            let symbol = operator.symbol();
            return Err(Fault::wrong_type(format!("{symbol} needs num, {} found.{hint}", value.type_name())));
        }
    }
    let (Val::Number(left), Val::Number(right)) = (left, right) else { return Ok(Val::Null) };
    let result = match operator {
        Operator::Add => left.checked_add(*right),
        Operator::Subtract => left.checked_sub(*right),
        Operator::Multiply => left.checked_mul(*right),
        _ if *right == 0 => {
            let message = "Division by zero. Guard it with IIF.";
            return Err(Fault::new(ProblemKind::DivideByZero, message));
        }
        _ => left.checked_div(*right),
    };
    result.map(Val::Number).ok_or_else(overflow)
}

fn to_number(value: &Val<'_>) -> &'static str {
    match value {
        Val::Text(_) | Val::Binary(_) => " Use CNum.",
        Val::DateTime(_) => " Use NumFromDate or DateAdd.",
        _ => "",
    }
}

fn concatenate<'a>(left: Val<'a>, right: Val<'a>) -> Result<Val<'a>, Fault> {
    match (left, right) {
        (Val::Null, Val::Null) => Ok(Val::Null),
        (Val::Binary(bytes), Val::Null) | (Val::Null, Val::Binary(bytes)) => Ok(Val::Binary(bytes)),
        (Val::Binary(left), Val::Binary(right)) => {
            if left.len() + right.len() > limits::BINARY_BYTES {
                return Err(Fault::limit(format!("& makes more than {} bytes.", limits::BINARY_BYTES)));
            }
            let mut bytes = left.into_owned();
            bytes.extend_from_slice(&right);
            Ok(Val::Binary(Cow::Owned(bytes)))
        }
        (left, right) => {
            let (left, right) = (joinable(left)?, joinable(right)?);
            if right.is_empty() {
                return Ok(Val::Text(left));
            }
            if left.is_empty() {
                return Ok(Val::Text(right));
            }
            if left.len() + right.len() > limits::TEXT_BYTES {
                return Err(Fault::limit(format!("& makes more than {} bytes of text.", limits::TEXT_BYTES)));
            }
            let mut text = left.into_owned();
            text.push_str(&right);
            Ok(Val::Text(Cow::Owned(text)))
        }
    }
}

fn joinable<'a>(value: Val<'a>) -> Result<Cow<'a, str>, Fault> {
    match value {
        Val::Text(text) => Ok(text),
        Val::Number(number) => Ok(Cow::Owned(number.to_string())),
        Val::Boolean(flag) => Ok(Cow::Borrowed(boolean_text(flag))),
        Val::Null => Ok(Cow::Borrowed("")),
        other => {
            let hint = conversion_hint(Types::TEXT, &other);
            Err(Fault::wrong_type(format!("& cannot join {} with text.{hint}", other.type_name())))
        }
    }
}

/// A boolean as CStr writes it.
pub(crate) fn boolean_text(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

fn compare(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Result<bool, Fault> {
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let order = match (left, right) {
        (Val::Null, other) | (other, Val::Null) => {
            return Ok(compare_nulls(operator, other.is_null()));
        }
        (Val::Text(left), Val::Text(right)) => text_units::compare(left, right),
        (Val::Number(left), Val::Number(right)) => left.cmp(right),
        (Val::DateTime(left), Val::DateTime(right)) => left.cmp(right),
        (Val::Boolean(left), Val::Boolean(right)) if equality => left.cmp(right),
        (Val::Binary(left), Val::Binary(right)) if equality => left.cmp(right),
        (Val::Reference(left), Val::Reference(right)) if equality => {
            if text_units::equal_ignoring_case(left, right) {
                Ordering::Equal
            } else {
                left.cmp(right)
            }
        }
        (left, right) => return Err(incomparable(operator, left, right)),
    };
    Ok(holds(operator, order))
}

/// What an order of two values means for a comparing operator.
pub(crate) fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// A comparison with NULL: `same` when both sides are NULL.
pub(crate) fn compare_nulls(operator: Operator, same: bool) -> bool {
    match operator {
        Operator::Equal => same,
        Operator::NotEqual => !same,
        _ => false,
    }
}

fn incomparable(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Fault {
    let (left_type, right_type) = (left.type_name(), right.type_name());
    if left_type == right_type {
        let symbol = operator.symbol();
        return Fault::wrong_type(format!("{symbol} cannot order values of type {left_type}; only = and <> work."));
    }
    let hint = match (left, right) {
        (Val::Number(_), Val::Text(_)) | (Val::Text(_), Val::Number(_)) => " Use CStr on the num or CNum on the str.",
        (Val::Reference(_), Val::Text(_)) | (Val::Text(_), Val::Reference(_)) => " Use CStr on the ref.",
        (Val::DateTime(_), Val::Text(_)) | (Val::Text(_), Val::DateTime(_)) => " Use CDate on the str.",
        (Val::Boolean(_), _) | (_, Val::Boolean(_)) => " Use CBool, or check the brackets.",
        (Val::Binary(_), Val::Text(_)) | (Val::Text(_), Val::Binary(_)) => " Use ConvertToBase64 on the bin.",
        _ => "",
    };
    Fault::wrong_type(format!("Cannot compare {left_type} with {right_type}.{hint}"))
}

/// An operand of `&&` or `||`: bool, and NULL counts as False.
pub(crate) fn truth(operator: Operator, value: &Val<'_>) -> Result<bool, Fault> {
    match value {
        Val::Boolean(flag) => Ok(*flag),
        Val::Null => Ok(false),
        other => {
            let symbol = operator.symbol();
            Err(Fault::wrong_type(format!("{symbol} needs bool, {} found. Use CBool or a comparison.", other.type_name())))
        }
    }
}

/// The condition of IIF or Switch: bool, num (not 0), NULL is False.
pub(crate) fn condition(function: &str, value: &Val<'_>) -> Result<bool, Fault> {
    match value {
        Val::Number(number) => Ok(*number != 0),
        other => strict_condition(function, other),
    }
}

/// The condition of Where: bool, NULL is False.
pub(crate) fn strict_condition(function: &str, value: &Val<'_>) -> Result<bool, Fault> {
    match value {
        Val::Boolean(flag) => Ok(*flag),
        Val::Null => Ok(false),
        other => Err(Fault::wrong_type(format!(
            "{function}: the condition must be bool, {} found. Use CBool or a comparison.",
            other.type_name()
        ))),
    }
}

/// What turns a value of the wrong type into a wanted one; starts with a space unless empty.
pub(crate) fn conversion_hint(wanted: Types, found: &Val<'_>) -> &'static str {
    if wanted.overlaps(Types::TEXT) {
        return match found {
            Val::Binary(_) => " Use ConvertToBase64 or StringFromGuid.",
            Val::Number(_) | Val::Boolean(_) | Val::Reference(_) => " Use CStr.",
            Val::DateTime(_) => " Use FormatDateTime.",
            _ => "",
        };
    }
    match found {
        Val::Text(_) if wanted == Types::REFERENCE => " Use CRef.",
        Val::Text(_) if wanted == Types::DATE => " Use CDate.",
        Val::Text(_) if wanted == Types::NUMBER => " Use CNum.",
        Val::Number(_) if wanted == Types::DATE => " Use DateFromNum.",
        _ => "",
    }
}
