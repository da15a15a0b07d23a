//! Metaverse objects and schema.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use uuid::Uuid;

use super::lineage::lineage;
use super::metaverse_clause::Clause;
use super::values::{MOST_VALUES, mv_reference, plain};
use super::{QueryContext, connector_space, slice};
use crate::model::{AttributeId, Image, MvId, Value, ValueType, fold_text};
use crate::rules::{AttributeUse, Direction, RuleSide, SyncRule, UsePlace, attribute_uses};
use crate::service::{
    EngineError, ImportFlowView, MvAttributeView, MvConnectorView, MvHit, MvObjectView, MvPopulationView, MvSchemaAttributeView,
    MvSearch, MvTypeView, Page, SchemaUseView,
};
use crate::store::connector_space::{LoadOptions, load as load_cs};
use crate::store::metaverse::{MvObject, load_one};
use crate::store::search::connector_space as connector_spaces;
use crate::store::search::metaverse::{self as search, MvCriterion, MvRow};
use crate::store::search::population as counts;

/// Objects looked at at a time when no index answers.
const BATCH: usize = 1_000;

/// Attributes that lists show.
const LISTED: [&str; 5] = ["accountName", "displayName", "mail", "sourceAnchor", "userPrincipalName"];

/// Most values of an attribute in a row of a list.
const MOST_LISTED: usize = 20;

/// Names of an object that has no display name, best first.
const OTHER_NAMES: [&str; 5] = ["displayName", "cn", "userPrincipalName", "accountName", "mail"];

/// A page of a metaverse search, in order of display name.
///
/// # Errors
/// [`EngineError::Invalid`] when type or clauses do not fit the schema.
pub fn search(connection: &Connection, context: &QueryContext, wanted: &MvSearch) -> Result<Page<MvHit>, EngineError> {
    let object_type = match &wanted.object_type {
        Some(name) => Some(context.metaverse.type_name(name).ok_or_else(|| unknown_type(context, name))?),
        None => None,
    };
    let clauses: Vec<Clause> = wanted
        .clauses
        .iter()
        .map(|clause| Clause::read(connection, context, clause, wanted.case_sensitive))
        .collect::<Result<_, _>>()?;
    let mut among = None;
    for clause in clauses.iter().filter(|_| !wanted.any || clauses.len() == 1) {
        among = clause.indexed(connection)?;
        if among.is_some() {
            break;
        }
    }
    let names: Vec<String> =
        clauses.iter().filter(|_| !wanted.any || clauses.len() == 1).filter_map(Clause::found_under).collect();
    let criterion = MvCriterion { object_type, text: &wanted.text, names: &names, among: among.as_deref() };
    let mut ids = search::ids(connection, &criterion)?;
    if !clauses.is_empty() {
        let mut found = Vec::new();
        for batch in ids.chunks(BATCH) {
            let mut rows = search::rows(connection, batch)?;
            if wanted.any {
                let mut meeting = BTreeSet::new();
                for clause in &clauses {
                    let mut left = rows.clone();
                    clause.retain(connection, &mut left)?;
                    meeting.extend(left.into_iter().map(|row| row.id));
                }
                rows.retain(|row| meeting.contains(&row.id));
            } else {
                for clause in &clauses {
                    clause.retain(connection, &mut rows)?;
                }
            }
            found.extend(rows.into_iter().map(|row| row.id));
        }
        ids = found;
    }
    if wanted.reversed {
        ids.reverse();
    }
    let rows = listed(connection, context, slice(&ids, wanted.offset, wanted.limit), &wanted.columns)?;
    Ok(Page { rows, total: ids.len() as u64 })
}

fn unknown_type(context: &QueryContext, name: &str) -> EngineError {
    let known: Vec<&str> = context.metaverse.types().collect();
    EngineError::Invalid(format!("the metaverse has no object type \"{name}\"; its types: {}", known.join(", ")))
}

/// Rows of a list, in the order of the numbers.
pub(super) fn hits(connection: &Connection, context: &QueryContext, ids: &[MvId]) -> Result<Vec<MvHit>, EngineError> {
    listed(connection, context, ids, &[])
}

fn listed(connection: &Connection, context: &QueryContext, ids: &[MvId], columns: &[String]) -> Result<Vec<MvHit>, EngineError> {
    let counts = search::connector_counts(connection, ids)?;
    let hit = |row: MvRow| MvHit {
        id: row.id,
        guid: row.guid,
        object_type: row.object_type,
        display_name: shown_name(context, &row.display_name, &row.image, row.guid),
        attributes: LISTED
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), first_text(context, &row.image, name)?)))
            .chain(columns.iter().filter_map(|name| Some((name.clone(), all_texts(context, &row.image, name)?))))
            .collect(),
        connectors: counts.get(&row.id).copied().unwrap_or(0),
    };
    Ok(search::rows(connection, ids)?.into_iter().map(hit).collect())
}

fn first_text(context: &QueryContext, image: &Image, name: &str) -> Option<String> {
    image.first(context.attributes.get(name)?).map(Value::display)
}

/// The values of an attribute as one text.
pub(super) fn all_texts(context: &QueryContext, image: &Image, name: &str) -> Option<String> {
    let values = image.get(context.attributes.get(name)?);
    let texts: Vec<String> = values.iter().take(MOST_LISTED).map(Value::display).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn shown_name(context: &QueryContext, display_name: &str, image: &Image, guid: Uuid) -> String {
    if !display_name.is_empty() {
        return display_name.to_owned();
    }
    OTHER_NAMES.into_iter().find_map(|name| first_text(context, image, name)).unwrap_or_else(|| guid.to_string())
}

/// Everything about the object of a GUID.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none.
pub fn object(connection: &Connection, context: &QueryContext, guid: Uuid) -> Result<MvObjectView, EngineError> {
    let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {guid}") };
    let id = search::id_by_guid(connection, guid)?.ok_or_else(unknown)?;
    let hit = hits(connection, context, &[id])?.pop().ok_or_else(unknown)?;
    let object = load_one(connection, id)?.ok_or_else(unknown)?;
    Ok(MvObjectView {
        hit,
        created: Some(object.created),
        changed: Some(object.changed),
        attribute_details: attributes(connection, context, &object)?,
        connector_details: joined(connection, context, id)?,
    })
}

/// The attributes by name, each with where it came from.
fn attributes(connection: &Connection, context: &QueryContext, object: &MvObject) -> Result<Vec<MvAttributeView>, EngineError> {
    let targets: BTreeSet<MvId> = object
        .image
        .iter()
        .flat_map(|(_, values)| values.iter().take(MOST_VALUES))
        .filter_map(|value| match value {
            Value::Reference(target) => Some(MvId(*target)),
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
        })
        .collect();
    let names = search::names(connection, targets)?;
    let contributors = connector_spaces::names(connection, object.lineage.values().map(|contribution| contribution.object))?;
    let value_view = |value: &Value| match value {
        Value::Reference(target) => names.get(&MvId(*target)).map(|(guid, name)| {
            let name = if name.is_empty() { guid.to_string() } else { name.clone() };
            mv_reference(name, *guid)
        }),
        Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => Some(plain(value)),
    };
    let view = |(id, values): (crate::model::AttributeId, &crate::model::Values)| {
        let name = context.attributes.name(id).to_owned();
        let contribution = object.lineage.get(&id);
        let contributor = contribution.and_then(|contribution| contributors.get(&contribution.object));
        let known = context.metaverse.attribute(&name).map(|definition| definition.value_type);
        MvAttributeView {
            value_type: known.or(values.first().map(Value::value_type)).unwrap_or(ValueType::String),
            values: values.iter().take(MOST_VALUES).filter_map(value_view).collect(),
            count: values.len() as u64,
            connector: contributor.map(|object| context.connector_name(object.connector)).unwrap_or_default(),
            cs_guid: contributor.map(|object| object.guid),
            rule: contribution.map(|contribution| context.rule_name(contribution.rule)).unwrap_or_default(),
            rule_guid: contribution.and_then(|contribution| context.rule(contribution.rule)).map(|rule| rule.guid),
            time: contribution.map(|contribution| contribution.time),
            name,
        }
    };
    let mut views: Vec<MvAttributeView> = object.image.iter().map(view).collect();
    views.sort_by_cached_key(|attribute| fold_text(&attribute.name));
    Ok(views)
}

/// The joined objects by connector, then DN.
fn joined(connection: &Connection, context: &QueryContext, id: MvId) -> Result<Vec<MvConnectorView>, EngineError> {
    let ids = connector_spaces::ids_by_mv(connection, id)?;
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let links: BTreeMap<_, _> =
        load_cs(connection, &ids, &options)?.into_iter().map(|object| (object.id, object.link_rules)).collect();
    let rows = connector_spaces::rows(connection, &ids)?;
    let mut views: Vec<MvConnectorView> = rows
        .into_iter()
        .map(|row| MvConnectorView {
            connector_name: context.connector_name(row.connector),
            connector_id: row.connector,
            lineage: links.get(&row.id).map(|links| lineage(context, links)).unwrap_or_default(),
            hit: connector_space::hit(row),
        })
        .collect();
    // Within a connector the rows come in DN order.
    views.sort_by_cached_key(|view| (fold_text(&view.connector_name), view.connector_id));
    Ok(views)
}

/// Number of objects of every metaverse type, none included.
pub(super) fn objects_by_type(connection: &Connection, context: &QueryContext) -> Result<BTreeMap<String, u64>, EngineError> {
    let mut counts: BTreeMap<String, u64> = context.metaverse.types().map(|name| (name.to_owned(), 0)).collect();
    counts.extend(search::type_counts(connection)?);
    Ok(counts)
}

/// The object types by name, each with its attributes and the inbound flows to them.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn schema(connection: &Connection, context: &QueryContext) -> Result<Vec<MvTypeView>, EngineError> {
    let counts = objects_by_type(connection, context)?;
    let uses: Vec<(&SyncRule, Vec<AttributeUse>)> = context
        .rules
        .iter()
        .map(|rule| (rule, attribute_uses(rule).into_iter().filter(|found| found.side == RuleSide::Metaverse).collect()))
        .collect();
    Ok(context
        .metaverse
        .types()
        .map(|name| {
            let mut used = uses_of_type(context, &uses, name);
            let mut flows = import_flows(context, name);
            let attributes = context.metaverse.attributes_of(name).map(|definition| {
                let key = fold_text(&definition.name);
                let (uses, export_flows) = used.remove(&key).unwrap_or_default();
                MvSchemaAttributeView {
                    name: definition.name.clone(),
                    value_type: definition.value_type,
                    multi_valued: definition.multi_valued,
                    indexed: definition.indexed,
                    import_flows: flows.remove(&key).unwrap_or_default(),
                    export_flows,
                    uses,
                }
            });
            let own = context.rules.iter().filter(|rule| rule.metaverse_object_type.eq_ignore_ascii_case(name));
            MvTypeView {
                name: name.to_owned(),
                objects: counts.get(name).copied().unwrap_or(0),
                attributes: attributes.collect(),
                rules: own.map(|rule| schema_use(context, rule)).collect(),
            }
        })
        .collect())
}

fn schema_use(context: &QueryContext, rule: &SyncRule) -> SchemaUseView {
    SchemaUseView {
        guid: rule.guid,
        rule: rule.name.clone(),
        precedence: rule.precedence,
        connector: context.connector_name(rule.connector),
        direction: rule.direction,
        link: rule.link,
        places: Vec::new(),
        enabled: rule.enabled,
    }
}

/// The rules that use attributes of a type, by folded attribute name, with the number of outbound flows that read each.
fn uses_of_type(
    context: &QueryContext,
    uses: &[(&SyncRule, Vec<AttributeUse>)],
    object_type: &str,
) -> BTreeMap<String, (Vec<SchemaUseView>, u64)> {
    let mut found: BTreeMap<String, (Vec<SchemaUseView>, u64)> = BTreeMap::new();
    let concerned =
        |rule: &SyncRule| rule.metaverse_object_type == "*" || rule.metaverse_object_type.eq_ignore_ascii_case(object_type);
    for (rule, uses) in uses.iter().filter(|(rule, _)| concerned(rule)) {
        for used in uses {
            let (rules, exports) = found.entry(fold_text(&used.attribute)).or_default();
            *exports += u64::from(matches!(used.place, UsePlace::Source(_)));
            let place = used.place.to_string();
            match rules.last_mut().filter(|last| last.guid == rule.guid) {
                Some(last) if last.places.contains(&place) => {}
                Some(last) => last.places.push(place),
                None => rules.push(SchemaUseView { places: vec![place], ..schema_use(context, rule) }),
            }
        }
    }
    found
}

/// How many objects of each type hold each attribute.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn population(connection: &Connection, context: &QueryContext) -> Result<MvPopulationView, EngineError> {
    let name = |(id, count): (AttributeId, u64)| (context.attributes.name(id).to_owned(), count);
    let counted = counts::population(connection)?.into_iter();
    Ok(MvPopulationView {
        types: counted.map(|(object_type, counts)| (object_type, counts.into_iter().map(name).collect())).collect(),
    })
}

/// Inbound flows to a type by folded attribute name, winner first.
fn import_flows(context: &QueryContext, object_type: &str) -> BTreeMap<String, Vec<ImportFlowView>> {
    let mut flows: BTreeMap<String, Vec<ImportFlowView>> = BTreeMap::new();
    let mut rules: Vec<_> = context
        .rules
        .iter()
        .filter(|rule| rule.direction == Direction::Inbound)
        .filter(|rule| rule.metaverse_object_type == "*" || rule.metaverse_object_type.eq_ignore_ascii_case(object_type))
        .collect();
    rules.sort_by_key(|rule| (rule.precedence, rule.id));
    for rule in rules {
        for flow in &rule.flows {
            flows.entry(fold_text(&flow.target)).or_default().push(ImportFlowView {
                precedence: rule.precedence,
                rule: rule.name.clone(),
                connector: context.connector_name(rule.connector),
                object_type: rule.connector_object_type.clone(),
                guid: rule.guid,
                link: rule.link,
                merge: flow.merge,
                flow_type: flow.source.label().to_owned(),
                source: flow.source.text().to_owned(),
                enabled: rule.enabled,
            });
        }
    }
    flows
}
