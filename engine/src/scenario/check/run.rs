//! Runs: how they ended, what they counted, what they sent.

use std::collections::BTreeMap;

use super::attribute::{Held, InDirectory, attributes, folded};
use super::{Found, Told};
use crate::connector::{EntryValue, ExportAttributeChange, ExportChange, ExportOperation, ExportValue};
use crate::model::ObjectOperation;
use crate::scenario::difference::Difference;
use crate::scenario::model::{ANY_RESULT, AttributeExpectation, Subject};
use crate::scenario::world::{Noted, ScenarioError, Sight};
use crate::store::runs::RunErrorRecord;
use crate::sync::preview::Preview;

const SUCCESS: &str = "success";

fn error_text(error: &RunErrorRecord) -> String {
    format!("{}: {} ({})", error.dn, error.error.code, error.error.message)
}

/// How the run ended, with what explains it.
fn status_text(told: &Told) -> String {
    let status = told.status.clone().unwrap_or_else(|| "no run".to_owned());
    let why = told.messages.iter().cloned().chain(told.errors.iter().map(error_text)).chain(told.warnings.iter().cloned());
    match why.take(2).collect::<Vec<_>>().join("; ") {
        why if why.is_empty() => status,
        why => format!("{status} ({why})"),
    }
}

/// A run that nothing is said of succeeds.
pub(super) fn succeeded(told: &Told) -> Option<Difference> {
    told.status.as_ref().and_then(|_| result(told, SUCCESS))
}

pub(super) fn result(told: &Told, expected: &str) -> Option<Difference> {
    if expected == ANY_RESULT {
        return None;
    }
    (told.status.as_deref() != Some(expected)).then(|| Difference::of("result", expected, status_text(told)))
}

pub(super) fn message(told: &Told, text: &str) -> Option<Difference> {
    contained(&told.messages, "message", text)
}

pub(super) fn warning(told: &Told, text: &str) -> Option<Difference> {
    contained(&told.warnings, "warning", text)
}

fn contained(texts: &[String], part: &str, text: &str) -> Option<Difference> {
    let found = texts.iter().any(|known| known.contains(text));
    (!found).then(|| Difference::of(part, text, if texts.is_empty() { "none".to_owned() } else { texts.join("; ") }))
}

/// Counters of objects to which nothing happened; they matter only where they are named.
fn is_quiet(name: &str) -> bool {
    ["stage-no-change", "disconnector-remains"].contains(&name) || name.ends_with(" connector-no-flow")
}

/// The first counter that is not as expected; those that are not named are zero.
pub(super) fn counters(told: &Told, expected: &BTreeMap<String, u64>) -> Option<Difference> {
    let told_of = told.counters.keys().filter(|name| !is_quiet(name));
    let names: std::collections::BTreeSet<&String> = told_of.chain(expected.keys()).collect();
    let number = |counters: &BTreeMap<String, u64>, name: &String| counters.get(name).copied().unwrap_or(0);
    let name = names.into_iter().find(|name| number(&told.counters, name) != number(expected, name))?;
    Some(Difference::of(format!("counter {name}"), number(expected, name).to_string(), number(&told.counters, name).to_string()))
}

pub(super) fn no_errors(told: &Told) -> Option<Difference> {
    told.errors.first().map(|error| Difference::of("errors", "none", error_text(error)))
}

/// Errors that no line names.
pub(super) fn other_errors(told: &Told, named: usize) -> Difference {
    let all: Vec<String> = told.errors.iter().map(error_text).collect();
    Difference::of("errors", format!("only the {named} named"), all.join("; "))
}

/// One of the errors of a run.
pub(super) fn error(sight: &Sight<'_>, told: &Told, subject: &Subject, code: &str, saying: Option<&str>) -> Found {
    let guid = known(sight, subject)?.map(|known| known.guid);
    let dn = sight.dn(subject)?;
    let about = |error: &&RunErrorRecord| match error.object {
        Some(object) => Some(object) == guid,
        None => dn.as_ref().is_some_and(|dn| dn.eq_ignore_ascii_case(&error.dn)),
    };
    let Some(error) = told.errors.iter().find(about) else {
        let others: Vec<String> = told.errors.iter().map(error_text).collect();
        let found = if others.is_empty() { "none".to_owned() } else { format!("none of it, but {}", others.join("; ")) };
        return Ok(Some(Difference::of("error", code, found).object(subject)));
    };
    let as_said = error.error.code.as_str() == code && saying.is_none_or(|saying| error.error.message.contains(saying));
    Ok((!as_said).then(|| Difference::of("error", with_saying(code, saying), error_text(error)).object(subject)))
}

pub(super) fn preview_error(preview: &Preview, code: &str, saying: Option<&str>) -> Option<Difference> {
    let found = preview.error.as_ref();
    let as_said =
        found.is_some_and(|error| error.code.as_str() == code && saying.is_none_or(|saying| error.message.contains(saying)));
    let found = || found.map_or_else(|| "none".to_owned(), |error| format!("{}: {}", error.code, error.message));
    (!as_said).then(|| Difference::of("preview, error", with_saying(code, saying), found()))
}

fn with_saying(code: &str, saying: Option<&str>) -> String {
    saying.map_or_else(|| code.to_owned(), |saying| format!("{code} saying \"{saying}\""))
}

/// What is known of an object, there or gone.
fn known(sight: &Sight<'_>, subject: &Subject) -> Result<Option<Noted>, ScenarioError> {
    Ok(match sight.where_is(subject)? {
        Some(known) => Some(known),
        None => sight.world.noted.get(subject).cloned(),
    })
}

pub(super) fn sent_nothing(told: &Told) -> Option<Difference> {
    told.sent.first().map(|change| Difference::of("sent", "nothing", change_text(change)))
}

fn operation(change: &ExportChange) -> ObjectOperation {
    match change.operation {
        ExportOperation::Add => ObjectOperation::Add,
        ExportOperation::Update { .. } => ObjectOperation::Update,
        ExportOperation::Delete => ObjectOperation::Delete,
        ExportOperation::DeleteAdd => ObjectOperation::DeleteAdd,
    }
}

/// A change as one line.
pub(super) fn change_text(change: &ExportChange) -> String {
    let attributes: Vec<&str> = change.attributes.keys().map(String::as_str).collect();
    let attributes = if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("{} {}{attributes}", operation(change).word(), change.dn)
}

/// The next change that a directory was sent.
pub(super) fn sent(
    sight: &Sight<'_>,
    change: Option<&ExportChange>,
    expected: ObjectOperation,
    subject: &Subject,
    wanted: &[AttributeExpectation],
    exactly: bool,
) -> Found {
    let text = format!("{} {subject}", expected.word());
    let Some(change) = change else {
        return Ok(Some(Difference::of("sent", text, "nothing more")));
    };
    let known = known(sight, subject)?;
    let same_anchor =
        |known: &Noted| known.anchor.is_some() && known.anchor.as_ref() == change.anchor.as_ref().map(|anchor| &anchor.0);
    let same_name = sight.dn(subject)?.is_some_and(|dn| dn.eq_ignore_ascii_case(&change.dn));
    let same = same_name || known.as_ref().is_some_and(|known| same_anchor(known) || known.dn.eq_ignore_ascii_case(&change.dn));
    if !same || operation(change) != expected {
        return Ok(Some(Difference::of("sent", text, change_text(change))));
    }
    let held = change.attributes.iter().map(|(name, change)| (name.clone(), held(change))).collect();
    let found = attributes(&InDirectory(sight), &held, wanted, "sent", exactly, true)?;
    Ok(found.map(|difference| difference.object(subject)))
}

fn held(change: &ExportAttributeChange) -> Held<EntryValue> {
    let values = |values: &[ExportValue]| -> Vec<EntryValue> {
        values
            .iter()
            .map(|value| match value {
                ExportValue::Plain(value) => value.clone(),
                ExportValue::Reference(target) => folded(EntryValue::Reference(target.dn.clone())),
            })
            .collect()
    };
    match change {
        ExportAttributeChange::Replace(after) => Held { before: Vec::new(), after: values(after) },
        ExportAttributeChange::Delete => Held { before: Vec::new(), after: Vec::new() },
        ExportAttributeChange::Values { adds, deletes } => Held { before: values(deletes), after: values(adds) },
    }
}

/// The next run of a cycle.
pub(super) fn ran(found: Option<&(String, String, bool)>, connector: &str, profile: &str, skipped: bool) -> Option<Difference> {
    let text = |connector: &str, profile: &str, skipped: bool| {
        format!("{} {connector} {profile}", if skipped { "skipped" } else { "ran" })
    };
    let expected = text(connector, profile, skipped);
    let found =
        found.map_or_else(|| "nothing more".to_owned(), |(connector, profile, skipped)| text(connector, profile, *skipped));
    (expected != found).then(|| Difference::of("runs of the cycle", expected, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_are_not_named_are_zero() {
        let told = |counters: &[(&str, u64)]| Told {
            counters: counters.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
            ..Told::default()
        };
        let expected = BTreeMap::from([("stage-add".to_owned(), 1)]);
        assert_eq!(counters(&told(&[("stage-add", 1)]), &expected), None);
        assert_eq!(counters(&told(&[("stage-add", 1), ("stage-no-change", 7), ("T connector-no-flow", 1)]), &expected), None);
        let more = counters(&told(&[("stage-add", 1), ("stage-delete", 2)]), &expected).unwrap();
        assert_eq!((more.part.as_str(), more.expected.as_str(), more.found.as_str()), ("counter stage-delete", "0", "2"));
        assert_eq!(counters(&told(&[]), &expected).unwrap().found, "0");
        let named = BTreeMap::from([("stage-no-change".to_owned(), 1)]);
        assert_eq!(counters(&told(&[("stage-no-change", 2)]), &named).unwrap().found, "2");
    }

    #[test]
    fn a_failed_run_is_told_with_its_reason() {
        let told = Told {
            status: Some("stopped-error-limit".to_owned()),
            messages: vec!["too many errors".to_owned()],
            ..Told::default()
        };
        let difference = succeeded(&told).unwrap();
        assert_eq!(
            (difference.expected.as_str(), difference.found.as_str()),
            ("success", "stopped-error-limit (too many errors)")
        );
        assert_eq!(succeeded(&Told::default()), None);
    }
}
