//! Attributes: the values that a file wants against those that are there.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use crate::connector::{EntryAttributes, EntryValue};
use crate::model::{AttributeId, CsId, Image, MvId, Value};
use crate::scenario::difference::Difference;
use crate::scenario::model::{AttributeExpectation, FileValue, Subject, Wanted};
use crate::scenario::world::{ScenarioError, Sight};

/// Values written out in a difference.
const MOST_SHOWN: usize = 10;

/// One attribute as it is found.
#[derive(Clone, Debug, Default)]
pub(super) struct Held<V> {
    /// The values below a layer; for a whole view nothing.
    pub before: Vec<V>,
    pub after: Vec<V>,
}

/// Where values come from: what makes two of them equal, and how one reads.
pub(super) trait Space {
    type Value: Ord + Clone;

    /// The value of the file; a subject that cannot be found is given back.
    fn wanted(&self, value: &FileValue) -> Result<Result<Self::Value, Subject>, ScenarioError>;

    fn text(&self, value: &Self::Value) -> Result<String, ScenarioError>;
}

/// Values of a connector space or of the metaverse.
pub(super) struct Stored<'a, 'w> {
    pub sight: &'a Sight<'w>,
    pub metaverse: bool,
}

impl Space for Stored<'_, '_> {
    type Value = Value;

    fn wanted(&self, value: &FileValue) -> Result<Result<Value, Subject>, ScenarioError> {
        let subject = match value {
            FileValue::Plain(value) => return Ok(Ok(stored(value))),
            FileValue::Reference(subject) => subject,
        };
        let number = if self.metaverse {
            self.sight.identity(subject)?.map(|object| object.id.0)
        } else {
            self.sight.object(subject)?.map(|object| object.id.0)
        };
        Ok(number.map(Value::Reference).ok_or_else(|| subject.clone()))
    }

    fn text(&self, value: &Value) -> Result<String, ScenarioError> {
        match value {
            Value::Reference(id) if self.metaverse => self.sight.call_identity(MvId(*id)),
            Value::Reference(id) => {
                let object = self.sight.by_number(CsId(*id))?;
                object.map_or_else(|| Ok("nothing".to_owned()), |object| self.sight.call(&object))
            }
            other => Ok(other.display()),
        }
    }
}

/// Values of a directory: references are names without regard to case.
pub(super) struct InDirectory<'a, 'w>(pub &'a Sight<'w>);

impl Space for InDirectory<'_, '_> {
    type Value = EntryValue;

    fn wanted(&self, value: &FileValue) -> Result<Result<EntryValue, Subject>, ScenarioError> {
        match value {
            FileValue::Plain(value) => Ok(Ok(value.clone())),
            FileValue::Reference(subject) => {
                Ok(self.0.dn(subject)?.map(|dn| folded(EntryValue::Reference(dn))).ok_or_else(|| subject.clone()))
            }
        }
    }

    fn text(&self, value: &EntryValue) -> Result<String, ScenarioError> {
        Ok(entry_text(value))
    }
}

/// A value with the name of a reference in the form in which names are equal.
pub(super) fn folded(value: EntryValue) -> EntryValue {
    match value {
        EntryValue::Reference(dn) => EntryValue::Reference(crate::model::fold_text(&dn)),
        other => other,
    }
}

fn stored(value: &EntryValue) -> Value {
    match value {
        EntryValue::Text(text) | EntryValue::Reference(text) => Value::text(text),
        EntryValue::Binary(bytes) => Value::binary(bytes),
        EntryValue::Integer(number) => Value::Integer(*number),
        EntryValue::Boolean(flag) => Value::Boolean(*flag),
    }
}

/// A value of a directory as text.
pub(in crate::scenario) fn entry_text(value: &EntryValue) -> String {
    match value {
        EntryValue::Reference(dn) => dn.clone(),
        other => stored(other).display(),
    }
}

/// The attributes of a view, by name.
pub(super) fn of_image(sight: &Sight<'_>, image: &Image) -> BTreeMap<String, Held<Value>> {
    let held = |values: &crate::model::Values| Held { before: Vec::new(), after: values.to_vec() };
    image.iter().map(|(attribute, values)| (sight.attributes.name(attribute).to_owned(), held(values))).collect()
}

/// The attributes that a layer changes, by name.
pub(super) fn of_layer(
    sight: &Sight<'_>,
    touched: BTreeSet<AttributeId>,
    before: &Image,
    after: &Image,
) -> BTreeMap<String, Held<Value>> {
    let held = |id: AttributeId| Held { before: before.get(id).to_vec(), after: after.get(id).to_vec() };
    touched.into_iter().map(|id| (sight.attributes.name(id).to_owned(), held(id))).collect()
}

/// The attributes of an object of a directory, by name.
pub(super) fn of_entry(attributes: &EntryAttributes) -> BTreeMap<String, Held<EntryValue>> {
    let held = |values: &[EntryValue]| Held { before: Vec::new(), after: values.iter().cloned().map(folded).collect() };
    attributes.iter().map(|(name, values)| (name.clone(), held(values))).collect()
}

/// Compares attributes. In a layer an attribute that is not held is not changed.
pub(super) fn attributes<S: Space>(
    space: &S,
    held: &BTreeMap<String, Held<S::Value>>,
    wanted: &[AttributeExpectation],
    part: &str,
    exactly: bool,
    in_layer: bool,
) -> Found {
    for expectation in wanted {
        let found = held.iter().find(|(name, _)| name.eq_ignore_ascii_case(&expectation.attribute)).map(|(_, held)| held);
        if let Some(difference) = one(space, found, expectation, in_layer)? {
            let difference = Difference { part: part.to_owned(), ..difference.attribute(&expectation.attribute) };
            return Ok(Some(Difference { file: expectation.place.file.to_string(), line: expectation.place.line, ..difference }));
        }
    }
    if !exactly {
        return Ok(None);
    }
    let named = |name: &String| wanted.iter().any(|expectation| expectation.attribute.eq_ignore_ascii_case(name));
    match held.iter().find(|(name, _)| !named(name)) {
        None => Ok(None),
        Some((name, held)) => {
            let nothing = if in_layer { "no change" } else { "absent" };
            Ok(Some(Difference::of(part, nothing, list(space, &held.after)?).attribute(name)))
        }
    }
}

fn one<S: Space>(space: &S, held: Option<&Held<S::Value>>, expectation: &AttributeExpectation, in_layer: bool) -> Found {
    let nothing = Held { before: Vec::new(), after: Vec::new() };
    let is = held.unwrap_or(&nothing);
    let found = |is: &Held<S::Value>| -> Result<String, ScenarioError> {
        match (held.is_none() && in_layer, is.after.is_empty()) {
            (true, _) => Ok("no change".to_owned()),
            (false, true) => Ok(if in_layer { "deleted" } else { "absent" }.to_owned()),
            (false, false) => list(space, &is.after),
        }
    };
    match &expectation.wanted {
        Wanted::Count(number) => {
            let count = is.after.len() as u64;
            Ok((count != *number).then(|| Difference::of("", format!("{number} values"), format!("{count} values"))))
        }
        Wanted::Values(values) if values.is_empty() => {
            let fulfilled = is.after.is_empty() && (held.is_some() || !in_layer);
            let word = if in_layer { "deleted" } else { "absent" };
            if fulfilled { Ok(None) } else { Ok(Some(Difference::of("", word, found(is)?))) }
        }
        Wanted::Values(values) => {
            let wanted = match all(space, values)? {
                Ok(wanted) => wanted,
                Err(missing) => {
                    return Ok(Some(Difference::of("", format!("a reference to {missing}"), format!("{missing} is absent"))));
                }
            };
            let same = wanted == is.after.iter().cloned().collect::<BTreeSet<_>>();
            if same && (held.is_some() || !in_layer) {
                return Ok(None);
            }
            let wanted: Vec<S::Value> = wanted.into_iter().collect();
            Ok(Some(Difference::of("", list(space, &wanted)?, found(is)?)))
        }
        Wanted::Change { adds, deletes } => {
            let (adds, deletes) = match (all(space, adds)?, all(space, deletes)?) {
                (Ok(adds), Ok(deletes)) => (adds, deletes),
                (Err(missing), _) | (_, Err(missing)) => {
                    return Ok(Some(Difference::of(
                        "",
                        format!("a change of a reference to {missing}"),
                        format!("{missing} is absent"),
                    )));
                }
            };
            let (before, after): (BTreeSet<_>, BTreeSet<_>) =
                (is.before.iter().cloned().collect(), is.after.iter().cloned().collect());
            let come: BTreeSet<S::Value> = after.difference(&before).cloned().collect();
            let go: BTreeSet<S::Value> = before.difference(&after).cloned().collect();
            if come == adds && go == deletes {
                return Ok(None);
            }
            Ok(Some(Difference::of("", change_text(space, &adds, &deletes)?, change_text(space, &come, &go)?)))
        }
    }
}

fn all<S: Space>(space: &S, values: &[FileValue]) -> Result<Result<BTreeSet<S::Value>, Subject>, ScenarioError> {
    let mut wanted = BTreeSet::new();
    for value in values {
        match space.wanted(value)? {
            Ok(value) => wanted.insert(value),
            Err(missing) => return Ok(Err(missing)),
        };
    }
    Ok(Ok(wanted))
}

fn change_text<S: Space>(space: &S, adds: &BTreeSet<S::Value>, deletes: &BTreeSet<S::Value>) -> Result<String, ScenarioError> {
    if adds.is_empty() && deletes.is_empty() {
        return Ok("no change".to_owned());
    }
    let mut parts = Vec::new();
    for (sign, values) in [("+", adds), ("-", deletes)] {
        if !values.is_empty() {
            let values: Vec<S::Value> = values.iter().cloned().collect();
            parts.push(format!("{sign} {}", list(space, &values)?));
        }
    }
    Ok(parts.join(", "))
}

/// The first values as text.
pub(super) fn list<S: Space>(space: &S, values: &[S::Value]) -> Result<String, ScenarioError> {
    let mut texts = Vec::new();
    for value in values.iter().take(MOST_SHOWN) {
        texts.push(space.text(value)?);
    }
    texts.sort_unstable();
    let more = values.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    Ok(texts.join(" | "))
}
