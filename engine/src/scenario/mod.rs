//! Floor 7, beside the facade: scenarios in a language that administrators read and write (`docs/scenarios.md`).
//!
//! A scenario is one file: directories, rules, what happens, and what must be true after each step. It runs on a
//! temporary database and on directories in memory, through the same runs, cycles and setup as an installation; it
//! never sees a data folder.

mod check;
mod difference;
#[cfg(test)]
mod laws;
mod model;
mod outcome;
mod parse;
mod perform;
#[cfg(test)]
mod tests;
mod text;
mod world;
mod write;

use std::collections::BTreeSet;

use model::{Action, AttributeExpectation, Change, Expected, Fact, FileValue, Order, Step, Subject, Wanted};
use world::World;

pub use difference::Difference;
pub use model::Scenario;
pub use text::ScenarioFault;
pub use world::ScenarioError;

/// What is tried beside the text of a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScenarioOptions {
    /// At the end everything is synchronized in full twice; the second time must find nothing to do.
    pub second_full_synchronization: bool,
}

impl Scenario {
    /// Runs the scenario up to the first difference; `None` when everything is as it says.
    ///
    /// # Errors
    /// [`ScenarioError`] when it could not be run, through no fault of its text.
    pub fn run(&self, options: ScenarioOptions) -> Result<Option<Difference>, ScenarioError> {
        let mut world = World::new(self)?;
        world.watch(watched(&self.steps))?;
        if let Some(difference) = perform::perform_all(&mut world, &self.steps)? {
            return Ok(Some(difference));
        }
        let Some(last) = self.steps.last().filter(|_| options.second_full_synchronization) else { return Ok(None) };
        Ok(perform::second_full_synchronization(&mut world)?.map(|difference| difference.at(&last.place, last)))
    }

    /// Number of statements, those in blocks included.
    #[must_use]
    pub fn statements(&self) -> usize {
        count(&self.steps)
    }
}

fn inner(action: &Action) -> Vec<&[Step]> {
    fn of_order(order: &Order) -> Vec<&[Step]> {
        let then = order.then.iter().flat_map(|then| of_order(then));
        std::iter::once(order.steps.as_slice()).chain(then).collect()
    }
    match action {
        Action::WhatIf(steps) | Action::UntilStable(steps) | Action::Foretold { rules: steps, .. } => vec![steps],
        Action::SameEnd { ways, .. } => ways.iter().map(|way| way.steps.as_slice()).collect(),
        Action::EveryOrder(order) => of_order(order),
        Action::Put(_)
        | Action::Change { .. }
        | Action::Rename { .. }
        | Action::Retype { .. }
        | Action::Delete { .. }
        | Action::Fault { .. }
        | Action::Heal(_)
        | Action::AddRules(_)
        | Action::DefaultRules
        | Action::ChangeRule { .. }
        | Action::SwitchRule { .. }
        | Action::DeleteRule(_)
        | Action::Threshold(_)
        | Action::ApproveDeletions(_)
        | Action::Containers { .. }
        | Action::Deprovisioning { .. }
        | Action::Staging(_)
        | Action::Advance(_)
        | Action::Remember { .. }
        | Action::Run(_)
        | Action::Cycle { .. }
        | Action::DeleteSpace { .. }
        | Action::Restart
        | Action::Preview { .. }
        | Action::Join { .. }
        | Action::Disconnect { .. }
        | Action::Expect
        | Action::SecondFullSynchronization => Vec::new(),
    }
}

fn count(steps: &[Step]) -> usize {
    steps.iter().map(|step| 1 + inner(&step.action).into_iter().map(count).sum::<usize>()).sum()
}

/// The objects that a file looks at through others: what they are has to be noted as long as they are joined.
fn watched(steps: &[Step]) -> BTreeSet<Subject> {
    let mut subjects = BTreeSet::new();
    for step in steps {
        step_subjects(step, &mut |subject| {
            if matches!(subject, Subject::Joined { .. } | Subject::Identity(_)) {
                subjects.insert(subject.clone());
            }
        });
        for steps in inner(&step.action) {
            subjects.extend(watched(steps));
        }
    }
    subjects
}

/// Every object that a statement and its expectations name.
fn step_subjects(step: &Step, see: &mut dyn FnMut(&Subject)) {
    match &step.action {
        Action::Change { subjects, changes } => {
            subjects.iter().for_each(&mut *see);
            for change in changes {
                match &change.change {
                    Change::Set(values) => value_subjects(values, see),
                    Change::Values { adds, deletes } => {
                        value_subjects(adds, see);
                        value_subjects(deletes, see);
                    }
                }
            }
        }
        Action::Delete { subjects, .. } => subjects.iter().for_each(&mut *see),
        Action::Rename { subject, .. }
        | Action::Retype { subject, .. }
        | Action::Remember { subject, .. }
        | Action::Disconnect { subject, .. }
        | Action::Preview { subject, .. } => see(subject),
        Action::Join { subject, identity } => {
            see(subject);
            see(identity);
        }
        Action::Fault { fault: model::FaultSpec::Unreadable(subject) | model::FaultSpec::Refuse { subject, .. }, .. } => {
            see(subject);
        }
        Action::Put(objects) => {
            objects.iter().flat_map(|object| object.attributes.values()).for_each(|values| value_subjects(values, see))
        }
        // Those of blocks are looked at with their own statements.
        Action::WhatIf(_)
        | Action::SameEnd { .. }
        | Action::EveryOrder(_)
        | Action::UntilStable(_)
        | Action::Foretold { .. }
        | Action::Fault { fault: model::FaultSpec::Ready(_), .. }
        | Action::Heal(_)
        | Action::AddRules(_)
        | Action::DefaultRules
        | Action::ChangeRule { .. }
        | Action::SwitchRule { .. }
        | Action::DeleteRule(_)
        | Action::Threshold(_)
        | Action::ApproveDeletions(_)
        | Action::Containers { .. }
        | Action::Deprovisioning { .. }
        | Action::Staging(_)
        | Action::Advance(_)
        | Action::Run(_)
        | Action::Cycle { .. }
        | Action::DeleteSpace { .. }
        | Action::Restart
        | Action::Expect
        | Action::SecondFullSynchronization => {}
    }
    for expectation in &step.expectations {
        expected_subjects(&expectation.expected, see);
    }
}

fn expected_subjects(expected: &Expected, see: &mut dyn FnMut(&Subject)) {
    let attributes = |attributes: &[AttributeExpectation], see: &mut dyn FnMut(&Subject)| {
        for attribute in attributes {
            attribute.from.iter().for_each(&mut *see);
            match &attribute.wanted {
                Wanted::Values(values) => value_subjects(values, see),
                Wanted::Change { adds, deletes } => {
                    value_subjects(adds, see);
                    value_subjects(deletes, see);
                }
                Wanted::Count(_) => {}
            }
        }
    };
    match expected {
        Expected::Error { subject, .. } => see(subject),
        Expected::Sent { subject, attributes: list, .. } => {
            see(subject);
            attributes(list, see);
        }
        Expected::Objects { subjects, .. } | Expected::Candidates(subjects) => subjects.iter().for_each(see),
        Expected::Entry { subjects, attributes: list, .. } => {
            subjects.iter().for_each(&mut *see);
            attributes(list, see);
        }
        Expected::Object { subjects, facts, attributes: list, .. }
        | Expected::Identity { subjects, facts, attributes: list, .. } => {
            subjects.iter().for_each(&mut *see);
            attributes(list, see);
            for fact in facts {
                if let Fact::JoinedTo(subjects) = fact {
                    subjects.iter().for_each(&mut *see);
                }
            }
        }
        Expected::Flow { values, .. } => value_subjects(values, see),
        Expected::Result(_)
        | Expected::Message(_)
        | Expected::Counters(_)
        | Expected::NoErrors
        | Expected::Warning(_)
        | Expected::SentNothing
        | Expected::Statistics { .. }
        | Expected::Metaverse(_)
        | Expected::Entries { .. }
        | Expected::Required { .. }
        | Expected::Ran { .. } => {}
    }
}

fn value_subjects(values: &[FileValue], see: &mut dyn FnMut(&Subject)) {
    for value in values {
        if let FileValue::Reference(subject) = value {
            see(subject);
        }
    }
}
