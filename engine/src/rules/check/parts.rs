//! Scoping filter and join criteria of a rule.

use super::super::definition::{ScopeClause, ScopeOperator};
use super::super::source_names::SourceNames;
use super::{Notes, RulePlace, nearest};
use crate::model::{AttributeDefinition, Dn, ValueType};

pub(super) fn scope(names: &SourceNames<'_>, notes: &mut Notes<'_>) {
    for (number, group) in names.rule.scope.iter().enumerate() {
        notes.at(RulePlace::Scope { group: number, clause: None });
        if group.is_empty() {
            notes.error("scope", "a group has no clause and so admits every object; remove it or give it a clause");
        }
        for (place, clause) in group.iter().enumerate() {
            notes.at(RulePlace::Scope { group: number, clause: Some(place) });
            if clause.operator.asks_membership() {
                if let Some(reason) = group_fault(clause) {
                    notes.error("scope", format!("\"{clause}\": {reason}"));
                }
                continue;
            }
            let Some(definition) = names.definition(&clause.attribute) else {
                notes.error("scope", unknown(names, &clause.attribute));
                continue;
            };
            if let Some(reason) = clause_fault(names, clause, definition) {
                notes.error("scope", format!("\"{clause}\": {reason}"));
            }
        }
    }
}

/// An attribute that the source object does not have.
pub(super) fn unknown(names: &SourceNames<'_>, attribute: &str) -> String {
    if names.lacking(attribute).is_some() {
        return format!("{} lacks \"{attribute}\", which other directories of its kind have", names.source());
    }
    let hint = nearest(attribute, names.definitions().map(|definition| definition.name.as_str()));
    format!("{} has no attribute \"{attribute}\"{hint}", names.source())
}

/// Why a question for membership cannot be answered.
fn group_fault(clause: &ScopeClause) -> Option<String> {
    let error = Dn::parse(&clause.value).err()?;
    Some(format!("it asks for a group by its distinguished name, and \"{}\" is none: {error}", clause.value))
}

/// Why a clause can never mean what it says.
fn clause_fault(names: &SourceNames<'_>, clause: &ScopeClause, definition: &AttributeDefinition) -> Option<String> {
    let (operator, value) = (clause.operator, clause.value.as_str());
    if operator.is_unary() {
        return None;
    }
    if definition.value_type == ValueType::Reference {
        return Some("a reference can only be asked ISNULL or ISNOTNULL".to_owned());
    }
    if value.is_empty() {
        return Some("it compares with nothing; use ISNULL or ISNOTNULL, or write a value".to_owned());
    }
    if let Some(parameter) = value.strip_prefix('%').and_then(|text| text.strip_suffix('%')) {
        let known: Vec<&str> = names.parameters.keys().map(String::as_str).collect();
        return (!names.parameters.contains_key(parameter))
            .then(|| format!("parameter %{parameter}% is unknown here; known are: {}", known.join(", ")));
    }
    let number = super::super::scope::parse_number(value).is_some();
    let boolean = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
    match (operator, definition.value_type) {
        (ScopeOperator::IsBitSet | ScopeOperator::IsBitNotSet, ValueType::Integer) if number => None,
        (ScopeOperator::IsBitSet | ScopeOperator::IsBitNotSet, ValueType::Integer) => {
            Some(format!("bits are asked with a number, not with \"{value}\""))
        }
        (ScopeOperator::IsBitSet | ScopeOperator::IsBitNotSet, other) => {
            Some(format!("only an integer has bits, {} is {}", definition.name, other.word()))
        }
        (
            ScopeOperator::Equal
            | ScopeOperator::NotEqual
            | ScopeOperator::LessThan
            | ScopeOperator::LessThanOrEqual
            | ScopeOperator::GreaterThan
            | ScopeOperator::GreaterThanOrEqual,
            ValueType::Integer,
        ) if !number => Some(format!("{} is integer, \"{value}\" is no number", definition.name)),
        (ScopeOperator::Equal | ScopeOperator::NotEqual, ValueType::Boolean) if !boolean => {
            Some(format!("{} is boolean; compare it with True or False, not with \"{value}\"", definition.name))
        }
        _ => None,
    }
}

pub(super) fn join(names: &SourceNames<'_>, notes: &mut Notes<'_>) {
    let rule = names.rule;
    for (number, group) in rule.join.iter().enumerate() {
        notes.at(RulePlace::Join { group: number, condition: None });
        if group.is_empty() {
            notes.error("join", "a group has no condition; remove it or give it one");
        }
        for (place, condition) in group.iter().enumerate() {
            notes.at(RulePlace::Join { group: number, condition: Some(place) });
            let connector = names.schema.attribute_of(&rule.connector_object_type, &condition.connector_attribute);
            if connector.is_none() {
                let known = names.schema.attributes_of(&rule.connector_object_type).map(|definition| definition.name.as_str());
                let hint = nearest(&condition.connector_attribute, known);
                notes.error(
                    "join",
                    format!(
                        "object type {} of connector {} has no attribute \"{}\"{hint}",
                        rule.connector_object_type, names.connector, condition.connector_attribute
                    ),
                );
            }
            let metaverse = match rule.metaverse_object_type.as_str() {
                "*" => names.metaverse.attribute(&condition.metaverse_attribute),
                object_type => names.metaverse.attribute_of(object_type, &condition.metaverse_attribute),
            };
            let Some(metaverse) = metaverse else {
                let known = names.metaverse.attributes_of(&rule.metaverse_object_type).map(|definition| definition.name.as_str());
                let hint = nearest(&condition.metaverse_attribute, known);
                notes.error(
                    "join",
                    format!(
                        "metaverse object type {} has no attribute \"{}\"{hint}",
                        rule.metaverse_object_type, condition.metaverse_attribute
                    ),
                );
                continue;
            };
            let Some(connector) = connector else { continue };
            let both = format!("{} = {}", connector.name, metaverse.name);
            if connector.value_type == ValueType::Reference || metaverse.value_type == ValueType::Reference {
                notes.error("join", format!("\"{both}\": references cannot be joined on"));
            } else if connector.value_type != metaverse.value_type {
                notes.error(
                    "join",
                    format!(
                        "\"{both}\" is never true: one is {}, the other {}",
                        connector.value_type.word(),
                        metaverse.value_type.word()
                    ),
                );
            } else if !metaverse.indexed {
                notes.warning("join", format!("\"{both}\": {} is not indexed in the metaverse", metaverse.name));
            }
        }
    }
}
