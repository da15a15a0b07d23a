//! Comparing what a scenario says with what is, up to the first difference.

mod attribute;
mod object;
mod run;
mod sets;

use crate::connector::ExportChange;
use crate::scenario::difference::Difference;
use crate::scenario::model::{Expected, Step};
use crate::scenario::world::{ScenarioError, Sight};
use crate::store::runs::RunErrorRecord;
use crate::sync::preview::Preview;

pub(super) use attribute::entry_text;

/// The first difference, or why none could be looked for.
type Found = Result<Option<Difference>, ScenarioError>;

/// What a run or cycle told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The connector of a single run.
    pub connector: Option<String>,
    pub status: Option<String>,
    pub messages: Vec<String>,
    pub warnings: Vec<String>,
    pub counters: std::collections::BTreeMap<String, u64>,
    pub errors: Vec<RunErrorRecord>,
    /// What the directories were sent, in order.
    pub sent: Vec<ExportChange>,
    /// The runs of a cycle: connector, profile, whether it was skipped.
    pub entries: Vec<(String, String, bool)>,
}

/// Checks everything that is expected after a step.
pub(super) fn step(sight: &Sight<'_>, step: &Step, told: &Told) -> Found {
    let says_result = step.expectations.iter().any(|expectation| matches!(expectation.expected, Expected::Result(_)));
    if !says_result && let Some(difference) = run::succeeded(told) {
        return Ok(Some(difference));
    }
    let mut sent = told.sent.iter();
    let mut entries = told.entries.iter();
    for expectation in &step.expectations {
        let difference = match &expectation.expected {
            Expected::Result(status) => run::result(told, status),
            Expected::Message(text) => run::message(told, text),
            Expected::Warning(text) => run::warning(told, text),
            Expected::Counters(counters) => run::counters(told, counters),
            Expected::NoErrors => run::no_errors(told),
            Expected::Error { subject, code, saying } => run::error(sight, told, subject, code, saying.as_deref())?,
            Expected::SentNothing => run::sent_nothing(told),
            Expected::Sent { operation, subject, attributes, exactly } => {
                run::sent(sight, sent.next(), *operation, subject, attributes, *exactly)?
            }
            Expected::Ran { connector, profile, skipped } => run::ran(entries.next(), connector, profile, *skipped),
            other => about_state(sight, other)?,
        };
        if let Some(difference) = difference {
            return Ok(Some(difference.at(&expectation.place, step)));
        }
    }
    // Lists are complete as soon as one of their lines is there.
    let says = |kind: fn(&Expected) -> bool| step.expectations.iter().filter(|expectation| kind(&expectation.expected)).count();
    let errors = says(|expected| matches!(expected, Expected::Error { .. }));
    if errors > 0 && errors != told.errors.len() {
        return Ok(Some(run::other_errors(told, errors)));
    }
    if says(|expected| matches!(expected, Expected::Sent { .. })) > 0
        && let Some(more) = sent.next()
    {
        return Ok(Some(Difference::of("sent", "nothing more", run::change_text(more))));
    }
    if says(|expected| matches!(expected, Expected::Ran { .. })) > 0
        && let Some((connector, profile, _)) = entries.next()
    {
        return Ok(Some(Difference::of("runs of the cycle", "no more", format!("{connector} {profile}"))));
    }
    Ok(None)
}

/// Checks what a preview shows, or what its commit left.
pub(super) fn preview(sight: &Sight<'_>, step: &Step, preview: &Preview) -> Found {
    let says_error = step.expectations.iter().any(|expectation| matches!(expectation.expected, Expected::Error { .. }));
    if let Some(error) = preview.error.as_ref().filter(|_| !says_error) {
        return Ok(Some(Difference::of("preview", "no error", format!("{}: {}", error.code, error.message))));
    }
    for expectation in &step.expectations {
        let difference = match &expectation.expected {
            Expected::Error { code, saying, .. } => run::preview_error(preview, code, saying.as_deref()),
            Expected::Candidates(subjects) => sets::candidates(sight, preview, subjects)?,
            Expected::Flow { rule, attribute, values, standing } => {
                sets::flow(sight, preview, rule, attribute, values, standing)?
            }
            other => about_state(sight, other)?,
        };
        if let Some(difference) = difference {
            return Ok(Some(difference.at(&expectation.place, step)));
        }
    }
    Ok(None)
}

/// What can be looked at whatever happened before.
fn about_state(sight: &Sight<'_>, expected: &Expected) -> Found {
    match expected {
        Expected::Statistics { connector, numbers } => sets::statistics(sight, connector, numbers),
        Expected::Metaverse(numbers) => sets::metaverse(sight, numbers),
        Expected::Entries { connector, numbers } => Ok(sets::entries(sight, connector, numbers)),
        Expected::Objects { connector, subjects } => sets::objects(sight, connector, subjects),
        Expected::Required { connector, import, synchronization } => sets::required(sight, connector, *import, *synchronization),
        Expected::Entry { subjects, absent, attributes, exactly } => {
            for subject in subjects {
                let difference = object::entry(sight, subject, *absent, attributes, *exactly)?;
                if difference.is_some() {
                    return Ok(difference);
                }
            }
            Ok(None)
        }
        Expected::Object { subjects, facts, view, attributes, exactly } => {
            for subject in subjects {
                let difference = object::object(sight, subject, facts, *view, attributes, *exactly)?;
                if difference.is_some() {
                    return Ok(difference);
                }
            }
            Ok(None)
        }
        Expected::Identity { subjects, facts, attributes, exactly } => {
            for subject in subjects {
                let difference = object::identity(sight, subject, facts, attributes, *exactly)?;
                if difference.is_some() {
                    return Ok(difference);
                }
            }
            Ok(None)
        }
        // The parser lets these stand only where they are looked at.
        Expected::Result(_)
        | Expected::Message(_)
        | Expected::Counters(_)
        | Expected::Error { .. }
        | Expected::NoErrors
        | Expected::Warning(_)
        | Expected::Sent { .. }
        | Expected::SentNothing
        | Expected::Ran { .. }
        | Expected::Candidates(_)
        | Expected::Flow { .. } => Ok(None),
    }
}
