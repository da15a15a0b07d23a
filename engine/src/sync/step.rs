//! A synchronization step: which objects, in which phases, in which batches (`engine.md` 4.1, 12.3).
//!
//! A batch is evaluated in parallel against one snapshot; then effects are applied in order. An object
//! that read something an earlier one of the batch wrote is evaluated again first, so the result
//! equals the sequential one.

use std::collections::{BTreeSet, HashSet};

use rayon::prelude::*;
use rusqlite::Connection;
use syncline_expression::SystemRandom;
use uuid::Uuid;

use super::apply::{Applier, Changed};
use super::effects::Effects;
use super::evaluate::{Evaluation, EvaluationInput, Subject, evaluate};
use super::facts::{Facts, Halt, Question};
use super::kept;
use super::loader::answer;
use super::plan;
use super::values::Ambience;
use crate::model::{ConnectorId, CsId, MvId, ObjectError};
use crate::rules::{Plan, RuleProblem};
use crate::step::{ERROR_LIMIT, Recorder, StepEnd, StepEnvironment, StepStatus, times_together};
use crate::store::connector_space::{self, StoredError, Visit};
use crate::store::runs::metaverse_name;
use crate::store::{StoreError, metaverse};

/// Objects of one transaction, in a large database several times as many ([`times_together`]).
const BATCH: usize = 2_000;
/// Times that references are followed in one step; deeper chains go on in the next.
const RETRY_ROUNDS: usize = 5;
pub(super) const RANDOM: SystemRandom = SystemRandom;

/// What a synchronization step is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Everything, not only what is pending.
    pub full: bool,
    /// Objects of one transaction; 0 lets the engine choose.
    pub batch_size: u32,
    /// Objects after which the step ends; 0 means never.
    pub object_limit: u64,
    /// Deletions after which the step ends; 0 means never.
    pub deletion_limit: u64,
}

impl SyncOptions {
    /// Cuts what is visited to the limits; gives the end of the step when something is left over.
    fn limit(self, visited: &mut Vec<Subject>, deletes: &mut Vec<Subject>) -> Option<StepEnd> {
        let limit = |limit: u64| usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let (objects, deletions) = (limit(self.object_limit), limit(self.deletion_limit));
        if visited.len() + deletes.len() > objects {
            visited.truncate(objects);
            deletes.truncate((objects - visited.len()).min(deletions));
            let message = format!("{objects} objects were synchronized, as many as the run profile allows");
            return Some(StepEnd::because(StepStatus::STOPPED_OBJECT_LIMIT, message));
        }
        if deletes.len() > deletions {
            deletes.truncate(deletions);
            let message = format!("{deletions} deletions were synchronized, as many as the run profile allows");
            return Some(StepEnd::because(StepStatus::STOPPED_DELETION_LIMIT, message));
        }
        None
    }
}

/// Synchronizes a connector.
pub fn run_step(environment: &StepEnvironment, connector: ConnectorId, options: SyncOptions, recorder: &mut Recorder) -> StepEnd {
    synchronize(environment, connector, options, recorder).unwrap_or_else(|error| StepEnd::store(&error))
}

fn synchronize(
    environment: &StepEnvironment,
    connector: ConnectorId,
    options: SyncOptions,
    recorder: &mut Recorder,
) -> Result<StepEnd, StoreError> {
    let full = options.full;
    let (plan, problems) = plan::load(&environment.database)?;
    warn(recorder, problems);
    let mut step = Step::new(environment, &plan, recorder);
    step.full = full;
    let together = BATCH * times_together(connector_space::next_id(&*environment.database.reader()?)?.0);
    step.batch_size = usize::try_from(options.batch_size).ok().filter(|size| *size > 0).unwrap_or(together);
    let objects = |visit| -> Result<Vec<Subject>, StoreError> {
        let ids = connector_space::to_visit(&*environment.database.reader()?, connector, visit)?;
        Ok(ids.into_iter().map(Subject::Object).collect())
    };
    let mut visited = objects(if full { Visit::Full } else { Visit::Delta })?;
    let mut deletes = objects(Visit::Deletes)?;
    let limited = options.limit(&mut visited, &mut deletes);
    step.recorder.phase("in-progress", Some((visited.len() + deletes.len()) as u64));
    for subjects in [visited, deletes] {
        if let Some(end) = step.process(&subjects)? {
            return Ok(end);
        }
    }
    if let Some(end) = limited {
        return Ok(end);
    }
    for _ in 0..RETRY_ROUNDS {
        let retries = objects(Visit::Retries)?;
        if retries.is_empty() {
            break;
        }
        step.recorder.phase("completing-referential-updates", Some(retries.len() as u64));
        if let Some(end) = step.process(&retries)? {
            return Ok(end);
        }
    }
    if let Some(end) = step.identities()? {
        return Ok(end);
    }
    Ok(step.end())
}

/// Lets all objects of a connector go: metaverse objects are computed without them, what the others want of that is
/// staged, and their connector space is empty at the end, unless some of them failed. Their directory is not changed.
pub fn leave_step(environment: &StepEnvironment, connector: ConnectorId, recorder: &mut Recorder) -> StepEnd {
    leave(environment, connector, recorder).unwrap_or_else(|error| StepEnd::store(&error))
}

fn leave(environment: &StepEnvironment, connector: ConnectorId, recorder: &mut Recorder) -> Result<StepEnd, StoreError> {
    let (plan, problems) = plan::load(&environment.database)?;
    warn(recorder, problems);
    let objects = || connector_space::children_first(&*environment.database.reader()?, connector);
    let leaving: Vec<Subject> = objects()?.into_iter().map(Subject::Object).collect();
    let mut step = Step::new(environment, &plan, recorder);
    step.leaving = Some(connector);
    step.recorder.phase("in-progress", Some(leaving.len() as u64));
    if let Some(end) = step.process(&leaving)? {
        return Ok(end);
    }
    if let Some(end) = step.identities()? {
        return Ok(end);
    }
    let end = step.end();
    let left = objects()?.len();
    if left > 0 {
        let message = format!("{left} objects could not be disconnected; correct their errors and delete again");
        return Ok(StepEnd::because(end.status, message));
    }
    loop {
        let mut writer = environment.database.writer();
        let transaction = writer.transaction()?;
        let removed = connector_space::remove_placeholders(&transaction, connector, BATCH)?;
        transaction.commit().map_err(StoreError::sqlite("removing placeholders"))?;
        if removed == 0 {
            return Ok(end);
        }
    }
}

fn warn(recorder: &mut Recorder, problems: Vec<RuleProblem>) {
    recorder.warnings.extend(problems.into_iter().map(|problem| format!("rule \"{}\": {}", problem.rule, problem.message)));
}

struct Step<'a> {
    environment: &'a StepEnvironment,
    plan: &'a Plan,
    applier: Applier<'a>,
    full: bool,
    /// The connector whose objects all leave.
    leaving: Option<ConnectorId>,
    batch_size: usize,
    recorder: &'a mut Recorder,
    /// Objects that an inbound counter has counted; each counts once.
    counted: HashSet<CsId>,
    counted_targets: HashSet<(Uuid, &'static str)>,
    /// Metaverse objects whose retry failed; they are tried again by the next step.
    failed: HashSet<MvId>,
}

/// A batch whose objects are evaluated and not yet applied.
struct Prepared<'a> {
    subjects: &'a [Subject],
    guids: Vec<Vec<Uuid>>,
    facts: Facts,
    evaluations: Vec<Option<Evaluation>>,
    /// Objects that the batch before flagged, and that these evaluations read before.
    flagged: HashSet<Question>,
}

impl<'a> Prepared<'a> {
    fn new(subjects: &'a [Subject], environment: &StepEnvironment, plan: &Plan) -> Self {
        let guids = subjects.iter().map(|_| (0..=plan.connectors.len()).map(|_| environment.ids.guid()).collect()).collect();
        let evaluations = subjects.iter().map(|_| None).collect();
        Self { subjects, guids, facts: Facts::default(), evaluations, flagged: HashSet::new() }
    }

    /// Evaluates in parallel what is not evaluated yet.
    fn evaluate(&mut self, work: Work<'_>) -> Result<(), StoreError> {
        let asked: BTreeSet<Question> = self
            .subjects
            .iter()
            .zip(&self.evaluations)
            .filter(|(_, evaluation)| evaluation.is_none())
            .flat_map(|(subject, _)| match subject {
                Subject::Object(id) => vec![Question::Cs(*id)],
                Subject::Metaverse(id) => vec![Question::Mv(*id), Question::Links(*id)],
            })
            .collect();
        let reader = work.environment.database.reader()?;
        answer(&reader, work.plan, &mut self.facts, &asked)?;
        let guids = &self.guids;
        let input = |place: usize| work.input(guids.get(place));
        evaluate_all(&reader, work.plan, &mut self.facts, self.subjects, &mut self.evaluations, &input)
    }

    /// Throws away what the batch before has made untrue, and evaluates that again.
    fn refresh(&mut self, work: Work<'_>, changed: Changed) -> Result<(), StoreError> {
        self.facts.forget(&changed.untrue);
        self.facts.forget(&changed.flagged);
        let mut stale = Vec::new();
        for (subject, evaluation) in self.subjects.iter().zip(&mut self.evaluations) {
            if evaluation.as_ref().is_some_and(|evaluation| is_stale(evaluation, &changed)) {
                *evaluation = None;
                stale.push(subject.question());
            }
        }
        self.flagged = changed.flagged;
        if stale.is_empty() {
            return Ok(());
        }
        // What made them wait is in the new evaluations.
        for question in &stale {
            self.flagged.remove(question);
        }
        self.evaluate(work)
    }
}

fn is_stale(evaluation: &Evaluation, changed: &Changed) -> bool {
    evaluation.read.iter().any(|question| changed.untrue.contains(question))
}

/// What every evaluation of the step is given.
#[derive(Clone, Copy)]
struct Work<'a> {
    environment: &'a StepEnvironment,
    plan: &'a Plan,
    full: bool,
    leaving: Option<ConnectorId>,
    ambience: Ambience<'a>,
}

impl<'a> Work<'a> {
    fn input(self, guids: Option<&'a Vec<Uuid>>) -> EvaluationInput<'a> {
        let Self { plan, full, ambience, leaving, .. } = self;
        EvaluationInput {
            plan,
            full,
            ambience,
            guids: guids.map(Vec::as_slice).unwrap_or_default(),
            traced: false,
            by_hand: None,
            leaving,
        }
    }
}

impl<'a> Step<'a> {
    fn new(environment: &'a StepEnvironment, plan: &'a Plan, recorder: &'a mut Recorder) -> Self {
        Self {
            environment,
            plan,
            applier: Applier::new(plan),
            full: false,
            leaving: None,
            batch_size: BATCH,
            recorder,
            counted: HashSet::new(),
            counted_targets: HashSet::new(),
            failed: HashSet::new(),
        }
    }

    /// Synchronizes the metaverse objects whose provisioning or references wait.
    fn identities(&mut self) -> Result<Option<StepEnd>, StoreError> {
        // What waits to be provisioned comes first, so that references to it find it. One that still has to wait
        // is not tried twice; one that is flagged for its references has been flagged anew.
        let mut tried: BTreeSet<MvId> = BTreeSet::new();
        for _ in 0..RETRY_ROUNDS {
            let waiting = metaverse::waiting_for_provisioning(&*self.environment.database.reader()?)?;
            let provisioning: Vec<Subject> = waiting.into_iter().filter(|id| tried.insert(*id)).map(Subject::Metaverse).collect();
            if let Some(end) = self.process(&provisioning)? {
                return Ok(Some(end));
            }
            let waiting = metaverse::waiting_for_references(&*self.environment.database.reader()?)?;
            let references: Vec<Subject> =
                waiting.into_iter().filter(|id| !self.failed.contains(id)).map(Subject::Metaverse).collect();
            if provisioning.is_empty() && references.is_empty() {
                break;
            }
            if let Some(end) = self.process(&references)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// The end of a step that visited everything.
    fn end(&self) -> StepEnd {
        StepEnd::new(match (self.recorder.error_count(), self.recorder.warnings.is_empty()) {
            (0, true) => StepStatus::SUCCESS,
            (0, false) => StepStatus::COMPLETED_WARNINGS,
            _ => StepStatus::COMPLETED_SYNC_ERRORS,
        })
    }

    /// Synchronizes subjects in order; an end before the last one is given back.
    ///
    /// While a batch is applied, the next one is evaluated against what is committed already; what it read and the
    /// batch changed is evaluated again before its turn.
    fn process(&mut self, subjects: &[Subject]) -> Result<Option<StepEnd>, StoreError> {
        let mut batches = subjects.chunks(self.batch_size).map(|batch| Prepared::new(batch, self.environment, self.plan));
        let Some(mut batch) = batches.next() else { return Ok(None) };
        batch.evaluate(self.work())?;
        loop {
            if self.environment.cancel.is_cancelled() {
                return Ok(Some(StepEnd::because(
                    StepStatus::STOPPED_BY_USER,
                    "stopped; what is pending is done by the next run",
                )));
            }
            let work = self.work();
            let mut next = batches.next();
            let changed = match &mut next {
                None => self.apply(batch, work)?,
                Some(next) => {
                    let (changed, ahead) = rayon::join(|| self.apply(batch, work), || next.evaluate(work));
                    ahead?;
                    changed?
                }
            };
            if self.recorder.error_count() > ERROR_LIMIT {
                return Ok(Some(StepEnd::because(
                    StepStatus::STOPPED_ERROR_LIMIT,
                    format!(
                        "more than {ERROR_LIMIT} objects have errors; correct the cause of the most frequent one and run again"
                    ),
                )));
            }
            let Some(mut following) = next else { return Ok(None) };
            following.refresh(self.work(), changed)?;
            batch = following;
        }
    }

    fn work(&self) -> Work<'a> {
        let ambience = Ambience { now: self.environment.clock.now(), random: &RANDOM };
        Work { environment: self.environment, plan: self.plan, full: self.full, leaving: self.leaving, ambience }
    }

    /// Writes the effects of a batch in one transaction, in order, and tells what that changed.
    fn apply(&mut self, batch: Prepared<'_>, work: Work<'_>) -> Result<Changed, StoreError> {
        let Prepared { subjects, guids, mut facts, mut evaluations, flagged: mut before } = batch;
        let plan = work.plan;
        let mut writer = work.environment.database.writer();
        let transaction = writer.transaction()?;
        let mut changed = Changed::default();
        for (place, (subject, evaluation)) in subjects.iter().zip(&mut evaluations).enumerate() {
            if evaluation.as_ref().is_none_or(|evaluation| is_stale(evaluation, &changed)) {
                *evaluation = Some(again(&transaction, plan, &mut facts, work.input(guids.get(place)), *subject)?);
                // What made it wait is in the new evaluation.
                changed.flagged.remove(&subject.question());
                before.remove(&subject.question());
            }
            let Some(Evaluation { outcome, .. }) = evaluation.take() else { continue };
            match outcome {
                Ok(effects) => {
                    self.count(&effects, matches!(subject, Subject::Object(_)));
                    if !effects.is_empty() {
                        let written = self.applier.apply(&transaction, effects, &|object| {
                            changed.flagged.contains(object) || before.contains(object)
                        })?;
                        facts.forget(&written.untrue);
                        facts.forget(&written.flagged);
                        changed.extend(written);
                    }
                }
                Err(Halt::Error(error)) => {
                    if let Subject::Metaverse(id) = subject {
                        self.failed.insert(*id);
                    }
                    let written = fail(&transaction, self.recorder, &facts, *subject, *error, work.ambience)?;
                    facts.forget(&written);
                    changed.untrue.extend(written);
                }
                Err(Halt::Missing) => {}
            }
            self.recorder.advance(1, "");
        }
        self.recorder.flush(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("committing synchronized objects"))?;
        Ok(changed)
    }

    fn count(&mut self, effects: &Effects, inbound: bool) {
        for counted in &effects.counted {
            let Some(effect) = effects.objects.get(counted.object) else { continue };
            let object = effect.before.as_deref().unwrap_or(&effect.after);
            match counted.target {
                None if inbound && self.counted.insert(object.id) => {
                    let change = kept::identity(effects.metaverse.as_ref(), |new| self.recorder.keeps(new));
                    self.recorder.count_change(counted.counter, object, change);
                }
                None => {}
                Some(connector) => {
                    let name = format!("{connector}:{}", counted.counter);
                    if counted.counter == "connector-no-flow" {
                        if self.full {
                            self.recorder.add(&name, 1);
                        }
                    } else if self.counted_targets.insert((object.guid, counted.counter)) {
                        let change = kept::staged(effect, |new| self.recorder.keeps(new));
                        self.recorder.count_change(&name, &effect.after, change);
                    }
                }
            }
        }
    }
}

/// Evaluates all subjects in parallel, fetching missing facts between attempts, until none is missing.
fn evaluate_all<'a>(
    connection: &Connection,
    plan: &Plan,
    facts: &mut Facts,
    subjects: &[Subject],
    evaluations: &mut [Option<Evaluation>],
    input: &(dyn Fn(usize) -> EvaluationInput<'a> + Sync),
) -> Result<(), StoreError> {
    loop {
        let known = &*facts;
        evaluations.par_iter_mut().zip(subjects.par_iter()).enumerate().for_each(|(place, (evaluation, subject))| {
            if evaluation.as_ref().is_none_or(|evaluation| evaluation.outcome == Err(Halt::Missing)) {
                let memo = evaluation.take().and_then(|evaluation| evaluation.memo);
                *evaluation = Some(evaluate(input(place), known, *subject, memo));
            }
        });
        let missing: BTreeSet<Question> = evaluations
            .iter()
            .flatten()
            .filter(|evaluation| evaluation.outcome == Err(Halt::Missing))
            .flat_map(|evaluation| evaluation.missing.iter().cloned())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        answer(connection, plan, facts, &missing)?;
    }
}

/// Evaluates one subject against what the transaction has written so far.
pub(super) fn again(
    connection: &Connection,
    plan: &Plan,
    facts: &mut Facts,
    input: EvaluationInput<'_>,
    subject: Subject,
) -> Result<Evaluation, StoreError> {
    let mut memo = None;
    loop {
        let evaluation = evaluate(input, facts, subject, memo);
        if evaluation.outcome != Err(Halt::Missing) || evaluation.missing.is_empty() {
            return Ok(evaluation);
        }
        answer(connection, plan, facts, &evaluation.missing)?;
        memo = evaluation.memo;
    }
}

/// Records the error of a subject: on the object, in the run, in the counters. Nothing else of its
/// synchronization is kept.
fn fail(
    transaction: &rusqlite::Transaction<'_>,
    recorder: &mut Recorder,
    facts: &Facts,
    subject: Subject,
    error: ObjectError,
    ambience: Ambience<'_>,
) -> Result<HashSet<Question>, StoreError> {
    match subject {
        Subject::Object(id) => {
            // An earlier object of the batch may have made the facts forget it.
            let Some(object) = connector_space::load_one(transaction, id)? else { return Ok(HashSet::new()) };
            let stored = StoredError::after(object.import_error.as_ref(), error, ambience.now);
            connector_space::set_import_error(transaction, id, &stored)?;
            recorder.object_error(&object, &stored);
            recorder.count("flow-failure", &object);
            Ok(HashSet::from([Question::Cs(id)]))
        }
        Subject::Metaverse(id) => {
            let known = facts.mv.get(&id).and_then(Option::as_ref);
            let name = known.map_or_else(|| format!("metaverse object number {id}"), |object| metaverse_name(object.guid));
            recorder.discovery_error(&name, error, ambience.now);
            Ok(HashSet::new())
        }
    }
}
