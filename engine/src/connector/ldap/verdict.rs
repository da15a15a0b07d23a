//! What an entry is to an import, and what is handed over for it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::entry::RawEntry;
use super::selection::Selection;
use super::server::Words;
use crate::connector::{Anchor, DiscoveryError, EntryAttributes, ImportEntry, ImportItem};
use crate::model::{Dn, ErrorCode, ObjectError};

/// What an entry is to an import.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::connector) enum Verdict<'a> {
    /// None of its business.
    Skip,
    /// An object outside of the containers that are read.
    Outside,
    /// An object to hand over.
    Take { anchor: Anchor, object_type: &'a str },
}

/// What one kind of directory makes of the classes and the identity of an entry.
pub(in crate::connector) trait Judge<'a> {
    /// What is read.
    fn selection(&self) -> &Selection<'a>;

    /// How the kind speaks of its accounts.
    fn words(&self) -> &'static Words;

    /// True for what is never an object of this import.
    fn is_elsewhere(&self, entry: &RawEntry) -> bool;

    /// The wanted type of an entry of these classes; `None` when it is not wanted.
    fn object_type(&self, entry: &RawEntry, classes: &[&str]) -> Result<Option<&'a str>, Box<ObjectError>>;

    /// The identity of an entry, as far as it shows one that can be used.
    fn anchor(&self, entry: &RawEntry) -> Option<Anchor>;

    /// What is wrong with an object that cannot be identified.
    fn without_anchor(&self, entry: &RawEntry) -> ObjectError;

    /// Decides what an entry is; a faulty one is described.
    fn judge(&self, entry: &RawEntry) -> Result<Verdict<'a>, Box<ObjectError>> {
        let fault = |error| Err(Box::new(error));
        if entry.dn.is_empty() {
            return fault(ObjectError::new(ErrorCode::MISSING_DN, "the server sent an object without a name"));
        }
        let dn = match Dn::parse(&entry.dn) {
            Ok(dn) => dn,
            Err(error) => return fault(ObjectError::new(ErrorCode::INVALID_DN, error.to_string()).value(&entry.dn)),
        };
        if self.is_elsewhere(entry) {
            return Ok(Verdict::Skip);
        }
        if !self.selection().containers.selects(&dn) {
            return Ok(Verdict::Outside);
        }
        let classes: Vec<&str> = entry.texts("objectClass").collect();
        if classes.is_empty() {
            let message = format!("the object has no objectClass: check that the {} may read it", self.words().account);
            return fault(ObjectError::new(ErrorCode::MISSING_OBJECT_CLASS, message).attribute("objectClass"));
        }
        let Some(object_type) = self.object_type(entry, &classes)? else { return Ok(Verdict::Skip) };
        match self.anchor(entry) {
            Some(anchor) => Ok(Verdict::Take { anchor, object_type }),
            None => fault(self.without_anchor(entry)),
        }
    }

    /// Sorts an entry out: an object to go on with, with its identity and type, or what is handed over instead.
    fn sort_out(&self, entry: RawEntry) -> ControlFlow<Option<ImportItem>, (RawEntry, Anchor, &'a str)> {
        match self.judge(&entry) {
            Ok(Verdict::Take { anchor, object_type }) => ControlFlow::Continue((entry, anchor, object_type)),
            Ok(Verdict::Skip) => ControlFlow::Break(None),
            Ok(Verdict::Outside) => ControlFlow::Break(Some(ImportItem::Filtered { anchor: self.anchor(&entry), dn: entry.dn })),
            Err(error) => ControlFlow::Break(Some(bad(entry.dn, *error))),
        }
    }

    /// An object as it is handed over, with the values that are wanted.
    fn object(&self, entry: RawEntry, anchor: Anchor, object_type: &str) -> ImportItem {
        let attributes: EntryAttributes = match self.selection().values(entry.attributes) {
            Ok(attributes) => attributes,
            Err(error) => return bad(entry.dn, *error),
        };
        ImportItem::Entry(ImportEntry {
            anchor,
            dn: entry.dn,
            object_type: object_type.to_owned(),
            attributes,
            changed_references: BTreeMap::new(),
            partial: false,
        })
    }
}

/// A faulty entry.
pub(in crate::connector) fn bad(dn: String, error: ObjectError) -> ImportItem {
    ImportItem::Bad(DiscoveryError { dn: (!dn.is_empty()).then_some(dn), error })
}
