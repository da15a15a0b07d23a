//! The metaverse schema as an administrator changes it (`ui.md` 9): judged before it is stored, in one transaction.
//!
//! Nothing that a rule uses and nothing that objects hold is taken away, so no change here needs a synchronization.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};
use thiserror::Error;
use uuid::Uuid;

use super::rule_changes::next_version;
use crate::model::{AttributeDefinition, INDEXED_LIMIT, Schema, ValueType};
use crate::rules::{RuleCheck, RuleFault, RuleSide, SyncRule, UsePlace, attribute_uses};
use crate::store::search::{metaverse as search, population};
use crate::store::{Database, StoreError, attributes, configuration, schema};
use crate::sync::plan_inputs;

/// Longest name of an object type or attribute, in characters.
pub const LONGEST_NAME: usize = 128;

/// What is to become of the metaverse schema. Names compare without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// A new object type with attributes that the schema has.
    CreateType {
        /// Its name.
        name: String,
        /// The attributes that it may carry.
        attributes: Vec<String>,
    },
    /// An object type goes.
    DeleteType {
        /// Its name.
        name: String,
    },
    /// A new attribute, for one object type.
    AddAttribute {
        /// The object type.
        object_type: String,
        /// The attribute.
        definition: AttributeDefinition,
    },
    /// An object type may carry attributes that the schema has.
    AllowAttributes {
        /// The object type.
        object_type: String,
        /// The attributes.
        attributes: Vec<String>,
    },
    /// An attribute becomes another, by its name; once it has values only `indexed` may change.
    EditAttribute(AttributeDefinition),
    /// An object type may not carry an attribute any more.
    RemoveAttribute {
        /// The object type.
        object_type: String,
        /// The attribute.
        attribute: String,
    },
}

/// Who uses something of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaUser {
    /// The rule.
    pub guid: Uuid,
    /// Its name.
    pub rule: String,
    /// Its precedence.
    pub precedence: i64,
    /// Where it uses an attribute; empty for an object type.
    pub places: Vec<UsePlace>,
}

/// A change of the schema that was not made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaChangeError {
    /// A name or a definition that cannot be.
    #[error("{0}")]
    Definition(String),
    /// There is something of that name already.
    #[error("the metaverse has {what} already; {fix}")]
    Exists {
        /// What there is.
        what: String,
        /// What to do.
        fix: &'static str,
    },
    /// There is nothing of that name.
    #[error("the metaverse has no {what}")]
    Unknown {
        /// What there is not.
        what: String,
    },
    /// Rules use it.
    #[error("{what} is used by {}", users(.by))]
    Used {
        /// What is used.
        what: String,
        /// The rules, by precedence.
        by: Vec<SchemaUser>,
    },
    /// Objects hold it.
    #[error("{what}: {objects} hold it; {fix}")]
    Populated {
        /// What is held.
        what: String,
        /// How many objects, in words.
        objects: String,
        /// What to do.
        fix: &'static str,
    },
    /// A value is too long for an index.
    #[error(
        "attribute \"{attribute}\" cannot be indexed: metaverse object {object} holds {length} characters, and indexed strings hold at most {INDEXED_LIMIT}"
    )]
    TooLong {
        /// The attribute.
        attribute: String,
        /// The object with the longest value.
        object: String,
        /// Its length.
        length: usize,
    },
    /// Rules would be faulty afterwards.
    #[error("rules would be faulty: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rules(Vec<RuleFault>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rules that an error names; of more the number is told.
const NAMED: usize = 8;

fn users(by: &[SchemaUser]) -> String {
    let name = |user: &SchemaUser| {
        let places: Vec<String> = user.places.iter().take(3).map(ToString::to_string).collect();
        let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
        format!("rule \"{}\" (precedence {}{places})", user.rule, user.precedence)
    };
    let mut names: Vec<String> = by.iter().take(NAMED).map(name).collect();
    if by.len() > NAMED {
        names.push(format!("{} more rules", by.len() - NAMED));
    }
    format!("{}; change or delete the rule first, disabling it is not enough", names.join(", "))
}

/// What is wrong with the name of an attribute.
#[must_use]
pub fn attribute_name_problem(name: &str) -> Option<String> {
    name_problem(name, "Attribute names have at most 128 characters", "the attribute")
}

/// What is wrong with the name of an object type.
#[must_use]
pub fn type_name_problem(name: &str) -> Option<String> {
    name_problem(name, "Object type names have at most 128 characters", "the object type")
}

fn name_problem(name: &str, too_long: &str, what: &str) -> Option<String> {
    if name.is_empty() {
        return Some(format!("Give {what} a name"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Some(too_long.to_owned());
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Some("A name begins with a letter from a to z".to_owned());
    }
    let strange = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_'));
    strange.map(|letter| format!("A name holds letters, digits, - and _ only; not \"{letter}\""))
}

/// What is wrong with a definition.
#[must_use]
pub fn definition_problem(definition: &AttributeDefinition) -> Option<String> {
    if let Some(problem) = attribute_name_problem(&definition.name) {
        return Some(problem);
    }
    if definition.indexed && !is_indexable(definition.value_type) {
        return Some(format!("An attribute of type {} cannot be indexed", definition.value_type.word()));
    }
    if definition.multi_valued && definition.value_type == ValueType::Boolean {
        return Some("A boolean attribute holds one value".to_owned());
    }
    None
}

/// True for the types that can be indexed.
#[must_use]
pub fn is_indexable(value_type: ValueType) -> bool {
    matches!(value_type, ValueType::String | ValueType::Binary)
}

/// The rules that use an attribute of an object type, by precedence.
#[must_use]
pub fn users_of_attribute(rules: &[SyncRule], object_type: &str, attribute: &str) -> Vec<SchemaUser> {
    let user = |rule: &SyncRule| {
        let mut places: Vec<UsePlace> = attribute_uses(rule)
            .into_iter()
            .filter(|found| found.side == RuleSide::Metaverse && found.attribute.eq_ignore_ascii_case(attribute))
            .map(|found| found.place)
            .collect();
        places.sort();
        places.dedup();
        (!places.is_empty()).then(|| SchemaUser { guid: rule.guid, rule: rule.name.clone(), precedence: rule.precedence, places })
    };
    by_precedence(rules.iter().filter(|rule| concerns(rule, object_type)).filter_map(user).collect())
}

/// The rules that are written for an object type, by precedence; those for all types do not count.
#[must_use]
pub fn users_of_type(rules: &[SyncRule], object_type: &str) -> Vec<SchemaUser> {
    let user = |rule: &SyncRule| SchemaUser {
        guid: rule.guid,
        rule: rule.name.clone(),
        precedence: rule.precedence,
        places: Vec::new(),
    };
    let own = rules.iter().filter(|rule| rule.metaverse_object_type.eq_ignore_ascii_case(object_type));
    by_precedence(own.map(user).collect())
}

fn by_precedence(mut users: Vec<SchemaUser>) -> Vec<SchemaUser> {
    users.sort_by_key(|user| (user.precedence, user.guid));
    users
}

fn concerns(rule: &SyncRule, object_type: &str) -> bool {
    rule.metaverse_object_type == "*" || rule.metaverse_object_type.eq_ignore_ascii_case(object_type)
}

/// What a change would come to; stores nothing.
///
/// # Errors
/// [`SchemaChangeError`] when it would be refused.
pub fn judge_schema(connection: &Connection, change: &SchemaChange) -> Result<String, SchemaChangeError> {
    Ok(outcome(connection, change)?.1)
}

/// Changes the metaverse schema and tells what was done.
///
/// # Errors
/// [`SchemaChangeError`] says why nothing was changed.
pub fn change_schema(database: &Database, change: &SchemaChange) -> Result<String, SchemaChangeError> {
    let mut writer = database.writer();
    let transaction: Transaction<'_> = writer.transaction()?;
    let (wanted, told) = outcome(&transaction, change)?;
    schema::set_metaverse(&transaction, &wanted)?;
    next_version(&transaction)?;
    transaction.commit().map_err(StoreError::sqlite("storing the metaverse schema"))?;
    Ok(told)
}

/// The schema as it would be, and what was done in a sentence.
fn outcome(connection: &Connection, change: &SchemaChange) -> Result<(Schema, String), SchemaChangeError> {
    let present = schema::metaverse(connection)?;
    let mut wanted = present.clone();
    let told = match change {
        SchemaChange::CreateType { name, attributes } => {
            refuse_definition(type_name_problem(name))?;
            if let Some(known) = present.type_name(name) {
                let what = format!("an object type \"{known}\"");
                return Err(SchemaChangeError::Exists { what, fix: "choose another name" });
            }
            wanted.add_type(name);
            allow_all(&mut wanted, name, attributes)?;
            format!("Object type \"{name}\" was created.")
        }
        SchemaChange::DeleteType { name } => {
            let name = known_type(&present, name)?;
            let what = format!("object type \"{name}\"");
            let by = users_of_type(&configuration::rules(connection)?, name);
            if !by.is_empty() {
                return Err(SchemaChangeError::Used { what, by });
            }
            let held = search::type_counts(connection)?;
            let count: u64 = held.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, count)| *count).sum();
            if count > 0 {
                let fix = "they go with a full synchronization when no rule provides them";
                return Err(SchemaChangeError::Populated { what, objects: objects(count), fix });
            }
            wanted.remove_type(name);
            forget_homeless(&mut wanted, &present);
            format!("Object type \"{name}\" was deleted.")
        }
        SchemaChange::AddAttribute { object_type, definition } => {
            let object_type = known_type(&present, object_type)?;
            refuse_definition(definition_problem(definition))?;
            if let Some(known) = present.attribute(&definition.name) {
                let what = format!("an attribute \"{}\" ({})", known.name, described(known));
                return Err(SchemaChangeError::Exists { what, fix: "add that one to the object type, or choose another name" });
            }
            wanted.define(definition.clone());
            wanted.allow(object_type, &definition.name);
            format!("Attribute \"{}\" ({}) was added to {object_type}.", definition.name, described(definition))
        }
        SchemaChange::AllowAttributes { object_type, attributes } => {
            let object_type = known_type(&present, object_type)?;
            allow_all(&mut wanted, object_type, attributes)?;
            format!("{object_type} may carry: {}.", attributes.join(", "))
        }
        SchemaChange::EditAttribute(definition) => {
            edit(connection, &present, &mut wanted, definition)?;
            format!("Attribute \"{}\" is {} now.", definition.name, described(definition))
        }
        SchemaChange::RemoveAttribute { object_type, attribute } => {
            let object_type = known_type(&present, object_type)?;
            let Some(known) = present.attribute_of(object_type, attribute) else {
                return Err(SchemaChangeError::Unknown { what: format!("attribute \"{attribute}\" on {object_type}") });
            };
            let what = format!("attribute \"{}\" of {object_type}", known.name);
            let by = users_of_attribute(&configuration::rules(connection)?, object_type, attribute);
            if !by.is_empty() {
                return Err(SchemaChangeError::Used { what, by });
            }
            let count = populated(connection, Some(object_type), &known.name)?;
            if count > 0 {
                let fix = "a full synchronization takes away values that no rule gives";
                return Err(SchemaChangeError::Populated { what, objects: objects(count), fix });
            }
            wanted.disallow(object_type, attribute);
            forget_homeless(&mut wanted, &present);
            format!("Attribute \"{}\" was removed from {object_type}.", known.name)
        }
    };
    Ok((wanted, told))
}

fn refuse_definition(problem: Option<String>) -> Result<(), SchemaChangeError> {
    problem.map_or(Ok(()), |problem| Err(SchemaChangeError::Definition(problem)))
}

fn known_type<'a>(present: &'a Schema, name: &str) -> Result<&'a str, SchemaChangeError> {
    present.type_name(name).ok_or_else(|| {
        let types: Vec<&str> = present.types().collect();
        SchemaChangeError::Unknown { what: format!("object type \"{name}\"; its types: {}", types.join(", ")) }
    })
}

fn allow_all(wanted: &mut Schema, object_type: &str, attributes: &[String]) -> Result<(), SchemaChangeError> {
    for attribute in attributes {
        if !wanted.allow(object_type, attribute) {
            return Err(SchemaChangeError::Unknown { what: format!("attribute \"{attribute}\"") });
        }
    }
    Ok(())
}

/// An attribute of this installation that no object type has any more is forgotten, so that its name is free.
fn forget_homeless(wanted: &mut Schema, present: &Schema) {
    let carried = |schema: &Schema| -> BTreeSet<String> {
        let types = schema.types().flat_map(|name| schema.attributes_of(name));
        types.map(|definition| definition.name.clone()).collect()
    };
    let (before, after) = (carried(present), carried(wanted));
    wanted.remove_attributes(|name| before.contains(name) && !after.contains(name));
}

fn edit(
    connection: &Connection,
    present: &Schema,
    wanted: &mut Schema,
    definition: &AttributeDefinition,
) -> Result<(), SchemaChangeError> {
    let Some(known) = present.attribute(&definition.name) else {
        return Err(SchemaChangeError::Unknown { what: format!("attribute \"{}\"", definition.name) });
    };
    refuse_definition(definition_problem(definition))?;
    let changed = AttributeDefinition { name: known.name.clone(), ..definition.clone() };
    if (known.value_type, known.multi_valued) != (changed.value_type, changed.multi_valued) {
        let count = populated(connection, None, &known.name)?;
        if count > 0 {
            let what = format!("attribute \"{}\"", known.name);
            let fix = "only Indexed can be changed while it has values";
            return Err(SchemaChangeError::Populated { what, objects: objects(count), fix });
        }
    }
    if changed.indexed && !known.indexed && changed.value_type == ValueType::String {
        refuse_long(connection, &known.name)?;
    }
    let name = known.name.clone();
    wanted.define(changed);
    let faults = new_faults(connection, present, wanted, &name)?;
    if faults.is_empty() { Ok(()) } else { Err(SchemaChangeError::Rules(faults)) }
}

fn refuse_long(connection: &Connection, attribute: &str) -> Result<(), SchemaChangeError> {
    let Some(id) = attributes::load(connection)?.get(attribute) else { return Ok(()) };
    match population::longest_text(connection, id)?.filter(|(_, length)| *length > INDEXED_LIMIT) {
        Some((object, length)) => {
            let named = search::names(connection, [object])?;
            let object = named.get(&object).map_or_else(String::new, |(guid, name)| format!("\"{name}\" ({guid})"));
            Err(SchemaChangeError::TooLong { attribute: attribute.to_owned(), object, length })
        }
        None => Ok(()),
    }
}

/// Errors that rules which use an attribute have with the changed schema and do not have now.
fn new_faults(
    connection: &Connection,
    present: &Schema,
    wanted: &Schema,
    attribute: &str,
) -> Result<Vec<RuleFault>, SchemaChangeError> {
    let (rules, connectors) = (configuration::rules(connection)?, plan_inputs(connection)?);
    let uses = |rule: &&SyncRule| {
        attribute_uses(rule)
            .iter()
            .any(|found| found.side == RuleSide::Metaverse && found.attribute.eq_ignore_ascii_case(attribute))
    };
    let judged: BTreeSet<Uuid> = rules.iter().filter(uses).map(|rule| rule.guid).collect();
    let faults = |metaverse: &Schema| RuleCheck { rules: &rules, connectors: &connectors, metaverse }.faults(&judged);
    let before = faults(present);
    Ok(faults(wanted).into_iter().filter(|fault| fault.is_error() && !before.contains(fault)).collect())
}

/// How many objects hold an attribute; of one type, when it is given.
fn populated(connection: &Connection, object_type: Option<&str>, attribute: &str) -> Result<u64, StoreError> {
    let Some(id) = attributes::load(connection)?.get(attribute) else { return Ok(0) };
    let all = population::population(connection)?;
    let wanted = all.iter().filter(|(name, _)| object_type.is_none_or(|wanted| name.eq_ignore_ascii_case(wanted)));
    Ok(wanted.filter_map(|(_, counts)| counts.get(&id)).sum())
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// An attribute's kind in words: `multi-valued string, indexed`.
#[must_use]
pub fn described(definition: &AttributeDefinition) -> String {
    let several = if definition.multi_valued { "multi-valued " } else { "" };
    let indexed = if definition.indexed { ", indexed" } else { "" };
    format!("{several}{}{indexed}", definition.value_type.word())
}
