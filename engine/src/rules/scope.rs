//! Scoping filters (`engine.md` 4.4, `default-rules.md` C1-C6).

use super::definition::ScopeOperator;
use crate::model::{AttributeId, Dn, Image, Value, fold_text};

/// What a scoping filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct ScopeSource<'a> {
    /// The attributes of the object.
    pub image: &'a Image,
    /// The names (key form) of the groups that rules ask for and that the object is a direct member of.
    pub groups: &'a [String],
}

/// A scope clause with its attribute and value made ready.
#[derive(Clone, Debug)]
pub struct CompiledClause {
    /// Attribute of the source object.
    pub attribute: AttributeId,
    /// Comparison.
    pub operator: ScopeOperator,
    /// The value, in lower case; of a question for membership the name of the group in key form.
    pub folded: String,
    /// The value as a number, when it is one.
    pub number: Option<i64>,
    /// The values of `ISIN`, in lower case.
    pub list: Vec<String>,
    /// The clause as written.
    pub text: String,
}

impl CompiledClause {
    /// Makes a clause ready; `value` has its parameters already replaced.
    #[must_use]
    pub fn new(attribute: AttributeId, operator: ScopeOperator, value: &str, text: String) -> Self {
        Self {
            attribute,
            operator,
            folded: match Dn::parse(value) {
                Ok(group) if operator.asks_membership() => group.key().to_owned(),
                Ok(_) | Err(_) => fold_text(value),
            },
            number: parse_number(value),
            list: value.split([';', ',']).map(|part| fold_text(part.trim())).filter(|part| !part.is_empty()).collect(),
            text,
        }
    }
}

pub(super) fn parse_number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("&H")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// True when the object is in scope: no group at all, or one group whose clauses all hold.
#[must_use]
pub fn in_scope(groups: &[Vec<CompiledClause>], source: ScopeSource<'_>) -> bool {
    groups.is_empty() || groups.iter().any(|group| group.iter().all(|clause| clause_holds(clause, source)))
}

/// True when the clause holds. On an absent attribute the positive operators are false and the
/// negative ones true; a multi-valued attribute holds when any value does (negative: when none does).
#[must_use]
pub fn clause_holds(clause: &CompiledClause, source: ScopeSource<'_>) -> bool {
    let values = source.image.get(clause.attribute);
    let any = |test: &dyn Fn(&Value) -> bool| values.iter().any(test);
    match clause.operator {
        ScopeOperator::IsNull => values.is_empty(),
        ScopeOperator::IsNotNull => !values.is_empty(),
        ScopeOperator::Equal => any(&|value| equal(clause, value)),
        ScopeOperator::NotEqual => !any(&|value| equal(clause, value)),
        ScopeOperator::Contains => any(&|value| text(value).contains(&clause.folded)),
        ScopeOperator::NotContains => !any(&|value| text(value).contains(&clause.folded)),
        ScopeOperator::StartsWith => any(&|value| text(value).starts_with(&clause.folded)),
        ScopeOperator::NotStartsWith => !any(&|value| text(value).starts_with(&clause.folded)),
        ScopeOperator::EndsWith => any(&|value| text(value).ends_with(&clause.folded)),
        ScopeOperator::NotEndsWith => !any(&|value| text(value).ends_with(&clause.folded)),
        ScopeOperator::IsIn => any(&|value| clause.list.contains(&text(value))),
        ScopeOperator::IsNotIn => !any(&|value| clause.list.contains(&text(value))),
        ScopeOperator::IsBitSet => any(&|value| bits(clause, value).is_some_and(|bits| bits != 0)),
        ScopeOperator::IsBitNotSet => !any(&|value| bits(clause, value).is_some_and(|bits| bits != 0)),
        ScopeOperator::LessThan => any(&|value| compare(clause, value).is_lt()),
        ScopeOperator::LessThanOrEqual => any(&|value| compare(clause, value).is_le()),
        ScopeOperator::GreaterThan => any(&|value| compare(clause, value).is_gt()),
        ScopeOperator::GreaterThanOrEqual => any(&|value| compare(clause, value).is_ge()),
        ScopeOperator::IsMemberOf => source.groups.contains(&clause.folded),
        ScopeOperator::IsNotMemberOf => !source.groups.contains(&clause.folded),
    }
}

fn text(value: &Value) -> String {
    fold_text(&value.display())
}

fn equal(clause: &CompiledClause, value: &Value) -> bool {
    match (value, clause.number) {
        (Value::Integer(number), Some(wanted)) => *number == wanted,
        _ => text(value) == clause.folded,
    }
}

fn bits(clause: &CompiledClause, value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(number & clause.number?),
        Value::String(_) | Value::Binary(_) | Value::Boolean(_) | Value::Reference(_) => None,
    }
}

/// Numbers compare as numbers, everything else as text without case (`engine.md` 4.4).
fn compare(clause: &CompiledClause, value: &Value) -> std::cmp::Ordering {
    match (value, clause.number) {
        (Value::Integer(number), Some(wanted)) => number.cmp(&wanted),
        _ => text(value).cmp(&clause.folded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AttributeId = AttributeId(7);

    fn check(value: Option<Value>, clause: &str, expected: bool) {
        let (operator, wanted) = clause.split_once(' ').unwrap_or((clause, ""));
        let compiled = CompiledClause::new(A, operator.parse().unwrap(), wanted, clause.to_owned());
        let mut image = Image::new();
        image.set(A, value.clone().into_iter().collect());
        assert_eq!(clause_holds(&compiled, ScopeSource { image: &image, groups: &[] }), expected, "{value:?} {clause}");
    }

    #[test]
    fn absent_attributes() {
        for clause in ["EQUAL x", "CONTAINS x", "STARTSWITH x", "ENDSWITH x", "LESSTHAN 5", "ISIN x", "ISBITSET 2", "ISNOTNULL"] {
            check(None, clause, false);
        }
        for clause in ["NOTEQUAL x", "NOTCONTAINS x", "NOTSTARTSWITH x", "NOTENDSWITH x", "ISNOTIN x", "ISBITNOTSET 2", "ISNULL"]
        {
            check(None, clause, true);
        }
    }

    #[test]
    fn membership_is_asked_of_the_object_and_not_of_the_attribute() {
        let check = |clause: &str, groups: &[&str], expected: bool| {
            let operator = clause.parse().unwrap();
            let compiled = CompiledClause::new(A, operator, "CN=G,DC=contoso,DC=com", clause.to_owned());
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            let source = ScopeSource { image: &Image::new(), groups: &groups };
            assert_eq!(clause_holds(&compiled, source), expected, "{clause} {groups:?}");
        };
        let (group, other) = ("cn=g,dc=contoso,dc=com", "cn=h,dc=contoso,dc=com");
        check("ISMEMBEROF", &[], false);
        check("ISMEMBEROF", &[other], false);
        check("ISMEMBEROF", &[other, group], true);
        check("ISNOTMEMBEROF", &[other], true);
        check("ISNOTMEMBEROF", &[group], false);
    }

    #[test]
    fn present_values() {
        check(Some(Value::text("User_x")), "NOTSTARTSWITH user_", false);
        check(Some(Value::text("Sales")), "EQUAL sales", true);
        check(Some(Value::text("Sales")), "ISIN IT;Sales", true);
        check(Some(Value::Boolean(true)), "NOTEQUAL TRUE", false);
        check(Some(Value::Boolean(false)), "EQUAL false", true);
        check(Some(Value::Integer(514)), "ISBITNOTSET 2", false);
        check(Some(Value::Integer(512)), "ISNOTBITSET 2", true);
        check(Some(Value::Integer(9)), "LESSTHAN 50000", true);
        check(Some(Value::Integer(60000)), "LESSTHAN 50000", false);
    }
}
