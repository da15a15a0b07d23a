//! What a connector handed over, on its way from the thread that receives it to the one that stages it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::prepare::{EntryReader, PreparedEntry, content_hash};
use crate::connector::{Anchor, ImportEntry, ImportItem};
use crate::model::{AttributeTable, ObjectError, Schema};

/// Something that arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    content: Content,
    /// Hash of the content of a whole object.
    pub hash: Option<[u8; 16]>,
}

#[derive(Debug)]
enum Content {
    /// As the connector told it.
    Told(ImportItem),
    /// An entry after its values were looked at.
    Entry(PreparedEntry),
    /// An entry that cannot be staged.
    Unreadable(Unreadable),
}

/// An entry that cannot be staged, and why.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub dn: String,
    pub anchor: Option<Anchor>,
    pub error: Box<ObjectError>,
}

/// What arrived after its values were looked at.
#[derive(Debug)]
pub(super) enum Read {
    Entry(PreparedEntry),
    Deleted { anchor: Anchor, dn: Option<String> },
    Filtered(Option<Anchor>),
    Unreadable(Unreadable),
}

impl Arrived {
    pub(super) fn new(item: ImportItem) -> Self {
        let hash = match &item {
            ImportItem::Entry(entry) if !entry.partial => Some(content_hash(entry)),
            ImportItem::Entry(_) | ImportItem::Deleted { .. } | ImportItem::Filtered { .. } | ImportItem::Bad(_) => None,
        };
        Self { content: Content::Told(item), hash }
    }

    /// How much work it is: the number of its values. Nothing when it was read already.
    pub(super) fn weight(&self) -> usize {
        match &self.content {
            Content::Told(ImportItem::Entry(entry)) => {
                let changed = entry.changed_references.values().map(|changes| changes.added.len() + changes.removed.len());
                entry.attributes.values().map(Vec::len).chain(changed).sum()
            }
            Content::Told(_) => 1,
            Content::Entry(_) | Content::Unreadable(_) => 0,
        }
    }

    /// The name of the object, empty when it was not told.
    pub(super) fn name(&self) -> &str {
        match &self.content {
            Content::Told(ImportItem::Entry(entry)) => &entry.dn,
            Content::Told(ImportItem::Deleted { dn, .. }) => dn.as_deref().unwrap_or_default(),
            Content::Told(ImportItem::Filtered { dn, .. }) => dn,
            Content::Told(ImportItem::Bad(bad)) => bad.dn.as_deref().unwrap_or_default(),
            Content::Entry(entry) => entry.dn.as_str(),
            Content::Unreadable(unreadable) => &unreadable.dn,
        }
    }

    /// The anchor of an entry.
    pub(super) fn entry_anchor(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Told(ImportItem::Entry(entry)) => Some(&entry.anchor.0),
            Content::Told(_) => None,
            Content::Entry(entry) => Some(&entry.anchor),
            Content::Unreadable(unreadable) => unreadable.anchor.as_ref().map(|anchor| anchor.0.as_slice()),
        }
    }

    /// The anchor of an object that is there, whether the import wants it or not.
    pub(super) fn present_anchor(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Told(ImportItem::Filtered { anchor, .. }) => anchor.as_ref().map(|anchor| anchor.0.as_slice()),
            _ => self.entry_anchor(),
        }
    }

    /// An entry that nobody has read yet.
    pub(super) fn unread(&self) -> Option<&ImportEntry> {
        match &self.content {
            Content::Told(ImportItem::Entry(entry)) => Some(entry),
            Content::Told(_) | Content::Entry(_) | Content::Unreadable(_) => None,
        }
    }

    /// Looks at the values; all attribute names of an unread entry must have been learned.
    pub(super) fn read(self, reader: &EntryReader<'_>) -> Read {
        match self.content {
            Content::Told(ImportItem::Entry(entry)) => match read_entry(reader, entry, self.hash) {
                Ok(prepared) => Read::Entry(prepared),
                Err(unreadable) => Read::Unreadable(unreadable),
            },
            Content::Told(ImportItem::Deleted { anchor, dn }) => Read::Deleted { anchor, dn },
            Content::Told(ImportItem::Filtered { anchor, .. }) => Read::Filtered(anchor),
            Content::Told(ImportItem::Bad(bad)) => {
                Read::Unreadable(Unreadable { dn: bad.dn.unwrap_or_default(), anchor: None, error: Box::new(bad.error) })
            }
            Content::Entry(entry) => Read::Entry(entry),
            Content::Unreadable(unreadable) => Read::Unreadable(unreadable),
        }
    }

    /// Looks at the values of an entry already; leaves what is none, and what has names that were not met before.
    fn read_early(self, reader: &EntryReader<'_>) -> Self {
        let Self { content, hash } = self;
        let content = match content {
            Content::Told(ImportItem::Entry(entry)) if reader.knows(&entry) => match read_entry(reader, entry, hash) {
                Ok(prepared) => Content::Entry(prepared),
                Err(unreadable) => Content::Unreadable(unreadable),
            },
            told => told,
        };
        Self { content, hash }
    }
}

fn read_entry(reader: &EntryReader<'_>, entry: ImportEntry, hash: Option<[u8; 16]>) -> Result<PreparedEntry, Unreadable> {
    let (dn, anchor) = (entry.dn.clone(), entry.anchor.clone());
    reader.read(entry, hash).map_err(|error| Unreadable { dn, anchor: Some(anchor), error })
}

/// Reads entries on either side of the channel between receiving and staging: the receiving side while it would only wait
/// for the other one, and only as long as most of what arrives is new or changed.
#[derive(Debug)]
pub(super) struct SharedReader<'a> {
    reader: RwLock<EntryReader<'a>>,
    worthwhile: AtomicBool,
}

impl<'a> SharedReader<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { reader: RwLock::new(EntryReader::new(schema)), worthwhile: AtomicBool::new(false) }
    }

    /// The reader, with what it has learned so far.
    pub(super) fn get(&self) -> RwLockReadGuard<'_, EntryReader<'a>> {
        self.reader.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns names; see [`EntryReader::learn`].
    pub(super) fn learn(&self, names: BTreeSet<String>, table: &mut AttributeTable) {
        self.reader.write().unwrap_or_else(PoisonError::into_inner).learn(names, table);
    }

    /// Notes how many arrivals of a batch had to be read.
    pub(super) fn note(&self, arrived: usize, changed: usize) {
        self.worthwhile.store(changed * 2 > arrived, Ordering::Relaxed);
    }

    /// Reads a batch early, when that is worthwhile.
    pub(super) fn ahead(&self, batch: Vec<Arrived>) -> Vec<Arrived> {
        if !self.worthwhile.load(Ordering::Relaxed) {
            return batch;
        }
        let reader = self.get();
        batch.into_iter().map(|arrived| arrived.read_early(&reader)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::connector::EntryValue;

    fn entry(anchor: u8, dn: &str, attribute: &str) -> ImportItem {
        ImportItem::Entry(ImportEntry {
            anchor: Anchor(vec![anchor]),
            dn: dn.to_owned(),
            object_type: "user".to_owned(),
            attributes: BTreeMap::from([(attribute.to_owned(), vec![EntryValue::Text("x".to_owned())])]),
            changed_references: BTreeMap::new(),
            partial: false,
        })
    }

    #[test]
    fn what_is_read_early_is_what_would_be_read_later() {
        let schema =
            Schema::from_toml("[attributes]\ncn = \"string\"\nage = \"integer\"\n[types]\nuser = [\"cn\", \"age\"]").unwrap();
        let shared = SharedReader::new(&schema);
        let mut table = AttributeTable::default();
        shared.learn(["cn".to_owned(), "age".to_owned()].into(), &mut table);
        let items = [
            entry(1, "CN=a,DC=x", "cn"),
            entry(2, "CN=b,DC=x", "age"),
            entry(3, "", "cn"),
            entry(4, "CN=d,DC=x", "mail"),
            ImportItem::Deleted { anchor: Anchor(vec![5]), dn: Some("CN=e,DC=x".to_owned()) },
            ImportItem::Filtered { anchor: Some(Anchor(vec![6])), dn: "CN=f,DC=x".to_owned() },
        ];
        let arrived = || items.iter().cloned().map(Arrived::new).collect::<Vec<_>>();
        let told = |batch: &[Arrived]| -> Vec<String> {
            let line =
                |one: &Arrived| format!("{} {:?} {:?} {:?}", one.name(), one.entry_anchor(), one.present_anchor(), one.hash);
            batch.iter().map(line).collect()
        };
        let unread = |batch: &[Arrived]| batch.iter().filter(|one| one.unread().is_some()).count();

        shared.note(4, 2);
        assert_eq!(unread(&shared.ahead(arrived())), 4, "as much unchanged as changed is left to the other side");
        shared.note(4, 3);
        let early = shared.ahead(arrived());
        assert_eq!(unread(&early), 1, "only the entry with a name that was not met before");
        assert_eq!(told(&early), told(&arrived()));

        shared.learn(["mail".to_owned()].into(), &mut table);
        let reader = shared.get();
        let read = |batch: Vec<Arrived>| batch.into_iter().map(|one| format!("{:?}", one.read(&reader))).collect::<Vec<_>>();
        assert_eq!(read(early), read(arrived()));
    }
}
