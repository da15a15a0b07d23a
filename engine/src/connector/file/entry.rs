//! From LDIF records to objects of an Active Directory connector space.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_128;

use super::ldif::{LdifFault, LdifLine, LdifRecord};
use super::partition::domain_key;
use crate::connector::{
    Anchor, ContainerFilter, DiscoveryError, EntryAttributes, EntryValue, ImportEntry, ImportItem, ImportRequest,
};
use crate::model::{AttributeDefinition, Dn, ErrorCode, ObjectError, Schema, ValueType, fold_text};

/// The anchor attribute.
pub const ANCHOR: &str = "objectGUID";

/// Classes that stand above another class of the schema, the more specific one first.
const MORE_SPECIFIC: [&str; 2] = ["computer", "inetOrgPerson"];

/// Spellings of attribute names that are remembered.
const MAX_SPELLINGS: usize = 10_000;

/// Turns the records of one file into what an import hands over.
pub struct EntryReader<'a> {
    schema: &'a Schema,
    partition: Dn,
    containers: ContainerFilter,
    object_types: BTreeSet<String>,
    attributes: BTreeSet<String>,
    /// What each spelling met in the file means; `None` for attributes that are not wanted.
    spellings: HashMap<String, Option<&'a AttributeDefinition>>,
    /// The line of the record that has an anchor.
    anchors: HashMap<[u8; 16], u64>,
    /// The line of the record that has a name, by a hash of the name.
    names: HashMap<u128, u64>,
    /// Partitions that imports of their own read.
    elsewhere: Vec<Dn>,
    met_partition: bool,
}

/// The first thing that is wrong with a record.
struct Fault {
    line: u64,
    error: Box<ObjectError>,
}

impl Fault {
    fn new(line: u64, code: ErrorCode, message: &str) -> Self {
        Self { line, error: Box::new(ObjectError::new(code, format!("line {line}: {message}"))) }
    }

    fn of_value(line: &LdifLine<'_>, code: ErrorCode, what: &str) -> Self {
        let attribute = line.name;
        let shown = line.shown();
        let message = format!("line {}: attribute \"{attribute}\": {what}: \"{shown}\"", line.line);
        Self { line: line.line, error: Box::new(ObjectError::new(code, message).attribute(attribute).value(&shown)) }
    }

    fn of_ldif((line, fault): (u64, LdifFault)) -> Self {
        let code = match fault {
            LdifFault::NoDn(_) | LdifFault::EmptyDn => ErrorCode::MISSING_DN,
            LdifFault::Base64 => ErrorCode::INVALID_BASE64_VALUE,
            LdifFault::Utf8 => ErrorCode::INVALID_ATTRIBUTE_VALUE,
            LdifFault::Url => ErrorCode::from_directory("unsupported-value-type"),
            LdifFault::NothingToContinue
            | LdifFault::LineTooLong(_)
            | LdifFault::RecordTooLong(_)
            | LdifFault::NoColon(_)
            | LdifFault::Name(_) => ErrorCode::PARSE_ERROR,
        };
        Self::new(line, code, &fault.to_string())
    }

    fn item(self, dn: Option<&str>) -> ImportItem {
        tracing::trace!(line = self.line, code = %self.error.code, "bad record");
        ImportItem::Bad(DiscoveryError { dn: dn.map(str::to_owned), error: *self.error })
    }
}

/// What the lines of a record hold.
#[derive(Default)]
struct Content {
    classes: Vec<String>,
    guids: Vec<Vec<u8>>,
    attributes: EntryAttributes,
    fault: Option<Fault>,
}

impl<'a> EntryReader<'a> {
    /// A reader for one import of the partition `partition`.
    pub fn new(request: &'a ImportRequest, partition: Dn) -> Self {
        Self {
            schema: &request.schema,
            partition,
            containers: ContainerFilter::new(&request.include, &request.exclude),
            object_types: request.object_types.iter().map(|name| fold_text(name)).collect(),
            attributes: request.attributes.iter().map(|name| fold_text(name)).collect(),
            spellings: HashMap::new(),
            anchors: HashMap::new(),
            names: HashMap::new(),
            elsewhere: request.elsewhere.iter().filter_map(|name| Dn::parse(name).ok()).collect(),
            met_partition: false,
        }
    }

    /// True once a record of the partition was met, wanted or not.
    pub fn met_partition(&self) -> bool {
        self.met_partition
    }

    /// Reads one record; `None` for one that the import does not ask for.
    pub fn read(&mut self, record: &LdifRecord<'_>) -> Option<ImportItem> {
        let text = match record.dn() {
            Ok(text) => text,
            Err((line, fault)) => {
                let mut fault = Fault::of_ldif((line, fault));
                if fault.error.code != ErrorCode::MISSING_DN && fault.error.code != ErrorCode::PARSE_ERROR {
                    fault.error.code = ErrorCode::INVALID_DN;
                }
                return Some(fault.item(None));
            }
        };
        let text = text.trim();
        let dn = match Dn::parse(text) {
            Ok(dn) => dn,
            Err(error) => return Some(Fault::new(record.line(), ErrorCode::INVALID_DN, &error.to_string()).item(Some(text))),
        };
        match domain_key(&dn) {
            Some(key) if key == self.partition.key() => self.met_partition = true,
            // Counted once: by the import of the first of the partitions that are read.
            Some(key) => {
                let first = self.elsewhere.iter().all(|other| other.key() != key && other.key() > self.partition.key());
                return if first { self.filtered(record, text) } else { None };
            }
            None => {
                let message = "the name does not end in DC= components, so the object belongs to no partition";
                return Some(Fault::new(record.line(), ErrorCode::INVALID_DN, message).item(Some(text)));
            }
        }
        if !self.containers.selects(&dn) {
            return self.filtered(record, text);
        }
        match self.entry(record, &dn) {
            Ok(entry) => entry.map(ImportItem::Entry),
            Err(fault) => Some(fault.item(Some(text))),
        }
    }

    /// An object that is not read although its type is; nothing for another type.
    fn filtered(&self, record: &LdifRecord<'_>, dn: &str) -> Option<ImportItem> {
        let lines = || record.lines().flatten();
        let classes = lines().filter(|line| line.name.eq_ignore_ascii_case("objectClass"));
        let classes: Vec<String> = classes.filter_map(|line| line.text().ok().map(|text| text.trim().to_owned())).collect();
        let wanted = object_type(self.schema, &classes).is_some_and(|name| self.object_types.contains(&fold_text(name)));
        let anchor = lines().find(|line| line.name.eq_ignore_ascii_case(ANCHOR)).and_then(|line| line.bytes().ok());
        let anchor = anchor.map(|bytes| Anchor(bytes.into_owned()));
        wanted.then(|| ImportItem::Filtered { anchor, dn: dn.to_owned() })
    }

    fn entry(&mut self, record: &LdifRecord<'_>, dn: &Dn) -> Result<Option<ImportEntry>, Fault> {
        if let Some(fault) = record.fault() {
            return Err(Fault::of_ldif(fault.clone()));
        }
        let content = self.content(record)?;
        if content.classes.is_empty() {
            let fault = Fault::new(record.line(), ErrorCode::MISSING_OBJECT_CLASS, "the object has no objectClass");
            return Err(content.fault.unwrap_or(fault));
        }
        let object_type = object_type(self.schema, &content.classes);
        let Some(object_type) = object_type.filter(|name| self.object_types.contains(&fold_text(name))) else {
            return Ok(None);
        };
        if let Some(fault) = content.fault {
            return Err(fault);
        }
        let anchor = self.anchor(record.line(), &content.guids)?;
        if let Some(first) = self.names.insert(xxh3_128(dn.key().as_bytes()), record.line()) {
            let message = format!("the record at line {first} has the same name; remove one of the two");
            return Err(Fault::new(record.line(), ErrorCode::DUPLICATE_OBJECT, &message));
        }
        let (dn, object_type) = (dn.as_str().to_owned(), object_type.to_owned());
        Ok(Some(ImportEntry {
            anchor,
            dn,
            object_type,
            attributes: content.attributes,
            changed_references: BTreeMap::new(),
            partial: false,
        }))
    }

    /// Reads all lines; goes on after the first fault, because the classes decide whether it matters.
    ///
    /// # Errors
    /// [`Fault`] for change records, which matter whatever their class.
    fn content(&mut self, record: &LdifRecord<'_>) -> Result<Content, Fault> {
        let mut content = Content::default();
        for line in record.lines() {
            let line = match line {
                Ok(line) => line,
                Err(fault) => {
                    content.fault.get_or_insert_with(|| Fault::of_ldif(fault));
                    continue;
                }
            };
            if line.name.eq_ignore_ascii_case("changetype") || line.name.eq_ignore_ascii_case("control") {
                check_change_type(&line)?;
            } else if line.name.eq_ignore_ascii_case("objectClass") {
                content.classes.extend(line.text().ok().filter(|text| !text.is_empty()).map(|text| text.trim().to_owned()));
            } else if let Err(fault) = self.attribute(&line, &mut content) {
                content.fault.get_or_insert(fault);
            }
        }
        Ok(content)
    }

    fn attribute(&mut self, line: &LdifLine<'_>, content: &mut Content) -> Result<(), Fault> {
        let definition = self.definition(line.name);
        let is_anchor = line.name.eq_ignore_ascii_case(ANCHOR);
        if (definition.is_none() && !is_anchor) || !is_whole(line)? {
            return Ok(());
        }
        if is_anchor {
            content.guids.push(line.bytes().map_err(|fault| value_fault(line, fault))?.into_owned());
        }
        let Some(definition) = definition else { return Ok(()) };
        let Some(value) = value(definition.value_type, line)? else { return Ok(()) };
        if let Some(values) = content.attributes.get_mut(&definition.name) {
            if !definition.multi_valued {
                return Err(Fault::of_value(
                    line,
                    ErrorCode::MULTI_SINGLE_MISMATCH,
                    "a second value of a single-valued attribute",
                ));
            }
            values.push(value);
        } else {
            content.attributes.insert(definition.name.clone(), vec![value]);
        }
        Ok(())
    }

    /// What the schema says of an attribute, if the import asks for it.
    fn definition(&mut self, name: &str) -> Option<&'a AttributeDefinition> {
        if let Some(known) = self.spellings.get(name) {
            return *known;
        }
        let wanted = self.attributes.contains(&fold_text(name));
        let definition = if wanted { self.schema.attribute(name) } else { None };
        if self.spellings.len() < MAX_SPELLINGS {
            self.spellings.insert(name.to_owned(), definition);
        }
        definition
    }

    fn anchor(&mut self, line: u64, guids: &[Vec<u8>]) -> Result<Anchor, Fault> {
        let fault = |code, message: &str| {
            let mut fault = Fault::new(line, code, message);
            fault.error.detail.attribute = Some(ANCHOR.to_owned());
            fault
        };
        let [guid] = guids else {
            return Err(if guids.is_empty() {
                fault(ErrorCode::MISSING_ANCHOR, "the object has no objectGUID, which identifies it")
            } else {
                fault(ErrorCode::from_directory("multi-valued-anchor-component"), "the object has more than one objectGUID")
            });
        };
        let Ok(bytes) = <[u8; 16]>::try_from(guid.as_slice()) else {
            let message = format!("objectGUID has {} bytes; 16 are needed, as base64 after \"objectGUID::\"", guid.len());
            return Err(fault(ErrorCode::MISSING_ANCHOR, &message));
        };
        if let Some(first) = self.anchors.insert(bytes, line) {
            let message = format!("the record at line {first} has the same objectGUID; remove one of the two");
            return Err(fault(ErrorCode::DUPLICATE_OBJECT, &message));
        }
        Ok(Anchor(guid.clone()))
    }
}

/// The most specific of the classes that the schema knows.
fn object_type<'a>(schema: &'a Schema, classes: &[String]) -> Option<&'a str> {
    let known: Vec<&str> = classes.iter().filter_map(|class| schema.type_name(class)).collect();
    let specific = MORE_SPECIFIC.iter().find_map(|name| known.iter().find(|known| known.eq_ignore_ascii_case(name)));
    specific.or(known.last()).copied()
}

/// Lets whole objects pass: `changetype: add` describes one, every other change does not.
fn check_change_type(line: &LdifLine<'_>) -> Result<(), Fault> {
    let is_add =
        line.name.eq_ignore_ascii_case("changetype") && line.text().is_ok_and(|text| text.trim().eq_ignore_ascii_case("add"));
    if is_add {
        return Ok(());
    }
    let what = "only whole objects are read, this record is a change; export the directory's objects instead";
    Err(Fault::of_value(line, ErrorCode::from_directory("invalid-change-type"), what))
}

/// False for variants of an attribute that a directory of this kind does not have (languages).
///
/// # Errors
/// [`Fault`] when the line holds only a part of the values.
fn is_whole(line: &LdifLine<'_>) -> Result<bool, Fault> {
    let mut others = line.options.split(';').filter(|option| !option.is_empty() && !option.eq_ignore_ascii_case("binary"));
    if others.clone().any(|option| option.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("range="))) {
        let message = format!("attribute \"{}\": only a range of the values is in the file; export all of them", line.name);
        let mut fault = Fault::new(line.line, ErrorCode::PARSE_ERROR, &message);
        fault.error.detail.attribute = Some(line.name.to_owned());
        return Err(fault);
    }
    Ok(others.next().is_none())
}

fn value_fault(line: &LdifLine<'_>, fault: LdifFault) -> Fault {
    let code = Fault::of_ldif((line.line, fault.clone())).error.code;
    Fault::of_value(line, code, &fault.to_string())
}

/// The value of a line; an empty one is no value.
fn value(value_type: ValueType, line: &LdifLine<'_>) -> Result<Option<EntryValue>, Fault> {
    if value_type == ValueType::Binary {
        let bytes = line.bytes().map_err(|fault| value_fault(line, fault))?.into_owned();
        return Ok((!bytes.is_empty()).then_some(EntryValue::Binary(bytes)));
    }
    let text = line.text().map_err(|fault| value_fault(line, fault))?;
    if text.is_empty() {
        return Ok(None);
    }
    let value = match value_type {
        ValueType::String | ValueType::Binary => EntryValue::Text(text.into_owned()),
        ValueType::Integer => {
            let number = text.trim().parse().ok();
            EntryValue::Integer(
                number.ok_or_else(|| Fault::of_value(line, ErrorCode::INVALID_NUMERIC_VALUE, "not a whole number"))?,
            )
        }
        ValueType::Boolean if text.trim().eq_ignore_ascii_case("true") => EntryValue::Boolean(true),
        ValueType::Boolean if text.trim().eq_ignore_ascii_case("false") => EntryValue::Boolean(false),
        ValueType::Boolean => return Err(Fault::of_value(line, ErrorCode::INVALID_BOOLEAN_VALUE, "neither TRUE nor FALSE")),
        ValueType::Reference => {
            if !Dn::parse(&text).is_ok_and(|dn| dn.depth() > 0) {
                return Err(Fault::of_value(line, ErrorCode::INVALID_REFERENCE_VALUE, "not a distinguished name"));
            }
            EntryValue::Reference(text.into_owned())
        }
    };
    Ok(Some(value))
}
