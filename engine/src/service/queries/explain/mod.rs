//! Explanations of one object: previews, "why", "why not". What a rule says is asked of the functions that a
//! synchronization uses; here it becomes sentences.

mod flows;
pub mod preview;
mod targets;
pub mod why;
pub mod why_not;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::QueryContext;
use crate::model::{ConnectorId, CsId, MvId, ObjectError, RuleId, Value};
use crate::rules::{CompiledJoin, Plan};
use crate::service::{ClauseView, EngineError, IdentityName, JoinConditionView, JoinGroupView, JoinStatus, RuleScopeView};
use crate::store::connector_space::CsObject;
use crate::store::search::connector_space as connector_spaces;
use crate::store::search::metaverse as search;
use crate::sync::explain::{self, JoinGroup, JudgedRule, Silence};
use crate::sync::read_plan;
use crate::whatif::{failing, few_values, shown_value};

/// Most candidates of a join group that are named.
const MOST_CANDIDATES: usize = 20;
/// Most values of a flow that are listed.
const MOST_VALUES: usize = 200;

/// What explanations need besides the object.
pub struct Explainer<'a> {
    connection: &'a Connection,
    context: &'a QueryContext,
    plan: Plan,
    now: Timestamp,
}

impl<'a> Explainer<'a> {
    /// Reads and compiles the rules; nothing is written.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn new(connection: &'a Connection, context: &'a QueryContext, now: Timestamp) -> Result<Self, EngineError> {
        let (plan, _) = read_plan(connection)?;
        Ok(Self { connection, context, plan, now })
    }

    /// An object as a synchronization reads it.
    fn source(&self, id: CsId) -> Result<Option<Arc<CsObject>>, EngineError> {
        Ok(explain::source(self.connection, &self.plan, id)?)
    }

    fn rule_names(&self) -> BTreeMap<RuleId, String> {
        self.context.rules.iter().map(|rule| (rule.id, rule.name.clone())).collect()
    }

    fn spaces(&self) -> BTreeMap<ConnectorId, String> {
        self.context.connectors.iter().map(|connector| (connector.id, connector.guid.to_string())).collect()
    }

    /// The inbound rules for an object's type, judged. None apply to an object that is silent.
    fn inbound_scope(&self, object: &CsObject) -> Vec<RuleScopeView> {
        explain::inbound_rules(&self.plan, object).iter().map(scope_view).collect()
    }

    /// The join groups of a disconnector; of a joined object none is evaluated.
    fn joins(&self, object: &Arc<CsObject>) -> Result<(Vec<JoinGroupView>, Option<ObjectError>), EngineError> {
        if explain::silence(object).is_some() {
            return Ok((Vec::new(), None));
        }
        match explain::join_groups(self.connection, &self.plan, object)? {
            Err(error) => Ok((Vec::new(), Some(error))),
            Ok(groups) => {
                let joined = object.mv.is_some();
                let views = groups.into_iter().map(|group| self.join_view(group, joined)).collect::<Result<_, _>>()?;
                Ok((views, None))
            }
        }
    }

    fn join_view(&self, group: JoinGroup, joined: bool) -> Result<JoinGroupView, EngineError> {
        let found = group.found.filter(|_| !joined);
        let status = match found.as_deref() {
            None => JoinStatus::NotEvaluated,
            Some([]) => JoinStatus::NoMatches,
            Some([_]) => JoinStatus::Matched,
            Some(_) => JoinStatus::MultipleMatches,
        };
        let found = found.unwrap_or_default();
        let names = self.identities(found.iter().take(MOST_CANDIDATES).copied())?;
        let condition = |(condition, searched): (&CompiledJoin, &crate::model::Values)| JoinConditionView {
            text: format!(
                "{} {} {}",
                self.plan.name(condition.connector_attribute),
                if condition.case_sensitive { "==" } else { "=" },
                self.plan.name(condition.metaverse_attribute)
            ),
            searched: few_values(searched),
        };
        Ok(JoinGroupView {
            rule: group.rule.name.clone(),
            conditions: group.conditions.iter().zip(&group.searched).map(condition).collect(),
            status,
            candidates: found.iter().filter_map(|id| names.get(id).cloned()).collect(),
            found: found.len() as u64,
        })
    }

    fn identities(&self, ids: impl IntoIterator<Item = MvId>) -> Result<BTreeMap<MvId, IdentityName>, EngineError> {
        let names = search::names(self.connection, ids)?;
        let view = |(id, (guid, name)): (MvId, (Uuid, String))| {
            let display_name = if name.is_empty() { guid.to_string() } else { name };
            (id, IdentityName { guid, display_name })
        };
        Ok(names.into_iter().map(view).collect())
    }

    /// Values in terms of the metaverse as text; references by display name.
    fn texts(&self, values: &[Value]) -> Result<Vec<String>, EngineError> {
        let values = values.get(..MOST_VALUES.min(values.len())).unwrap_or_default();
        let targets: BTreeSet<MvId> = values
            .iter()
            .filter_map(|value| match value {
                Value::Reference(target) => Some(MvId(*target)),
                Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
            })
            .collect();
        let names = if targets.is_empty() { BTreeMap::new() } else { self.identities(targets)? };
        let text = |value: &Value| match value {
            Value::Reference(target) => {
                names.get(&MvId(*target)).map_or_else(|| shown_value(value), |name| name.display_name.clone())
            }
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => shown_value(value),
        };
        Ok(values.iter().map(text).collect())
    }

    /// DNs of connector space objects.
    fn names(&self, ids: impl IntoIterator<Item = CsId>) -> Result<BTreeMap<CsId, String>, EngineError> {
        let names = connector_spaces::names(self.connection, ids)?;
        Ok(names.into_iter().map(|(id, name)| (id, name.dn)).collect())
    }
}

/// A judged rule as plain data.
fn scope_view(judged: &JudgedRule) -> RuleScopeView {
    let rule = &judged.rule;
    let clause = |clause: &explain::JudgedClause| ClauseView {
        text: clause.text.clone(),
        holds: clause.holds,
        found: few_values(&clause.found),
    };
    RuleScopeView {
        rule: rule.name.clone(),
        rule_id: rule.id,
        precedence: rule.precedence,
        link_type: rule.link.label().to_owned(),
        linking: rule.is_linking(),
        in_scope: judged.in_scope(),
        groups: judged.groups.iter().map(|group| group.iter().map(clause).collect()).collect(),
        failing: failing(judged),
    }
}

/// Why no inbound rule applies to an object, whatever the filters say.
fn silence_text(silence: Silence) -> &'static str {
    match silence {
        Silence::Placeholder => "it is a name only, a parent or the target of a reference, which no import has brought",
        Silence::Deleted => "its deletion was imported; the next synchronization removes it",
        Silence::NotImported => "synchronization made it, and no import has confirmed it yet",
    }
}

/// What becomes of the link of an object that is not joined, as a sentence.
fn remains_text(object: &CsObject, scope: &[RuleScopeView], joins: &[JoinGroupView]) -> String {
    if let Some(silence) = explain::silence(object) {
        return format!("stays a disconnector: {}", silence_text(silence));
    }
    if object.is_being_deleted() {
        return "stays a disconnector: its deletion is staged for export".to_owned();
    }
    let linking: Vec<&RuleScopeView> = scope.iter().filter(|rule| rule.linking).collect();
    let in_scope: Vec<&&RuleScopeView> = linking.iter().filter(|rule| rule.in_scope).collect();
    if scope.is_empty() {
        return "stays a disconnector: no inbound rule is for objects of its type".to_owned();
    }
    if in_scope.is_empty() {
        return match linking.first() {
            None => "stays a disconnector: no rule for its type makes or finds a metaverse object".to_owned(),
            Some(first) => format!("stays a disconnector: out of scope of rule \"{}\": {}", first.rule, first.failing),
        };
    }
    let several = joins.iter().find(|group| group.status == JoinStatus::MultipleMatches);
    let why = match several {
        Some(group) => format!("{} metaverse objects match, which counts as none", group.found),
        None if joins.is_empty() => "no rule in scope has join criteria".to_owned(),
        None => "no metaverse object matches".to_owned(),
    };
    if in_scope.iter().any(|rule| rule.link_type == "Provision") {
        return "stays a disconnector: it has no value in any attribute that it could be recognized by".to_owned();
    }
    format!("stays a disconnector: {why}, and no rule of link type Provision is in scope that would make one")
}
