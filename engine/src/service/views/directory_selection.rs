//! What is read from a directory.

use serde::Serialize;

use crate::setup::SchemaRefresh;

/// A partition of a connector and its container filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionView {
    /// Naming context, or `default`.
    pub name: String,
    /// Imports read it.
    pub selected: bool,
    /// It is a domain.
    pub domain: bool,
    /// The next delta import knows where to begin.
    pub can_import_changes: bool,
    /// Containers that are read; empty means all of the partition.
    pub include: Vec<String>,
    /// Containers that are left out; the most specific of both decides.
    pub exclude: Vec<String>,
}

/// Whether imports read an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerVerdict {
    /// The partition that it lies in.
    pub partition: String,
    /// It is read.
    pub selected: bool,
    /// The container that decides; none when no container of the filter holds it.
    pub container: Option<String>,
}

/// What a new schema changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaRefreshView {
    /// The schema was stored; false after a dry run, and when nothing is different.
    pub stored: bool,
    /// Object types that are new.
    pub types_added: Vec<String>,
    /// Object types that are gone.
    pub types_removed: Vec<String>,
    /// What known types may have from now on, or not any more: `user: +info`.
    pub types_changed: Vec<String>,
    /// Attributes that are new.
    pub attributes_added: Vec<String>,
    /// Attributes that are gone.
    pub attributes_removed: Vec<String>,
    /// Attributes of another kind now.
    pub attributes_changed: Vec<ChangedAttributeView>,
    /// What rules do with attributes that are gone.
    pub uses: Vec<AttributeUseView>,
    /// Attributes and types that were read until now and are not any more.
    pub unselected: Vec<String>,
    /// Why a full import is needed, if it is.
    pub full_import: Option<String>,
}

/// An attribute whose kind is another now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedAttributeView {
    /// Its name.
    pub name: String,
    /// Type and number of values before.
    pub before: String,
    /// Type and number of values now.
    pub after: String,
}

/// What a rule does with an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeUseView {
    /// The attribute.
    pub attribute: String,
    /// The rule.
    pub rule: String,
    /// `scope`, `join`, or `flow to displayName`.
    pub part: String,
}

impl SchemaRefreshView {
    /// True when the directory has the schema that is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.types_added.is_empty()
            && self.types_removed.is_empty()
            && self.types_changed.is_empty()
            && self.attributes_added.is_empty()
            && self.attributes_removed.is_empty()
            && self.attributes_changed.is_empty()
    }

    pub(in crate::service) fn of(refresh: SchemaRefresh, stores: bool) -> Self {
        let used = refresh.uses.into_iter();
        let changed = refresh.attributes_changed.into_iter();
        let mut view = Self {
            stored: false,
            types_added: refresh.types_added,
            types_removed: refresh.types_removed,
            types_changed: refresh.types_changed,
            attributes_added: refresh.attributes_added,
            attributes_removed: refresh.attributes_removed,
            attributes_changed: changed
                .map(|changed| ChangedAttributeView { name: changed.name, before: changed.before, after: changed.after })
                .collect(),
            uses: used.map(|used| AttributeUseView { attribute: used.attribute, rule: used.rule, part: used.part }).collect(),
            unselected: refresh.unselected,
            full_import: refresh.full_import,
        };
        view.stored = stores && !view.is_empty();
        view
    }
}
