//! Inbound attribute flow: from all joined objects to the metaverse attributes (`engine.md` 4.4, 4.7).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effects::{FlowTrace, Standing};
use super::facts::{Attempt, Halt};
use super::values::{Ambience, FlowObject, FlowValue, ObjectParameters, flow_value};
use crate::model::sorted_set::sorted_set;
use crate::model::{
    AlgorithmStep, AttributeId, CsId, ErrorCode, Image, ObjectError, ObjectOperation, RuleId, SortedMap, Value, Values,
};
use crate::rules::{CompiledFlow, CompiledRule, LinkType, MergeType, Plan, ScopeSource, in_scope};
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::metaverse::Contribution;

/// A connector space object seen through its inbound rules. A clone shares everything.
#[derive(Clone, Debug)]
pub struct Contributor {
    /// The object.
    pub object: Arc<CsObject>,
    /// The object as its rules read it: itself, or as the last synchronization left it ([`CsObject::synchronized`]).
    pub seen: Arc<CsObject>,
    /// The expected view of what is seen.
    pub expected: Image,
    /// Inbound rules in scope, best precedence first.
    pub rules: Arc<[Arc<CompiledRule>]>,
}

impl Contributor {
    /// Looks at an object through the rules of the plan. An object whose deletion was imported, or
    /// that no import has brought yet, has no rules in scope (`engine.md` 4.4, `default-rules.md` C27).
    #[must_use]
    pub fn new(plan: &Plan, object: Arc<CsObject>) -> Self {
        Self::seen_as(plan, Arc::clone(&object), object)
    }

    /// Looks at an object that another one is synchronized beside: its pending import waits for its own
    /// synchronization. Otherwise a synchronization would leave something else depending on whom it visits.
    #[must_use]
    pub fn beside(plan: &Plan, object: Arc<CsObject>) -> Self {
        let seen = object.synchronized().map_or_else(|| Arc::clone(&object), Arc::new);
        Self::seen_as(plan, object, seen)
    }

    fn seen_as(plan: &Plan, object: Arc<CsObject>, seen: Arc<CsObject>) -> Self {
        let expected = seen.view(TowerView::Expected);
        let contributes = seen.was_imported() && seen.pending_import.operation != ObjectOperation::Delete;
        let rules = match (contributes, plan.connector(seen.connector), seen.imported_type()) {
            (true, Some(connector), Some(object_type)) => {
                let source = ScopeSource { image: &expected, groups: &seen.groups };
                connector.inbound_rules(object_type).iter().filter(|rule| in_scope(&rule.scope, source)).cloned().collect()
            }
            _ => Arc::from([]),
        };
        Self { object, seen, expected, rules }
    }

    /// Rules that make or hold links.
    pub fn linking(&self) -> impl Iterator<Item = &Arc<CompiledRule>> {
        self.rules.iter().filter(|rule| rule.is_linking())
    }

    /// True when a rule in scope keeps the metaverse object alive.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        self.holding().next().is_some()
    }

    /// The rules in scope that keep the metaverse object alive.
    pub fn holding(&self) -> impl Iterator<Item = &Arc<CompiledRule>> {
        self.rules.iter().filter(|rule| matches!(rule.link, LinkType::Provision | LinkType::StickyJoin))
    }
}

/// Ends an attempt for which a faulty rule would have to be decided.
///
/// # Errors
/// [`Halt::Error`] with the fault of the first such rule.
pub fn sound<'r>(rules: impl IntoIterator<Item = &'r Arc<CompiledRule>>) -> Attempt<()> {
    match rules.into_iter().find_map(|rule| rule.fault.as_deref()) {
        Some(fault) => Err(Halt::from(fault.clone())),
        None => Ok(()),
    }
}

/// The metaverse attributes that the joined objects give, with the contribution behind each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundResult {
    /// Attributes.
    pub image: Image,
    /// Contributions.
    pub lineage: SortedMap<AttributeId, Contribution>,
}

/// The metaverse object as it stands before the flow.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// Its type.
    pub object_type: &'a str,
    /// Its attributes.
    pub image: &'a Image,
    /// Their lineage.
    pub lineage: &'a SortedMap<AttributeId, Contribution>,
    /// It is being created.
    pub is_new: bool,
}

struct Candidate<'a> {
    contributor: &'a Contributor,
    rule: &'a CompiledRule,
    flow: &'a CompiledFlow,
}

/// Computes all metaverse attributes from the joined objects. With `traces`, tells what became of every flow, those
/// too that come after one that fails.
///
/// # Errors
/// [`ObjectError`] when a flow fails, naming rule and attribute.
pub fn flow(
    plan: &Plan,
    contributors: &[Contributor],
    before: Before<'_>,
    ambience: Ambience<'_>,
    mut traces: Option<&mut Vec<FlowTrace>>,
) -> Result<InboundResult, ObjectError> {
    let candidates = candidates(plan, contributors, before.object_type);
    let sources = sources(plan, contributors);
    let (mut result, mut failed) = (InboundResult::default(), None);
    result.image.reserve(candidates.len().min(64));
    result.lineage.reserve(candidates.len().min(64));
    for group in candidates.chunk_by(|a, b| a.flow.target.id == b.flow.target.id) {
        let Some(first) = group.first() else { continue };
        let attribute = first.flow.target.id;
        if let Some(traces) = traces.as_deref_mut() {
            trace_flows(plan, group, &sources, before.is_new, ambience, traces);
        }
        if let Err(error) = attribute_flow(plan, group, &sources, before, ambience, &mut result) {
            let error = error.at(AlgorithmStep::ImportFlow);
            let error = if error.detail.attribute.is_none() { error.attribute(plan.name(attribute)) } else { error };
            if traces.is_none() {
                return Err(error);
            }
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(result), Err)
}

/// What becomes of every flow to one attribute, and why precedence cannot decide between them, if it cannot.
#[must_use]
pub fn flows_to(
    plan: &Plan,
    contributors: &[Contributor],
    object_type: &str,
    attribute: AttributeId,
    ambience: Ambience<'_>,
) -> (Vec<FlowTrace>, Option<ObjectError>) {
    let mut candidates = candidates(plan, contributors, object_type);
    candidates.retain(|candidate| candidate.flow.target.id == attribute);
    let mut traces = Vec::new();
    trace_flows(plan, &candidates, &sources(plan, contributors), false, ambience, &mut traces);
    (traces, check_group(plan, &candidates).err())
}

/// The flows of the rules in scope, by target, then precedence.
fn candidates<'a>(plan: &Plan, contributors: &'a [Contributor], object_type: &str) -> Vec<Candidate<'a>> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let mut mixed = false;
    for contributor in contributors {
        let fits = |rule: &&CompiledRule| rule.metaverse_type == "*" || rule.metaverse_type == object_type;
        let rules: Vec<&CompiledRule> = contributor.rules.iter().map(Arc::as_ref).filter(fits).collect();
        let order = plan.flow_orders.of(&rules);
        mixed |= !candidates.is_empty() && !order.is_empty();
        candidates.extend(order.iter().filter_map(|place| {
            let rule = *rules.get(place.rule)?;
            Some(Candidate { contributor, rule, flow: rule.flows.get(place.flow)? })
        }));
    }
    if mixed {
        candidates
            .sort_by_key(|candidate| (candidate.flow.target.id, candidate.rule.precedence, candidate.contributor.object.id));
    }
    candidates
}

fn sources<'a>(plan: &'a Plan, contributors: &'a [Contributor]) -> BTreeMap<CsId, (FlowObject<'a>, ObjectParameters<'a>)> {
    contributors
        .iter()
        .filter_map(|contributor| {
            let connector = plan.connector(contributor.object.connector)?;
            Some((
                contributor.object.id,
                (
                    FlowObject::connector_space(&contributor.seen, &contributor.expected),
                    ObjectParameters::new(connector, Some(&contributor.seen.dn)),
                ),
            ))
        })
        .collect()
}

fn attribute_flow<'a>(
    plan: &Plan,
    group: &[Candidate<'a>],
    sources: &BTreeMap<CsId, (FlowObject<'a>, ObjectParameters<'a>)>,
    before: Before<'_>,
    ambience: Ambience<'_>,
    result: &mut InboundResult,
) -> Result<(), ObjectError> {
    check_group(plan, group)?;
    let Some(first) = group.first() else { return Ok(()) };
    let target = first.flow.target;
    let keep = |result: &mut InboundResult| {
        if let Some(contribution) = before.lineage.get(&target.id) {
            result.image.set(target.id, Values::from(before.image.get(target.id)));
            result.lineage.insert(target.id, *contribution);
        }
    };
    let (mut merged, mut merged_from, mut ignored) = (Values::new(), None, false);
    for candidate in group {
        if candidate.flow.apply_once && !before.is_new {
            ignored = true;
            continue;
        }
        let Some((object, parameters)) = sources.get(&candidate.contributor.object.id) else { continue };
        let value = flow_value(candidate.flow, object, parameters, ambience, plan)
            .map_err(|error| error.rule(candidate.rule.name.clone()))?;
        let values = match value {
            FlowValue::Null => continue,
            FlowValue::Ignore => {
                ignored = true;
                continue;
            }
            FlowValue::AuthoritativeNull if merged.is_empty() => return Ok(()),
            FlowValue::AuthoritativeNull => break,
            FlowValue::Values(values) => to_metaverse(values, &candidate.contributor.seen),
        };
        if values.is_empty() {
            continue;
        }
        let contribution = Contribution { object: candidate.contributor.object.id, rule: candidate.rule.id, time: ambience.now };
        if !candidate.flow.merge.is_union() {
            result.lineage.insert(target.id, contribution);
            result.image.set(target.id, values);
            return Ok(());
        }
        merge_into(&mut merged, values, candidate.flow.merge);
        merged_from.get_or_insert(contribution);
    }
    if merged.len() > 1 && !target.multi_valued {
        let rules: Vec<&str> = group.iter().map(|candidate| candidate.rule.name.as_str()).collect();
        let message = format!(
            "several values ({}) of rules {} cannot flow to single-valued {}; give the flows merge type Update",
            merged.len(),
            rules.join(", "),
            plan.name(target.id)
        );
        return Err(ObjectError::new(ErrorCode::MULTI_VALUES_TO_SINGLE, message));
    }
    match merged_from {
        Some(contribution) => {
            result.lineage.insert(target.id, contribution);
            result.image.set(target.id, merged);
        }
        None if ignored => keep(result),
        None => {}
    }
    Ok(())
}

/// Evaluates every flow to an attribute, those too that lose, and says what becomes of each.
fn trace_flows<'a>(
    plan: &Plan,
    group: &[Candidate<'a>],
    sources: &BTreeMap<CsId, (FlowObject<'a>, ObjectParameters<'a>)>,
    is_new: bool,
    ambience: Ambience<'_>,
    traces: &mut Vec<FlowTrace>,
) {
    let mut decided: Option<RuleId> = None;
    for candidate in group {
        let Some((object, parameters)) = sources.get(&candidate.contributor.object.id) else { continue };
        let result = if candidate.flow.apply_once && !is_new {
            Ok(FlowValue::Ignore)
        } else {
            match flow_value(candidate.flow, object, parameters, ambience, plan) {
                Ok(FlowValue::Values(values)) => match to_metaverse(values, &candidate.contributor.seen) {
                    values if values.is_empty() => Ok(FlowValue::Null),
                    values => Ok(FlowValue::Values(values)),
                },
                Ok(other) => Ok(other),
                Err(error) => Err(Box::new(error)),
            }
        };
        let standing = match (decided, &result) {
            (Some(rule), _) => Standing::LostTo(rule),
            (None, Ok(FlowValue::Null | FlowValue::Ignore) | Err(_)) => Standing::NotApplied,
            (None, Ok(FlowValue::AuthoritativeNull | FlowValue::Values(_))) => Standing::Applied,
        };
        let ends = match &result {
            Ok(FlowValue::Values(_)) => !candidate.flow.merge.is_union(),
            Ok(FlowValue::AuthoritativeNull) => true,
            Ok(FlowValue::Null | FlowValue::Ignore) | Err(_) => false,
        };
        if ends {
            decided.get_or_insert(candidate.rule.id);
        }
        traces.push(FlowTrace {
            attribute: candidate.flow.target.id,
            rule: candidate.rule.id,
            object: candidate.contributor.object.id,
            result,
            standing,
        });
    }
}

/// Refuses what precedence cannot decide: different merge types, or one rule from two objects.
fn check_group(plan: &Plan, group: &[Candidate<'_>]) -> Result<(), ObjectError> {
    let merges = |candidate: &Candidate<'_>| normal(candidate.flow.merge);
    if group.windows(2).any(|pair| matches!(pair, [a, b] if merges(a) != merges(b))) {
        let rules: Vec<&str> = group.iter().map(|candidate| candidate.rule.name.as_str()).collect();
        return Err(ObjectError::new(
            ErrorCode::INBOUND_FLOW_RULES_INVALID,
            format!("rules {} flow to one attribute with different merge types; give all of them the same", rules.join(", ")),
        ));
    }
    for pair in group.windows(2) {
        let [a, b] = pair else { continue };
        if a.rule.id == b.rule.id && a.contributor.object.id != b.contributor.object.id {
            let connector = plan.connector(a.rule.connector).map_or("", |connector| connector.name.as_str());
            return Err(ObjectError::new(
                ErrorCode::AMBIGUOUS_IMPORT_FLOW,
                format!(
                    "two objects of {connector} ({} and {}) are joined to this identity and rule {} cannot choose between them",
                    a.contributor.object.dn, b.contributor.object.dn, a.rule.name
                ),
            )
            .rule(a.rule.name.clone()));
        }
    }
    Ok(())
}

pub(super) fn normal(merge: MergeType) -> MergeType {
    match merge {
        MergeType::Update | MergeType::Replace => MergeType::Update,
        MergeType::Merge | MergeType::MergeCaseInsensitive => merge,
    }
}

/// Adds values to a union; the spelling that is there stays.
pub fn merge_into(merged: &mut Values, values: Values, merge: MergeType) {
    for value in values {
        let known = merged.iter().any(|have| match merge {
            MergeType::MergeCaseInsensitive => have.matches(&value),
            MergeType::Merge | MergeType::Update | MergeType::Replace => *have == value,
        });
        if !known {
            merged.push(value);
        }
    }
}

/// References point at connector space objects; in the metaverse they point at the metaverse objects
/// those are joined to. A target that is joined to nothing is left out (`engine.md` 4.7).
fn to_metaverse(values: Values, object: &CsObject) -> Values {
    if !values.iter().any(|value| matches!(value, Value::Reference(_))) {
        return values;
    }
    let joined = object.references.iter().filter_map(|reference| Some((reference.target.0, reference.target_mv?.0)));
    let joined = sorted_set(joined.collect());
    let (mut others, mut targets) = (Values::new(), Vec::with_capacity(values.len()));
    for value in values {
        match value {
            Value::Reference(target) => targets.push(target),
            other @ (Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_)) => others.push(other),
        }
    }
    // Both sides are sorted, and so is the result: the members of a large group are walked along once.
    let mut joined = joined.iter().peekable();
    let identities = sorted_set(targets).into_iter().filter_map(|target| {
        while joined.next_if(|(known, _)| *known < target).is_some() {}
        joined.peek().filter(|(known, _)| *known == target).map(|(_, mv)| *mv)
    });
    others.extend(sorted_set(identities.collect()).into_iter().map(Value::Reference));
    others
}
