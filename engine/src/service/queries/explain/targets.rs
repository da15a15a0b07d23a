//! What a preview tells of the metaverse object's end, of recalls, and of every target.

use std::collections::{BTreeMap, BTreeSet};

use super::preview::Prepared;
use super::{MOST_VALUES, scope_view};
use crate::model::{AttributeId, ConnectorId, CsId, Image, Value, fold_text};
use crate::rules::ScopeSource;
use crate::service::{
    AttributeTexts, EngineError, HolderView, MvDeletionView, RecallView, RuleScopeView, TargetObjectView, TargetPreview,
};
use crate::store::connector_space::{CsObject, TowerView};
use crate::store::metaverse::{Contribution, MvObject};
use crate::store::references::ReferenceLayer;
use crate::sync::explain::{self, groups};
use crate::sync::preview::Preview;
use crate::sync::{CsEffect, FlowValue, MvEffect, Standing, TargetObject, TargetTrace, Trace};
use crate::whatif::shown_value;

impl Prepared<'_> {
    /// Values of the metaverse object whose contributor loses them, by attribute.
    pub(super) fn recalls(&self, preview: &Preview) -> Result<Vec<RecallView>, EngineError> {
        let Some(MvEffect::Change { before, after }) = &preview.effects.metaverse else { return Ok(Vec::new()) };
        let Some(trace) = preview.effects.trace.as_deref() else { return Ok(Vec::new()) };
        let lost = |(attribute, old): (&AttributeId, &Contribution)| {
            let new = after.lineage.get(attribute);
            let same = new.is_some_and(|new| (new.object, new.rule) == (old.object, old.rule));
            (!same).then_some((*attribute, *old, new.copied()))
        };
        let lost: Vec<_> = before.lineage.iter().filter_map(lost).collect();
        let names = self.explainer.names(lost.iter().map(|(_, old, _)| old.object))?;
        let mut views = Vec::with_capacity(lost.len());
        for (attribute, old, new) in lost {
            views.push(self.recall(before, trace, (attribute, old, new), &names)?);
        }
        views.sort_by_cached_key(|view| fold_text(&view.attribute));
        Ok(views)
    }

    fn recall(
        &self,
        before: &MvObject,
        trace: &Trace,
        (attribute, old, new): (AttributeId, Contribution, Option<Contribution>),
        names: &BTreeMap<CsId, String>,
    ) -> Result<RecallView, EngineError> {
        let context = self.explainer.context;
        let name = |rule| context.rule_name(rule);
        let flow = trace.flows.iter().find(|flow| (flow.attribute, flow.object, flow.rule) == (attribute, old.object, old.rule));
        let reason = match flow.map(|flow| (&flow.result, flow.standing)) {
            None if !trace.flows.iter().any(|flow| flow.object == old.object) => {
                "no rule of the object applies any more, or it is no longer joined".to_owned()
            }
            None => format!("rule \"{}\" does not apply to the object any more", name(old.rule)),
            Some((Err(error), _)) => error.message.clone(),
            Some((Ok(_), Standing::LostTo(rule))) => format!("rule \"{}\" decides now", name(rule)),
            Some((Ok(FlowValue::Null), _)) => "the rule gives nothing any more".to_owned(),
            Some((Ok(FlowValue::Ignore), _)) => "the rule gives IgnoreThisFlow".to_owned(),
            Some((Ok(FlowValue::AuthoritativeNull), _)) => "the rule gives AuthoritativeNull".to_owned(),
            Some((Ok(FlowValue::Values(_)), _)) => "another rule of the union is named as its source now".to_owned(),
        };
        let values = before.image.get(attribute);
        let connector = context.rule(old.rule).map(|rule| context.connector_name(rule.connector)).unwrap_or_default();
        Ok(RecallView {
            attribute: self.explainer.plan.name(attribute).to_owned(),
            values: self.explainer.texts(values)?,
            count: values.len() as u64,
            rule: name(old.rule),
            connector,
            dn: names.get(&old.object).cloned().unwrap_or_default(),
            reason,
            successor: new.map(|new| name(new.rule)),
        })
    }

    /// Whether the metaverse object goes, and what keeps it.
    pub(super) fn deletion(&self, preview: &Preview) -> Result<MvDeletionView, EngineError> {
        let trace = preview.effects.trace.as_deref();
        let Some(holding) = trace.and_then(|trace| trace.holders.as_ref()) else {
            return Ok(MvDeletionView { reason: "no metaverse object is concerned".to_owned(), ..MvDeletionView::default() });
        };
        let names = self.explainer.names(holding.iter().map(|(object, _)| *object))?;
        let context = self.explainer.context;
        let holder = |(object, rule): &(CsId, crate::model::RuleId)| HolderView {
            rule: context.rule_name(*rule),
            connector: context.rule(*rule).map(|rule| context.connector_name(rule.connector)).unwrap_or_default(),
            dn: names.get(object).cloned().unwrap_or_default(),
        };
        let holders: Vec<HolderView> = holding.iter().map(holder).collect();
        let deleted = matches!(preview.effects.metaverse, Some(MvEffect::Delete(_)));
        let reason = match holders.first() {
            Some(first) => format!("rule \"{}\" keeps it, with {} in its scope", first.rule, first.dn),
            None => "no joined object is in scope of an inbound rule of link type Provision or StickyJoin".to_owned(),
        };
        Ok(MvDeletionView { deleted, reason, holders })
    }

    /// What happens in each target, by name of the connector.
    pub(super) fn targets(&self, preview: &Preview) -> Result<Vec<TargetPreview>, EngineError> {
        let Some(trace) = preview.effects.trace.as_deref() else { return Ok(Vec::new()) };
        let (metaverse_type, image): (&str, &Image) = match (&trace.metaverse, &self.identity) {
            (Some((metaverse_type, image)), _) => (metaverse_type, image),
            (None, Some(identity)) => (&identity.object_type, &identity.image),
            (None, None) => return Ok(Vec::new()),
        };
        let identity = preview.metaverse().map(|(id, _)| id).or(self.identity.as_ref().map(|identity| identity.id));
        let explainer = &self.explainer;
        let groups = match identity {
            Some(id) => groups(explainer.connection, &explainer.plan, &[id])?.remove(&id),
            None => None,
        };
        let groups: BTreeSet<String> = groups.into_iter().flatten().chain(self.object.groups.iter().cloned()).collect();
        let groups: Vec<String> = groups.into_iter().collect();
        let source = ScopeSource { image, groups: &groups };
        let mut views = Vec::new();
        for connector in explainer.plan.connectors.keys() {
            let decided = trace.targets.iter().find(|target| target.connector == *connector);
            let rules = explain::outbound_rules(&explainer.plan, *connector, metaverse_type, source);
            let scope: Vec<RuleScopeView> = rules.iter().map(scope_view).collect();
            if !scope.is_empty() || decided.is_some_and(|decided| !decided.objects.is_empty()) {
                views.push(self.target(*connector, scope, decided, preview)?);
            }
        }
        views.sort_by_cached_key(|view| fold_text(&view.connector));
        Ok(views)
    }

    fn target(
        &self,
        connector: ConnectorId,
        scope: Vec<RuleScopeView>,
        decided: Option<&TargetTrace>,
        preview: &Preview,
    ) -> Result<TargetPreview, EngineError> {
        let mut objects = Vec::new();
        for object in decided.into_iter().flat_map(|decided| &decided.objects) {
            objects.push(self.target_object(connector, object, preview)?);
        }
        let error = decided.and_then(|decided| decided.error.as_deref().cloned());
        let linking: Vec<&RuleScopeView> = scope.iter().filter(|rule| rule.linking).collect();
        let text = match decided {
            Some(_) if error.is_some() => "the rules fail here, so nothing happens to the object anywhere".to_owned(),
            None if preview.error.is_some() => "not evaluated: the object failed before".to_owned(),
            None => "not evaluated: the metaverse object does not change".to_owned(),
            Some(decided) if decided.waiting => "provisioning waits until a deletion is confirmed".to_owned(),
            Some(_) if !objects.is_empty() => {
                let count = objects.len();
                if count == 1 { "one object is concerned".to_owned() } else { format!("{count} objects are concerned") }
            }
            Some(_) => match linking.iter().find(|rule| rule.in_scope) {
                Some(rule) => format!("no object: rule \"{}\" finds none to join and makes none", rule.rule),
                None => match linking.first() {
                    Some(rule) => format!("no object: out of scope of rule \"{}\": {}", rule.rule, rule.failing),
                    None => "no object: no rule makes or finds one".to_owned(),
                },
            },
        };
        let name = self.explainer.context.connector_name(connector);
        Ok(TargetPreview { connector_id: connector, connector: name, scope, text, objects, error })
    }

    fn target_object(
        &self,
        connector: ConnectorId,
        object: &TargetObject,
        preview: &Preview,
    ) -> Result<TargetObjectView, EngineError> {
        let is_of = |effect: &&CsEffect| effect.after.connector == connector && (effect.after.guid == object.guid);
        let effect = preview.effects.objects.iter().find(is_of);
        let before = effect.and_then(|effect| effect.before.as_deref());
        let after = match before {
            Some(before) => preview.object(before.id).flatten(),
            None => preview.new_objects().find(|made| made.guid == object.guid),
        };
        let new_dn = after.as_ref().and_then(|after| {
            let staged = after.unapplied.dn.as_ref().unwrap_or(&after.dn);
            (*staged != object.dn).then(|| staged.clone())
        });
        Ok(TargetObjectView {
            guid: object.guid,
            dn: object.dn.clone(),
            new_dn,
            object_type: object.object_type.clone(),
            action: object.action,
            before: self.attributes(before)?,
            after: self.attributes(after.as_ref())?,
            flows: self.explainer.target_flows(connector, object, effect.map(staged_attributes).as_ref())?,
        })
    }

    /// What an object is expected to hold, references by name.
    fn attributes(&self, object: Option<&CsObject>) -> Result<Vec<AttributeTexts>, EngineError> {
        let Some(object) = object else { return Ok(Vec::new()) };
        let image = object.view(TowerView::Expected);
        let shown = |values: &[Value]| values.get(..MOST_VALUES.min(values.len())).unwrap_or_default().to_vec();
        let targets = image.iter().flat_map(|(_, values)| shown(values)).filter_map(|value| match value {
            Value::Reference(target) => Some(CsId(target)),
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
        });
        let targets: BTreeSet<CsId> = targets.collect();
        let names = if targets.is_empty() { BTreeMap::new() } else { self.explainer.names(targets)? };
        let text = |value: Value| match &value {
            Value::Reference(target) => names.get(&CsId(*target)).cloned().unwrap_or_else(|| shown_value(&value)),
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => shown_value(&value),
        };
        let mut texts: Vec<AttributeTexts> = image
            .iter()
            .map(|(attribute, values)| AttributeTexts {
                name: self.explainer.plan.name(attribute).to_owned(),
                values: shown(values).into_iter().map(text).collect(),
                count: values.len() as u64,
            })
            .collect();
        texts.sort_by_cached_key(|attribute| fold_text(&attribute.name));
        Ok(texts)
    }
}

/// The attributes that the export staged for an object changes.
fn staged_attributes(effect: &CsEffect) -> BTreeSet<AttributeId> {
    let plain = effect.after.unapplied.changes.iter().map(|(attribute, _)| *attribute);
    let references: BTreeSet<AttributeId> = match (&effect.staged_references, &effect.before) {
        (Some((adds, deletes)), _) => adds.keys().chain(deletes.keys()).copied().collect(),
        (None, Some(before)) => {
            let staged = before.references.iter().filter(|row| row.layer >= ReferenceLayer::UnappliedAdd);
            staged.map(|row| row.attribute).collect()
        }
        (None, None) => BTreeSet::new(),
    };
    plain.chain(references).collect()
}
