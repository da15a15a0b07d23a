//! References of a change: resolving anchors, replacing lists, adding and removing members.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::SandboxError;
use crate::store::changes::LinkDelta;
use crate::store::{links, objects};

/// References to write on one object.
#[derive(Debug, Default)]
pub(crate) struct LinkChanges<'a> {
    /// Whole lists by attribute.
    pub(crate) lists: BTreeMap<String, Vec<String>>,
    /// Members to add.
    pub(crate) adds: &'a [String],
    /// Members to remove.
    pub(crate) removes: &'a [String],
}

/// What became of the references.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) deltas: Vec<LinkDelta>,
    /// Attribute and anchor of every reference that names no live object.
    pub(crate) unresolved: Vec<(String, String)>,
}

impl Applied {
    fn note(&mut self, attribute: &str, target: i64, added: bool) {
        self.deltas.push(LinkDelta { attribute: attribute.to_owned(), target, added });
    }
}

/// Writes the references of a saved object.
pub(crate) fn apply_links(db: &Connection, source: i64, changes: &LinkChanges<'_>) -> Result<Applied, SandboxError> {
    let mut applied = Applied::default();
    for (attribute, wanted) in &changes.lists {
        let mut targets = BTreeSet::new();
        for reference in wanted {
            match objects::resolve_reference(db, reference)? {
                Some(target) => {
                    targets.insert(target);
                }
                None => applied.unresolved.push((attribute.clone(), reference.clone())),
            }
        }
        for old in links::targets(db, source, attribute)? {
            if !targets.remove(&old) && links::remove(db, source, attribute, old)? {
                applied.note(attribute, old, false);
            }
        }
        for target in targets {
            if links::add(db, source, attribute, target)? {
                applied.note(attribute, target, true);
            }
        }
    }
    for reference in changes.removes {
        // A member that does not exist any more is not a member.
        if let Some(target) = objects::resolve_reference(db, reference)?
            && links::remove(db, source, "member", target)?
        {
            applied.note("member", target, false);
        }
    }
    for reference in changes.adds {
        match objects::resolve_reference(db, reference)? {
            Some(target) => {
                if links::add(db, source, "member", target)? {
                    applied.note("member", target, true);
                }
            }
            None => applied.unresolved.push(("member".to_owned(), reference.clone())),
        }
    }
    Ok(applied)
}
