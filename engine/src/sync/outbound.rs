//! Outbound: from a metaverse object to its objects in one target connector space
//! (`engine.md` 4.5-4.6).

use std::cell::RefCell;
use std::sync::Arc;

use uuid::Uuid;

use super::effects::{CsEffect, OutboundFlow, ReferenceValues, Standing, TargetAction, TargetObject, TargetTrace};
use super::facts::{Attempt, FactReader, Halt};
use super::inbound::{Contributor, merge_into, normal, sound};
use super::join::holds;
use super::values::{Ambience, FlowObject, FlowValue, ObjectParameters, flow_value, match_keys};
use crate::connector::ContainerFilter;
use crate::model::sorted_set::{minus, sorted_set};
use crate::model::{
    AlgorithmStep, AttributeChange, AttributeId, CsId, DN_ATTRIBUTE, Delta, Deprovisioning, Dn, ErrorCode, Image, MvId,
    ObjectError, ObjectOperation, RuleId, Value, ValueType, Values,
};
use crate::rules::{
    CompiledFlow, CompiledRule, ConnectorPlan, Direction, LinkType, MergeType, PartitionPlan, Plan, ScopeSource, in_scope,
};
use crate::store::connector_space::{CsObject, EXPLICIT, LinkRule, NORMAL, TowerView};
use crate::store::references::ReferenceLayer;

/// What happens to one object of the target connector space.
#[derive(Debug)]
pub struct TargetOutcome {
    /// What is written.
    pub effect: CsEffect,
    /// Outbound counter.
    pub counter: Option<&'static str>,
    /// It was joined before and is not any more.
    pub unlinked: bool,
    /// It was not joined before and is now.
    pub linked: bool,
}

/// Everything about one target connector space.
#[derive(Debug)]
pub struct Targets {
    /// Outcomes in the order in which they were decided.
    pub outcomes: Vec<TargetOutcome>,
    /// Provisioning has to wait for a deletion to be confirmed.
    pub retry: bool,
}

/// The metaverse object and the target connector.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    /// Rules and schemas.
    pub plan: &'a Plan,
    /// The target connector.
    pub connector: &'a ConnectorPlan,
    /// Facts.
    pub facts: &'a FactReader<'a>,
    /// Time and randomness.
    pub ambience: Ambience<'a>,
    /// Type of the metaverse object.
    pub metaverse_type: &'a str,
    /// Its attributes after the inbound flow.
    pub image: &'a Image,
    /// The groups that rules ask for and that the joined objects are members of.
    pub groups: &'a [String],
    /// GUID for a new object.
    pub new_guid: Uuid,
    /// Where the reasons are noted for those who ask for them.
    pub trace: Option<&'a RefCell<TargetTrace>>,
}

/// A value wanted in the target.
enum Wanted {
    Values(Values),
    Null,
    /// These beside those that the object has.
    Merged(Values, MergeType),
    /// Only when the object is created; otherwise a staged value stays and everything else is let be.
    Once(Values),
}

impl Outbound<'_> {
    /// Decides for all objects of the connector space.
    ///
    /// # Errors
    /// [`Halt`] when facts are missing or an object cannot be provisioned.
    pub fn targets(&self, linked: &[&Contributor]) -> Attempt<Targets> {
        let source = ScopeSource { image: self.image, groups: self.groups };
        let rules: Vec<&Arc<CompiledRule>> =
            self.connector.outbound_rules(self.metaverse_type).iter().filter(|rule| in_scope(&rule.scope, source)).collect();
        sound(rules.iter().copied())?;
        let mut outcomes = Vec::new();
        let (mut present, mut released) = (Vec::new(), Vec::new());
        for &contributor in linked {
            let object = &contributor.object;
            let type_name = object.imported_type().unwrap_or("");
            let own: Vec<&CompiledRule> =
                rules.iter().filter(|rule| rule.connector_type == type_name).map(|rule| rule.as_ref()).collect();
            let held =
                object.link_rules.iter().any(|rule| rule.direction == Direction::Outbound && rule.action == LinkType::Provision);
            let provisions = own.iter().any(|rule| rule.link == LinkType::Provision);
            let joins = own.iter().any(|rule| rule.is_linking())
                || contributor.linking().next().is_some()
                || object.connector_state == EXPLICIT;
            if (held && !provisions) || (provisions && self.yields_its_name(object, &own)?) {
                released.push(contributor);
            } else if !own.is_empty() && joins {
                present.push(type_name.to_owned());
                outcomes.push(self.flow(CsEffect::keep(object), Some(contributor), &own, type_name, false)?);
            } else if joins {
                present.push(type_name.to_owned());
                self.note(|| traced(object, TargetAction::Withdraw));
                outcomes.push(withdraw(object, contributor, self.ambience));
            } else {
                self.note(|| traced(object, TargetAction::Disconnect));
                outcomes.push(unlink(object, self.ambience));
            }
        }
        let mut retry = false;
        let mut types: Vec<&str> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.is_linking()) {
            if !types.contains(&rule.connector_type.as_str()) && !present.contains(&rule.connector_type) {
                types.push(&rule.connector_type);
            }
        }
        for type_name in types {
            let own: Vec<&CompiledRule> =
                rules.iter().filter(|rule| rule.connector_type == type_name).map(|rule| rule.as_ref()).collect();
            match self.provision(type_name, &own, &outcomes, &mut released)? {
                Provisioned::Outcome(outcome) => outcomes.push(*outcome),
                Provisioned::Nothing => {}
                Provisioned::Later => retry = true,
            }
        }
        for contributor in released {
            self.note(|| traced(&contributor.object, deprovisioned(&contributor.object, self.connector.deprovisioning)));
            outcomes.push(deprovision(&contributor.object, self.connector.deprovisioning, self.ambience));
        }
        Ok(Targets { outcomes, retry })
    }

    /// Notes what happens to an object, for those who ask for reasons.
    fn note(&self, object: impl FnOnce() -> TargetObject) {
        if let Some(trace) = self.trace {
            trace.borrow_mut().objects.push(object());
        }
    }

    /// True for an object that no directory was told of when the rules now give it the name of another object: that
    /// one is joined if it can be, as if it had been there first, and this one goes.
    fn yields_its_name(&self, object: &CsObject, rules: &[&CompiledRule]) -> Attempt<bool> {
        if !object.is_unexported_add() {
            return Ok(false);
        }
        let Some(dn) = self.dn(rules)?.and_then(|text| Dn::parse(&text).ok()) else { return Ok(false) };
        if dn.key() == object.dn_key {
            return Ok(false);
        }
        Ok(self.facts.cs_by_dn(self.connector.id, dn.key())?.is_some_and(|holder| holder != object.id))
    }

    /// Finds or makes the object of a type that is missing.
    /// `made` has what was decided of the same identity's other objects.
    fn provision(
        &self,
        type_name: &str,
        rules: &[&CompiledRule],
        made: &[TargetOutcome],
        released: &mut Vec<&Contributor>,
    ) -> Attempt<Provisioned> {
        // Both questions are asked before either answer is needed, so that they are fetched together.
        let dn = self.dn(rules)?.map(|text| (Dn::parse(&text), text));
        let holder = match &dn {
            Some((Ok(dn), _)) => Some(self.facts.cs_by_dn(self.connector.id, dn.key())),
            Some((Err(_), _)) | None => None,
        };
        if let Some(object) = self.find_disconnector(type_name, rules)? {
            return self.take_over(&object, rules, type_name);
        }
        let Some(provisioning) = rules.iter().find(|rule| rule.link == LinkType::Provision) else {
            return Ok(Provisioned::Nothing);
        };
        let failed = |reason: String| {
            Halt::from(
                ObjectError::new(
                    ErrorCode::PROVISIONING_FAILED,
                    format!("rule {} could not create the object in {}: {reason}", provisioning.name, self.connector.name),
                )
                .at(AlgorithmStep::Provisioning)
                .rule(provisioning.name.clone()),
            )
        };
        let (dn, holder) = match (dn, holder) {
            (Some((Ok(dn), _)), Some(holder)) => (dn, holder?),
            (Some((Err(error), text)), _) => return Err(failed(format!("\"{text}\" is no distinguished name: {error}"))),
            _ => return Err(failed("the flow to dn gives no value".to_owned())),
        };
        let namesake = made.iter().find(|outcome| outcome.effect.before.is_none() && outcome.effect.after.dn_key == dn.key());
        if let Some(namesake) = namesake {
            let other = namesake.effect.after.imported_type().unwrap_or_default();
            return Err(failed(format!("\"{dn}\" is also the name that rules give to an object of type {other}")));
        }
        let Some(id) = holder else {
            self.check_filter(&dn, AlgorithmStep::Provisioning).map_err(|halt| named(halt, provisioning))?;
            let object = CsObject::new(self.new_guid, self.connector.id, &dn, self.ambience.now);
            let effect = CsEffect {
                before: None,
                after: Box::new(object),
                link: None,
                commit_import: false,
                remove: false,
                staged_references: None,
            };
            return self.flow(effect, None, rules, type_name, true).map(|outcome| Provisioned::Outcome(Box::new(outcome)));
        };
        let Some(object) = self.facts.cs(id)? else { return Ok(Provisioned::Later) };
        if object.pending_import.operation == ObjectOperation::Delete {
            // The directory has lost it; it is made anew as soon as this object is gone from the connector space.
            return Ok(Provisioned::Later);
        }
        let held_type = object.imported_type().map(str::to_owned);
        if let Some(place) = released.iter().position(|contributor| contributor.object.id == object.id) {
            if self.connector.deprovisioning != Deprovisioning::DeleteObject && !object.is_unexported_add() {
                return Err(failed(format!(
                    "\"{dn}\" stays the name of the object of type {}, which {} keeps as a disconnector; rename or delete it there",
                    held_type.unwrap_or_default(),
                    self.connector.name
                )));
            }
            released.remove(place);
            return self.retype(&object, rules, type_name).map(|outcome| Provisioned::Outcome(Box::new(outcome)));
        }
        match (object.mv, held_type.as_deref()) {
            (_, None) => self
                .flow(CsEffect::keep(&object), None, rules, type_name, true)
                .map(|outcome| Provisioned::Outcome(Box::new(outcome))),
            (None, Some(held)) if held == type_name && object.connector_state != 0 => Err(failed(format!(
                "\"{dn}\" is the name of an explicit disconnector, which no rule joins; make it a normal disconnector or join it by hand"
            ))),
            (None, Some(held)) if held == type_name => self.take_over(&object, rules, type_name),
            (None, Some(_)) if object.unapplied.operation == ObjectOperation::Delete => {
                self.retype(&object, rules, type_name).map(|outcome| Provisioned::Outcome(Box::new(outcome)))
            }
            (None, Some(_)) if object.is_being_deleted() => Ok(Provisioned::Later),
            (None, Some(held)) => Err(failed(format!("\"{dn}\" is already the name of an object of type {held}"))),
            (Some(_), Some(_)) => Err(failed(format!("\"{dn}\" is the name of an object that is joined to another identity"))),
        }
    }

    /// A disconnector that satisfies the join criteria of the linking rules, if exactly one does.
    fn find_disconnector(&self, type_name: &str, rules: &[&CompiledRule]) -> Attempt<Option<Arc<CsObject>>> {
        let Some(rule) = rules.iter().find(|rule| !rule.join.is_empty()) else { return Ok(None) };
        for group in &rule.join {
            let Some(first) = group.first() else { continue };
            let keys = match_keys(self.image, first.metaverse_attribute);
            if keys.is_empty() {
                continue;
            }
            let ids: Vec<CsId> =
                self.facts.cs_by_keys(self.connector.id, first.connector_attribute, &keys)?.into_iter().collect();
            let mut found = Vec::new();
            for object in self.facts.cs_all(&ids)? {
                if object.mv.is_some() || object.connector_state != 0 || object.imported_type() != Some(type_name) {
                    continue;
                }
                let contributor = Contributor::new(self.plan, Arc::clone(&object));
                let excluded = object.was_imported()
                    && self.connector.inbound_rules(type_name).iter().any(|rule| rule.is_linking())
                    && contributor.linking().next().is_none();
                if !excluded && group.iter().all(|condition| holds(condition, &contributor.expected, self.image)) {
                    found.push(object);
                }
            }
            if found.len() == 1 {
                return Ok(found.pop());
            }
        }
        Ok(None)
    }

    /// Joins a disconnector, unless its deletion is on its way to the directory.
    fn take_over(&self, object: &Arc<CsObject>, rules: &[&CompiledRule], type_name: &str) -> Attempt<Provisioned> {
        let leaving = [&object.unconfirmed, &object.escrowed].iter().any(|delta| delta.operation == ObjectOperation::Delete);
        if leaving || object.pending_import.operation == ObjectOperation::Delete {
            return Ok(Provisioned::Later);
        }
        let contributor = Contributor::new(self.plan, Arc::clone(object));
        let mut outcome = self.flow(CsEffect::keep(object), Some(&contributor), rules, type_name, false)?;
        outcome.linked = true;
        Ok(Provisioned::Outcome(Box::new(outcome)))
    }

    /// Gives an object that was to be deleted another type under the same name.
    fn retype(&self, object: &Arc<CsObject>, rules: &[&CompiledRule], type_name: &str) -> Attempt<TargetOutcome> {
        let mut effect = CsEffect::keep(object);
        effect.after.link_rules.clear();
        if object.is_unexported_add() {
            return self.flow(effect, None, rules, type_name, true);
        }
        effect.after.unapplied = Delta { operation: ObjectOperation::DeleteAdd, ..Delta::none() };
        self.flow(effect, None, rules, type_name, true)
    }

    /// The name that the rules give.
    fn dn(&self, rules: &[&CompiledRule]) -> Attempt<Option<String>> {
        let (object, parameters) = (FlowObject::metaverse(self.image), ObjectParameters::new(self.connector, None));
        for (rule, flow) in flows_to(rules, DN_ATTRIBUTE) {
            let value = flow_value(flow, &object, &parameters, self.ambience, self.plan)
                .map_err(|error| error.at(AlgorithmStep::Provisioning).rule(rule.name.clone()).attribute("dn"))?;
            if let FlowValue::Values(values) = value {
                return Ok(values.first().and_then(Value::as_text).map(str::to_owned));
            }
        }
        Ok(None)
    }

    /// Lets attributes flow to an object and computes what is to be exported.
    fn flow(
        &self,
        mut effect: CsEffect,
        contributor: Option<&Contributor>,
        rules: &[&CompiledRule],
        type_name: &str,
        creating: bool,
    ) -> Attempt<TargetOutcome> {
        let before = effect.before.clone();
        let fresh = creating || before.as_ref().is_some_and(|object| object.is_unexported_add());
        let delete_add = effect.after.unapplied.operation == ObjectOperation::DeleteAdd;
        self.note(|| {
            let action = match (creating, delete_add, &before) {
                (true, true, _) => TargetAction::Retype,
                (true, false, _) => TargetAction::Provision,
                (false, _, Some(object)) if object.mv.is_none() => TargetAction::Join,
                (false, _, _) => TargetAction::Flow,
            };
            let flows = trace_flows(self.plan, self.connector, self.image, &self.ordered(rules), creating, self.ambience);
            TargetObject { object_type: type_name.to_owned(), flows, ..traced(&effect.after, action) }
        });
        let wanted = self.wanted(rules, creating)?;
        let base = match &before {
            Some(object) if !fresh && !delete_add => object.view(TowerView::Escrowed),
            _ => Image::new(),
        };
        let staged_before = before.as_ref().map(|object| &object.unapplied);
        let mut delta = Delta {
            operation: match (fresh, delete_add) {
                (_, true) => ObjectOperation::DeleteAdd,
                (true, false) => ObjectOperation::Add,
                (false, false) => ObjectOperation::Update,
            },
            ..Delta::none()
        };
        let (mut adds, mut deletes) = (ReferenceValues::new(), ReferenceValues::new());
        delta.changes.reserve(if fresh { wanted.len() } else { 0 });
        for (attribute, (value_type, wish)) in wanted {
            let desired = match wish {
                Wanted::Values(values) => values,
                Wanted::Null => Values::new(),
                Wanted::Merged(values, merge) => {
                    let mut all = Values::from(base.get(attribute));
                    merge_into(&mut all, values, merge);
                    all
                }
                Wanted::Once(values) if creating => values,
                Wanted::Once(_) => {
                    if let (true, Some(kept)) = (fresh, staged_before.and_then(|staged| staged.changes.get(&attribute))) {
                        delta.changes.insert(attribute, kept.clone());
                    }
                    continue;
                }
            };
            if value_type == ValueType::Reference {
                stage_references(attribute, base.get(attribute), &desired, &mut adds, &mut deletes);
            } else if let Some(change) = AttributeChange::between(base.get(attribute), &desired) {
                delta.changes.insert(attribute, change);
            }
        }
        if creating || effect.after.object_type.is_none() {
            effect.after.object_type = Some(type_name.to_owned());
        }
        if !matches!(delta.operation, ObjectOperation::Update) {
            delta.object_type = Some(type_name.to_owned());
            delta.dn = Some(effect.after.dn.clone());
        }
        self.rename(&mut effect, &mut delta, rules, fresh)?;
        if delta.operation == ObjectOperation::Update
            && delta.changes.is_empty()
            && delta.dn.is_none()
            && adds.is_empty()
            && deletes.is_empty()
        {
            delta = Delta::none();
        }
        let same = before.as_ref().is_some_and(|object| {
            object.unapplied == delta
                && staged(object, ReferenceLayer::UnappliedAdd) == adds
                && staged(object, ReferenceLayer::UnappliedDelete) == deletes
        });
        let flows = !delta.changes.is_empty() || !adds.is_empty() || !deletes.is_empty();
        let counter = match (&before, creating, same) {
            (_, true, _) if delete_add && flows => "provisioned-delete-add-flow",
            (_, true, _) if delete_add => "provisioned-delete-add-no-flow",
            (_, true, _) if flows => "provisioned-add-flow",
            (_, true, _) => "provisioned-add-no-flow",
            (Some(_), false, true) => "connector-no-flow",
            (_, false, _) if delta.dn.is_some() && !fresh && flows => "provisioned-rename-flow",
            (_, false, _) if delta.dn.is_some() && !fresh => "provisioned-rename-no-flow",
            (_, false, _) => "connector-flow",
        };
        if !same {
            effect.after.unapplied = delta;
            effect.after.export_changed = Some(self.ambience.now);
            effect.staged_references = Some((adds, deletes));
        }
        effect.after.disconnected = None;
        effect.after.link_rules = link_rules(contributor, rules, &effect.after.link_rules, self.ambience);
        Ok(TargetOutcome { effect, counter: Some(counter), unlinked: false, linked: creating })
    }

    /// Follows a change of the name that the rules give.
    fn rename(&self, effect: &mut CsEffect, delta: &mut Delta, rules: &[&CompiledRule], fresh: bool) -> Attempt<()> {
        let Some(text) = self.dn(rules)? else { return Ok(()) };
        let step = |error: ObjectError| Halt::from(error.at(AlgorithmStep::ExportFlow).attribute("dn").value(&text));
        let dn = Dn::parse(&text).map_err(|error| {
            step(ObjectError::new(ErrorCode::PROVISIONING_FAILED, format!("\"{text}\" is no distinguished name: {error}")))
        })?;
        // A transient object keeps its name, under another key, until an import settles whose it is (engine.md 3.3c).
        let keeps_name = effect.after.transient && Dn::parse(&effect.after.dn).is_ok_and(|known| known.key() == dn.key());
        if keeps_name || dn.key() == effect.after.dn_key {
            return Ok(());
        }
        if fresh {
            let holder = self.facts.cs_by_dn(self.connector.id, dn.key())?;
            if holder.is_some_and(|holder| holder != effect.after.id) {
                return Err(step(ObjectError::new(
                    ErrorCode::PROVISIONING_FAILED,
                    format!("the rules now name the object \"{text}\", which another object of {} is named", self.connector.name),
                )));
            }
            dn.as_str().clone_into(&mut effect.after.dn);
            dn.key().clone_into(&mut effect.after.dn_key);
            delta.dn = Some(text);
            Ok(())
        } else if self.connector.can_rename {
            self.check_filter(&dn, AlgorithmStep::ExportFlow)?;
            delta.dn = Some(text);
            Ok(())
        } else {
            Err(step(ObjectError::new(
                ErrorCode::PROVISIONING_FAILED,
                format!(
                    "the rules now name the object \"{text}\", but {} cannot rename \"{}\"; the source anchor of an exported object must not change",
                    self.connector.name, effect.after.dn
                ),
            )))
        }
    }

    /// The flows of rules by target, then precedence.
    fn ordered<'r>(&self, rules: &[&'r CompiledRule]) -> Vec<(&'r CompiledRule, &'r CompiledFlow)> {
        let order = self.plan.flow_orders.of(rules);
        let flow = |place: &crate::rules::FlowPlace| {
            let rule: &'r CompiledRule = rules.get(place.rule)?;
            Some((rule, rule.flows.get(place.flow)?))
        };
        order.iter().filter_map(flow).collect()
    }

    /// What the rules want in the attributes that they manage, by attribute.
    fn wanted(&self, rules: &[&CompiledRule], creating: bool) -> Attempt<Vec<(AttributeId, (ValueType, Wanted))>> {
        let (object, parameters) = (FlowObject::metaverse(self.image), ObjectParameters::new(self.connector, None));
        let flows = self.ordered(rules);
        let mut wanted = Vec::new();
        for group in flows.chunk_by(|a, b| a.1.target.id == b.1.target.id) {
            let Some((_, first)) = group.first() else { continue };
            if first.target.id == DN_ATTRIBUTE {
                continue;
            }
            self.check_merges(group)?;
            let (mut managed, mut once, mut merged) = (false, false, Values::new());
            // A union is made with what the object has (`default-rules.md` 6.9), so a flow that gives nothing takes
            // nothing away; only AuthoritativeNull does.
            let mut union = None;
            for (rule, flow) in group {
                if flow.apply_once && !creating {
                    once = true;
                    continue;
                }
                let value = flow_value(flow, &object, &parameters, self.ambience, self.plan).map_err(|error| {
                    let error = error.at(AlgorithmStep::ExportFlow).rule(rule.name.clone());
                    if error.detail.attribute.is_none() { error.attribute(self.plan.name(flow.target.id)) } else { error }
                })?;
                match value {
                    FlowValue::Ignore => continue,
                    FlowValue::Null => {
                        managed = true;
                        union = union.or(flow.merge.is_union().then_some(flow.merge));
                        continue;
                    }
                    FlowValue::AuthoritativeNull => {
                        (managed, union) = (true, None);
                        break;
                    }
                    FlowValue::Values(values) => {
                        managed = true;
                        once |= flow.apply_once;
                        if flow.merge.is_union() {
                            union = union.or(Some(flow.merge));
                            merge_into(&mut merged, values, flow.merge);
                            continue;
                        }
                        (merged, union) = (values, None);
                        break;
                    }
                }
            }
            if union.is_some() && !first.target.multi_valued && !merged.is_empty() {
                if merged.len() > 1 {
                    let reason = "give values to it, which takes one only; give the flows merge type Update";
                    return Err(self.ambiguous(ErrorCode::AMBIGUOUS_EXPORT_FLOW, group, reason));
                }
                union = None;
            }
            let values = self.in_connector_space(merged, group)?;
            let wish = match (once, managed, union) {
                (true, _, _) => Wanted::Once(values),
                (false, true, Some(merge)) => Wanted::Merged(values, merge),
                (false, true, None) if values.is_empty() => Wanted::Null,
                (false, true, None) => Wanted::Values(values),
                (false, false, _) => continue,
            };
            wanted.push((first.target.id, (first.target.value_type, wish)));
        }
        Ok(wanted)
    }

    /// Refuses flows to one attribute whose merge types do not go together.
    fn check_merges(&self, group: &[(&CompiledRule, &CompiledFlow)]) -> Attempt<()> {
        let differ = |pair: &[(&CompiledRule, &CompiledFlow)]| matches!(pair, [a, b] if normal(a.1.merge) != normal(b.1.merge));
        if group.windows(2).any(differ) {
            let reason = "have different merge types; give all of them the same";
            return Err(self.ambiguous(ErrorCode::OUTBOUND_FLOW_RULES_INVALID, group, reason));
        }
        Ok(())
    }

    /// The error of flows to one attribute that do not lead to one value.
    fn ambiguous(&self, code: ErrorCode, group: &[(&CompiledRule, &CompiledFlow)], reason: &str) -> Halt {
        let rules: Vec<&str> = group.iter().map(|(rule, _)| rule.name.as_str()).collect();
        let attribute = group.first().map(|(_, flow)| self.plan.name(flow.target.id)).unwrap_or_default();
        let message = format!("the flows of {} to {attribute} {reason}", rules.join(", "));
        let error = ObjectError::new(code, message).at(AlgorithmStep::ExportFlow).attribute(attribute);
        Halt::from(match rules.as_slice() {
            [first, ..] => error.rule(*first),
            [] => error,
        })
    }

    /// Why an object of this name would be filtered out by the imports of the connector, if it would.
    fn filtered_out(&self, dn: &Dn) -> Option<String> {
        let partitions = &self.connector.partitions;
        if !partitions.iter().any(|partition| partition.dn.is_some()) {
            return None;
        }
        let holds = |partition: &&PartitionPlan| partition.dn.as_ref().is_some_and(|base| dn.is_under(base));
        let Some(partition) = partitions.iter().filter(holds).max_by_key(|partition| partition.dn.as_ref().map_or(0, Dn::depth))
        else {
            return Some(format!("lies in no partition that is selected in {}", self.connector.name));
        };
        let selected = ContainerFilter::new(&partition.include, &partition.exclude).selects(dn);
        (!selected).then(|| format!("lies in a container that imports of {} leave out", self.connector.name))
    }

    /// Refuses a name under which no import would ever show the object.
    fn check_filter(&self, dn: &Dn, step: AlgorithmStep) -> Attempt<()> {
        let Some(reason) = self.filtered_out(dn) else { return Ok(()) };
        let message =
            format!("\"{dn}\" {reason}: the object would be filtered out; select the container or change the flow to dn");
        let error = ObjectError::new(ErrorCode::CONNECTOR_FILTER_VIOLATION, message).at(step).attribute("dn");
        Err(Halt::from(error.value(dn.as_str())))
    }

    /// References to metaverse objects become references to their objects in this connector space. A
    /// target that has none is left out; it is added when it appears (`engine.md` 4.5-6).
    fn in_connector_space(&self, values: Values, group: &[(&CompiledRule, &CompiledFlow)]) -> Attempt<Values> {
        let targets: Vec<MvId> = values
            .iter()
            .filter_map(|value| match value {
                Value::Reference(id) => Some(MvId(*id)),
                Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
            })
            .collect();
        if targets.is_empty() {
            return Ok(values);
        }
        let links = self.facts.links_of_all(&targets)?;
        let mut resolved = Values::new();
        for links in links {
            let mut here = links.iter().filter(|(connector, _)| *connector == self.connector.id);
            match (here.next(), here.next()) {
                (None, _) => {}
                (Some((_, object)), None) => resolved.push(Value::Reference(object.0)),
                (Some(_), Some(_)) => {
                    let reason = format!("lead to an identity that has more than one object in {}", self.connector.name);
                    return Err(self.ambiguous(ErrorCode::AMBIGUOUS_REFERENCE, group, &reason));
                }
            }
        }
        Ok(resolved)
    }
}

/// An object as a trace tells it, without flows.
pub(super) fn traced(object: &CsObject, action: TargetAction) -> TargetObject {
    TargetObject {
        object: object.id,
        guid: object.guid,
        dn: object.dn.clone(),
        object_type: object.imported_type().unwrap_or_default().to_owned(),
        action,
        flows: Vec::new(),
    }
}

/// Evaluates every flow to an object, those too that lose, and says what becomes of each. `flows` stand by target, then
/// precedence.
pub(super) fn trace_flows(
    plan: &Plan,
    connector: &ConnectorPlan,
    image: &Image,
    flows: &[(&CompiledRule, &CompiledFlow)],
    creating: bool,
    ambience: Ambience<'_>,
) -> Vec<OutboundFlow> {
    let (object, parameters) = (FlowObject::metaverse(image), ObjectParameters::new(connector, None));
    let mut traced = Vec::with_capacity(flows.len());
    for group in flows.chunk_by(|a, b| a.1.target.id == b.1.target.id) {
        let mut decided: Option<RuleId> = None;
        for (rule, flow) in group {
            let result = if flow.apply_once && !creating {
                Ok(FlowValue::Ignore)
            } else {
                flow_value(flow, &object, &parameters, ambience, plan).map_err(Box::new)
            };
            // A name is the first that is given; nothing ends the search for one.
            let is_name = flow.target.id == DN_ATTRIBUTE;
            let (gives, ends) = match &result {
                Ok(FlowValue::Values(_)) => (true, is_name || !flow.merge.is_union()),
                Ok(FlowValue::AuthoritativeNull) => (!is_name, !is_name),
                Ok(FlowValue::Null | FlowValue::Ignore) | Err(_) => (false, false),
            };
            let standing = match decided {
                Some(rule) => Standing::LostTo(rule),
                None if gives => Standing::Applied,
                None => Standing::NotApplied,
            };
            if ends {
                decided.get_or_insert(rule.id);
            }
            traced.push(OutboundFlow { attribute: flow.target.id, rule: rule.id, result, standing });
        }
    }
    traced
}

/// Names the rule in an error that has none.
fn named(halt: Halt, rule: &CompiledRule) -> Halt {
    match halt {
        Halt::Error(error) if error.detail.rule.is_none() => Halt::from(error.rule(rule.name.clone())),
        Halt::Error(_) | Halt::Missing => halt,
    }
}

enum Provisioned {
    Outcome(Box<TargetOutcome>),
    Nothing,
    Later,
}

fn flows_to<'a>(rules: &[&'a CompiledRule], target: AttributeId) -> Vec<(&'a CompiledRule, &'a CompiledFlow)> {
    let mut flows: Vec<_> = rules
        .iter()
        .flat_map(|rule| rule.flows.iter().filter(|flow| flow.target.id == target).map(|flow| (*rule, flow)))
        .collect();
    flows.sort_by_key(|(rule, _)| rule.precedence);
    flows
}

fn stage_references(
    attribute: AttributeId,
    base: &[Value],
    desired: &[Value],
    adds: &mut ReferenceValues,
    deletes: &mut ReferenceValues,
) {
    let ids = |values: &[Value]| -> Vec<CsId> {
        let references = values.iter().filter_map(|value| match value {
            Value::Reference(id) => Some(CsId(*id)),
            Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
        });
        sorted_set(references.collect())
    };
    let (old, new) = (ids(base), ids(desired));
    let (come, go) = (minus(&new, &old), minus(&old, &new));
    if !come.is_empty() {
        adds.insert(attribute, come);
    }
    if !go.is_empty() {
        deletes.insert(attribute, go);
    }
}

/// The references of one layer of an object.
fn staged(object: &CsObject, layer: ReferenceLayer) -> ReferenceValues {
    let mut values = ReferenceValues::new();
    for reference in object.references.iter().filter(|reference| reference.layer == layer) {
        values.entry(reference.attribute).or_default().push(reference.target);
    }
    values
}

/// All rules that apply to the link now; those that applied before keep their time.
#[must_use]
pub fn link_rules(
    contributor: Option<&Contributor>,
    outbound: &[&CompiledRule],
    before: &[LinkRule],
    ambience: Ambience<'_>,
) -> Vec<LinkRule> {
    let inbound = contributor.map(|contributor| &*contributor.rules).unwrap_or_default();
    let mut rules: Vec<(i64, LinkRule)> = inbound
        .iter()
        .map(|rule| (rule.as_ref(), Direction::Inbound))
        .chain(outbound.iter().map(|rule| (*rule, Direction::Outbound)))
        .map(|(rule, direction)| {
            let known =
                before.iter().find(|known| known.rule == rule.id && known.direction == direction && known.action == rule.link);
            let applied = known.map_or(ambience.now, |known| known.applied);
            (rule.precedence, LinkRule { rule: rule.id, direction, action: rule.link, applied })
        })
        .collect();
    rules.sort_by_key(|(precedence, _)| *precedence);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// Nothing flows to the object any more; what was staged is withdrawn.
fn withdraw(object: &Arc<CsObject>, contributor: &Contributor, ambience: Ambience<'_>) -> TargetOutcome {
    let mut effect = CsEffect::keep(object);
    if !object.unapplied.is_none() {
        effect.after.unapplied = Delta::none();
        effect.staged_references = Some((ReferenceValues::new(), ReferenceValues::new()));
    }
    effect.after.disconnected = None;
    effect.after.link_rules = link_rules(Some(contributor), &[], &object.link_rules, ambience);
    TargetOutcome { effect, counter: None, unlinked: false, linked: false }
}

/// Takes the link away and leaves the object in the directory.
pub fn unlink(object: &Arc<CsObject>, ambience: Ambience<'_>) -> TargetOutcome {
    let mut effect = CsEffect::keep(object);
    effect.link = None;
    effect.after.link_rules.clear();
    effect.after.connector_state = NORMAL;
    effect.after.disconnected = Some(ambience.now);
    if object.is_unexported_add() {
        effect.remove = true;
    } else if !object.unapplied.is_none() {
        effect.after.unapplied = Delta::none();
        effect.staged_references = Some((ReferenceValues::new(), ReferenceValues::new()));
    }
    TargetOutcome { effect, counter: Some("provisioned-disconnect"), unlinked: true, linked: false }
}

/// What becomes of an object that nothing holds, in the words of a trace.
pub(super) fn deprovisioned(object: &CsObject, action: Deprovisioning) -> TargetAction {
    match action {
        _ if object.is_unexported_add() => TargetAction::Deprovision,
        Deprovisioning::DeleteObject => TargetAction::Deprovision,
        Deprovisioning::MakeNormalDisconnector => TargetAction::Disconnect,
        Deprovisioning::MakeExplicitDisconnector => TargetAction::DisconnectExplicitly,
    }
}

/// Takes the link away and does what the connector wants done with an object that nothing holds; one that was never
/// exported just goes.
pub fn deprovision(object: &Arc<CsObject>, action: Deprovisioning, ambience: Ambience<'_>) -> TargetOutcome {
    let mut outcome = unlink(object, ambience);
    if outcome.effect.remove || object.pending_import.operation == ObjectOperation::Delete {
        return outcome;
    }
    match action {
        Deprovisioning::DeleteObject => {
            outcome.effect.after.unapplied = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
            outcome.effect.after.export_changed = Some(ambience.now);
            outcome.effect.staged_references = Some((ReferenceValues::new(), ReferenceValues::new()));
        }
        Deprovisioning::MakeNormalDisconnector => {}
        Deprovisioning::MakeExplicitDisconnector => outcome.effect.after.connector_state = EXPLICIT,
    }
    outcome
}
