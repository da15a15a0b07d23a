//! What an import asks for, and from entries to import items.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::GenericLdapSettings;
use super::subschema::Subschema;
use crate::connector::ldap::directory::Directory;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::selection::Selection;
use crate::connector::{Anchor, ConnectorError, DiscoveryError, ImportEntry, ImportItem, ImportRequest};
use crate::model::{Dn, ErrorCode, ObjectError, fold_text};

/// What an import asks for and keeps.
pub(super) struct Plan<'a> {
    pub(super) selection: Selection<'a>,
    settings: GenericLdapSettings,
    classes: Subschema,
    /// Wanted types that the server does not describe: its schema does not fit what it holds.
    undescribed: Vec<&'a str>,
    /// Entries of the wanted types.
    pub(super) filter: String,
    /// Attributes as the server is asked for them.
    pub(super) requested: Vec<String>,
}

/// What an entry is to this import.
#[derive(Debug, PartialEq, Eq)]
enum Verdict<'a> {
    /// None of its business.
    Skip,
    /// An object outside of the containers that are read.
    Outside,
    /// An object to hand over.
    Take { anchor: Anchor, object_type: &'a str },
}

impl<'a> Plan<'a> {
    /// Plans an import. `classes` is the schema that the server describes now.
    pub(super) fn new(
        request: &'a ImportRequest,
        settings: &GenericLdapSettings,
        classes: Subschema,
    ) -> Result<Self, ConnectorError> {
        let selection = Selection::new(request)?;
        let condition = |name: &&str| format!("(objectClass={})", ldap3::ldap_escape(*name));
        let conditions: BTreeSet<String> = selection.types.iter().map(condition).collect();
        let mut requested: Vec<String> =
            ["objectClass", "structuralObjectClass", settings.anchor_attribute(), "modifyTimestamp"].map(str::to_owned).to_vec();
        requested.extend(selection.attributes.iter().map(ToString::to_string));
        let mut seen = BTreeSet::new();
        requested.retain(|name| seen.insert(fold_text(name)));
        Ok(Self {
            filter: format!("(|{})", conditions.into_iter().collect::<String>()),
            settings: settings.clone(),
            undescribed: selection.types.iter().copied().filter(|name| !classes.describes(name)).collect(),
            selection,
            classes,
            requested,
        })
    }

    /// The identity of an entry.
    pub(super) fn anchor(&self, entry: &RawEntry) -> Option<Anchor> {
        self.settings.anchor(entry)
    }

    /// Decides what an entry is to this import; a faulty one is described.
    fn judge(&self, entry: &RawEntry) -> Result<Verdict<'a>, Box<ObjectError>> {
        let fault = |error| Err(Box::new(error));
        if entry.dn.is_empty() {
            return fault(ObjectError::new(ErrorCode::MISSING_DN, "the server sent an object without a name"));
        }
        let dn = match Dn::parse(&entry.dn) {
            Ok(dn) => dn,
            Err(error) => return fault(ObjectError::new(ErrorCode::INVALID_DN, error.to_string()).value(&entry.dn)),
        };
        if !self.selection.containers.selects(&dn) {
            return Ok(Verdict::Outside);
        }
        let classes: Vec<&str> = entry.texts("objectClass").collect();
        if classes.is_empty() {
            let message = "the object has no objectClass: check that the account may read it";
            return fault(ObjectError::new(ErrorCode::MISSING_OBJECT_CLASS, message).attribute("objectClass"));
        }
        let has = |name: &&&str| classes.iter().any(|class| fold_text(class) == fold_text(name));
        if let Some(unknown) = self.undescribed.iter().find(has) {
            let message = format!(
                "the server's schema does not describe the object's class {unknown}: check that the account may read all of the schema"
            );
            let error = ObjectError::new(ErrorCode::UNMAPPABLE_OBJECT_TYPE, message);
            return fault(error.attribute("objectClass").value(unknown));
        }
        let structural = entry.text("structuralObjectClass");
        let Some(object_type) = self.classes.object_type(structural, &classes, &self.selection.types) else {
            return Ok(Verdict::Skip);
        };
        match self.anchor(entry) {
            Some(anchor) => Ok(Verdict::Take { anchor, object_type }),
            None => fault(self.without_anchor(entry)),
        }
    }

    /// What is wrong with an object that cannot be identified.
    pub(super) fn without_anchor(&self, entry: &RawEntry) -> ObjectError {
        let name = self.settings.anchor_attribute();
        let values = entry.attribute(name).map_or(0, |attribute| attribute.values.len());
        let (code, message) = if values > 1 {
            let message = format!(
                "the object has {values} values of {name}, which identifies objects: leave it one, or choose another attribute as the connector's anchor"
            );
            (ErrorCode::from_directory("multi-valued-anchor-component"), message)
        } else {
            let message = format!(
                "the object has no usable {name}, which identifies objects: check that the account may read it, or choose another attribute as the connector's anchor"
            );
            (ErrorCode::MISSING_ANCHOR, message)
        };
        ObjectError::new(code, message).attribute(name)
    }

    /// Turns an entry into what is handed over; `None` when it is not of interest.
    pub(super) fn item(&self, entry: RawEntry) -> Option<ImportItem> {
        let bad =
            |dn: String, error: ObjectError| Some(ImportItem::Bad(DiscoveryError { dn: (!dn.is_empty()).then_some(dn), error }));
        let (anchor, object_type) = match self.judge(&entry) {
            Ok(Verdict::Take { anchor, object_type }) => (anchor, object_type),
            Ok(Verdict::Skip) => return None,
            Ok(Verdict::Outside) => return Some(ImportItem::Filtered { anchor: self.anchor(&entry), dn: entry.dn }),
            Err(error) => return bad(entry.dn, *error),
        };
        match self.selection.values(entry.attributes) {
            Ok(attributes) => Some(ImportItem::Entry(ImportEntry {
                anchor,
                dn: entry.dn,
                object_type: object_type.to_owned(),
                attributes,
                changed_references: BTreeMap::new(),
                partial: false,
            })),
            Err(error) => bad(entry.dn, *error),
        }
    }
}
