//! Flows and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use syncline_expression::{Outcome, Step, StepResult, Value as ExpressionValue};

use super::{Explainer, MOST_VALUES};
use crate::model::{AttributeId, ConnectorId, CsId, Image, ObjectError, RuleId, fold_text};
use crate::rules::{Flow, MergeType, SyncRule};
use crate::service::{EngineError, ExpressionPart, FlowStatus, FlowView};
use crate::store::connector_space::CsObject;
use crate::sync::explain;
use crate::sync::{FlowTrace, FlowValue, OutboundFlow, Standing, TargetObject};
use crate::whatif::failing;

/// A flow before it is known what became of it.
struct Origin<'a> {
    rule: &'a SyncRule,
    flow: &'a Flow,
    attribute: &'a str,
    connector: String,
    dn: String,
}

impl Origin<'_> {
    fn view(&self, status: FlowStatus, values: Vec<String>, count: usize, reason: String) -> FlowView {
        let merge_type = match self.flow.merge {
            MergeType::Update => "Update",
            MergeType::Replace => "Replace",
            MergeType::Merge => "Merge",
            MergeType::MergeCaseInsensitive => "MergeCaseInsensitive",
        };
        FlowView {
            attribute: self.attribute.to_owned(),
            rule: self.rule.name.clone(),
            rule_id: self.rule.id,
            precedence: self.rule.precedence,
            connector: self.connector.clone(),
            dn: self.dn.clone(),
            flow_type: self.flow.source.label().to_owned(),
            source: self.flow.source.text().to_owned(),
            merge_type: merge_type.to_owned(),
            status,
            values,
            count: count as u64,
            reason,
            error: None,
            expression: None,
        }
    }
}

impl Explainer<'_> {
    fn origin<'b>(&'b self, rule: RuleId, attribute: AttributeId, connector: String, dn: String) -> Option<Origin<'b>> {
        let rule = self.context.rule(rule)?;
        let attribute = self.plan.name(attribute);
        let key = fold_text(attribute);
        let flow = rule.flows.iter().find(|flow| fold_text(&flow.target) == key)?;
        Some(Origin { rule, flow, attribute, connector, dn })
    }

    /// An inbound flow. `before` is the metaverse object as it stands, absent for a new one.
    pub(super) fn inbound_flow(
        &self,
        trace: &FlowTrace,
        before: Option<&Image>,
        objects: &BTreeMap<CsId, String>,
    ) -> Result<Option<FlowView>, EngineError> {
        let Some(connector) = self.context.rule(trace.rule).map(|rule| rule.connector) else { return Ok(None) };
        let dn = objects.get(&trace.object).cloned().unwrap_or_default();
        let Some(origin) = self.origin(trace.rule, trace.attribute, self.context.connector_name(connector), dn) else {
            return Ok(None);
        };
        let is_same = |values: &[crate::model::Value]| before.is_some_and(|before| before.same_values(trace.attribute, values));
        self.flow(&origin, &trace.result, trace.standing, before.is_some(), &is_same).map(Some)
    }

    fn flow(
        &self,
        origin: &Origin<'_>,
        result: &Result<FlowValue, Box<ObjectError>>,
        standing: Standing,
        exists: bool,
        is_same: &dyn Fn(&[crate::model::Value]) -> bool,
    ) -> Result<FlowView, EngineError> {
        let values = match result {
            Ok(FlowValue::Values(values)) => values.as_slice(),
            Ok(FlowValue::Null | FlowValue::AuthoritativeNull | FlowValue::Ignore) | Err(_) => &[],
        };
        let texts = self.texts(values)?;
        let union = origin.flow.merge.is_union();
        let (status, reason) = match (result, standing) {
            (Err(error), _) => (FlowStatus::Error, error.message.clone()),
            (Ok(FlowValue::Ignore), _) if origin.flow.apply_once && exists => (
                FlowStatus::ApplyOnce,
                "it applies only when the object is made; later it neither sets nor removes the value".to_owned(),
            ),
            (Ok(_), Standing::LostTo(winner)) => {
                let precedence = self.context.rule(winner).map_or(0, |rule| rule.precedence);
                let name = self.context.rule_name(winner);
                (FlowStatus::NotPrecedent, format!("rule \"{name}\" of precedence {precedence} decides"))
            }
            (Ok(FlowValue::Null), _) => (FlowStatus::NoValue, "it gives nothing, so the next rule is asked".to_owned()),
            (Ok(FlowValue::Ignore), _) => {
                (FlowStatus::Ignored, "it gives IgnoreThisFlow: as if there were no such flow".to_owned())
            }
            (Ok(FlowValue::AuthoritativeNull), _) => {
                (FlowStatus::AuthoritativeNull, "it gives AuthoritativeNull: no rule after it is asked".to_owned())
            }
            (Ok(FlowValue::Values(_)), _) if union => {
                (FlowStatus::Applied, "its values are part of the union of all rules".to_owned())
            }
            (Ok(FlowValue::Values(values)), _) => {
                let status = if is_same(values) { FlowStatus::AppliedUnchanged } else { FlowStatus::Applied };
                (status, "the first rule that gives a value".to_owned())
            }
        };
        let mut view = origin.view(status, texts, values.len(), reason);
        view.error = result.as_ref().err().map(|error| (**error).clone());
        Ok(view)
    }

    /// The outbound flows to one object, as a preview traced them; `staged` are the attributes that its export changes,
    /// as far as that is known.
    pub(super) fn target_flows(
        &self,
        connector: ConnectorId,
        object: &TargetObject,
        staged: Option<&BTreeSet<AttributeId>>,
    ) -> Result<Vec<FlowView>, EngineError> {
        let connector = self.context.connector_name(connector);
        let mut views = Vec::new();
        for OutboundFlow { attribute, rule, result, standing } in &object.flows {
            if let Some(origin) = self.origin(*rule, *attribute, connector.clone(), object.dn.clone()) {
                let unchanged = !object.action.creates() && staged.is_some_and(|staged| !staged.contains(attribute));
                views.push(self.flow(&origin, result, *standing, !object.action.creates(), &|_| unchanged)?);
            }
        }
        let key = |view: &FlowView| (fold_text(&view.attribute), view.precedence);
        views.sort_by_cached_key(key);
        Ok(views)
    }

    /// The flows to an attribute of rules that an object is out of scope of, or that are switched off.
    pub(super) fn silent_flows(&self, object: &CsObject, metaverse_type: &str, attribute: AttributeId) -> Vec<FlowView> {
        let Some(object_type) = explain::type_of(object) else { return Vec::new() };
        let judged = explain::inbound_rules(&self.plan, object);
        let key = fold_text(self.plan.name(attribute));
        let connector = self.context.connector_name(object.connector);
        let mut views = Vec::new();
        for rule in self.context.rules.iter().filter(|rule| self.concerns(rule, object, object_type, metaverse_type)) {
            let Some(flow) = rule.flows.iter().find(|flow| fold_text(&flow.target) == key) else { continue };
            let name = self.plan.name(attribute);
            let origin = Origin { rule, flow, attribute: name, connector: connector.clone(), dn: object.dn.clone() };
            let (status, reason) = match judged.iter().find(|judged| judged.rule.id == rule.id) {
                _ if !rule.enabled => (FlowStatus::Disabled, "the rule is switched off".to_owned()),
                None => (FlowStatus::Error, "the rule is faulty and left out; a run says why".to_owned()),
                Some(judged) => match explain::silence(object) {
                    Some(silence) => (FlowStatus::OutOfScope, super::silence_text(silence).to_owned()),
                    None if judged.in_scope() => continue,
                    None => (FlowStatus::OutOfScope, failing(judged)),
                },
            };
            views.push(origin.view(status, Vec::new(), 0, reason));
        }
        views
    }

    /// True when a rule is for objects like this one.
    fn concerns(&self, rule: &SyncRule, object: &CsObject, object_type: &str, metaverse_type: &str) -> bool {
        rule.direction == crate::rules::Direction::Inbound
            && rule.connector == object.connector
            && rule.connector_object_type.eq_ignore_ascii_case(object_type)
            && (rule.metaverse_object_type == "*" || rule.metaverse_object_type.eq_ignore_ascii_case(metaverse_type))
    }
}

/// An expression with what its parts gave, as text.
pub(super) fn expression(step: &Step) -> ExpressionPart {
    let result = |result: &StepResult| match result {
        StepResult::Constant(name) => (*name).to_owned(),
        StepResult::Error(error) => format!("error: {}", error.message),
        StepResult::Value(outcome) => outcome_text(outcome),
    };
    ExpressionPart {
        text: step.text.clone(),
        results: step.results.iter().map(result).collect(),
        parts: step.children.iter().map(expression).collect(),
    }
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Null => "NULL".to_owned(),
        Outcome::AuthoritativeNull => "AuthoritativeNull".to_owned(),
        Outcome::IgnoreThisFlow => "IgnoreThisFlow".to_owned(),
        Outcome::Single(value) => value_text(value),
        Outcome::Multi(values) => {
            let texts: Vec<String> = values.iter().take(MOST_VALUES).map(value_text).collect();
            format!("{{ {} }}", texts.join("; "))
        }
    }
}

fn value_text(value: &ExpressionValue) -> String {
    use base64::Engine as _;
    match value {
        ExpressionValue::Text(text) => format!("\"{text}\""),
        ExpressionValue::Number(number) => number.to_string(),
        ExpressionValue::Boolean(true) => "True".to_owned(),
        ExpressionValue::Boolean(false) => "False".to_owned(),
        ExpressionValue::Binary(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes),
        ExpressionValue::Reference(dn) => dn.clone(),
        ExpressionValue::DateTime(time) => time.to_string(),
    }
}
