//! What an import asks for, and from entries to import items.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::settings::GenericLdapSettings;
use super::subschema::Subschema;
use crate::connector::ldap::directory::Directory;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::selection::Selection;
use crate::connector::ldap::server::{GENERIC, Words};
use crate::connector::ldap::verdict::Judge;
use crate::connector::{Anchor, ConnectorError, ImportItem, ImportRequest};
use crate::model::{ErrorCode, ObjectError, fold_text};

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

    /// Turns an entry into what is handed over; `None` when it is not of interest.
    pub(super) fn item(&self, entry: RawEntry) -> Option<ImportItem> {
        match self.sort_out(entry) {
            ControlFlow::Continue((entry, anchor, object_type)) => Some(self.object(entry, anchor, object_type)),
            ControlFlow::Break(instead) => instead,
        }
    }
}

impl<'a> Judge<'a> for Plan<'a> {
    fn selection(&self) -> &Selection<'a> {
        &self.selection
    }

    fn words(&self) -> &'static Words {
        &GENERIC
    }

    fn is_elsewhere(&self, _entry: &RawEntry) -> bool {
        false
    }

    fn object_type(&self, entry: &RawEntry, classes: &[&str]) -> Result<Option<&'a str>, Box<ObjectError>> {
        let has = |name: &&&str| classes.iter().any(|class| fold_text(class) == fold_text(name));
        if let Some(unknown) = self.undescribed.iter().find(has) {
            let message = format!(
                "the server's schema does not describe the object's class {unknown}: check that the account may read all of the schema"
            );
            let error = ObjectError::new(ErrorCode::UNMAPPABLE_OBJECT_TYPE, message);
            return Err(Box::new(error.attribute("objectClass").value(unknown)));
        }
        Ok(self.classes.object_type(entry.text("structuralObjectClass"), classes, &self.selection.types))
    }

    fn anchor(&self, entry: &RawEntry) -> Option<Anchor> {
        self.settings.anchor(entry)
    }

    fn without_anchor(&self, entry: &RawEntry) -> ObjectError {
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
}
