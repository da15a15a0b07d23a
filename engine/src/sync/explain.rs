//! Why synchronization does what it does: rules judged clause by clause, join groups with what they find, flows
//! with what became of them.
//!
//! Everything here asks the functions that a synchronization itself uses, about one object at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use syncline_expression::Step;

use super::effects::{FlowTrace, OutboundFlow};
use super::facts::{FactReader, Facts, Halt, Question};
use super::inbound::{self, Contributor};
use super::join;
use super::loader::answer;
use super::outbound::trace_flows;
use super::step::RANDOM;
use super::values::{Ambience, FlowObject, FlowValue, ObjectParameters, flow_steps, flow_value};
use crate::model::{AttributeId, ConnectorId, CsId, Image, MvId, ObjectError, ObjectOperation, Value, Values};
use crate::rules::{CompiledFlow, CompiledJoin, CompiledRule, CompiledSource, Plan, ScopeOperator, ScopeSource, clause_holds};
use crate::store::StoreError;
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::metaverse::MvObject;

/// A clause of a scoping filter and what an object has to say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedClause {
    /// The clause as written.
    pub text: String,
    /// The attribute that it reads.
    pub attribute: AttributeId,
    /// It holds.
    pub holds: bool,
    /// The values found.
    pub found: Values,
}

/// A rule and what its scoping filter says of an object.
#[derive(Clone, Debug)]
pub struct JudgedRule {
    /// The rule.
    pub rule: Arc<CompiledRule>,
    /// The groups of its filter; the object is in scope when all clauses of one group hold, or there is none.
    pub groups: Vec<Vec<JudgedClause>>,
}

impl JudgedRule {
    fn new(rule: &Arc<CompiledRule>, source: ScopeSource<'_>) -> Self {
        let judge = |clause: &crate::rules::CompiledClause| JudgedClause {
            text: clause.text.clone(),
            attribute: clause.attribute,
            holds: clause_holds(clause, source),
            found: if clause.operator.asks_membership() {
                let member = clause.operator == ScopeOperator::IsNotMemberOf;
                smallvec::smallvec![Value::text(if member { "a member" } else { "not a member" })]
            } else {
                Values::from(source.image.get(clause.attribute))
            },
        };
        let groups = rule.scope.iter().map(|group| group.iter().map(judge).collect()).collect();
        Self { rule: Arc::clone(rule), groups }
    }

    /// The object is in scope.
    #[must_use]
    pub fn in_scope(&self) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| group.iter().all(|clause| clause.holds))
    }

    /// The first clause of each group that keeps the object out of scope; none when it is in scope.
    pub fn failing(&self) -> impl Iterator<Item = &JudgedClause> {
        let groups = if self.in_scope() { &[][..] } else { &self.groups };
        groups.iter().filter_map(|group| group.iter().find(|clause| !clause.holds))
    }
}

/// Why no inbound rule applies to an object, whatever the filters say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It is a name only: a parent or the target of a reference.
    Placeholder,
    /// Its deletion was imported.
    Deleted,
    /// No import has brought it; synchronization made it and its directory has yet to confirm it.
    NotImported,
}

/// Why no inbound rule applies to an object; none when the filters decide.
#[must_use]
pub fn silence(object: &CsObject) -> Option<Silence> {
    if object.imported_type().is_none() {
        Some(Silence::Placeholder)
    } else if object.pending_import.operation == ObjectOperation::Delete {
        Some(Silence::Deleted)
    } else if !object.was_imported() {
        Some(Silence::NotImported)
    } else {
        None
    }
}

/// The enabled inbound rules for an object's connector and type, best precedence first.
#[must_use]
pub fn inbound_rules(plan: &Plan, object: &CsObject) -> Vec<JudgedRule> {
    let (Some(connector), Some(object_type)) = (plan.connector(object.connector), object.imported_type()) else {
        return Vec::new();
    };
    let image = object.view(TowerView::Expected);
    let source = ScopeSource { image: &image, groups: &object.groups };
    connector.inbound_rules(object_type).iter().map(|rule| JudgedRule::new(rule, source)).collect()
}

/// The enabled outbound rules of a connector for a metaverse object, best precedence first.
#[must_use]
pub fn outbound_rules(plan: &Plan, connector: ConnectorId, metaverse_type: &str, source: ScopeSource<'_>) -> Vec<JudgedRule> {
    let Some(connector) = plan.connector(connector) else { return Vec::new() };
    connector.outbound_rules(metaverse_type).iter().map(|rule| JudgedRule::new(rule, source)).collect()
}

/// For each metaverse object, the groups that rules ask for and that its joined objects are members of; those without
/// any are left out.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn groups(connection: &Connection, plan: &Plan, ids: &[MvId]) -> Result<BTreeMap<MvId, Vec<String>>, StoreError> {
    if plan.member.is_none() {
        return Ok(BTreeMap::new());
    }
    let mut facts = Facts::default();
    let questions = ids.iter().flat_map(|id| [Question::Mv(*id), Question::Links(*id)]).collect();
    answer(connection, plan, &mut facts, &questions)?;
    let groups = |id: &MvId| {
        let links = facts.links.get(id)?;
        let objects = links.iter().filter_map(|(_, object)| facts.cs.get(object)?.as_deref());
        Some((*id, super::evaluate::groups_of(objects))).filter(|(_, groups)| !groups.is_empty())
    };
    Ok(ids.iter().filter_map(groups).collect())
}

/// The type that an object has once its pending import is synchronized.
#[must_use]
pub fn type_of(object: &CsObject) -> Option<&str> {
    object.imported_type()
}

/// A join group and what it finds for an object.
#[derive(Clone, Debug)]
pub struct JoinGroup {
    /// The rule whose criteria they are.
    pub rule: Arc<CompiledRule>,
    /// Its conditions.
    pub conditions: Vec<CompiledJoin>,
    /// The values searched, by condition.
    pub searched: Vec<Values>,
    /// The metaverse objects that satisfy all conditions; none when an earlier group decided.
    pub found: Option<Vec<MvId>>,
}

/// The join groups of the rules in scope, as a disconnector would try them; or why they cannot be tried.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn join_groups(
    connection: &Connection,
    plan: &Plan,
    object: &Arc<CsObject>,
) -> Result<Result<Vec<JoinGroup>, ObjectError>, StoreError> {
    let contributor = Contributor::new(plan, Arc::clone(object));
    let mut facts = Facts::default();
    let candidates = loop {
        let reader = FactReader::new(&facts);
        match join::candidates(&contributor, &reader) {
            Ok(candidates) => break candidates,
            Err(Halt::Error(error)) => return Ok(Err(*error)),
            Err(Halt::Missing) => {
                let missing = reader.missing();
                answer(connection, plan, &mut facts, &missing)?;
            }
        }
    };
    let Some(rule) = contributor.linking().find(|rule| !rule.join.is_empty()) else { return Ok(Ok(Vec::new())) };
    let mut candidates = candidates.into_iter();
    let group = |conditions: &Vec<CompiledJoin>| JoinGroup {
        rule: Arc::clone(rule),
        searched: conditions
            .iter()
            .map(|condition| Values::from(contributor.expected.get(condition.connector_attribute)))
            .collect(),
        conditions: conditions.clone(),
        found: candidates.next(),
    };
    Ok(Ok(rule.join.iter().map(group).collect()))
}

/// The inbound flows to one attribute of a metaverse object.
#[derive(Debug)]
pub struct InboundFlows {
    /// The joined objects in order of connector, then number.
    pub objects: Vec<Arc<CsObject>>,
    /// The flows of rules in scope, best precedence first.
    pub flows: Vec<FlowTrace>,
    /// Why precedence cannot decide between them.
    pub error: Option<ObjectError>,
}

/// The inbound flows of all joined objects to one attribute, evaluated now.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn inbound_flows(
    connection: &Connection,
    plan: &Plan,
    object: &MvObject,
    attribute: AttributeId,
    now: Timestamp,
) -> Result<InboundFlows, StoreError> {
    let objects = joined(connection, plan, object.id)?;
    let contributors: Vec<Contributor> = objects.iter().map(|object| Contributor::beside(plan, Arc::clone(object))).collect();
    let (flows, error) = inbound::flows_to(plan, &contributors, &object.object_type, attribute, ambience(now));
    Ok(InboundFlows { objects, flows, error })
}

/// The objects joined to a metaverse object, as a synchronization reads them.
fn joined(connection: &Connection, plan: &Plan, id: MvId) -> Result<Vec<Arc<CsObject>>, StoreError> {
    let mut facts = Facts::default();
    answer(connection, plan, &mut facts, &BTreeSet::from([Question::Mv(id), Question::Links(id)]))?;
    let links = facts.links.get(&id).cloned().unwrap_or_default();
    Ok(links.iter().filter_map(|(_, object)| facts.cs.get(object).cloned().flatten()).collect())
}

/// An object as a synchronization reads it, with the names behind the references that expressions read.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn source(connection: &Connection, plan: &Plan, id: CsId) -> Result<Option<Arc<CsObject>>, StoreError> {
    let mut facts = Facts::default();
    answer(connection, plan, &mut facts, &BTreeSet::from([Question::Cs(id)]))?;
    Ok(facts.cs.get(&id).cloned().flatten())
}

/// What every part of the expression of an inbound flow gives on an object; none when the flow has no expression.
#[must_use]
pub fn inbound_steps(
    plan: &Plan,
    rule: &CompiledRule,
    attribute: AttributeId,
    object: &CsObject,
    now: Timestamp,
) -> Option<Step> {
    let connector = plan.connector(object.connector)?;
    let expected = object.view(TowerView::Expected);
    let source = FlowObject::connector_space(object, &expected);
    let flow = expression_to(rule, attribute)?;
    flow_steps(flow, &source, &ObjectParameters::new(connector, Some(&object.dn)), ambience(now))
}

fn expression_to(rule: &CompiledRule, attribute: AttributeId) -> Option<&CompiledFlow> {
    rule.flows.iter().find(|flow| flow.target.id == attribute && matches!(flow.source, CompiledSource::Expression { .. }))
}

/// What every flow of an inbound rule gives on an object, whether or not the object is in its scope.
#[must_use]
pub fn inbound_values(
    plan: &Plan,
    rule: &CompiledRule,
    object: &CsObject,
    now: Timestamp,
) -> Vec<(AttributeId, Result<FlowValue, ObjectError>)> {
    let Some(connector) = plan.connector(object.connector) else { return Vec::new() };
    let expected = object.view(TowerView::Expected);
    let source = FlowObject::connector_space(object, &expected);
    let parameters = ObjectParameters::new(connector, Some(&object.dn));
    rule.flows.iter().map(|flow| (flow.target.id, flow_value(flow, &source, &parameters, ambience(now), plan))).collect()
}

/// What every flow of an outbound rule gives for a metaverse object, whether or not the object is in its scope.
#[must_use]
pub fn outbound_values(
    plan: &Plan,
    rule: &CompiledRule,
    image: &Image,
    now: Timestamp,
) -> Vec<(AttributeId, Result<FlowValue, ObjectError>)> {
    let Some(connector) = plan.connector(rule.connector) else { return Vec::new() };
    let (source, parameters) = (FlowObject::metaverse(image), ObjectParameters::new(connector, None));
    rule.flows.iter().map(|flow| (flow.target.id, flow_value(flow, &source, &parameters, ambience(now), plan))).collect()
}

/// The metaverse object and the object of one target that flows lead to.
#[derive(Clone, Copy, Debug)]
pub struct OutboundTarget<'a> {
    /// The target connector.
    pub connector: ConnectorId,
    /// Type of the object there.
    pub object_type: &'a str,
    /// Type of the metaverse object.
    pub metaverse_type: &'a str,
    /// Attributes of the metaverse object.
    pub image: &'a Image,
    /// The groups that rules ask for and that the joined objects are members of ([`groups`]).
    pub groups: &'a [String],
    /// The object there is being made.
    pub creating: bool,
}

/// Evaluates the outbound flows of the rules in scope to one object, by attribute, then precedence; to `only` these
/// attributes when they are given.
#[must_use]
pub fn outbound_flows(
    plan: &Plan,
    target: OutboundTarget<'_>,
    only: Option<&BTreeSet<AttributeId>>,
    now: Timestamp,
) -> Vec<OutboundFlow> {
    let Some(connector) = plan.connector(target.connector) else { return Vec::new() };
    let source = ScopeSource { image: target.image, groups: target.groups };
    let judged = outbound_rules(plan, target.connector, target.metaverse_type, source);
    let mut flows: Vec<(&CompiledRule, &CompiledFlow)> = judged
        .iter()
        .filter(|judged| judged.in_scope() && judged.rule.connector_type == target.object_type)
        .flat_map(|judged| judged.rule.flows.iter().map(|flow| (judged.rule.as_ref(), flow)))
        .filter(|(_, flow)| only.is_none_or(|only| only.contains(&flow.target.id)))
        .collect();
    flows.sort_by_key(|(rule, flow)| (flow.target.id, rule.precedence));
    trace_flows(plan, connector, target.image, &flows, target.creating, ambience(now))
}

fn ambience(now: Timestamp) -> Ambience<'static> {
    Ambience { now, random: &RANDOM }
}
