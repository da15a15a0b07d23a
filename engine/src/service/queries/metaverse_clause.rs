//! One condition of a metaverse search, ready to be asked (`ui.md` 7).

use std::collections::BTreeSet;

use rusqlite::Connection;
use uuid::Uuid;

use super::QueryContext;
use super::values::possible_bytes;
use crate::model::{AttributeDefinition, AttributeId, Dn, MvId, Value, ValueType, fold_text};
use crate::service::{EngineError, SearchClause, SearchOperator};
use crate::store::connector_space::ids_by_dn_key;
use crate::store::metaverse::ids_by_key;
use crate::store::search::connector_space as connector_spaces;
use crate::store::search::metaverse::{self as search, MvRow};
use crate::sync::SEARCH_TEXT;

/// How values are tested.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Equals(Vec<Value>),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    NotContains(String),
    Present,
    NotPresent,
    /// A reference to this object; `None` when no object is meant.
    RefersTo(Option<MvId>),
}

/// A clause checked against the schema.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// Absent when no object has ever had the attribute.
    attribute: Option<AttributeId>,
    reference: bool,
    /// Objects are found under the values of the attribute.
    name: bool,
    /// Texts are compared as they are written.
    exact: bool,
    test: Test,
}

impl Clause {
    /// Reads a clause.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the schema lacks the attribute, or operator or value do not fit it.
    pub(super) fn read(
        connection: &Connection,
        context: &QueryContext,
        clause: &SearchClause,
        exact: bool,
    ) -> Result<Self, EngineError> {
        let definition = context.metaverse.attribute(&clause.attribute).ok_or_else(|| {
            EngineError::Invalid(format!(
                "the metaverse has no attribute \"{}\"; see its schema for those there are",
                clause.attribute
            ))
        })?;
        let text = || if exact { clause.value.clone() } else { fold_text(&clause.value) };
        let test = match (clause.operator, definition.value_type) {
            (SearchOperator::IsPresent, _) => Test::Present,
            (SearchOperator::IsNotPresent, _) => Test::NotPresent,
            (SearchOperator::Equals, ValueType::Reference) => Test::RefersTo(target(connection, context, &clause.value)?),
            (SearchOperator::Equals, _) => Test::Equals(values(definition, &clause.value)?),
            (SearchOperator::StartsWith, ValueType::String) => Test::StartsWith(text()),
            (SearchOperator::EndsWith, ValueType::String) => Test::EndsWith(text()),
            (SearchOperator::Contains, ValueType::String) => Test::Contains(text()),
            (SearchOperator::NotContains, ValueType::String) => Test::NotContains(text()),
            (
                SearchOperator::StartsWith | SearchOperator::EndsWith | SearchOperator::Contains | SearchOperator::NotContains,
                ValueType::Binary | ValueType::Integer | ValueType::Boolean | ValueType::Reference,
            ) => {
                return Err(EngineError::Invalid(format!(
                    "attribute \"{}\" is of type {}: \"{}\" is for text; use \"Equals\", \"Is present\" or \"Is not present\"",
                    definition.name,
                    definition.value_type.word(),
                    clause.operator.label()
                )));
            }
        };
        Ok(Self {
            attribute: context.attributes.get(&definition.name),
            reference: definition.value_type == ValueType::Reference,
            exact,
            name: SEARCH_TEXT.iter().any(|name| name.eq_ignore_ascii_case(&definition.name)),
            test,
        })
    }

    /// The objects that an index finds for this clause; `None` when only looking at each object helps.
    pub(super) fn indexed(&self, connection: &Connection) -> Result<Option<Vec<i64>>, EngineError> {
        let (Test::Equals(values), Some(attribute)) = (&self.test, self.attribute) else { return Ok(None) };
        if !search::has_keys(connection, attribute)? {
            return Ok(None);
        }
        let keys: Vec<Vec<u8>> = values.iter().map(Value::match_key).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        Ok(Some(ids_by_key(connection, 0, attribute, &keys)?.into_values().flatten().collect()))
    }

    /// A text under which every object is found for which the clause holds; `None` when there is none.
    pub(super) fn found_under(&self) -> Option<String> {
        let text = match &self.test {
            Test::StartsWith(text) | Test::EndsWith(text) | Test::Contains(text) => text.clone(),
            Test::Equals(_) | Test::NotContains(_) | Test::Present | Test::NotPresent | Test::RefersTo(_) => return None,
        };
        Some(fold_text(&text)).filter(|text| self.name && !text.is_empty())
    }

    /// Removes the objects for which the clause does not hold.
    pub(super) fn retain(&self, connection: &Connection, rows: &mut Vec<MvRow>) -> Result<(), EngineError> {
        if !self.reference {
            rows.retain(|row| self.holds(self.attribute.map(|attribute| row.image.get(attribute)).unwrap_or_default()));
            return Ok(());
        }
        let ids: Vec<MvId> = rows.iter().map(|row| row.id).collect();
        let referring = |target: Option<MvId>| match self.attribute {
            Some(attribute) => search::with_reference(connection, &ids, attribute, target),
            None => Ok(BTreeSet::new()),
        };
        match &self.test {
            Test::RefersTo(None) => rows.clear(),
            Test::RefersTo(target) => {
                let found = referring(*target)?;
                rows.retain(|row| found.contains(&row.id));
            }
            Test::NotPresent => {
                let found = referring(None)?;
                rows.retain(|row| !found.contains(&row.id));
            }
            Test::Present
            | Test::Equals(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_)
            | Test::Contains(_)
            | Test::NotContains(_) => {
                let found = referring(None)?;
                rows.retain(|row| found.contains(&row.id));
            }
        }
        Ok(())
    }

    fn holds(&self, values: &[Value]) -> bool {
        let any = |test: &dyn Fn(&str) -> bool| {
            values.iter().filter_map(Value::as_text).any(|text| if self.exact { test(text) } else { test(&fold_text(text)) })
        };
        let equal = |a: &Value, b: &Value| if self.exact { a == b } else { a.matches(b) };
        match &self.test {
            Test::Equals(wanted) => values.iter().any(|value| wanted.iter().any(|wanted| equal(value, wanted))),
            Test::StartsWith(wanted) => any(&|text| text.starts_with(wanted)),
            Test::EndsWith(wanted) => any(&|text| text.ends_with(wanted)),
            Test::Contains(wanted) => any(&|text| text.contains(wanted)),
            Test::NotContains(wanted) => !any(&|text| text.contains(wanted)),
            Test::Present => !values.is_empty(),
            Test::NotPresent => values.is_empty(),
            Test::RefersTo(_) => false,
        }
    }
}

/// The values that a text may mean for an attribute.
fn values(definition: &AttributeDefinition, text: &str) -> Result<Vec<Value>, EngineError> {
    if definition.value_type == ValueType::Binary {
        return Ok(possible_bytes(text).into_iter().map(Value::binary).collect());
    }
    let wanted = match definition.value_type {
        ValueType::Integer => "enter a whole number",
        _ => "enter True or False",
    };
    let value = definition.value_from_text(text).ok_or_else(|| {
        EngineError::Invalid(format!(
            "\"{text}\" is no {} for attribute \"{}\": {wanted}",
            definition.value_type.word(),
            definition.name
        ))
    })?;
    Ok(vec![value])
}

/// The metaverse object that a GUID or a DN of some connector space means.
fn target(connection: &Connection, context: &QueryContext, text: &str) -> Result<Option<MvId>, EngineError> {
    if let Ok(guid) = Uuid::parse_str(text.trim()) {
        return Ok(search::id_by_guid(connection, guid)?);
    }
    let dn = Dn::parse(text)
        .map_err(|error| EngineError::Invalid(format!("\"{text}\" is neither a GUID nor a distinguished name: {error}")))?;
    for connector in &context.connectors {
        let ids: Vec<_> = ids_by_dn_key(connection, connector.id, [dn.key()])?.into_values().collect();
        if let Some(mv) = connector_spaces::rows(connection, &ids)?.into_iter().find_map(|row| row.mv) {
            return Ok(Some(mv));
        }
    }
    Ok(None)
}
