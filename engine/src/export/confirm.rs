//! Confirmation at once (`engine.md` 5, 3.5): the word of some directories is enough, so what they accepted becomes what
//! was imported, and no import has to show it first.

use rusqlite::Transaction;

use super::Export;
use crate::import;
use crate::model::{Delta, Image, ObjectOperation};
use crate::store::connector_space::{self, CsObject};
use crate::store::references::ReferenceLayer;
use crate::store::{StoreError, pending};

impl Export<'_> {
    /// What an accepted export left unconfirmed becomes the hologram; an object whose deletion was accepted goes. True
    /// when it is gone.
    ///
    /// Rules read another object now than when it was last synchronized, and no import will say so: the next
    /// synchronization looks at it in full.
    pub(super) fn believe(&self, transaction: &Transaction<'_>, object: &mut CsObject) -> Result<bool, StoreError> {
        match object.unconfirmed.operation {
            ObjectOperation::None => return Ok(false),
            ObjectOperation::Delete if object.mv.is_some() => return Ok(false),
            ObjectOperation::Delete => {
                let keys = import::join_keys(object, self.keys);
                connector_space::remove(transaction, self.connector.id, object.id, &keys)?;
                return Ok(true);
            }
            // Without its identity an object would not be found again by the next import.
            ObjectOperation::Add | ObjectOperation::Update | ObjectOperation::DeleteAdd if object.anchor.is_none() => {
                return Ok(false);
            }
            ObjectOperation::Add | ObjectOperation::Update | ObjectOperation::DeleteAdd => {}
        }
        let unconfirmed = std::mem::take(&mut object.unconfirmed);
        if unconfirmed.operation != ObjectOperation::Update {
            object.hologram = Image::new();
            object.pending_import = Delta::none();
        }
        let mut seen = object.hologram.clone();
        object.pending_import.apply_to(&mut seen);
        unconfirmed.apply_to(&mut seen);
        for (attribute, _) in &unconfirmed.changes {
            object.hologram.set(*attribute, seen.get(*attribute).iter().cloned().collect());
            object.pending_import.changes.remove(attribute);
        }
        let import = [ReferenceLayer::ImportAdd, ReferenceLayer::ImportDelete];
        let pending = &object.pending_import;
        if pending.operation == ObjectOperation::Update
            && pending.changes.is_empty()
            && pending.dn.is_none()
            && !object.references.iter().any(|reference| import.contains(&reference.layer))
        {
            object.pending_import = Delta::none();
        }
        object.rebuild = false;
        // Whatever the next import brings is compared with what is believed.
        object.hash = None;
        pending::confirm(transaction, object.id)?;
        Ok(false)
    }
}
