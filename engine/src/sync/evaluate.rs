//! One object's synchronization as a pure function (`engine.md` 4.2, `design.md` 3).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::effects::{Counted, CsEffect, Effects, MvEffect, MvTarget, TargetAction, TargetTrace, Trace};
use super::facts::{Attempt, FactReader, Facts, Halt, Question};
use super::inbound::{Before, Contributor, InboundResult, flow, sound};
use super::join::{LinkDecision, candidates, decide};
use super::object_effects::{committed, has_failed, left, merge_effect, released};
use super::outbound::{Outbound, TargetOutcome, Targets, deprovisioned, traced, unlink};
use super::values::Ambience;
use crate::model::{AlgorithmStep, ConnectorId, CsId, ErrorCode, Image, MvId, ObjectError, ObjectOperation, RuleId, SortedMap};
use crate::rules::{Direction, LinkType, Plan};
use crate::store::connector_space::{CsObject, EXPLICIT, NORMAL};
use crate::store::metaverse::MvObject;

/// Rounds after which rules that keep undoing each other are cut (`engine.md` 4.5-7).
const PROVISIONING_ROUNDS: usize = 10;

/// What is synchronized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A connector space object.
    Object(CsId),
    /// A metaverse object whose references or provisioning wait.
    Metaverse(MvId),
}

impl Subject {
    /// The question whose answer is the subject itself.
    #[must_use]
    pub fn question(self) -> Question {
        match self {
            Self::Object(id) => Question::Cs(id),
            Self::Metaverse(id) => Question::Mv(id),
        }
    }
}

/// What an evaluation is asked and given besides facts.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationInput<'a> {
    /// Rules and schemas.
    pub plan: &'a Plan,
    /// Outbound rules are evaluated even when the metaverse object did not change.
    pub full: bool,
    /// Time and randomness.
    pub ambience: Ambience<'a>,
    /// GUIDs for a new metaverse object and for new connector space objects.
    pub guids: &'a [Uuid],
    /// Tells why ([`Effects::trace`]).
    pub traced: bool,
    /// What an administrator decides instead of the rules.
    pub by_hand: Option<ByHand>,
    /// The connector whose objects all leave: each is evaluated as one that its directory has lost, and nothing is
    /// wanted there any more.
    pub leaving: Option<ConnectorId>,
}

/// What an administrator decides for one object instead of the rules (`engine.md` 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// It is joined to this metaverse object, as an explicit connector: no rule takes the link away.
    Join(MvId),
    /// It loses its metaverse object; rules leave an explicit disconnector alone, a normal one they may join again.
    Disconnect {
        /// Explicit, not normal.
        explicit: bool,
    },
}

impl ByHand {
    /// Why it cannot be done to an object, whatever the rules are; a sentence goes on with it.
    #[must_use]
    pub fn refusal(self, object: &CsObject) -> Option<&'static str> {
        match self {
            Self::Join(_) if object.mv.is_some() => Some("is joined already; disconnect it first"),
            _ if object.is_placeholder() => Some("is a name only, which no import has brought"),
            Self::Join(_) if object.is_being_deleted() => Some("is on its way out of its directory"),
            Self::Join(_) | Self::Disconnect { .. } => None,
        }
    }
}

/// An attempt to evaluate.
#[derive(Debug)]
pub struct Evaluation {
    /// Effects, or why there are none.
    pub outcome: Attempt<Effects>,
    /// Facts that were read, as often as they were.
    pub read: Vec<Question>,
    /// Facts that were missing.
    pub missing: BTreeSet<Question>,
    /// How far it came before it failed, when that was asked for.
    pub trace: Option<Box<Trace>>,
    /// What the next attempt need not compute again.
    pub memo: Option<Memo>,
}

/// What an attempt that ended for want of a fact computed, and from what: facts that are known do not change between
/// attempts.
#[derive(Debug, Default)]
pub struct Memo {
    /// Objects seen through their rules.
    contributors: Vec<Contributor>,
    /// The inbound flow; most attempts end behind it.
    flowed: Option<Flowed>,
}

/// An inbound flow and what it was computed from.
#[derive(Debug)]
struct Flowed {
    contributors: Vec<Arc<CsObject>>,
    /// The metaverse object before; none for a new one.
    before: Option<Arc<MvObject>>,
    result: Arc<InboundResult>,
}

impl Flowed {
    fn holds(&self, identity: &Identity, contributors: &[Contributor]) -> bool {
        let before = match (identity, &self.before) {
            (Identity::Existing(object), Some(known)) => Arc::ptr_eq(object, known),
            // The attempts of a new object decide the same type from the same facts.
            (Identity::New(_), None) => true,
            (Identity::Existing(_), None) | (Identity::New(_), Some(_)) => false,
        };
        let same = |(contributor, known): (&Contributor, &Arc<CsObject>)| Arc::ptr_eq(&contributor.object, known);
        before && self.contributors.len() == contributors.len() && contributors.iter().zip(&self.contributors).all(same)
    }
}

/// Evaluates one subject against the facts; `memo` is that of the attempt before.
#[must_use]
pub fn evaluate(input: EvaluationInput<'_>, facts: &Facts, subject: Subject, memo: Option<Memo>) -> Evaluation {
    let reader = FactReader::new(facts);
    let evaluator = Evaluator { input, facts: &reader, trace: RefCell::default(), memo: RefCell::new(memo.unwrap_or_default()) };
    let mut outcome = match subject {
        Subject::Object(id) => evaluator.object(id),
        Subject::Metaverse(id) => evaluator.metaverse(id),
    };
    let memo = (outcome == Err(Halt::Missing)).then(|| evaluator.memo.take());
    let mut trace = input.traced.then(|| Box::new(evaluator.trace.into_inner()));
    if let Ok(effects) = &mut outcome {
        effects.trace = trace.take();
    }
    let missing = reader.missing();
    Evaluation { outcome, read: reader.into_read(), missing, trace, memo }
}

struct Evaluator<'a> {
    input: EvaluationInput<'a>,
    facts: &'a FactReader<'a>,
    trace: RefCell<Trace>,
    memo: RefCell<Memo>,
}

/// The metaverse object at the start of the evaluation.
enum Identity {
    Existing(Arc<MvObject>),
    New(String),
}

/// How the source object came to be linked; decides its counter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Linked,
    Joined,
    Projected,
    Disconnected,
    Deleted,
    Retyped,
    Retry,
}

impl Evaluator<'_> {
    fn object(&self, id: CsId) -> Attempt<Effects> {
        let Some(source) = self.facts.cs(id)? else { return Ok(Effects::default()) };
        if source.imported_type().is_none() {
            return Ok(Effects::default());
        }
        let deleted = source.pending_import.operation == ObjectOperation::Delete || self.leaves(&source);
        let retyped = source.pending_import.operation == ObjectOperation::DeleteAdd;
        let contributor = self.contributor(Arc::clone(&source), Contributor::new);
        self.note(|trace| trace.rules = contributor.rules.iter().map(|rule| rule.id).collect());
        sound(contributor.rules.iter())?;
        let Some(mv) = source.mv else {
            if deleted {
                let mut effect = CsEffect::keep(&source);
                effect.remove = true;
                return Ok(alone(effect, "disconnector-remains"));
            }
            if self.input.traced {
                let candidates = candidates(&contributor, self.facts)?;
                self.note(|trace| trace.candidates = candidates);
            }
            let decision = match self.input.by_hand {
                Some(ByHand::Join(mv)) => LinkDecision::Join(mv),
                Some(ByHand::Disconnect { explicit }) => {
                    let mut effect = CsEffect::keep(&source);
                    effect.after.connector_state = state_of(explicit);
                    return Ok(alone(effect, "disconnector-remains"));
                }
                None => decide(&contributor, self.facts)?,
            };
            self.note(|trace| trace.link = Some(decision.clone()));
            return match decision {
                LinkDecision::Remain(_) => Ok(alone(committed(&contributor, self.input.ambience), "disconnector-remains")),
                LinkDecision::Project(object_type) => {
                    self.settle(Identity::New(object_type), vec![contributor], id, Role::Projected)
                }
                LinkDecision::Join(mv) => {
                    let identity = self.existing(mv)?;
                    let mut contributors = self.joined_to(mv, Some(&source))?;
                    contributors.push(contributor);
                    self.settle(identity, contributors, id, Role::Joined)
                }
            };
        };
        let identity = self.existing(mv)?;
        let mut contributors = self.joined_to(mv, Some(&source))?;
        let role = if deleted {
            Role::Deleted
        } else if matches!(self.input.by_hand, Some(ByHand::Disconnect { .. })) {
            Role::Disconnected
        } else if self.stays(&contributor, mv, &identity)? {
            if retyped { Role::Retyped } else { Role::Linked }
        } else {
            Role::Disconnected
        };
        contributors.push(contributor);
        self.settle(identity, contributors, id, role)
    }

    /// The object goes with the connector space that it is in.
    fn leaves(&self, object: &CsObject) -> bool {
        self.input.leaving == Some(object.connector)
    }

    /// Remembers something for those who want to know why.
    fn note(&self, remember: impl FnOnce(&mut Trace)) {
        if self.input.traced {
            remember(&mut self.trace.borrow_mut());
        }
    }

    fn metaverse(&self, id: MvId) -> Attempt<Effects> {
        let Some(object) = self.facts.mv(id)? else { return Ok(Effects::default()) };
        let contributors = self.joined_to(id, None)?;
        self.settle(Identity::Existing(object), contributors, CsId(0), Role::Retry)
    }

    fn existing(&self, id: MvId) -> Attempt<Identity> {
        match self.facts.mv(id)? {
            Some(object) => Ok(Identity::Existing(object)),
            None => Err(Halt::from(ObjectError::new(
                ErrorCode::UNEXPECTED_ERROR,
                format!("the object is joined to metaverse object {id}, which does not exist; run a full synchronization"),
            ))),
        }
    }

    /// The objects joined to a metaverse object beside the one that is synchronized, if one is.
    ///
    /// Their pending imports wait for them, but for this: those of the same connector whose deletion is imported give
    /// nothing to an object that a delta visits too (`engine.md` 4.4), because their turn comes at the end of the step.
    fn joined_to(&self, mv: MvId, source: Option<&CsObject>) -> Attempt<Vec<Contributor>> {
        let links = self.facts.links(mv)?;
        let others = |id: &CsId| source.is_none_or(|source| source.id != *id);
        let ids: Vec<CsId> = links.iter().map(|(_, id)| *id).filter(others).collect();
        let clears = source.filter(|source| waits(source)).map(|source| source.connector);
        let look = |object: Arc<CsObject>| {
            let goes = object.pending_import.operation == ObjectOperation::Delete && Some(object.connector) == clears;
            self.contributor(object, if goes { Contributor::new } else { Contributor::beside })
        };
        let contributors: Vec<Contributor> = self.facts.cs_all(&ids)?.into_iter().map(look).collect();
        sound(contributors.iter().flat_map(|contributor| contributor.rules.iter()))?;
        Ok(contributors)
    }

    /// An object seen through its rules, worked out once for all attempts.
    fn contributor(&self, object: Arc<CsObject>, look: fn(&Plan, Arc<CsObject>) -> Contributor) -> Contributor {
        let known = &mut self.memo.borrow_mut().contributors;
        if let Some(found) = known.iter().find(|known| Arc::ptr_eq(&known.object, &object)) {
            return found.clone();
        }
        let contributor = look(self.input.plan, object);
        known.push(contributor.clone());
        contributor
    }

    /// True when the link of an object lasts (`engine.md` 4.2-4): a rule that holds it is in scope, an
    /// outbound rule holds it, or the rules in scope lead to the same metaverse object.
    fn stays(&self, contributor: &Contributor, mv: MvId, identity: &Identity) -> Attempt<bool> {
        if contributor.object.connector_state == EXPLICIT {
            return Ok(true);
        }
        let recorded = &contributor.object.link_rules;
        let same_type = |rule_type: &str| match identity {
            Identity::Existing(object) => rule_type == "*" || object.object_type == rule_type,
            Identity::New(object_type) => rule_type == object_type,
        };
        if recorded.iter().any(|rule| rule.direction == Direction::Outbound && rule.action == LinkType::Provision) {
            return Ok(true);
        }
        let holding = contributor
            .linking()
            .any(|rule| same_type(&rule.metaverse_type) && recorded.iter().any(|known| known.rule == rule.id));
        if holding {
            return Ok(true);
        }
        Ok(match decide(contributor, self.facts)? {
            LinkDecision::Join(found) => found == mv,
            // A rule that would only create anew keeps what is there: no identity is lost to a change of scope.
            LinkDecision::Project(object_type) => same_type(&object_type),
            LinkDecision::Remain(_) => recorded.iter().any(|rule| rule.direction == Direction::Outbound),
        })
    }

    /// Computes metaverse and targets until nothing changes any more.
    fn settle(&self, identity: Identity, mut contributors: Vec<Contributor>, source: CsId, role: Role) -> Attempt<Effects> {
        let link = match &identity {
            Identity::Existing(object) => MvTarget::Existing(object.id),
            Identity::New(_) => MvTarget::New,
        };
        let mut effects: BTreeMap<CsId, CsEffect> = BTreeMap::new();
        let mut new_objects: Vec<CsEffect> = Vec::new();
        let mut target_counters: Vec<(&'static str, ConnectorId, Option<CsId>)> = Vec::new();
        if let Some(place) = contributors.iter().position(|contributor| contributor.object.id == source) {
            if matches!(role, Role::Deleted | Role::Disconnected) {
                let contributor = contributors.remove(place);
                let mut effect = left(&contributor, role == Role::Deleted, self.input.ambience);
                if let Some(ByHand::Disconnect { explicit }) = self.input.by_hand {
                    effect.after.connector_state = state_of(explicit);
                    effect.remove |= contributor.object.is_unexported_add();
                }
                effects.insert(source, effect);
            } else if let Some(contributor) = contributors.get(place) {
                let mut effect = committed(contributor, self.input.ambience);
                effect.link = Some(link);
                effect.after.disconnected = None;
                if let Some(ByHand::Join(_)) = self.input.by_hand {
                    effect.after.connector_state = EXPLICIT;
                }
                effects.insert(source, effect);
            }
        }
        let (mut result, mut alive, mut retry) = (Arc::new(InboundResult::default()), false, false);
        for round in 0.. {
            if round == PROVISIONING_ROUNDS {
                return Err(Halt::from(
                    ObjectError::new(
                        ErrorCode::PROVISIONING_LIMIT,
                        format!("rules keep re-provisioning this object ({PROVISIONING_ROUNDS} rounds); look for an inbound rule of the target that undoes the scope of an outbound one"),
                    )
                    .at(AlgorithmStep::Provisioning),
                ));
            }
            alive = contributors.iter().any(Contributor::keeps_alive);
            self.note(|trace| trace.holders = Some(holders(&contributors)));
            if !alive {
                break;
            }
            result = self.remembered(&identity, &contributors)?;
            let outcomes = match self.outbound(&identity, &result.image, &contributors, source, role) {
                // No error of another directory keeps an object in a connector space that is given up: the metaverse
                // object waits, and is told with its error.
                Err(Halt::Error(_)) if role == Role::Deleted && self.input.leaving.is_some() => {
                    Targets { outcomes: Vec::new(), retry: true }
                }
                outcomes => outcomes?,
            };
            retry = outcomes.retry;
            let mut again = false;
            for outcome in outcomes.outcomes {
                again |= self.take(outcome, link, &mut contributors, &mut effects, &mut new_objects, &mut target_counters);
            }
            if !again {
                break;
            }
            // The next round decides anew for everything but what was just let go or taken in.
            new_objects.clear();
        }
        if !alive {
            new_objects.clear();
            self.note(|trace| trace.targets.iter_mut().for_each(|target| target.objects.retain(|object| object.action.leaves())));
            for contributor in &contributors {
                // One that leaves its connector space is left alone in its directory.
                let deprovisioning = self.input.plan.deprovisioning(contributor.object.connector);
                let outcome = if self.leaves(&contributor.object) {
                    TargetOutcome { counter: None, ..unlink(&contributor.object, self.input.ambience) }
                } else {
                    released(&contributor.object, deprovisioning, self.input.ambience)
                };
                let (mut target, goes) = (TargetTrace::new(contributor.object.connector), outcome.counter.is_some());
                let action = if goes { deprovisioned(&contributor.object, deprovisioning) } else { TargetAction::Disconnect };
                target.objects.push(traced(&contributor.object, action));
                self.note_target(target, &Ok(Targets { outcomes: Vec::new(), retry: false }));
                if let Some(counter) = outcome.counter {
                    target_counters.push((counter, contributor.object.connector, Some(contributor.object.id)));
                }
                merge_effect(&mut effects, outcome.effect, None);
            }
        }
        self.memo.borrow_mut().flowed = None;
        let result = Arc::unwrap_or_clone(result);
        let full = self.looks_in_full(contributors.iter().find(|contributor| contributor.object.id == source));
        let metaverse = self.metaverse_effect(&identity, result, alive, retry, full || role != Role::Linked);
        Ok(collect(identity, metaverse, effects, new_objects, source, role, target_counters, retry))
    }

    /// The inbound flow, computed once for all attempts.
    fn remembered(&self, identity: &Identity, contributors: &[Contributor]) -> Attempt<Arc<InboundResult>> {
        // Who wants to know why is told by every attempt.
        let remembers = |flowed: &&Flowed| !self.input.traced && flowed.holds(identity, contributors);
        if let Some(flowed) = self.memo.borrow().flowed.as_ref().filter(remembers) {
            return Ok(Arc::clone(&flowed.result));
        }
        let result = Arc::new(self.inbound(identity, contributors)?);
        let before = match identity {
            Identity::Existing(object) => Some(Arc::clone(object)),
            Identity::New(_) => None,
        };
        let contributors = contributors.iter().map(|contributor| Arc::clone(&contributor.object)).collect();
        self.memo.borrow_mut().flowed = Some(Flowed { contributors, before, result: Arc::clone(&result) });
        Ok(result)
    }

    fn inbound(&self, identity: &Identity, contributors: &[Contributor]) -> Attempt<InboundResult> {
        let (empty_image, empty_lineage) = (Image::new(), SortedMap::new());
        let before = match identity {
            Identity::Existing(object) => {
                Before { object_type: &object.object_type, image: &object.image, lineage: &object.lineage, is_new: false }
            }
            Identity::New(object_type) => Before { object_type, image: &empty_image, lineage: &empty_lineage, is_new: true },
        };
        let mut flows = Vec::new();
        let traces = self.input.traced.then_some(&mut flows);
        let result = flow(self.input.plan, contributors, before, self.input.ambience, traces);
        self.note(|trace| trace.flows = flows);
        let mut result = result?;
        self.note(|trace| trace.metaverse = Some((before.object_type.to_owned(), result.image.clone())));
        for (attribute, contribution) in result.lineage.iter_mut() {
            if let Some(known) = before.lineage.get(attribute)
                && (known.object, known.rule) == (contribution.object, contribution.rule)
                && before.image.same_values(*attribute, result.image.get(*attribute))
            {
                *contribution = *known;
            }
        }
        Ok(result)
    }

    /// All targets, or only the source's own connector when nothing changed.
    fn outbound(
        &self,
        identity: &Identity,
        image: &Image,
        contributors: &[Contributor],
        source: CsId,
        role: Role,
    ) -> Attempt<Targets> {
        let (metaverse_type, changed) = match identity {
            Identity::New(object_type) => (object_type.as_str(), true),
            Identity::Existing(object) => (
                object.object_type.as_str(),
                !same_image(&object.image, image) || object.reference_retry || object.provisioning_retry,
            ),
        };
        let subject = contributors.iter().find(|contributor| contributor.object.id == source);
        let everything = self.looks_in_full(subject) || changed || role != Role::Linked;
        let own = subject.map(|contributor| contributor.object.connector);
        let groups = groups_of(contributors.iter().map(|contributor| contributor.object.as_ref()));
        // What an administrator takes apart is not put together again in the same breath.
        let apart = match self.input.by_hand {
            Some(ByHand::Disconnect { .. }) => self.facts.cs(source)?.map(|object| object.connector),
            Some(ByHand::Join(_)) | None => None,
        };
        // What was let go in an earlier round is gone; everything else is decided anew.
        self.note(|trace| {
            for target in &mut trace.targets {
                target.objects.retain(|object| object.action.leaves());
            }
        });
        let mut all = Targets { outcomes: Vec::new(), retry: false };
        for (place, connector) in self.input.plan.connectors.values().enumerate() {
            if [apart, self.input.leaving].contains(&Some(connector.id)) || (!everything && Some(connector.id) != own) {
                continue;
            }
            let linked: Vec<&Contributor> =
                contributors.iter().filter(|contributor| contributor.object.connector == connector.id).collect();
            if connector.outbound_rules(metaverse_type).is_empty()
                && linked.iter().all(|contributor| !was_sent(&contributor.object))
            {
                continue;
            }
            let noted = self.input.traced.then(|| RefCell::new(TargetTrace::new(connector.id)));
            let outbound = Outbound {
                plan: self.input.plan,
                connector,
                facts: self.facts,
                ambience: self.input.ambience,
                metaverse_type,
                image,
                groups: &groups,
                new_guid: self.input.guids.get(place + 1).copied().unwrap_or_default(),
                trace: noted.as_ref(),
            };
            let targets = outbound.targets(&linked);
            if let Some(noted) = noted {
                self.note_target(noted.into_inner(), &targets);
            }
            let targets = targets?;
            all.outcomes.extend(targets.outcomes);
            all.retry |= targets.retry;
        }
        Ok(all)
    }

    /// Notes what the rules of one connector decided.
    fn note_target(&self, mut decided: TargetTrace, outcome: &Attempt<Targets>) {
        match outcome {
            Ok(targets) => decided.waiting = targets.retry,
            Err(Halt::Error(error)) => decided.error = Some(error.clone()),
            Err(Halt::Missing) => return,
        }
        self.note(|trace| match trace.targets.iter_mut().find(|known| known.connector == decided.connector) {
            Some(known) => {
                known.objects.append(&mut decided.objects);
                (known.waiting, known.error) = (decided.waiting, decided.error);
            }
            None => trace.targets.push(decided),
        });
    }

    /// The step looks at everything, or the object that is synchronized must be looked at so. One that failed must: the
    /// failure may lie in a target that nothing else asks for.
    fn looks_in_full(&self, subject: Option<&Contributor>) -> bool {
        self.input.full || subject.is_some_and(|subject| subject.object.needs_full || has_failed(&subject.object))
    }

    /// Takes an outcome in; true when it changes who contributes.
    fn take(
        &self,
        outcome: TargetOutcome,
        link: MvTarget,
        contributors: &mut Vec<Contributor>,
        effects: &mut BTreeMap<CsId, CsEffect>,
        new_objects: &mut Vec<CsEffect>,
        counters: &mut Vec<(&'static str, ConnectorId, Option<CsId>)>,
    ) -> bool {
        let TargetOutcome { mut effect, counter, unlinked, linked } = outcome;
        if !unlinked {
            effect.link = Some(link);
        }
        let id = effect.before.as_ref().map(|object| object.id);
        if let Some(counter) = counter
            && !(counters.iter().any(|(known, _, of)| *known == counter && id.is_some() && *of == id))
        {
            counters.push((counter, effect.after.connector, id));
        }
        let mut again = false;
        if let (true, Some(id)) = (unlinked, id)
            && let Some(place) = contributors.iter().position(|contributor| contributor.object.id == id)
        {
            again = !contributors.remove(place).rules.is_empty();
        }
        if let (true, Some(before)) = (linked, effect.before.clone())
            && !contributors.iter().any(|contributor| contributor.object.id == before.id)
        {
            let contributor = self.contributor(before, Contributor::beside);
            again |= !contributor.rules.is_empty();
            contributors.push(contributor);
        }
        match id {
            Some(_) => merge_effect(effects, effect, Some(link)),
            None => {
                counters.retain(|(known, connector, of)| {
                    of.is_some() || *connector != effect.after.connector || Some(*known) != counter
                });
                if let Some(counter) = counter {
                    counters.push((counter, effect.after.connector, None));
                }
                new_objects
                    .retain(|known| known.after.connector != effect.after.connector || known.after.dn_key != effect.after.dn_key);
                new_objects.push(effect);
            }
        }
        again
    }

    fn metaverse_effect(
        &self,
        identity: &Identity,
        result: InboundResult,
        alive: bool,
        retry: bool,
        thorough: bool,
    ) -> Option<MvEffect> {
        match identity {
            Identity::Existing(before) if !alive => Some(MvEffect::Delete(Arc::clone(before))),
            Identity::New(_) if !alive => None,
            Identity::New(object_type) => Some(MvEffect::Create(Box::new(MvObject {
                id: MvId(0),
                guid: self.input.guids.first().copied().unwrap_or_default(),
                object_type: object_type.clone(),
                image: result.image,
                lineage: result.lineage,
                reference_retry: false,
                provisioning_retry: retry,
                created: self.input.ambience.now,
                changed: self.input.ambience.now,
            }))),
            Identity::Existing(before) => {
                let evaluated = thorough || before.reference_retry || before.provisioning_retry;
                let changed = !same_image(&before.image, &result.image) || before.lineage != result.lineage;
                let flags =
                    (before.reference_retry && !evaluated, if evaluated || changed { retry } else { before.provisioning_retry });
                if !changed && flags == (before.reference_retry, before.provisioning_retry) {
                    return None;
                }
                let mut after = (**before).clone();
                after.image = result.image;
                after.lineage = result.lineage;
                (after.reference_retry, after.provisioning_retry) = flags;
                if changed {
                    after.changed = self.input.ambience.now;
                }
                Some(MvEffect::Change { before: Arc::clone(before), after: Box::new(after) })
            }
        }
    }
}

/// True for objects that a delta synchronization visits (`engine.md` 4.1).
fn waits(object: &CsObject) -> bool {
    let flagged = object.needs_full || object.rename_retry || object.reference_retry;
    flagged || !object.pending_import.is_none() || object.mv.is_none() || object.import_error.is_some()
}

/// The groups that rules ask for and that any of these objects is a member of.
pub(super) fn groups_of<'a>(objects: impl Iterator<Item = &'a CsObject>) -> Vec<String> {
    let groups: BTreeSet<&String> = objects.flat_map(|object| &object.groups).collect();
    groups.into_iter().cloned().collect()
}

/// The rules in scope that keep a metaverse object alive, each with the object that is in its scope.
fn holders(contributors: &[Contributor]) -> Vec<(CsId, RuleId)> {
    let holding = |contributor: &Contributor| -> Vec<(CsId, RuleId)> {
        contributor.holding().map(|rule| (contributor.object.id, rule.id)).collect()
    };
    contributors.iter().flat_map(holding).collect()
}

/// The state of what an administrator disconnects.
fn state_of(explicit: bool) -> i64 {
    if explicit { EXPLICIT } else { NORMAL }
}

/// True when the engine put or staged something there, so that leaving scope must be noticed.
fn was_sent(object: &CsObject) -> bool {
    object.link_rules.iter().any(|rule| rule.direction == Direction::Outbound) || !object.unapplied.is_none()
}

fn same_image(a: &Image, b: &Image) -> bool {
    a.len() == b.len() && a.iter().all(|(attribute, values)| b.same_values(attribute, values))
}

/// An unjoined object alone.
fn alone(effect: CsEffect, counter: &'static str) -> Effects {
    Effects { objects: vec![effect], counted: vec![Counted { counter, target: None, object: 0 }], ..Effects::default() }
}

#[expect(clippy::too_many_arguments, reason = "gathers what one evaluation found; called once")]
fn collect(
    identity: Identity,
    metaverse: Option<MvEffect>,
    effects: BTreeMap<CsId, CsEffect>,
    new_objects: Vec<CsEffect>,
    source: CsId,
    role: Role,
    target_counters: Vec<(&'static str, ConnectorId, Option<CsId>)>,
    retry: bool,
) -> Effects {
    let removed = matches!(metaverse, Some(MvEffect::Delete(_))) || (matches!(identity, Identity::New(_)) && metaverse.is_none());
    let flowed = match &metaverse {
        Some(MvEffect::Create(object)) => !object.image.is_empty(),
        Some(MvEffect::Change { before, after }) => !same_image(&before.image, &after.image),
        Some(MvEffect::Delete(_)) | None => false,
    };
    let mut collected = Effects { metaverse, provisioning_retry: retry, ..Effects::default() };
    let mut places: BTreeMap<CsId, usize> = BTreeMap::new();
    let mut ordered: Vec<(CsId, CsEffect)> = effects.into_iter().collect();
    ordered.sort_by_key(|(id, _)| (*id != source, *id));
    for (id, effect) in ordered {
        places.insert(id, collected.objects.len());
        collected.objects.push(effect);
    }
    let mut first_new: BTreeMap<ConnectorId, usize> = BTreeMap::new();
    for effect in new_objects {
        first_new.entry(effect.after.connector).or_insert(collected.objects.len());
        collected.objects.push(effect);
    }
    if let Some(place) = places.get(&source) {
        let counter = match (role, removed, flowed) {
            (Role::Linked | Role::Retry, true, _) => "connector-flow-remove-mv",
            (Role::Linked | Role::Retry, false, true) => "connector-flow",
            (Role::Linked | Role::Retry, false, false) => "connector-no-flow",
            (Role::Joined, true, _) => "disconnector-joined-remove-mv",
            (Role::Joined, false, true) => "disconnector-joined-flow",
            (Role::Joined, false, false) => "disconnector-joined-no-flow",
            (Role::Projected, true, _) => "disconnector-projected-remove-mv",
            (Role::Projected, false, true) => "disconnector-projected-flow",
            (Role::Projected, false, false) => "disconnector-projected-no-flow",
            (Role::Disconnected, true, _) => "connector-filtered-remove-mv",
            (Role::Disconnected, false, _) => "connector-filtered-leave-mv",
            (Role::Deleted, true, _) => "connector-delete-remove-mv",
            (Role::Deleted, false, _) => "connector-delete-leave-mv",
            (Role::Retyped, _, _) => "connector-delete-add-processed",
        };
        collected.counted.push(Counted { counter, target: None, object: *place });
    }
    for (counter, connector, id) in target_counters {
        let place = match id {
            Some(id) => places.get(&id),
            None => first_new.get(&connector),
        };
        if let Some(place) = place {
            collected.counted.push(Counted { counter, target: Some(connector), object: *place });
        }
    }
    collected
}
