//! Why a metaverse attribute has the value that it has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::super::{QueryContext, metaverse};
use super::Explainer;
use super::flows::expression;
use crate::model::{AttributeId, CsId, Values, fold_text};
use crate::rules::Direction;
use crate::service::{ContributionView, EngineError, FlowStatus, FlowView, MvHit, MvSearch, WhyView};
use crate::store::metaverse::{MvObject, load_one};
use crate::store::search::metaverse as search;
use crate::sync::explain::{self, InboundFlows};
use crate::sync::{FlowTrace, FlowValue, Standing};

/// Most objects named when a text matches several.
const MOST_NAMED: u64 = 5;

/// The metaverse object of a GUID, or the only one that a text finds.
///
/// # Errors
/// [`EngineError::UnknownObject`] when there is none, [`EngineError::Invalid`] names them when there are several.
pub fn find(connection: &Connection, context: &QueryContext, text: &str) -> Result<MvHit, EngineError> {
    let unknown = |criterion: String| EngineError::UnknownObject { space: "metaverse", criterion };
    if let Ok(guid) = Uuid::parse_str(text.trim()) {
        let id = search::id_by_guid(connection, guid)?;
        let found = id.map(|id| metaverse::hits(connection, context, &[id])).transpose()?;
        return found.and_then(|mut hits| hits.pop()).ok_or_else(|| unknown(format!("GUID {guid}")));
    }
    let wanted = MvSearch { text: text.to_owned(), limit: MOST_NAMED, ..MvSearch::default() };
    let mut page = metaverse::search(connection, context, &wanted)?;
    match (page.total, page.rows.pop()) {
        (0, _) | (_, None) => Err(unknown(format!("a name with \"{text}\""))),
        (1, Some(only)) => Ok(only),
        (total, Some(last)) => {
            page.rows.push(last);
            let named: Vec<String> =
                page.rows.iter().map(|hit| format!("{} ({}, {})", hit.display_name, hit.object_type, hit.guid)).collect();
            let more = total.saturating_sub(page.rows.len() as u64);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            Err(EngineError::Invalid(format!(
                "\"{text}\" matches {total} metaverse objects: {}{more}; write more of the name, or the GUID",
                named.join(", ")
            )))
        }
    }
}

/// Explains an attribute of a metaverse object.
///
/// # Errors
/// [`EngineError::Invalid`] when the type has no such attribute; it names a similar one.
pub fn view(
    connection: &Connection,
    context: &QueryContext,
    now: Timestamp,
    object: &str,
    attribute: &str,
) -> Result<WhyView, EngineError> {
    let hit = find(connection, context, object)?;
    let definition = context.metaverse.attribute_of(&hit.object_type, attribute.trim()).ok_or_else(|| {
        let names = context.metaverse.attributes_of(&hit.object_type).map(|known| known.name.as_str());
        let near = syncline_expression::nearest(attribute, names);
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        EngineError::Invalid(format!("metaverse type {} has no attribute \"{attribute}\"{near}", hit.object_type))
    })?;
    let explainer = Explainer::new(connection, context, now)?;
    let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {}", hit.guid) };
    let identity = load_one(connection, hit.id)?.ok_or_else(unknown)?;
    let Some(id) = explainer.plan.attributes.get(&definition.name) else {
        return Err(EngineError::Invalid(format!("no rule and no object has used attribute {} yet", definition.name)));
    };
    let inbound = explain::inbound_flows(connection, &explainer.plan, &identity, id, now)?;
    let names: BTreeMap<CsId, String> = inbound.objects.iter().map(|object| (object.id, object.dn.clone())).collect();
    let stored = stored(&explainer, &identity, id, &names)?;
    let mut flows = Vec::new();
    for trace in &inbound.flows {
        if let Some(mut flow) = explainer.inbound_flow(trace, Some(&identity.image), &names)? {
            flow.expression = expression_of(&explainer, &inbound, trace);
            flows.push(flow);
        }
    }
    for object in &inbound.objects {
        flows.extend(explainer.silent_flows(object, &identity.object_type, id));
    }
    flows.sort_by_key(|flow| flow.precedence);
    let given = given(&identity, id, &inbound.flows);
    let pending = match &given {
        Some(values) if !identity.image.same_values(id, values) => Some(explainer.texts(values)?),
        _ => None,
    };
    let elsewhere = elsewhere(context, &inbound, &hit.object_type, &definition.name);
    let verdict = verdict(&definition.name, stored.as_ref(), pending.as_deref(), &flows, inbound.error.is_some());
    Ok(WhyView {
        attribute: definition.name.clone(),
        value_type: definition.value_type,
        verdict,
        stored,
        pending,
        flows,
        elsewhere,
        error: inbound.error,
        object: hit,
    })
}

fn stored(
    explainer: &Explainer<'_>,
    identity: &MvObject,
    attribute: AttributeId,
    joined: &BTreeMap<CsId, String>,
) -> Result<Option<ContributionView>, EngineError> {
    let values = identity.image.get(attribute);
    if values.is_empty() {
        return Ok(None);
    }
    let contribution = identity.lineage.get(&attribute);
    let rule = contribution.map(|known| explainer.context.rule_name(known.rule)).unwrap_or_default();
    let connector = contribution
        .and_then(|known| explainer.context.rule(known.rule))
        .map(|rule| explainer.context.connector_name(rule.connector))
        .unwrap_or_default();
    let dn = match contribution {
        Some(known) => match joined.get(&known.object) {
            Some(dn) => dn.clone(),
            None => explainer.names([known.object])?.remove(&known.object).unwrap_or_default(),
        },
        None => String::new(),
    };
    Ok(Some(ContributionView {
        values: explainer.texts(values)?,
        count: values.len() as u64,
        rule,
        connector,
        dn,
        time: contribution.map(|known| known.time),
    }))
}

/// The expression of a flow part by part; only of flows that were asked.
fn expression_of(explainer: &Explainer<'_>, inbound: &InboundFlows, trace: &FlowTrace) -> Option<crate::service::ExpressionPart> {
    let object = inbound.objects.iter().find(|object| object.id == trace.object)?;
    let judged = explain::inbound_rules(&explainer.plan, object);
    let rule = judged.iter().find(|judged| judged.rule.id == trace.rule)?;
    explain::inbound_steps(&explainer.plan, &rule.rule, trace.attribute, object, explainer.now).map(|step| expression(&step))
}

/// What the flows give now; none when that cannot be told from the flows alone.
fn given(identity: &MvObject, attribute: AttributeId, flows: &[FlowTrace]) -> Option<Values> {
    let mut values = Values::new();
    let mut ignored = false;
    for flow in flows {
        match (&flow.result, flow.standing) {
            (Ok(FlowValue::Values(given)), Standing::Applied) => {
                values.extend(given.iter().filter(|value| !values.contains(value)).cloned().collect::<Values>());
            }
            (Ok(FlowValue::Ignore), _) => ignored = true,
            // The whole object fails.
            (Err(_), Standing::Applied | Standing::NotApplied) => return None,
            _ => {}
        }
    }
    // A flow that is ignored keeps what is there, when no other gives anything.
    if values.is_empty() && ignored { Some(Values::from(identity.image.get(attribute))) } else { Some(values) }
}

/// Rules that give the attribute to objects of connectors or types that are not joined here.
fn elsewhere(context: &QueryContext, inbound: &InboundFlows, metaverse_type: &str, attribute: &str) -> Vec<String> {
    let key = fold_text(attribute);
    let joined = |rule: &crate::rules::SyncRule| {
        inbound.objects.iter().any(|object| {
            object.connector == rule.connector
                && explain::type_of(object).is_some_and(|name| name.eq_ignore_ascii_case(&rule.connector_object_type))
        })
    };
    context
        .rules
        .iter()
        .filter(|rule| rule.direction == Direction::Inbound && rule.enabled)
        .filter(|rule| rule.metaverse_object_type == "*" || rule.metaverse_object_type.eq_ignore_ascii_case(metaverse_type))
        .filter(|rule| rule.flows.iter().any(|flow| fold_text(&flow.target) == key) && !joined(rule))
        .map(|rule| format!("{} ({} of {})", rule.name, rule.connector_object_type, context.connector_name(rule.connector)))
        .collect()
}

fn verdict(
    attribute: &str,
    stored: Option<&ContributionView>,
    pending: Option<&[String]>,
    flows: &[FlowView],
    undecided: bool,
) -> String {
    let winner = flows
        .iter()
        .find(|flow| matches!(flow.status, FlowStatus::Applied | FlowStatus::AppliedUnchanged | FlowStatus::AuthoritativeNull));
    let failing = flows.iter().find(|flow| flow.status == FlowStatus::Error);
    let by = |flow: &FlowView| format!("rule \"{}\" of precedence {} ({})", flow.rule, flow.precedence, flow.connector);
    let now = match (winner, failing) {
        _ if undecided => "precedence cannot decide between the rules that flow to it".to_owned(),
        (Some(flow), _) if flow.status == FlowStatus::AuthoritativeNull => {
            format!("{} says that it shall have no value", by(flow))
        }
        (Some(flow), _) if is_union(flow) => {
            format!("it is the union of what the rules give, best of them {}", by(flow))
        }
        (Some(flow), _) => format!("{} is the first that gives a value", by(flow)),
        (None, Some(flow)) => format!("{} fails: {}", by(flow), flow.reason),
        (None, None) if flows.is_empty() => "no rule for the joined objects flows to it".to_owned(),
        (None, None) => match flows.iter().find(|flow| matches!(flow.status, FlowStatus::Ignored | FlowStatus::ApplyOnce)) {
            Some(flow) => format!("no rule gives a value, and {} leaves what is there", by(flow)),
            None => "no rule in scope gives a value".to_owned(),
        },
    };
    let value = match stored {
        None => format!("{attribute} has no value"),
        Some(stored) if stored.count == 1 => {
            format!("{attribute} is \"{}\"", stored.values.first().map(String::as_str).unwrap_or_default())
        }
        Some(stored) => format!("{attribute} has {} values", stored.count),
    };
    let pending = match pending {
        None => String::new(),
        Some([]) => "; the next synchronization removes it".to_owned(),
        Some([only]) => format!("; the next synchronization makes it \"{only}\""),
        Some(several) => format!("; the next synchronization gives it {} values", several.len()),
    };
    format!("{value}: {now}{pending}.")
}

fn is_union(flow: &FlowView) -> bool {
    flow.merge_type.starts_with("Merge")
}
