//! The lineage of a metaverse object as a graph: its connector space objects and the rules between (`ui.md` 14).

use std::collections::BTreeMap;

use rusqlite::Connection;
use uuid::Uuid;

use super::QueryContext;
use super::connector_space::display_name;
use crate::model::{AttributeId, MvId, RuleId, Value, fold_text};
use crate::rules::{Direction, SyncRule};
use crate::service::{EngineError, LineageEdgeView, LineageFlowView, LineageGraphView};
use crate::store::connector_space::{CsObject, LoadOptions, TowerView, load as load_objects};
use crate::store::metaverse::{MvObject, load_one};
use crate::store::search::{connector_space as connector_spaces, metaverse as search};

/// The graph of a metaverse object. References are counted, not named, so that a large group costs no more than others.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none of this GUID.
pub fn graph(connection: &Connection, context: &QueryContext, guid: Uuid) -> Result<LineageGraphView, EngineError> {
    let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {guid}") };
    let id: MvId = search::id_by_guid(connection, guid)?.ok_or_else(unknown)?;
    let identity = load_one(connection, id)?.ok_or_else(unknown)?;
    let names = search::names(connection, [id])?;
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let mut objects = load_objects(connection, &connector_spaces::ids_by_mv(connection, id)?, &options)?;
    objects.sort_by_cached_key(|object| {
        (fold_text(&context.connector_name(object.connector)), object.connector, object.dn.to_string())
    });
    let mut edges: Vec<LineageEdgeView> = Vec::new();
    for object in &objects {
        edges.extend(edges_of(context, object, &identity));
    }
    let name = names.get(&id).map(|(_, name)| name.clone()).filter(|name| !name.is_empty());
    Ok(LineageGraphView {
        guid,
        name: name.unwrap_or_else(|| guid.to_string()),
        object_type: identity.object_type.clone(),
        attributes: identity.image.iter().count() as u64,
        edges,
    })
}

/// The rules between one object and its metaverse object.
fn edges_of(context: &QueryContext, object: &CsObject, identity: &MvObject) -> Vec<LineageEdgeView> {
    let mut rules: BTreeMap<(Direction, i64, RuleId), (Option<&SyncRule>, String)> = BTreeMap::new();
    let mut given: BTreeMap<RuleId, Vec<AttributeId>> = BTreeMap::new();
    for (attribute, contribution) in &identity.lineage {
        if contribution.object == object.id {
            given.entry(contribution.rule).or_default().push(*attribute);
        }
    }
    let precedence = |rule: Option<&SyncRule>| rule.map_or(i64::MAX, |rule| rule.precedence);
    for link in &object.link_rules {
        let rule = context.rule(link.rule);
        rules.insert((link.direction, precedence(rule), link.rule), (rule, link.action.label().to_owned()));
    }
    for id in given.keys() {
        let rule = context.rule(*id);
        rules.entry((Direction::Inbound, precedence(rule), *id)).or_insert((rule, String::new()));
    }
    let edge = |((direction, _, id), (rule, action)): ((Direction, i64, RuleId), (Option<&SyncRule>, String))| LineageEdgeView {
        object: object.guid,
        dn: object.dn.to_string(),
        display_name: display_name(context, object),
        object_type: object.object_type.clone().unwrap_or_default(),
        connector: context.connector_name(object.connector),
        direction,
        rule: rule.map(|rule| rule.guid),
        rule_name: context.rule_name(id),
        precedence: rule.map(|rule| rule.precedence),
        action,
        flows: match direction {
            Direction::Inbound => inbound(context, identity, rule, given.get(&id).map_or(&[][..], Vec::as_slice)),
            Direction::Outbound => rule.map(|rule| outbound(context, object, rule)).unwrap_or_default(),
        },
    };
    rules.into_iter().map(edge).collect()
}

/// What a rule gave the metaverse object.
fn inbound(
    context: &QueryContext,
    identity: &MvObject,
    rule: Option<&SyncRule>,
    attributes: &[AttributeId],
) -> Vec<LineageFlowView> {
    let flow = |id: &AttributeId| {
        let name = context.attributes.name(*id);
        let source = rule.and_then(|rule| rule.flows.iter().find(|flow| flow.target.eq_ignore_ascii_case(name)));
        let (value, count) = shown(identity.image.get(*id).iter());
        let source = source.map(|flow| flow.source.text().to_owned()).unwrap_or_default();
        LineageFlowView { source, target: name.to_owned(), value, count }
    };
    by_target(attributes.iter().map(flow).collect())
}

/// What a rule writes to an object, and what the object is expected to hold there.
fn outbound(context: &QueryContext, object: &CsObject, rule: &SyncRule) -> Vec<LineageFlowView> {
    let flow = |flow: &crate::rules::Flow| {
        let values = context.attributes.get(&flow.target).map(|id| object.values(TowerView::Expected, id)).unwrap_or_default();
        let (value, count) = shown(values.iter());
        LineageFlowView { source: flow.source.text().to_owned(), target: flow.target.clone(), value, count }
    };
    by_target(rule.flows.iter().map(flow).collect())
}

fn by_target(mut flows: Vec<LineageFlowView>) -> Vec<LineageFlowView> {
    flows.sort_by_cached_key(|flow| fold_text(&flow.target));
    flows
}

/// The first value as text and how many there are.
fn shown<'a>(values: impl ExactSizeIterator<Item = &'a Value>) -> (String, u64) {
    let count = values.len() as u64;
    let mut values = values;
    let text = match values.next() {
        None => String::new(),
        Some(Value::Reference(_)) if count == 1 => "1 reference".to_owned(),
        Some(Value::Reference(_)) => format!("{count} references"),
        Some(value) => value.display(),
    };
    (text, count)
}
