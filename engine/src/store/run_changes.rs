//! What runs did to objects, as kept with the run history: a compact body per object behind a counter, bounded in size.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};

use super::StoreError;
use super::search::{connector_space, metaverse};
use crate::model::codec::{CodecError, Reader, put_number, put_optional_text, put_values};
use crate::model::sorted_set::{minus, sorted_set};
use crate::model::{AttributeChange, AttributeId, CsId, Delta, Image, MvId, ObjectOperation, RunId, Value, Values};

/// Values of one attribute that are kept on each side, at most.
pub const MOST_VALUES: usize = 100;
/// Characters of a text, or bytes of a binary value, that are kept at most.
pub const MOST_OF_VALUE: usize = 1_024;
/// Bytes that are kept of one object, about.
pub const MOST_BYTES: usize = 16 * 1_024;

const VERSION: u8 = 1;

/// What a step did to one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunChange {
    /// The values are those of the metaverse object that the counted object is joined to.
    pub metaverse: bool,
    /// What became of the object as a whole.
    pub operation: ObjectOperation,
    /// The name that it had, when it was renamed.
    pub old_dn: Option<String>,
    /// Its new name, when it was renamed or made.
    pub new_dn: Option<String>,
    /// Attributes in the order of their numbers.
    pub attributes: Vec<ChangedAttribute>,
    /// Attributes that were left out because the object's part was full.
    pub left_out: u64,
    bytes: usize,
}

/// What became of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAttribute {
    /// The attribute.
    pub attribute: AttributeId,
    /// The word of the change: `add replace update delete`.
    pub change: &'static str,
    /// Values that went. Where single values came and went, those that stayed are in neither list.
    pub old: Values,
    /// Values that came.
    pub new: Values,
    /// Values that went beyond those kept.
    pub old_left_out: u64,
    /// Values that came beyond those kept.
    pub new_left_out: u64,
    /// Some value is cut.
    pub shortened: bool,
    /// The values are names of objects.
    pub reference: bool,
}

impl RunChange {
    /// What a delta does to values; references are told by [`Self::references`] where they are no part of it.
    #[must_use]
    pub fn of(before: &Image, delta: &Delta) -> Self {
        if delta.operation == ObjectOperation::Delete {
            return Self::deletion(before);
        }
        let mut change = Self { operation: delta.operation, new_dn: delta.dn.clone(), ..Self::default() };
        for (attribute, kind) in &delta.changes {
            let (old, new): (&[Value], &[Value]) = match kind {
                AttributeChange::Add(values) => (&[], values),
                AttributeChange::Replace(values) => (before.get(*attribute), values),
                AttributeChange::Update { adds, deletes } => (deletes, adds),
                AttributeChange::Delete => (before.get(*attribute), &[]),
            };
            change.keep(*attribute, kind.word(), old, new);
        }
        change
    }

    /// An object that goes, with the values that it had.
    #[must_use]
    pub fn deletion(before: &Image) -> Self {
        let mut change = Self { operation: ObjectOperation::Delete, ..Self::default() };
        for (attribute, values) in before.iter() {
            change.keep(attribute, "delete", values, &[]);
        }
        change
    }

    /// What leads from one image to another. References are compared as sorted sets.
    #[must_use]
    pub fn between(before: &Image, after: &Image) -> Self {
        let mut change = Self { operation: ObjectOperation::Update, ..Self::default() };
        let attributes: BTreeSet<AttributeId> = before.iter().chain(after.iter()).map(|(attribute, _)| attribute).collect();
        for attribute in attributes {
            let (old, new) = (before.get(attribute), after.get(attribute));
            if old == new {
                continue;
            }
            if matches!(old.first().or(new.first()), Some(Value::Reference(_))) {
                let (old, new) = (numbers(old), numbers(new));
                change.references(attribute, &minus(&new, &old), &minus(&old, &new), (old.len(), new.len()));
                continue;
            }
            let Some(kind) = AttributeChange::between(old, new) else { continue };
            match &kind {
                AttributeChange::Update { adds, deletes } => change.keep(attribute, kind.word(), deletes, adds),
                _ => change.keep(attribute, kind.word(), old, new),
            }
        }
        change
    }

    /// Says under which name an object that is changed was known; a name that stays is no change.
    pub fn rename_from(&mut self, dn: &str) {
        if self.operation == ObjectOperation::Update {
            self.new_dn = self.new_dn.take().filter(|new| new != dn);
            self.old_dn = self.new_dn.as_ref().map(|_| dn.to_owned());
        }
    }

    /// Adds references that came and went, by the numbers of their targets; `counts` are those of all before and after.
    pub fn references(&mut self, attribute: AttributeId, came: &[i64], went: &[i64], counts: (usize, usize)) {
        if came.is_empty() && went.is_empty() {
            return;
        }
        let word = match counts {
            (0, _) => "add",
            (_, 0) => "delete",
            (1, 1) => "replace",
            _ => "update",
        };
        let values = |targets: &[i64]| -> Values { targets.iter().take(MOST_VALUES).copied().map(Value::Reference).collect() };
        let left = |targets: &[i64]| targets.len().saturating_sub(MOST_VALUES) as u64;
        if self.takes(32 * (came.len().min(MOST_VALUES) + went.len().min(MOST_VALUES))) {
            self.attributes.push(ChangedAttribute {
                attribute,
                change: word,
                old: values(went),
                new: values(came),
                old_left_out: left(went),
                new_left_out: left(came),
                shortened: false,
                reference: true,
            });
        }
    }

    /// True when it tells nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.left_out == 0 && self.new_dn.is_none() && self.operation != ObjectOperation::Delete
    }

    /// About the bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes + 8
    }

    fn keep(&mut self, attribute: AttributeId, change: &'static str, old: &[Value], new: &[Value]) {
        let mut shortened = false;
        let mut bytes = 8;
        let mut cut = |values: &[Value]| -> Values {
            let kept = values.iter().take(MOST_VALUES).map(|value| match value {
                Value::String(text) => {
                    let end = text.char_indices().nth(MOST_OF_VALUE).map(|(end, _)| end);
                    bytes += end.unwrap_or(text.len()) + 2;
                    shortened |= end.is_some();
                    end.and_then(|end| text.get(..end)).map_or_else(|| value.clone(), Value::text)
                }
                Value::Binary(content) => {
                    let part = content.get(..MOST_OF_VALUE).filter(|part| part.len() < content.len());
                    bytes += part.unwrap_or(content).len() + 2;
                    shortened |= part.is_some();
                    part.map_or_else(|| value.clone(), Value::binary)
                }
                Value::Integer(_) | Value::Boolean(_) => {
                    bytes += 9;
                    value.clone()
                }
                Value::Reference(_) => {
                    bytes += 32;
                    value.clone()
                }
            });
            kept.collect()
        };
        let (kept_old, kept_new) = (cut(old), cut(new));
        if self.takes(bytes) {
            self.attributes.push(ChangedAttribute {
                attribute,
                change,
                reference: matches!(old.first().or(new.first()), Some(Value::Reference(_))),
                old_left_out: (old.len() - kept_old.len()) as u64,
                new_left_out: (new.len() - kept_new.len()) as u64,
                old: kept_old,
                new: kept_new,
                shortened,
            });
        }
    }

    /// Takes room for an attribute, if there is room.
    fn takes(&mut self, bytes: usize) -> bool {
        let fits = self.bytes + bytes <= MOST_BYTES;
        if fits {
            self.bytes += bytes
        } else {
            self.left_out += 1
        }
        fits
    }

    fn targets(&self) -> impl Iterator<Item = i64> {
        self.attributes.iter().flat_map(|attribute| attribute.old.iter().chain(&attribute.new)).filter_map(target)
    }

    /// References become the names that their targets have now.
    fn name_targets(&mut self, name: &dyn Fn(i64) -> Option<String>) {
        for attribute in &mut self.attributes {
            for value in attribute.old.iter_mut().chain(&mut attribute.new) {
                if let Some(number) = target(value) {
                    *value = Value::text(name(number).unwrap_or_else(|| "(an object that is gone)".to_owned()));
                }
            }
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes + 16);
        out.extend([VERSION, u8::from(self.metaverse), u8::try_from(self.operation.code()).unwrap_or(0)]);
        put_optional_text(&mut out, self.old_dn.as_deref());
        put_optional_text(&mut out, self.new_dn.as_deref());
        put_number(&mut out, self.left_out);
        for attribute in &self.attributes {
            put_number(&mut out, u64::from(attribute.attribute.0));
            let word = WORDS.iter().position(|word| *word == attribute.change).and_then(|word| u8::try_from(word).ok());
            let flags = word.unwrap_or(0) | u8::from(attribute.shortened) << 4 | u8::from(attribute.reference) << 5;
            out.push(flags);
            put_number(&mut out, attribute.old_left_out);
            put_number(&mut out, attribute.new_left_out);
            put_values(&mut out, &attribute.old);
            put_values(&mut out, &attribute.new);
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            VERSION => {}
            byte => return Err(CodecError::Unknown { what: "version", byte }),
        }
        let mut change = Self {
            metaverse: reader.byte()? != 0,
            operation: ObjectOperation::from_code(i64::from(reader.byte()?)),
            old_dn: reader.optional_text()?,
            new_dn: reader.optional_text()?,
            left_out: reader.number()?,
            ..Self::default()
        };
        while !reader.is_at_end() {
            let attribute = reader.attribute()?;
            let flags = reader.byte()?;
            let word = WORDS.get(usize::from(flags & 0x0f));
            change.attributes.push(ChangedAttribute {
                attribute,
                change: word.ok_or(CodecError::Unknown { what: "change", byte: flags })?,
                shortened: flags & 0x10 != 0,
                reference: flags & 0x20 != 0,
                old_left_out: reader.number()?,
                new_left_out: reader.number()?,
                old: reader.values()?,
                new: reader.values()?,
            });
        }
        Ok(change)
    }
}

const WORDS: [&str; 4] = ["add", "replace", "update", "delete"];

fn target(value: &Value) -> Option<i64> {
    match value {
        Value::Reference(target) => Some(*target),
        Value::String(_) | Value::Binary(_) | Value::Integer(_) | Value::Boolean(_) => None,
    }
}

fn numbers(values: &[Value]) -> Vec<i64> {
    sorted_set(values.iter().filter_map(target).collect())
}

/// A change and the place of its object behind a counter.
pub(super) type Placed<'a> = (&'a str, i64, RunChange);

/// Writes changes; names of references are looked up for all of them at once.
pub(super) fn write(transaction: &Transaction<'_>, run: RunId, step: u32, changes: Vec<Placed<'_>>) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let failed = StoreError::sqlite("writing the run history");
    let targets = |in_metaverse: bool| -> BTreeSet<i64> {
        changes
            .iter()
            .filter(|(_, _, change)| change.metaverse == in_metaverse)
            .flat_map(|(_, _, change)| change.targets())
            .collect()
    };
    let (objects, identities) = (targets(false), targets(true));
    let mut names: BTreeMap<(bool, i64), String> = BTreeMap::new();
    if !objects.is_empty() {
        let known = connector_space::names(transaction, objects.into_iter().map(CsId))?;
        names.extend(known.into_iter().map(|(id, name)| ((false, id.0), name.dn)));
    }
    if !identities.is_empty() {
        let shown = |guid: uuid::Uuid, name: String| if name.is_empty() { guid.to_string() } else { name };
        let known = metaverse::names(transaction, identities.into_iter().map(MvId))?;
        names.extend(known.into_iter().map(|(id, (guid, name))| ((true, id.0), shown(guid, name))));
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO run_change (run, step, counter, number, body) VALUES (?1, ?2, ?3, ?4, ?5)")
        .map_err(&failed)?;
    for (counter, number, mut change) in changes {
        let space = change.metaverse;
        change.name_targets(&|target| names.get(&(space, target)).cloned());
        insert.execute((run.0, step, counter, number, change.encode())).map_err(&failed)?;
    }
    Ok(())
}

/// The changes kept for objects behind counters, by counter and place.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or a change is damaged.
pub fn read(
    connection: &Connection,
    run: RunId,
    step: u32,
    places: &[(String, u64)],
) -> Result<BTreeMap<(String, u64), RunChange>, StoreError> {
    let failed = StoreError::sqlite("reading the run history");
    let mut by_counter: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (counter, number) in places {
        by_counter.entry(counter).or_default().push(*number);
    }
    let mut statement = connection
        .prepare_cached(
            "SELECT number, body FROM run_change WHERE run = ?1 AND step = ?2 AND counter = ?3 AND number IN rarray(?4)",
        )
        .map_err(&failed)?;
    let mut changes = BTreeMap::new();
    for (counter, numbers) in by_counter {
        let numbers = super::sql::integers(numbers.into_iter().filter_map(|number| i64::try_from(number).ok()));
        let mut rows = statement.query((run.0, step, counter, &numbers)).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let number: i64 = row.get(0).map_err(&failed)?;
            let body = row.get_ref(1).map_err(&failed)?.as_blob().map_err(|error| StoreError::damaged("a kept change", error))?;
            changes.insert((counter.to_owned(), number.unsigned_abs()), RunChange::decode(body)?);
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AttributeId = AttributeId(3);
    const B: AttributeId = AttributeId(300);

    fn values(texts: &[&str]) -> Values {
        texts.iter().map(Value::text).collect()
    }

    fn image(attributes: &[(AttributeId, &[&str])]) -> Image {
        attributes.iter().map(|(attribute, texts)| (*attribute, values(texts))).collect()
    }

    #[test]
    fn a_change_reads_back_with_what_was_and_what_came() {
        let check =
            |before: &[(AttributeId, &[&str])], after: &[(AttributeId, &[&str])], expected: &[(&str, &[&str], &[&str])]| {
                let (before, after) = (image(before), image(after));
                let delta = Delta {
                    operation: ObjectOperation::Update,
                    dn: Some("CN=x".into()),
                    changes: Delta::changes_between(&before, &after),
                    ..Delta::none()
                };
                let change = RunChange::of(&before, &delta);
                let read = RunChange::decode(&change.encode()).unwrap();
                assert_eq!(RunChange { bytes: change.bytes, ..read.clone() }, change);
                let told: Vec<_> = read.attributes.iter().map(|part| (part.change, part.old.clone(), part.new.clone())).collect();
                let expected: Vec<_> = expected.iter().map(|(word, old, new)| (*word, values(old), values(new))).collect();
                assert_eq!(told, expected);
                assert_eq!(RunChange::between(&before, &after).attributes, change.attributes);
            };
        check(&[], &[(A, &["a"])], &[("add", &[], &["a"])]);
        check(&[(A, &["a"])], &[(A, &["b"])], &[("replace", &["a"], &["b"])]);
        check(&[(A, &["a", "b"])], &[(A, &["b", "c"])], &[("update", &["a"], &["c"])]);
        check(&[(A, &["a"]), (B, &["b"])], &[(B, &["b"])], &[("delete", &["a"], &[])]);
    }

    #[test]
    fn only_another_name_is_a_change_of_the_name() {
        let check = |operation, new: &str, expected: (Option<&str>, Option<&str>)| {
            let mut change = RunChange { operation, new_dn: Some(new.into()), ..RunChange::default() };
            change.rename_from("CN=a");
            assert_eq!((change.old_dn.as_deref(), change.new_dn.as_deref()), expected);
        };
        check(ObjectOperation::Update, "CN=b", (Some("CN=a"), Some("CN=b")));
        check(ObjectOperation::Update, "CN=a", (None, None));
        check(ObjectOperation::Add, "CN=a", (None, Some("CN=a")));
    }

    #[test]
    fn large_objects_are_cut_and_say_so() {
        let many: Vec<String> = (0..150).map(|number| format!("value {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = "x".repeat(3_000);
        let before = image(&[(A, &many), (B, &[&long])]);
        let change = RunChange::deletion(&before);
        let [first, second] = change.attributes.as_slice() else { panic!("{change:?}") };
        assert_eq!((first.old.len(), first.old_left_out, first.shortened), (MOST_VALUES, 50, false));
        assert_eq!(second.old.first().and_then(Value::as_text).map(str::len), Some(MOST_OF_VALUE));
        assert!(second.shortened);
        let wide: Image = (1..100).map(|number| (AttributeId(number), values(&[&long]))).collect();
        let change = RunChange::deletion(&wide);
        assert!(change.encode().len() <= MOST_BYTES + 64);
        assert_eq!(change.attributes.len() as u64 + change.left_out, 99);
    }

    #[test]
    fn references_are_counted_and_named() {
        let members =
            |numbers: std::ops::Range<i64>| -> Image { [(A, numbers.map(Value::Reference).collect())].into_iter().collect() };
        let mut change = RunChange::between(&members(0..500), &members(1..650));
        change.name_targets(&|number| (number != 500).then(|| format!("CN={number}")));
        let [part] = change.attributes.as_slice() else { panic!("{change:?}") };
        assert_eq!((part.change, part.new.len(), part.new_left_out, part.reference), ("update", MOST_VALUES, 50, true));
        assert_eq!(part.old, values(&["CN=0"]));
        assert_eq!(part.new.first(), Some(&Value::text("(an object that is gone)")));
    }
}
