//! What runs did to objects, as kept with the run history.

use rusqlite::Connection;

use super::QueryContext;
use super::values::plain;
use crate::model::{ConnectorId, RunId, Value, ValueType, fold_text};
use crate::service::{AttributeChangeView, EngineError, LayerView, RunChangeView, RunObjectPlace, ValueView};
use crate::step::{MOST_CHANGES, MOST_NEW};
use crate::store::run_changes::{ChangedAttribute, MOST_OF_VALUE, RunChange, read};
use crate::store::runs::steps;
use crate::store::search::runs::{RunCriterion, objects_now, page};

/// What a step did to objects behind its counters, in the order in which they are named.
///
/// # Errors
/// [`EngineError::UnknownRun`] when there is no such run.
pub fn changes(
    connection: &Connection,
    context: &QueryContext,
    id: RunId,
    step: u32,
    places: &[RunObjectPlace],
) -> Result<Vec<RunChangeView>, EngineError> {
    let criterion = RunCriterion { ids: Some(&[id]), ..RunCriterion::default() };
    let run = page(connection, &criterion, 0, 1)?.pop().ok_or(EngineError::UnknownRun(id.0))?;
    let ended = steps(connection, &[id])?.into_iter().find(|known| known.number == step).and_then(|step| step.ended);
    let places: Vec<(String, u64)> = places.iter().map(|place| (place.counter.clone(), place.number)).collect();
    let mut kept = read(connection, id, step, &places)?;
    let now = objects_now(connection, id, step, &places)?;
    let views = places.into_iter().map(|place| {
        let change = kept.remove(&place);
        let object = now.get(&place);
        let metaverse = change.as_ref().is_some_and(|change| change.metaverse);
        let later = |at: Option<jiff::Timestamp>| at.zip(ended).is_some_and(|(at, ended)| at > ended);
        let (counter, number) = place;
        RunChangeView {
            note: note(change.as_ref()),
            changed_since: object.is_some_and(|object| {
                later(object.import_changed) || later(object.export_changed) || metaverse && later(object.identity_changed)
            }),
            gone: object.is_none(),
            metaverse,
            change: change.map(|change| {
                let connector = counter.split_once(':').and_then(|(target, _)| target.parse().ok()).map(ConnectorId);
                layer(context, connector.unwrap_or(run.connector), change)
            }),
            counter,
            number,
        }
    });
    Ok(views.collect())
}

/// What of a change cannot be told.
fn note(change: Option<&RunChange>) -> String {
    let Some(change) = change else {
        return format!(
            "What the run did to this object was not kept. A step keeps the changes of the first {MOST_CHANGES} objects, of \
             new ones those of the first {MOST_NEW}; counters without changes, and runs of earlier versions, have none."
        );
    };
    let mut notes = Vec::new();
    if change.left_out > 0 {
        notes.push(format!("{} more attributes changed; the object was too large to keep all.", change.left_out));
    }
    if change.attributes.iter().any(|attribute| attribute.shortened) {
        notes.push(format!("Values longer than {MOST_OF_VALUE} characters are cut."));
    }
    notes.join(" ")
}

fn layer(context: &QueryContext, connector: ConnectorId, change: RunChange) -> LayerView {
    let mut attributes: Vec<AttributeChangeView> =
        change.attributes.iter().map(|part| attribute(context, connector, change.metaverse, part)).collect();
    attributes.sort_by_cached_key(|attribute| fold_text(&attribute.name));
    if let (Some(old), Some(new)) = (&change.old_dn, &change.new_dn) {
        let name = |dn: &str| vec![plain(&Value::text(dn))];
        attributes.insert(
            0,
            AttributeChangeView {
                name: "dn".to_owned(),
                value_type: ValueType::String,
                change: "replace".to_owned(),
                old: name(old),
                new: name(new),
                old_count: 1,
                new_count: 1,
                rule: None,
            },
        );
    }
    LayerView { operation: change.operation, new_dn: change.new_dn, attributes }
}

fn attribute(context: &QueryContext, connector: ConnectorId, metaverse: bool, part: &ChangedAttribute) -> AttributeChangeView {
    let name = context.attributes.name(part.attribute).to_owned();
    let known = if metaverse {
        context.metaverse.attribute(&name)
    } else {
        context.connector(connector).and_then(|connector| connector.schema.attribute(&name))
    };
    let first = part.new.first().or(part.old.first()).map_or(ValueType::String, Value::value_type);
    let single = part.change == "update";
    let values = |values: &[Value], mark: &str| -> Vec<ValueView> {
        values.iter().map(|value| ValueView { change: single.then(|| mark.to_owned()), ..plain(value) }).collect()
    };
    AttributeChangeView {
        value_type: if part.reference { ValueType::Reference } else { known.map_or(first, |known| known.value_type) },
        change: part.change.to_owned(),
        old: values(&part.old, "delete"),
        new: values(&part.new, "add"),
        old_count: part.old.len() as u64 + part.old_left_out,
        new_count: part.new.len() as u64 + part.new_left_out,
        rule: None,
        name,
    }
}
