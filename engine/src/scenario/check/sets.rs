//! Many objects at once: statistics, contents, requirements; and what a preview explains.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::attribute::{Space as _, Stored, list};
use crate::model::{CsId, MvId, Value};
use crate::scenario::difference::Difference;
use crate::scenario::model::{FileValue, FlowStanding, RuleName, Subject};
use crate::scenario::world::{ScenarioError, Sight};
use crate::store::configuration;
use crate::store::search::connector_space::{self, CsCriterion};
use crate::store::search::{counts, metaverse as search_metaverse};
use crate::sync::preview::Preview;
use crate::sync::{FlowTrace, FlowValue, Standing};

/// The numbers of a connector space that are named.
pub(super) fn statistics(sight: &Sight<'_>, connector: &str, expected: &BTreeMap<String, u64>) -> Found {
    let Some(site) = sight.site(connector) else { return Ok(None) };
    let counts = counts::counts(&sight.reader, site.id)?;
    let ([joined, explicit], [free, explicit_free, filtered]) = (counts.connector, counts.disconnector);
    let ([none, import_add, import_update, import_delete], [add, update, delete]) = (counts.import, counts.export);
    let unconfirmed = connector_space::ids(&sight.reader, site.id, &CsCriterion::AwaitingConfirmation, "")?.len() as u64;
    let found = [
        ("all", counts.all),
        ("total-connector", joined + explicit),
        ("total-disconnector", free + explicit_free + filtered),
        ("placeholder", counts.placeholder),
        ("connector", joined),
        ("explicit-connector", explicit),
        ("disconnector", free),
        ("explicit-disconnector", explicit_free),
        ("filtered-disconnector", filtered),
        ("import-add", import_add),
        ("import-update", import_update),
        ("import-delete", import_delete),
        ("import-none", none),
        ("export-add", add),
        ("export-update", update),
        ("export-delete", delete),
        ("unconfirmed", unconfirmed),
    ];
    let difference = found.into_iter().find_map(|(name, number)| {
        let expected = *expected.get(name)?;
        (expected != number)
            .then(|| Difference::of(format!("statistics {connector}, {name}"), expected.to_string(), number.to_string()))
    });
    Ok(difference)
}

/// Metaverse objects by type.
pub(super) fn metaverse(sight: &Sight<'_>, expected: &BTreeMap<String, u64>) -> Found {
    Ok(numbers("metaverse", expected, &search_metaverse::type_counts(&sight.reader)?))
}

/// Objects of a directory by type.
pub(super) fn entries(sight: &Sight<'_>, connector: &str, expected: &BTreeMap<String, u64>) -> Option<Difference> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for entry in sight.site(connector)?.directory.entries() {
        *found.entry(entry.object_type).or_default() += 1;
    }
    numbers(&format!("entries in {connector}"), expected, &found)
}

fn numbers(part: &str, expected: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>) -> Option<Difference> {
    let text = |numbers: &BTreeMap<String, u64>| {
        let parts: Vec<String> =
            numbers.iter().filter(|(_, number)| **number > 0).map(|(name, number)| format!("{name}={number}")).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    };
    let (expected, found) = (text(expected), text(found));
    (expected != found).then(|| Difference::of(part, expected, found))
}

/// All objects of a connector space.
pub(super) fn objects(sight: &Sight<'_>, connector: &str, subjects: &[Subject]) -> Found {
    let Some(site) = sight.site(connector) else { return Ok(None) };
    let part = format!("objects in {connector}");
    let mut left: BTreeSet<CsId> = connector_space::ids(&sight.reader, site.id, &CsCriterion::All, "")?.into_iter().collect();
    for subject in subjects {
        let found = sight.object(subject)?.is_some_and(|object| left.remove(&object.id));
        if !found {
            return Ok(Some(Difference::of(part, subject.to_string(), "absent").object(subject)));
        }
    }
    match left.first() {
        None => Ok(None),
        Some(id) => {
            let name = sight.by_number(*id)?.map(|object| sight.call(&object)).transpose()?.unwrap_or_default();
            Ok(Some(Difference::of(part, "nothing more", name)))
        }
    }
}

/// What a connector needs before it is up to date.
pub(super) fn required(sight: &Sight<'_>, connector: &str, import: Option<bool>, synchronization: Option<bool>) -> Found {
    let Some(site) = sight.site(connector) else { return Ok(None) };
    let Some(record) = configuration::connector(&sight.reader, site.id)? else { return Ok(None) };
    let checks =
        [("full import", import, record.full_import_reason), ("full synchronization", synchronization, record.full_sync_reason)];
    let text = |required: bool| if required { "required" } else { "not required" }.to_owned();
    let difference = checks.into_iter().find_map(|(part, expected, reason)| {
        let expected = expected?;
        (expected != reason.is_some()).then(|| {
            let found = reason.map_or_else(|| text(false), |reason| format!("required because {reason}"));
            Difference::of(part, text(expected), found).object(connector)
        })
    });
    Ok(difference)
}

/// The metaverse objects that an ambiguous join found.
pub(super) fn candidates(sight: &Sight<'_>, preview: &Preview, subjects: &[Subject]) -> Found {
    let groups = preview.effects.trace.as_ref().map(|trace| trace.candidates.as_slice()).unwrap_or_default();
    let found: BTreeSet<MvId> = groups.iter().find(|group| group.len() > 1).into_iter().flatten().copied().collect();
    let mut expected = BTreeSet::new();
    for subject in subjects {
        expected.extend(sight.identity(subject)?.map(|object| object.id));
    }
    if expected == found && expected.len() == subjects.len() {
        return Ok(None);
    }
    let mut names = Vec::new();
    for id in &found {
        names.push(sight.call_identity(*id)?);
    }
    let wanted: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(" and ") };
    Ok(Some(Difference::of("candidates of the join", wanted.join(" and "), names)))
}

/// What became of one flow in a preview.
pub(super) fn flow(
    sight: &Sight<'_>,
    preview: &Preview,
    rule: &RuleName,
    attribute: &str,
    values: &[FileValue],
    standing: &FlowStanding,
) -> Found {
    let part = format!("flow by rule {rule}");
    let flows = preview.effects.trace.as_ref().map(|trace| trace.flows.as_slice()).unwrap_or_default();
    let (known, id) = (sight.rule(rule), sight.attributes.get(attribute));
    let found = flows.iter().find(|flow| Some(flow.attribute) == id && Some(flow.rule) == known.map(|rule| rule.id));
    let Some(found) = found else {
        return Ok(Some(Difference::of(part, "a flow", "none").attribute(attribute)));
    };
    let space = Stored { sight, metaverse: true };
    let mut wanted = BTreeSet::new();
    for value in values {
        wanted.extend(space.wanted(value)?.ok());
    }
    let is = result(found);
    let standing_text = match standing {
        FlowStanding::Applied => "applied".to_owned(),
        FlowStanding::NotApplied => "not applied".to_owned(),
        FlowStanding::LostTo(rule) => {
            format!("lost to {}", sight.rule(rule).map_or_else(|| rule.to_string(), |rule| sight.rule_text(rule.id)))
        }
    };
    let wanted: Vec<Value> = wanted.into_iter().collect();
    let expected = format!("{} {standing_text}", list(&space, &wanted)?);
    let found_text = format!("{} {}", list(&space, &is)?, standing_of(sight, found)?);
    Ok((expected != found_text).then(|| Difference::of(part, expected, found_text).attribute(attribute)))
}

fn result(flow: &FlowTrace) -> Vec<Value> {
    match &flow.result {
        Ok(FlowValue::Values(values)) => {
            let values: BTreeSet<Value> = values.iter().cloned().collect();
            values.into_iter().collect()
        }
        Ok(FlowValue::Null | FlowValue::AuthoritativeNull | FlowValue::Ignore) | Err(_) => Vec::new(),
    }
}

fn standing_of(sight: &Sight<'_>, flow: &FlowTrace) -> Result<String, ScenarioError> {
    Ok(match flow.standing {
        Standing::Applied => "applied".to_owned(),
        Standing::NotApplied => "not applied".to_owned(),
        Standing::LostTo(rule) => format!("lost to {}", sight.rule_text(rule)),
    })
}
