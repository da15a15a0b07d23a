//! Preview of one object (`engine.md` 7): its evaluation, shown instead of applied, and its commit.
//!
//! There is no second implementation of synchronization: [`generate`] is the evaluation without the writing,
//! [`commit`] is both for one object. Neither writes run history.

use std::collections::BTreeSet;

use rusqlite::Connection;
use uuid::Uuid;

use super::apply::Applier;
use super::effects::{CsEffect, Effects, MvEffect, MvTarget};
use super::evaluate::{ByHand, EvaluationInput, Subject};
use super::facts::{Facts, Halt, Question};
use super::loader::answer;
use super::plan;
use super::step::{RANDOM, again};
use super::values::Ambience;
use crate::model::{CsId, MvId, ObjectError};
use crate::rules::Plan;
use crate::step::StepEnvironment;
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, StoredError};
use crate::store::metaverse::MvObject;
use crate::store::references::ReferenceLayer;

/// What synchronizing one object does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// What would be written, with its [`Effects::trace`]; nothing but the trace when the object fails.
    pub effects: Effects,
    /// Why the object cannot be synchronized; nothing of it is written then.
    pub error: Option<ObjectError>,
}

impl Preview {
    /// A connector space object as it will be; `None` when it is not touched. An object that goes is `Some(None)`.
    #[must_use]
    pub fn object(&self, id: CsId) -> Option<Option<CsObject>> {
        let touched = |effect: &&CsEffect| effect.before.as_ref().is_some_and(|before| before.id == id);
        self.effects.objects.iter().find(touched).map(|effect| (!effect.remove).then(|| self.after(effect)))
    }

    /// The connector space objects that would be made.
    pub fn new_objects(&self) -> impl Iterator<Item = CsObject> {
        self.effects.objects.iter().filter(|effect| effect.before.is_none()).map(|effect| self.after(effect))
    }

    /// The metaverse object as it will be; `None` when it is not touched, with `None` inside when it goes. A
    /// new one has the number 0.
    #[must_use]
    pub fn metaverse(&self) -> Option<(MvId, Option<&MvObject>)> {
        self.effects.metaverse.as_ref().map(|effect| match effect {
            MvEffect::Create(object) => (object.id, Some(object.as_ref())),
            MvEffect::Change { after, .. } => (after.id, Some(after.as_ref())),
            MvEffect::Delete(object) => (object.id, None),
        })
    }

    fn after(&self, effect: &CsEffect) -> CsObject {
        let link = effect.link.map(|link| match link {
            MvTarget::Existing(id) => id,
            MvTarget::New => MvId(0),
        });
        let mut object = effect.object(link);
        if effect.commit_import {
            let gone: BTreeSet<_> = object
                .references
                .iter()
                .filter(|row| row.layer == ReferenceLayer::ImportDelete)
                .map(|row| (row.attribute, row.target))
                .collect();
            object
                .references
                .retain(|row| row.layer > ReferenceLayer::ImportDelete || !gone.contains(&(row.attribute, row.target)));
            for row in object.references.iter_mut().filter(|row| row.layer == ReferenceLayer::ImportAdd) {
                row.layer = ReferenceLayer::Hologram;
            }
        }
        object
    }
}

/// Shows what synchronizing an object would do; not one byte of the database changes. Without `full`, an
/// object that nothing waits for gives no effects.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn generate(environment: &StepEnvironment, object: CsId, full: bool) -> Result<Preview, StoreError> {
    let (plan, _) = plan::read(&*environment.database.reader()?)?;
    generate_by(environment, &plan, object, full)
}

/// As [`generate`], by a plan that is at hand.
///
/// # Errors
/// As [`generate`].
pub fn generate_by(environment: &StepEnvironment, plan: &Plan, object: CsId, full: bool) -> Result<Preview, StoreError> {
    let reader = environment.database.reader()?;
    evaluate_one(environment, &reader, plan, object, full, None)
}

/// Synchronizes one object and tells what that did. References and provisioning that wait for it are left
/// to the next synchronization.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn commit(environment: &StepEnvironment, object: CsId, full: bool) -> Result<Preview, StoreError> {
    let (plan, _) = plan::load(&environment.database)?;
    commit_by(environment, &plan, object, full)
}

/// As [`commit`], by a plan that was loaded from this database and still holds.
///
/// # Errors
/// As [`commit`].
pub fn commit_by(environment: &StepEnvironment, plan: &Plan, object: CsId, full: bool) -> Result<Preview, StoreError> {
    let mut writer = environment.database.writer();
    let transaction = writer.transaction()?;
    let preview = evaluate_one(environment, &transaction, plan, object, full, None)?;
    match &preview.error {
        None => {
            Applier::new(plan).apply(&transaction, preview.effects.clone(), &|_| false)?;
        }
        Some(error) => {
            if let Some(known) = connector_space::load_one(&transaction, object)? {
                let stored = StoredError::after(known.import_error.as_ref(), error.clone(), environment.clock.now());
                connector_space::set_import_error(&transaction, object, &stored)?;
            }
        }
    }
    transaction.commit().map_err(StoreError::sqlite("committing a preview"))?;
    Ok(preview)
}

/// Joins or disconnects one object by an administrator's decision and synchronizes it so. When that fails nothing is
/// written, and the object gets no error: rules did not ask for it.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or written.
pub fn decide_by_hand(environment: &StepEnvironment, object: CsId, decision: ByHand) -> Result<Preview, StoreError> {
    let (plan, _) = plan::load(&environment.database)?;
    let mut writer = environment.database.writer();
    let transaction = writer.transaction()?;
    let preview = evaluate_one(environment, &transaction, &plan, object, true, Some(decision))?;
    if preview.error.is_none() {
        Applier::new(&plan).apply(&transaction, preview.effects.clone(), &|_| false)?;
        transaction.commit().map_err(StoreError::sqlite("joining or disconnecting an object"))?;
    }
    Ok(preview)
}

/// Shows what joining or disconnecting an object by hand would do; not one byte of the database changes.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn rehearse_by_hand(environment: &StepEnvironment, object: CsId, decision: ByHand) -> Result<Preview, StoreError> {
    let reader = environment.database.reader()?;
    let (plan, _) = plan::read(&reader)?;
    evaluate_one(environment, &reader, &plan, object, true, Some(decision))
}

fn evaluate_one(
    environment: &StepEnvironment,
    connection: &Connection,
    plan: &Plan,
    object: CsId,
    full: bool,
    by_hand: Option<ByHand>,
) -> Result<Preview, StoreError> {
    let Some(known) = connector_space::load_one(connection, object)? else { return Ok(Preview::default()) };
    if !full && !is_waiting(&known) {
        return Ok(Preview::default());
    }
    let guids: Vec<Uuid> = (0..=plan.connectors.len()).map(|_| environment.ids.guid()).collect();
    let ambience = Ambience { now: environment.clock.now(), random: &RANDOM };
    let input = EvaluationInput { plan, full, ambience, guids: &guids, traced: true, by_hand, leaving: None };
    let mut facts = Facts::default();
    answer(connection, plan, &mut facts, &BTreeSet::from([Question::Cs(object)]))?;
    let evaluation = again(connection, plan, &mut facts, input, Subject::Object(object))?;
    Ok(match evaluation.outcome {
        Ok(effects) => Preview { effects, error: None },
        Err(Halt::Error(error)) => {
            Preview { effects: Effects { trace: evaluation.trace, ..Effects::default() }, error: Some(*error) }
        }
        Err(Halt::Missing) => Preview::default(),
    })
}

/// True when a delta synchronization would visit the object.
fn is_waiting(object: &CsObject) -> bool {
    object.mv.is_none()
        || !object.pending_import.is_none()
        || object.import_error.is_some()
        || object.rename_retry
        || object.reference_retry
        || object.needs_full
}
