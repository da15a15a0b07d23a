//! From what a directory hands over to what the store can hold: hashes, names, typed values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use xxhash_rust::xxh3::Xxh3;

use crate::connector::{EntryValue, ImportEntry, ReferenceChanges};
use crate::model::{
    AlgorithmStep, AttributeId, AttributeTable, Dn, ErrorCode, Image, ObjectError, Schema, Value, ValueType, Values, fold_text,
};

/// Most bytes of values that an object can have in a connector space.
const SIZE_LIMIT: usize = 256 << 20;
/// Longest anchor (`engine.md` 2-5).
const ANCHOR_LIMIT: usize = 398;

/// Hash of an object's name, type and attributes, whatever the order of its values.
pub(super) fn content_hash(entry: &ImportEntry) -> [u8; 16] {
    let mut hash = Xxh3::new();
    put(&mut hash, 0, entry.dn.as_bytes());
    put(&mut hash, 0, entry.object_type.as_bytes());
    for (name, values) in &entry.attributes {
        put(&mut hash, 1, name.as_bytes());
        if let [value] = values.as_slice() {
            put_value(&mut hash, value);
        } else {
            let mut sorted: Vec<&EntryValue> = values.iter().collect();
            sorted.sort_unstable();
            sorted.dedup();
            sorted.into_iter().for_each(|value| put_value(&mut hash, value));
        }
    }
    hash.digest128().to_le_bytes()
}

fn put(hash: &mut Xxh3, kind: u8, bytes: &[u8]) {
    hash.update(&[kind]);
    hash.update(&(bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn put_value(hash: &mut Xxh3, value: &EntryValue) {
    match value {
        EntryValue::Text(text) => put(hash, 2, text.as_bytes()),
        EntryValue::Binary(bytes) => put(hash, 3, bytes),
        EntryValue::Integer(number) => put(hash, 4, &number.to_le_bytes()),
        EntryValue::Boolean(flag) => put(hash, 5, &[u8::from(*flag)]),
        EntryValue::Reference(dn) => put(hash, 6, dn.as_bytes()),
    }
}

/// Names of reference targets that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangedNames {
    pub added: Vec<Dn>,
    pub removed: Vec<Dn>,
}

impl ChangedNames {
    fn iter(&self) -> impl Iterator<Item = &Dn> {
        self.added.iter().chain(&self.removed)
    }
}

/// An entry that can be staged.
#[derive(Clone, Debug)]
pub(super) struct PreparedEntry {
    pub anchor: Vec<u8>,
    pub dn: Dn,
    pub object_type: String,
    pub image: Image,
    /// Names of reference targets by attribute; an attribute without targets is absent now.
    pub references: BTreeMap<AttributeId, Vec<Dn>>,
    /// Names of reference targets that came and went, by attribute.
    pub changed_references: BTreeMap<AttributeId, ChangedNames>,
    /// The attributes told with all their values, when not all attributes were.
    pub mentioned: Option<BTreeSet<AttributeId>>,
    pub hash: Option<[u8; 16]>,
}

impl PreparedEntry {
    /// Number of reference values.
    pub(super) fn reference_count(&self) -> usize {
        self.targets().count()
    }

    /// The names of all reference targets.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Dn> {
        self.references.values().flatten().chain(self.changed_references.values().flat_map(ChangedNames::iter))
    }
}

/// What the schema says of an attribute name.
#[derive(Clone, Copy, Debug)]
struct Column {
    id: AttributeId,
    expected: Option<(ValueType, bool)>,
}

/// Turns entries into prepared ones; remembers what it looked up.
#[derive(Debug)]
pub(super) struct EntryReader<'a> {
    schema: &'a Schema,
    columns: HashMap<String, Column>,
}

impl<'a> EntryReader<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema, columns: HashMap::new() }
    }

    /// The attribute names that were not met before.
    pub(super) fn unknown_names<'e>(&self, entries: impl Iterator<Item = &'e ImportEntry>) -> BTreeSet<String> {
        let unknown = |name: &&String| !self.columns.contains_key(*name);
        entries
            .flat_map(|entry| entry.attributes.keys().chain(entry.changed_references.keys()))
            .filter(unknown)
            .cloned()
            .collect()
    }

    /// True when all attribute names of the entry were met before.
    pub(super) fn knows(&self, entry: &ImportEntry) -> bool {
        entry.attributes.keys().chain(entry.changed_references.keys()).all(|name| self.columns.contains_key(name))
    }

    /// Learns names.
    pub(super) fn learn(&mut self, names: BTreeSet<String>, table: &mut AttributeTable) {
        for name in names {
            let expected = self.schema.attribute(&name).map(|definition| (definition.value_type, definition.multi_valued));
            let id = table.intern(&name);
            self.columns.insert(name, Column { id, expected });
        }
    }

    /// Reads an entry; all its attribute names must have been learned.
    pub(super) fn read(&self, entry: ImportEntry, hash: Option<[u8; 16]>) -> Result<PreparedEntry, Box<ObjectError>> {
        let fault = |code, message: String| Box::new(ObjectError::new(code, message).at(AlgorithmStep::Staging));
        if entry.dn.trim().is_empty() {
            return Err(fault(ErrorCode::MISSING_DN, "the directory sent an object without a name".to_owned()));
        }
        let dn = Dn::parse(&entry.dn).map_err(|error| fault(ErrorCode::INVALID_DN, format!("{}: {error}", entry.dn)))?;
        match entry.anchor.0.len() {
            0 => return Err(fault(ErrorCode::MISSING_ANCHOR, format!("{dn} has no anchor"))),
            1..=ANCHOR_LIMIT => {}
            length => {
                let message = format!("the anchor of {dn} is {length} bytes long; at most {ANCHOR_LIMIT} are accepted");
                return Err(fault(ErrorCode::ANCHOR_TOO_LONG, message));
            }
        }
        if entry.object_type.is_empty() {
            return Err(fault(ErrorCode::MISSING_OBJECT_TYPE, format!("{dn} has no object type")));
        }
        let Some(object_type) = self.type_name(&entry.object_type) else {
            let message = format!("{dn} has type \"{}\", which the schema does not know: refresh the schema", entry.object_type);
            return Err(fault(ErrorCode::UNMAPPABLE_OBJECT_TYPE, message));
        };
        if let Some(error) = too_large(&entry, SIZE_LIMIT) {
            return Err(Box::new(error));
        }
        let mut prepared = PreparedEntry {
            anchor: entry.anchor.0,
            object_type,
            image: Image::new(),
            references: BTreeMap::new(),
            changed_references: BTreeMap::new(),
            mentioned: entry.partial.then(BTreeSet::new),
            hash,
            dn,
        };
        if !entry.partial
            && let Some(name) = entry.changed_references.keys().next()
        {
            let message = format!("the connector told changes of \"{name}\" beside the whole object {}", prepared.dn);
            return Err(Box::new(ObjectError::new(ErrorCode::STAGING_ERROR, message).at(AlgorithmStep::Staging).attribute(name)));
        }
        for (name, values) in entry.attributes {
            let Some(column) = self.columns.get(&name) else { continue };
            if let Some(mentioned) = &mut prepared.mentioned {
                mentioned.insert(column.id);
            }
            put_attribute(&mut prepared, &name, *column, values)?;
        }
        for (name, changes) in entry.changed_references {
            let Some(column) = self.columns.get(&name) else { continue };
            put_changes(&mut prepared, &name, *column, changes)?;
        }
        Ok(prepared)
    }

    fn type_name(&self, object_type: &str) -> Option<String> {
        let known = self.schema.type_name(object_type).map(str::to_owned);
        // A connector without a stored schema takes types as they come.
        known.or_else(|| self.schema.types().next().is_none().then(|| object_type.to_owned()))
    }
}

/// The error of an object with more bytes than can be stored; names the largest attribute.
fn too_large(entry: &ImportEntry, limit: usize) -> Option<ObjectError> {
    let size = |values: &Vec<EntryValue>| values.iter().map(size_of).sum::<usize>();
    let changed = entry.changed_references.values().flat_map(|changes| changes.added.iter().chain(&changes.removed));
    let total: usize = entry.attributes.values().map(size).sum::<usize>() + changed.map(String::len).sum::<usize>();
    if total <= limit {
        return None;
    }
    let sizes = entry.attributes.iter().map(|(name, values)| (name, size(values)));
    let changed = entry
        .changed_references
        .iter()
        .map(|(name, changes)| (name, changes.added.iter().chain(&changes.removed).map(String::len).sum::<usize>()));
    let (name, largest) = sizes.chain(changed).max_by_key(|(_, size)| *size)?;
    let message = format!(
        "{} has {total} bytes of values, most of them in attribute \"{name}\" ({largest} bytes); a connector space object holds {limit}: leave the attribute out",
        entry.dn,
    );
    Some(ObjectError::new(ErrorCode::STAGING_ERROR, message).at(AlgorithmStep::Staging).attribute(name))
}

fn size_of(value: &EntryValue) -> usize {
    match value {
        EntryValue::Text(text) | EntryValue::Reference(text) => text.len(),
        EntryValue::Binary(bytes) => bytes.len(),
        EntryValue::Integer(_) | EntryValue::Boolean(_) => 8,
    }
}

fn put_attribute(
    prepared: &mut PreparedEntry,
    name: &str,
    column: Column,
    values: Vec<EntryValue>,
) -> Result<(), Box<ObjectError>> {
    let fault = |code, message: String| Box::new(ObjectError::new(code, message).at(AlgorithmStep::Staging).attribute(name));
    if let Some((_, false)) = column.expected
        && values.len() > 1
    {
        let message = format!("attribute \"{name}\" has {} values but is single-valued: refresh the schema", values.len());
        return Err(fault(ErrorCode::MULTI_SINGLE_MISMATCH, message));
    }
    let is_reference = match column.expected {
        Some((value_type, _)) => value_type == ValueType::Reference,
        None => matches!(values.first(), Some(EntryValue::Reference(_))),
    };
    // What no value and no schema tells the kind of may be either.
    let may_be_reference = is_reference || (column.expected.is_none() && values.is_empty());
    let mut targets = Vec::new();
    let mut plain = Values::new();
    for value in values {
        let value_type = value_type_of(&value);
        if let Some((expected, _)) = column.expected
            && expected != value_type
        {
            let message =
                format!("attribute \"{name}\" is {} but a value is {}: refresh the schema", expected.word(), value_type.word());
            return Err(fault(ErrorCode::ATTRIBUTE_TYPE_MISMATCH, message));
        }
        match value {
            EntryValue::Text(text) => plain.push(Value::text(text)),
            EntryValue::Binary(bytes) => plain.push(Value::binary(bytes)),
            EntryValue::Integer(number) => plain.push(Value::Integer(number)),
            EntryValue::Boolean(flag) => plain.push(Value::Boolean(flag)),
            EntryValue::Reference(dn) => targets.push(target(name, &dn)?),
        }
    }
    if may_be_reference {
        prepared.references.insert(column.id, targets);
    }
    if !is_reference {
        prepared.image.set(column.id, plain);
    }
    Ok(())
}

fn target(name: &str, dn: &str) -> Result<Dn, Box<ObjectError>> {
    Dn::parse(dn).map_err(|error| {
        let message = format!("attribute \"{name}\" is no reference: {error}");
        let error = ObjectError::new(ErrorCode::INVALID_REFERENCE_VALUE, message).at(AlgorithmStep::Staging);
        Box::new(error.attribute(name).value(dn))
    })
}

/// Takes over values that came and went. The one value that came to an attribute of a single value is all it has.
fn put_changes(
    prepared: &mut PreparedEntry,
    name: &str,
    column: Column,
    changes: ReferenceChanges,
) -> Result<(), Box<ObjectError>> {
    if prepared.mentioned.as_ref().is_some_and(|mentioned| mentioned.contains(&column.id)) {
        return Ok(());
    }
    let fault = |code, message: String| Box::new(ObjectError::new(code, message).at(AlgorithmStep::Staging).attribute(name));
    if let Some((value_type, multi_valued)) = column.expected {
        if value_type != ValueType::Reference {
            let message =
                format!("attribute \"{name}\" is {} but references in it changed: refresh the schema", value_type.word());
            return Err(fault(ErrorCode::ATTRIBUTE_TYPE_MISMATCH, message));
        }
        if !multi_valued && !changes.added.is_empty() {
            if let Some(mentioned) = &mut prepared.mentioned {
                mentioned.insert(column.id);
            }
            let values = changes.added.into_iter().map(EntryValue::Reference).collect();
            return put_attribute(prepared, name, column, values);
        }
    }
    let targets = |names: Vec<String>| names.iter().map(|dn| target(name, dn)).collect::<Result<Vec<_>, _>>();
    let changed = ChangedNames { added: targets(changes.added)?, removed: targets(changes.removed)? };
    prepared.changed_references.insert(column.id, changed);
    Ok(())
}

fn value_type_of(value: &EntryValue) -> ValueType {
    match value {
        EntryValue::Text(_) => ValueType::String,
        EntryValue::Binary(_) => ValueType::Binary,
        EntryValue::Integer(_) => ValueType::Integer,
        EntryValue::Boolean(_) => ValueType::Boolean,
        EntryValue::Reference(_) => ValueType::Reference,
    }
}

/// The attributes that an import of the connector brings, by number; all when none is selected.
pub(super) fn selected_attributes(names: &[String], table: &AttributeTable) -> Option<BTreeSet<AttributeId>> {
    let folded: BTreeSet<String> = names.iter().map(|name| fold_text(name)).collect();
    (!folded.is_empty()).then(|| folded.iter().filter_map(|name| table.get(name)).collect())
}

/// The attributes that no import of the connector brings although they are exported, by number.
pub(super) fn write_only_attributes(schema: &Schema, table: &AttributeTable) -> BTreeSet<AttributeId> {
    schema.write_only().filter_map(|name| table.get(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::Anchor;

    fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> ImportEntry {
        let text = |values: &[&str]| values.iter().map(|value| EntryValue::Text((*value).to_owned())).collect();
        ImportEntry {
            anchor: Anchor(vec![1]),
            dn: dn.to_owned(),
            object_type: "user".to_owned(),
            attributes: attributes.iter().map(|(name, values)| ((*name).to_owned(), text(values))).collect(),
            changed_references: BTreeMap::new(),
            partial: false,
        }
    }

    #[test]
    fn the_hash_sees_content_but_not_the_order_of_values() {
        let check =
            |a: &ImportEntry, b: &ImportEntry, same: bool| assert_eq!(content_hash(a) == content_hash(b), same, "{a:?} {b:?}");
        check(&entry("CN=a", &[("x", &["1", "2"])]), &entry("CN=a", &[("x", &["2", "1"])]), true);
        check(&entry("CN=a", &[("x", &["1", "2"])]), &entry("CN=a", &[("x", &["12"])]), false);
        check(&entry("CN=a", &[("x", &["1"]), ("y", &[])]), &entry("CN=a", &[("x", &["1"])]), false);
        check(&entry("CN=a", &[]), &entry("CN=A", &[]), false);
        check(&entry("CN=a", &[("x", &["y"])]), &entry("CN=a", &[("x", &["Y"])]), false);
    }

    #[test]
    fn an_object_that_is_too_large_is_told_with_its_largest_attribute() {
        let entry = entry("CN=a", &[("small", &["12"]), ("large", &["1234", "5678"])]);
        assert_eq!(too_large(&entry, 10), None);
        let error = too_large(&entry, 9).unwrap();
        assert_eq!((error.code, error.detail.attribute.as_deref()), (ErrorCode::STAGING_ERROR, Some("large")));
        assert!(error.message.contains("10 bytes of values") && error.message.contains("(8 bytes)"), "{}", error.message);
    }

    #[test]
    fn a_bad_entry_is_named_by_its_fault() {
        let schema = Schema::from_toml(
            "[attributes]\ncn = \"string\"\nage = \"integer\"\nmanager = \"reference\"\n[types]\nuser = [\"cn\", \"age\", \"manager\"]",
        )
        .unwrap();
        let check = |change: &dyn Fn(&mut ImportEntry), expected: ErrorCode| {
            let mut table = AttributeTable::default();
            let mut reader = EntryReader::new(&schema);
            let mut entry = entry("CN=a,DC=x", &[("cn", &["a"])]);
            change(&mut entry);
            reader.learn(reader.unknown_names([&entry].into_iter()), &mut table);
            assert_eq!(reader.read(entry, None).unwrap_err().code, expected);
        };
        let set = |name: &'static str, values: Vec<EntryValue>| {
            move |entry: &mut ImportEntry| {
                entry.attributes.insert(name.to_owned(), values.clone());
            }
        };
        check(&|entry| entry.dn = " ".into(), ErrorCode::MISSING_DN);
        check(&|entry| entry.dn = "Ada".into(), ErrorCode::INVALID_DN);
        check(&|entry| entry.anchor = Anchor(Vec::new()), ErrorCode::MISSING_ANCHOR);
        check(&|entry| entry.anchor = Anchor(vec![0; 399]), ErrorCode::ANCHOR_TOO_LONG);
        check(&|entry| entry.object_type = "printer".into(), ErrorCode::UNMAPPABLE_OBJECT_TYPE);
        check(&|entry| entry.object_type = String::new(), ErrorCode::MISSING_OBJECT_TYPE);
        check(&set("cn", vec![EntryValue::Text("a".into()), EntryValue::Text("b".into())]), ErrorCode::MULTI_SINGLE_MISMATCH);
        check(&set("age", vec![EntryValue::Text("1".into())]), ErrorCode::ATTRIBUTE_TYPE_MISMATCH);
        check(&set("manager", vec![EntryValue::Reference("Bob".into())]), ErrorCode::INVALID_REFERENCE_VALUE);
    }
}
