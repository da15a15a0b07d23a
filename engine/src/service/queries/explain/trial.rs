//! A rule that is not saved, tried on one object: its filter clause by clause, what its join rules find, what its flows
//! give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::super::QueryContext;
use super::{Explainer, MOST_VALUES, scope_view};
use crate::model::{AttributeId, CsId, ObjectError, RuleId, Value, fold_text};
use crate::rules::{CompiledRule, Direction, Plan, ScopeSource, SyncRule, compile};
use crate::service::{EngineError, FlowStatus, FlowView, RuleTrialView};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::{MvObject, load_one};
use crate::store::search::connector_space::id_by_guid as connector_space_id;
use crate::store::search::metaverse::id_by_guid as metaverse_id;
use crate::sync::explain::{self, JudgedRule};
use crate::sync::{FlowValue, plan_inputs, read_plan};
use crate::whatif::shown_value;

/// What flows give, by target.
type Results = Vec<(AttributeId, Result<FlowValue, ObjectError>)>;
/// Makes values readable.
type Texts<'a> = dyn Fn(&[Value]) -> Result<Vec<String>, EngineError> + 'a;

/// Tries a rule on a connector space object (inbound) or a metaverse object (outbound), as if it were switched on.
/// Nothing is written.
///
/// # Errors
/// [`EngineError::UnknownObject`], or [`EngineError::Invalid`] when the rule is not for objects of this type or cannot
/// work at all.
pub fn view(
    connection: &Connection,
    context: &QueryContext,
    now: Timestamp,
    rule: &SyncRule,
    object: Uuid,
) -> Result<RuleTrialView, EngineError> {
    // It is alone in its plan, so what the engine says is said of it.
    let rule = SyncRule { enabled: true, ..rule.clone() };
    let mut names = context.attributes.clone();
    let (plan, problems) = compile(std::slice::from_ref(&rule), plan_inputs(connection)?, &context.metaverse, &mut names);
    let explainer = Explainer { connection, context, plan, now };
    let unusable = || {
        let reason = problems.first().map(|problem| problem.message.clone());
        reason.map_or_else(|| EngineError::Invalid("the rule cannot be used".to_owned()), EngineError::Invalid)
    };
    if rule_of(&explainer.plan).is_none() {
        return Err(unusable());
    }
    match rule.direction {
        Direction::Inbound => explainer.try_inbound(&rule, object),
        Direction::Outbound => explainer.try_outbound(&rule, object),
    }
}

/// The only rule of the plan.
fn rule_of(plan: &Plan) -> Option<&Arc<CompiledRule>> {
    plan.connectors.values().flat_map(|connector| connector.inbound.values().chain(connector.outbound.values())).flatten().next()
}

fn wrong_type(rule: &SyncRule, found: &str) -> EngineError {
    let wanted = match rule.direction {
        Direction::Inbound => &rule.connector_object_type,
        Direction::Outbound => &rule.metaverse_object_type,
    };
    EngineError::Invalid(format!("the object is of type \"{found}\", the rule is for objects of type \"{wanted}\""))
}

impl Explainer<'_> {
    fn try_inbound(&self, rule: &SyncRule, object: Uuid) -> Result<RuleTrialView, EngineError> {
        let unknown = || EngineError::UnknownObject { space: "connector space", criterion: format!("GUID {object}") };
        let id: CsId = connector_space_id(self.connection, object)?.ok_or_else(unknown)?;
        let object = self.source(id)?.ok_or_else(unknown)?;
        let judged = explain::inbound_rules(&self.plan, &object);
        let Some(judged) = judged.first() else {
            return Err(match explain::silence(&object) {
                Some(silence) => {
                    EngineError::Invalid(format!("no rule applies to {}: {}", object.dn, super::silence_text(silence)))
                }
                None => wrong_type(rule, explain::type_of(&object).unwrap_or_default()),
            });
        };
        let results = explain::inbound_values(&self.plan, &judged.rule, &object, self.now);
        let (joins, join_note) = self.try_joins(judged, &object)?;
        let name = |target: i64| {
            let known = object.references.iter().find(|reference| reference.target.0 == target);
            known.and_then(|reference| reference.name.as_deref().map(str::to_owned)).unwrap_or_else(|| format!("object {target}"))
        };
        let text = |value: &Value| match value {
            Value::Reference(target) => name(*target),
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => shown_value(value),
        };
        let flows = self.tried_flows(rule, &results, &object.dn, &|values| Ok(values.iter().map(text).collect()))?;
        Ok(RuleTrialView { object: object.dn.clone(), scope: scope_view(judged), joins, join_note, flows })
    }

    /// The join groups, as a disconnector would try them; or why they cannot be tried yet.
    fn try_joins(
        &self,
        judged: &JudgedRule,
        object: &Arc<CsObject>,
    ) -> Result<(Vec<crate::service::JoinGroupView>, String), EngineError> {
        if judged.rule.join.is_empty() {
            return Ok((Vec::new(), "The rule has no join rules.".to_owned()));
        }
        if !judged.in_scope() {
            return Ok((Vec::new(), "The object is out of scope, so the join rules are not tried.".to_owned()));
        }
        // Only what saved rules join on is kept where it can be looked up.
        let (saved, _) = read_plan(self.connection)?;
        let kept: BTreeSet<&str> = saved.metaverse_keys.iter().map(|key| saved.name(*key)).collect();
        let wanted = judged.rule.join.iter().flatten().map(|condition| self.plan.name(condition.metaverse_attribute));
        if let Some(missing) = wanted.into_iter().find(|name| !kept.contains(name)) {
            let note = format!(
                "No saved rule joins on {missing}, so it cannot be looked up yet. What would it do? tells what the join rules find."
            );
            return Ok((Vec::new(), note));
        }
        match explain::join_groups(self.connection, &self.plan, object)? {
            Err(error) => Ok((Vec::new(), error.message)),
            Ok(groups) => {
                let views = groups.into_iter().map(|group| self.join_view(group, false)).collect::<Result<_, _>>()?;
                let joined = object.mv.is_some();
                let note = if joined { "The object is joined already; this is what the join rules find today." } else { "" };
                Ok((views, note.to_owned()))
            }
        }
    }

    fn try_outbound(&self, rule: &SyncRule, object: Uuid) -> Result<RuleTrialView, EngineError> {
        let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {object}") };
        let id = metaverse_id(self.connection, object)?.ok_or_else(unknown)?;
        let object: MvObject = load_one(self.connection, id)?.ok_or_else(unknown)?;
        let groups = explain::groups(self.connection, &self.plan, &[id])?;
        let groups = groups.get(&id).map_or(&[][..], Vec::as_slice);
        let source = ScopeSource { image: &object.image, groups };
        let judged = explain::outbound_rules(&self.plan, rule.connector, &object.object_type, source);
        let Some(judged) = judged.first() else { return Err(wrong_type(rule, &object.object_type)) };
        let results = explain::outbound_values(&self.plan, &judged.rule, &object.image, self.now);
        let name = self.identities([id])?.remove(&id).map(|name| name.display_name).unwrap_or_default();
        let flows = self.tried_flows(rule, &results, &name, &|values| self.texts(values))?;
        let join_note = if judged.rule.join.is_empty() {
            "The rule has no join rules."
        } else {
            "Join rules out of the metaverse are tried when an object would be made; What would it do? tells what they find."
        };
        Ok(RuleTrialView { object: name, scope: scope_view(judged), joins: Vec::new(), join_note: join_note.to_owned(), flows })
    }

    /// What the flows give, in the order in which the rule has them.
    fn tried_flows(
        &self,
        rule: &SyncRule,
        results: &Results,
        object: &str,
        texts: &Texts<'_>,
    ) -> Result<Vec<FlowView>, EngineError> {
        let by_target: BTreeMap<String, &Result<FlowValue, ObjectError>> =
            results.iter().map(|(target, result)| (fold_text(self.plan.name(*target)), result)).collect();
        let mut views = Vec::new();
        for flow in &rule.flows {
            let mut view = FlowView {
                attribute: flow.target.clone(),
                rule: rule.name.clone(),
                rule_id: RuleId(rule.id.0),
                precedence: rule.precedence,
                connector: self.context.connector_name(rule.connector),
                dn: object.to_owned(),
                flow_type: flow.source.label().to_owned(),
                source: flow.source.text().to_owned(),
                merge_type: flow.merge.label().to_owned(),
                status: FlowStatus::Applied,
                values: Vec::new(),
                count: 0,
                reason: String::new(),
                error: None,
                expression: None,
            };
            match by_target.get(&fold_text(&flow.target)) {
                None => {
                    view.status = FlowStatus::Disabled;
                    view.reason = "the rule lets nothing flow there".to_owned();
                }
                Some(Err(error)) => {
                    view.status = FlowStatus::Error;
                    view.reason.clone_from(&error.message);
                    view.error = Some(error.clone());
                }
                Some(Ok(FlowValue::Null)) => view.status = FlowStatus::NoValue,
                Some(Ok(FlowValue::Ignore)) => view.status = FlowStatus::Ignored,
                Some(Ok(FlowValue::AuthoritativeNull)) => view.status = FlowStatus::AuthoritativeNull,
                Some(Ok(FlowValue::Values(values))) => {
                    view.count = values.len() as u64;
                    view.values = texts(values.get(..MOST_VALUES.min(values.len())).unwrap_or_default())?;
                }
            }
            views.push(view);
        }
        Ok(views)
    }
}
