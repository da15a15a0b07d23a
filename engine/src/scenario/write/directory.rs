//! Directories, with what their schemas have beyond those of their kind.

use std::collections::{BTreeMap, BTreeSet};

use super::Writer;
use crate::connector::memory::DeltaContent;
use crate::scenario::model::DirectorySpec;

impl Writer {
    pub(super) fn directory(&mut self, directory: &DirectorySpec) {
        self.line(0, &format!("{} {} {}", directory.kind.word(), directory.name, directory.domain));
        match directory.delta_content {
            DeltaContent::Objects => {}
            DeltaContent::Attributes => self.line(1, "partial deltas"),
            DeltaContent::Values => self.line(1, "value deltas"),
        }
        if !directory.deltas {
            self.line(1, "no deltas");
        }
        if directory.confirms {
            self.line(1, "confirms at once");
        }
        let Ok(usual) = directory.kind.schema() else { return };
        let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for object_type in directory.schema.types() {
            for attribute in directory.schema.attributes_of(object_type) {
                if usual.attribute_of(object_type, &attribute.name) != Some(attribute) {
                    types.entry(&attribute.name).or_default().insert(object_type);
                }
            }
        }
        for attribute in directory.schema.attributes() {
            let Some(types) = types.get(attribute.name.as_str()) else { continue };
            let multi = if attribute.multi_valued { " multi" } else { "" };
            let types: Vec<&str> = types.iter().copied().collect();
            self.line(1, &format!("attribute {} {}{multi} on {}", attribute.name, attribute.value_type.word(), types.join(", ")));
        }
    }
}
