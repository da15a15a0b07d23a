//! Objects: connector space objects with their layers, metaverse objects, objects of directories.

use std::collections::BTreeSet;

use super::Found;
use super::attribute::{InDirectory, Stored, attributes, of_entry, of_image, of_layer};
use crate::model::{AttributeId, Delta, Image, ObjectOperation, Value};
use crate::scenario::difference::Difference;
use crate::scenario::model::{AttributeExpectation, ErrorSpec, Fact, Flag, Layer, LinkState, Side, Subject, View};
use crate::scenario::world::{ScenarioError, Sight, minutes};
use crate::store::connector_space::{CsObject, EXPLICIT, StoredError, TowerView};
use crate::store::metaverse::MvObject;
use crate::store::references::ReferenceLayer;

/// Something that was found and something that was expected, as texts.
type Texts = (String, String);

fn yes_no(part: &str, is: bool) -> String {
    if is { part.to_owned() } else { format!("no {part}") }
}

/// Checks an object of a connector space.
pub(super) fn object(
    sight: &Sight<'_>,
    subject: &Subject,
    facts: &[Fact],
    view: View,
    wanted: &[AttributeExpectation],
    exactly: bool,
) -> Found {
    let Some(object) = sight.object(subject)? else {
        let absent = facts.contains(&Fact::Absent);
        return Ok((!absent).then(|| Difference::of("", "present", "absent").object(subject)));
    };
    for fact in facts {
        if let Some((part, (expected, found))) = object_fact(sight, &object, fact)? {
            return Ok(Some(Difference::of(part, expected, found).object(subject)));
        }
    }
    if wanted.is_empty() && !exactly {
        return Ok(None);
    }
    let space = Stored { sight, metaverse: false };
    let (held, in_layer) = match view {
        View::Expected => (of_image(sight, &object.view(TowerView::Expected)), false),
        View::Hologram => (of_image(sight, &image_up_to(&object, 0)), false),
        View::Layer(layer) => {
            let number = Layer::ALL.iter().position(|known| *known == layer).unwrap_or(0);
            let (before, after) = (image_up_to(&object, number), image_up_to(&object, number + 1));
            (of_layer(sight, touched(&object, layer), &before, &after), true)
        }
    };
    Ok(attributes(&space, &held, wanted, view.words(), exactly, in_layer)?.map(|difference| difference.object(subject)))
}

fn delta(object: &CsObject, layer: Layer) -> &Delta {
    match layer {
        Layer::PendingImport => &object.pending_import,
        Layer::UnconfirmedExport => &object.unconfirmed,
        Layer::EscrowedExport => &object.escrowed,
        Layer::PendingExport => &object.unapplied,
    }
}

fn reference_layers(layer: Layer) -> [ReferenceLayer; 2] {
    match layer {
        Layer::PendingImport => [ReferenceLayer::ImportAdd, ReferenceLayer::ImportDelete],
        Layer::UnconfirmedExport => [ReferenceLayer::UnconfirmedAdd, ReferenceLayer::UnconfirmedDelete],
        Layer::EscrowedExport => [ReferenceLayer::EscrowedAdd, ReferenceLayer::EscrowedDelete],
        Layer::PendingExport => [ReferenceLayer::UnappliedAdd, ReferenceLayer::UnappliedDelete],
    }
}

/// The attributes with the lowest layers laid over the hologram.
fn image_up_to(object: &CsObject, layers: usize) -> Image {
    let mut image = object.hologram.clone();
    let mut top = ReferenceLayer::Hologram;
    for layer in Layer::ALL.into_iter().take(layers) {
        let delta = delta(object, layer);
        if delta.operation != ObjectOperation::Delete {
            delta.apply_to(&mut image);
        }
        [_, top] = reference_layers(layer);
    }
    for (attribute, targets) in object.reference_targets(top) {
        image.set(attribute, targets.into_iter().map(|target| Value::Reference(target.0)).collect());
    }
    image
}

fn touched(object: &CsObject, layer: Layer) -> BTreeSet<AttributeId> {
    let layers = reference_layers(layer);
    let references = object.references.iter().filter(|row| layers.contains(&row.layer)).map(|row| row.attribute);
    delta(object, layer).changes.keys().copied().chain(references).collect()
}

/// The difference of a fact: what it is about, what was expected and what was found.
fn object_fact(sight: &Sight<'_>, object: &CsObject, fact: &Fact) -> Result<Option<(String, Texts)>, ScenarioError> {
    let differs = |part: &str, expected: String, found: String| (expected != found).then(|| (part.to_owned(), (expected, found)));
    Ok(match fact {
        Fact::Absent => differs("", "absent".to_owned(), "present".to_owned()),
        Fact::Present => None,
        Fact::State(state) => {
            let found = match (object.is_placeholder(), object.mv) {
                (true, _) => LinkState::Placeholder,
                (false, None) => LinkState::Disconnector,
                (false, Some(_)) => LinkState::Connector,
            };
            differs("", state.word().to_owned(), found.word().to_owned())
        }
        Fact::Type(name) => differs("type", name.clone(), object.object_type.clone().unwrap_or_else(|| "none".to_owned())),
        Fact::Anchor(anchor) => {
            let none = || "none".to_owned();
            let found = object.anchor.as_deref().map_or_else(none, anchor_text);
            differs("anchor", anchor.clone().unwrap_or_else(none), found)
        }
        Fact::Dn(dn) => differs("dn", dn.clone(), object.dn.clone()),
        Fact::Layer(layer, operation) => {
            let text = |operation: ObjectOperation| operation.word().to_owned();
            let found = delta(object, *layer).operation;
            differs(layer.words(), text(operation.unwrap_or_default()), text(found))
        }
        Fact::Error { side, error } => {
            let found = match side {
                Side::Import => object.import_error.as_ref(),
                Side::Export => object.export_error.as_ref(),
            };
            error_fact(error.as_ref(), found).map(|texts| (side.words().to_owned(), texts))
        }
        Fact::Flag(flag, wanted) => {
            let is = match flag {
                Flag::RenameRetry => object.rename_retry,
                Flag::ReferenceRetry => object.reference_retry,
                Flag::Rebuild => object.rebuild,
                Flag::Transient => object.transient,
                Flag::Disconnected => object.disconnected.is_some(),
                Flag::Explicit => object.connector_state == EXPLICIT,
                Flag::ProvisioningRetry => false,
            };
            differs("", yes_no(flag.words(), *wanted), yes_no(flag.words(), is))
        }
        Fact::LinkedBy { rule, action, linked } => {
            let Some(known) = sight.rule(rule) else {
                return Ok(Some(("rules of the link".to_owned(), (format!("rule {rule}"), "no such rule".to_owned()))));
            };
            let is =
                object.link_rules.iter().any(|link| link.rule == known.id && action.is_none_or(|action| link.action == action));
            if is == *linked {
                None
            } else {
                let action = action.map_or(String::new(), |action| format!(" {}", action.label()));
                let expected = if *linked { format!("{rule}{action}") } else { format!("not {rule}") };
                let found: Vec<String> = object
                    .link_rules
                    .iter()
                    .map(|link| format!("{} {}", sight.rule_text(link.rule), link.action.label()))
                    .collect();
                let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
                Some(("rules of the link".to_owned(), (expected, found)))
            }
        }
        Fact::Is { name, same } => is_fact(sight, name, *same, object.guid),
        Fact::JoinedTo(subjects) => {
            for subject in subjects {
                let other = sight.object(subject)?.and_then(|other| other.mv);
                if other.is_none() || other != object.mv {
                    let found = match object.mv {
                        None => "nothing".to_owned(),
                        Some(mv) => sight.call_identity(mv)?,
                    };
                    return Ok(Some(("joined to".to_owned(), (format!("the identity of {subject}"), found))));
                }
            }
            None
        }
    })
}

fn is_fact(sight: &Sight<'_>, name: &str, same: bool, guid: uuid::Uuid) -> Option<(String, Texts)> {
    let remembered = sight.world.noted.iter().find(|(subject, _)| match subject {
        Subject::RememberedObject { name: known, .. } | Subject::RememberedIdentity(known) => known == name,
        Subject::Object { .. } | Subject::Joined { .. } | Subject::Identity(_) | Subject::Named { .. } => false,
    });
    let is = remembered.is_some_and(|(_, noted)| noted.guid == guid);
    (is != same).then(|| {
        let (expected, found) = (format!("the object {name}"), "another object".to_owned());
        (String::new(), if same { (expected, found) } else { (found, expected) })
    })
}

fn error_fact(wanted: Option<&ErrorSpec>, found: Option<&StoredError>) -> Option<Texts> {
    let text = |error: &StoredError| format!("{} ({})", error.error.code, error.error.message);
    let (wanted, found) = match (wanted, found) {
        (None, None) => return None,
        (None, Some(found)) => return Some(("none".to_owned(), text(found))),
        (Some(wanted), None) => return Some((wanted.code.clone(), "none".to_owned())),
        (Some(wanted), Some(found)) => (wanted, found),
    };
    if found.error.code.as_str() != wanted.code {
        return Some((wanted.code.clone(), text(found)));
    }
    if let Some(saying) = wanted.saying.as_ref().filter(|saying| !found.error.message.contains(saying.as_str())) {
        return Some((format!("a message with \"{saying}\""), text(found)));
    }
    if let Some(retried) = wanted.retried.filter(|retried| u64::from(found.retry_count) != *retried) {
        return Some((format!("retried {retried}"), format!("retried {}", found.retry_count)));
    }
    let since = minutes(found.first_occurred);
    let time = |minutes: i64| format!("since {:02}:{:02}", minutes / 60, minutes % 60);
    let wanted = wanted.since.map(|wanted| i64::try_from(wanted).unwrap_or(i64::MAX)).filter(|wanted| *wanted != since)?;
    Some((time(wanted), time(since)))
}

/// An anchor as text where it is text, else as a GUID or hexadecimal.
fn anchor_text(anchor: &[u8]) -> String {
    match std::str::from_utf8(anchor) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => match <[u8; 16]>::try_from(anchor) {
            Ok(bytes) => uuid::Uuid::from_bytes_le(bytes).to_string(),
            Err(_) => hex::encode(anchor),
        },
    }
}

/// Checks a metaverse object.
pub(super) fn identity(
    sight: &Sight<'_>,
    subject: &Subject,
    facts: &[Fact],
    wanted: &[AttributeExpectation],
    exactly: bool,
) -> Found {
    let Some(object) = sight.identity(subject)? else {
        let absent = facts.contains(&Fact::Absent);
        return Ok((!absent).then(|| Difference::of("", "present", "absent").object(subject)));
    };
    for fact in facts {
        if let Some((part, (expected, found))) = identity_fact(sight, &object, fact)? {
            return Ok(Some(Difference::of(part, expected, found).object(subject)));
        }
    }
    let space = Stored { sight, metaverse: true };
    let held = of_image(sight, &object.image);
    if let Some(difference) = attributes(&space, &held, wanted, "", exactly, false)? {
        return Ok(Some(difference.object(subject)));
    }
    for expectation in wanted {
        if let Some((expected, found)) = lineage(sight, &object, expectation)? {
            let difference = Difference::of("lineage", expected, found).object(subject).attribute(&expectation.attribute);
            return Ok(Some(Difference { file: expectation.place.file.to_string(), line: expectation.place.line, ..difference }));
        }
    }
    Ok(None)
}

fn identity_fact(sight: &Sight<'_>, object: &MvObject, fact: &Fact) -> Result<Option<(String, Texts)>, ScenarioError> {
    let differs = |part: &str, expected: String, found: String| (expected != found).then(|| (part.to_owned(), (expected, found)));
    Ok(match fact {
        Fact::Absent => differs("", "absent".to_owned(), "present".to_owned()),
        Fact::Type(name) => differs("type", name.clone(), object.object_type.clone()),
        Fact::Flag(flag, wanted) => {
            let is = match flag {
                Flag::ReferenceRetry => object.reference_retry,
                Flag::ProvisioningRetry => object.provisioning_retry,
                Flag::RenameRetry | Flag::Rebuild | Flag::Transient | Flag::Disconnected | Flag::Explicit => false,
            };
            differs("", yes_no(flag.words(), *wanted), yes_no(flag.words(), is))
        }
        Fact::Is { name, same } => is_fact(sight, name, *same, object.guid),
        Fact::JoinedTo(subjects) => {
            let joined = sight.joined_to(object.id)?;
            let mut names = joined.iter().map(|object| sight.call(object)).collect::<Result<Vec<_>, _>>()?;
            let mut left: BTreeSet<i64> = joined.iter().map(|object| object.id.0).collect();
            let mut missing = false;
            for subject in subjects {
                missing |= !sight.object(subject)?.is_some_and(|object| left.remove(&object.id.0));
            }
            let mut expected: Vec<String> = subjects.iter().map(ToString::to_string).collect();
            expected.sort_unstable();
            names.sort_unstable();
            let names = if names.is_empty() { "nothing".to_owned() } else { names.join(" and ") };
            (missing || !left.is_empty()).then(|| ("joined to".to_owned(), (expected.join(" and "), names)))
        }
        // Of a metaverse object nothing else can be said; the parser sees to it.
        Fact::Present
        | Fact::State(_)
        | Fact::Anchor(_)
        | Fact::Dn(_)
        | Fact::Layer(..)
        | Fact::Error { .. }
        | Fact::LinkedBy { .. } => None,
    })
}

/// The rule and the object behind a value.
fn lineage(sight: &Sight<'_>, object: &MvObject, expectation: &AttributeExpectation) -> Result<Option<Texts>, ScenarioError> {
    let contribution = sight.attributes.get(&expectation.attribute).and_then(|id| object.lineage.get(&id));
    let found = match contribution {
        None => "nobody".to_owned(),
        Some(contribution) => {
            let from = match sight.by_number(contribution.object)? {
                Some(from) => sight.call(&from)?,
                None => "an object that is gone".to_owned(),
            };
            format!("{} from {from}", sight.rule_text(contribution.rule))
        }
    };
    if let Some(rule) = &expectation.rule {
        let known = sight.rule(rule).map(|rule| rule.id);
        if known.is_none() || known != contribution.map(|contribution| contribution.rule) {
            return Ok(Some((format!("rule {rule}"), found)));
        }
    }
    if let Some(from) = &expectation.from {
        let known = sight.object(from)?.map(|object| object.id);
        if known.is_none() || known != contribution.map(|contribution| contribution.object) {
            return Ok(Some((format!("from {from}"), found)));
        }
    }
    Ok(None)
}

/// Checks an object of a directory.
pub(super) fn entry(sight: &Sight<'_>, subject: &Subject, absent: bool, wanted: &[AttributeExpectation], exactly: bool) -> Found {
    let text = |is: bool| if is { "absent from the directory" } else { "in the directory" };
    match (sight.entry(subject)?, absent) {
        (Some(_), true) | (None, false) => Ok(Some(Difference::of("", text(absent), text(!absent)).object(subject))),
        (None, true) => Ok(None),
        (Some(entry), false) => {
            let held = of_entry(&entry.attributes);
            let found = attributes(&InDirectory(sight), &held, wanted, "directory", exactly, false)?;
            Ok(found.map(|difference| difference.object(subject)))
        }
    }
}
