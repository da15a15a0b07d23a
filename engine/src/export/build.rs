//! From staged exports to changes in the connector's words. Names of reference targets are formed only
//! here.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use super::{Batch, Export};
use crate::connector::{
    Anchor, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOperation, ExportValue, ReferenceTarget,
};
use crate::model::{AttributeChange, AttributeId, CsId, ErrorCode, Image, ObjectError, ObjectOperation, Value};
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, LoadOptions, TowerView};
use crate::store::pending::{self, TargetRow};
use crate::store::references::{self, CsReference, ReferenceLayer, targets_up_to};

/// Attributes by which a directory knows an object and who may write it, sent with every change.
const IDENTITY: [&str; 3] = ["sourceAnchor", "cloudAnchor", "cloudMastered"];
/// Reference attributes with more values than this are never told whole.
const WHOLE_LIMIT: usize = 5_000;

/// References that could not be sent yet.
pub(super) type HeldReferences = Vec<(AttributeId, CsId)>;

impl Export<'_> {
    /// Moves a batch into escrow and puts it into words.
    pub(super) fn escrow(&mut self, transaction: &Transaction<'_>, ids: &[CsId], second_pass: bool) -> Result<Batch, StoreError> {
        pending::escrow(transaction, ids)?;
        let options = LoadOptions { without_references: true, ..LoadOptions::default() };
        let mut objects = connector_space::load(transaction, ids, &options)?;
        let places: BTreeMap<CsId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        objects.sort_by_key(|object| places.get(&object.id).copied());
        let mut rows = references::load(transaction, ids)?;
        let mut wanted = BTreeSet::new();
        for object in &mut objects {
            object.references = rows.remove(&object.id).unwrap_or_default();
            // An object that synchronization made belongs to the partition that it is exported to.
            object.partition = object.partition.or(Some(self.partition));
            wanted.extend(self.targets_wanted(object));
        }
        let targets = pending::targets(transaction, wanted)?;
        let occupied = pending::occupied(transaction, ids)?;
        let mut batch = Batch { second_pass, ..Batch::default() };
        for mut object in objects {
            let refused = self.refuse(&object, &occupied);
            // Plain values are read from a view that need not form the members of a large group.
            let rows = std::mem::take(&mut object.references);
            let (change, held) = self.change(&object, &rows, &targets);
            object.references = rows;
            batch.changes.push(change.filter(|_| refused.is_none()));
            batch.refused.push(refused);
            batch.held.push(held);
            batch.objects.push(object);
        }
        Ok(batch)
    }

    /// Why an object cannot be exported as staged, whatever the directory would say.
    fn refuse(&self, object: &CsObject, occupied: &BTreeMap<CsId, String>) -> Option<ObjectError> {
        let connector = &self.connector.name;
        let operation = object.escrowed.operation;
        if [ObjectOperation::Delete, ObjectOperation::DeleteAdd].contains(&operation)
            && let Some(child) = occupied.get(&object.id)
        {
            let message = format!(
                "{} cannot be deleted in \"{connector}\" while it holds other objects, such as {child}; move or delete them first",
                object.dn
            );
            return Some(ObjectError::new(ErrorCode::UNSUPPORTED_CONTAINER_DELETE, message));
        }
        if operation == ObjectOperation::Delete {
            return None;
        }
        let object_type = object.escrowed.object_type.as_deref().or(object.object_type.as_deref()).unwrap_or_default();
        let schema = &self.connector.schema;
        let unknown = schema.types().next().is_some() && schema.type_name(object_type).is_none();
        let selected = &self.connector.object_types;
        let unselected = !selected.is_empty() && !selected.iter().any(|name| name.eq_ignore_ascii_case(object_type));
        (unknown || unselected).then(|| {
            let why = if unknown { "its schema has no such type: refresh the schema" } else { "the type is not selected: select it" };
            let message = format!(
                "{} is of type \"{object_type}\", which connector \"{connector}\" does not export; {why}, or change the rule that made it",
                object.dn
            );
            ObjectError::new(ErrorCode::NO_EXPORT_TO_TYPE, message)
        })
    }

    /// The targets whose names an object's change needs.
    fn targets_wanted(&self, object: &CsObject) -> BTreeSet<CsId> {
        let moving = [ReferenceLayer::EscrowedAdd, ReferenceLayer::EscrowedDelete];
        let mut wanted: BTreeSet<CsId> =
            object.references.iter().filter(|row| moving.contains(&row.layer)).map(|row| row.target).collect();
        for attribute in changing_references(&object.references) {
            let after = targets_up_to(&object.references, attribute, ReferenceLayer::EscrowedDelete);
            if after.len() <= WHOLE_LIMIT || !self.capabilities.value_level_updates {
                wanted.extend(after);
            }
        }
        wanted
    }

    /// The change of one object; nothing when only references change and none of them can be sent.
    fn change(
        &self,
        object: &CsObject,
        rows: &[CsReference],
        targets: &BTreeMap<CsId, TargetRow>,
    ) -> (Option<ExportChange>, HeldReferences) {
        let escrowed = &object.escrowed;
        let whole_image = object.view(TowerView::Escrowed);
        let operation = match escrowed.operation {
            ObjectOperation::Add => ExportOperation::Add,
            ObjectOperation::Delete => ExportOperation::Delete,
            ObjectOperation::DeleteAdd => ExportOperation::DeleteAdd,
            ObjectOperation::Update | ObjectOperation::None => {
                ExportOperation::Update { new_dn: escrowed.dn.clone().filter(|dn| *dn != object.dn) }
            }
        };
        let object_type = escrowed.object_type.clone().or_else(|| object.object_type.clone()).unwrap_or_default();
        let mut change = ExportChange {
            dn: object.dn.clone(),
            object_type,
            anchor: object.anchor.clone().map(Anchor),
            operation,
            attributes: BTreeMap::new(),
            identity: self.identity(object),
            whole: BTreeMap::new(),
        };
        if change.operation == ExportOperation::Delete {
            return (Some(change), Vec::new());
        }
        for (attribute, attribute_change) in &escrowed.changes {
            self.put_plain(&mut change, *attribute, attribute_change, &whole_image);
        }
        let mut held = Vec::new();
        for attribute in changing_references(rows) {
            self.put_references(&mut change, rows, attribute, targets, &mut held);
        }
        let empty = change.attributes.is_empty() && change.operation == ExportOperation::Update { new_dn: None };
        ((!empty).then_some(change), held)
    }

    fn identity(&self, object: &CsObject) -> EntryAttributes {
        let expected = object.view(TowerView::Expected);
        let known = |name: &str| {
            let values = expected.get(self.attributes.get(name)?);
            (!values.is_empty()).then(|| (name.to_owned(), values.iter().filter_map(entry_value).collect()))
        };
        IDENTITY.into_iter().filter_map(known).collect()
    }

    fn put_plain(&self, change: &mut ExportChange, attribute: AttributeId, staged: &AttributeChange, after: &Image) {
        let name = self.attributes.name(attribute).to_owned();
        let plain = |values: &[Value]| values.iter().filter_map(entry_value).map(ExportValue::Plain).collect::<Vec<_>>();
        let staged = match staged {
            AttributeChange::Add(values) | AttributeChange::Replace(values) => ExportAttributeChange::Replace(plain(values)),
            AttributeChange::Delete => ExportAttributeChange::Delete,
            AttributeChange::Update { .. } if !self.capabilities.value_level_updates => whole_change(plain(after.get(attribute))),
            AttributeChange::Update { adds, deletes } => {
                change.whole.insert(name.clone(), plain(after.get(attribute)));
                ExportAttributeChange::Values { adds: plain(adds), deletes: plain(deletes) }
            }
        };
        change.attributes.insert(name, staged);
    }

    fn put_references(
        &self,
        change: &mut ExportChange,
        references: &[CsReference],
        attribute: AttributeId,
        targets: &BTreeMap<CsId, TargetRow>,
        held: &mut HeldReferences,
    ) {
        let name = self.attributes.name(attribute).to_owned();
        let sendable = |id: &CsId| targets.get(id).is_some_and(|target| target.exists);
        let value = |id: &CsId| {
            let target = targets.get(id)?;
            let anchor = target.anchor.clone().map(Anchor);
            Some(ExportValue::Reference(ReferenceTarget { dn: target.dn.clone(), anchor }))
        };
        let rows = |layer| references.iter().filter(move |row| row.attribute == attribute && row.layer == layer);
        let (adds, waiting): (Vec<CsId>, Vec<CsId>) = rows(ReferenceLayer::EscrowedAdd).map(|row| row.target).partition(sendable);
        let deletes: Vec<CsId> = rows(ReferenceLayer::EscrowedDelete).map(|row| row.target).collect();
        held.extend(waiting.iter().map(|target| (attribute, *target)));
        if adds.is_empty() && deletes.is_empty() {
            return;
        }
        let values = |ids: &[CsId]| ids.iter().filter_map(value).collect::<Vec<_>>();
        let created = matches!(change.operation, ExportOperation::Add | ExportOperation::DeleteAdd);
        let multi_valued = self.connector.schema.attribute(&name).is_none_or(|definition| definition.multi_valued);
        let after = || {
            let mut after = targets_up_to(references, attribute, ReferenceLayer::EscrowedDelete);
            after.retain(sendable);
            after.into_iter().collect::<Vec<_>>()
        };
        let staged = if created {
            ExportAttributeChange::Replace(values(&adds))
        } else if !multi_valued || !self.capabilities.value_level_updates {
            // A single value waits as a whole: replacing it by nothing would lose the old one too early.
            if !multi_valued && !waiting.is_empty() {
                return;
            }
            whole_change(values(&after()))
        } else {
            let after = after();
            if after.len() <= WHOLE_LIMIT {
                change.whole.insert(name.clone(), values(&after));
            }
            ExportAttributeChange::Values { adds: values(&adds), deletes: values(&deletes) }
        };
        change.attributes.insert(name, staged);
    }
}

fn whole_change(values: Vec<ExportValue>) -> ExportAttributeChange {
    if values.is_empty() { ExportAttributeChange::Delete } else { ExportAttributeChange::Replace(values) }
}

/// Reference attributes that the batch changes.
fn changing_references(rows: &[CsReference]) -> BTreeSet<AttributeId> {
    let moving = [ReferenceLayer::EscrowedAdd, ReferenceLayer::EscrowedDelete];
    rows.iter().filter(|row| moving.contains(&row.layer)).map(|row| row.attribute).collect()
}

/// A plain value in the connector's words; references are told by name instead.
fn entry_value(value: &Value) -> Option<EntryValue> {
    Some(match value {
        Value::String(text) => EntryValue::Text(text.to_string()),
        Value::Binary(bytes) => EntryValue::Binary(bytes.to_vec()),
        Value::Integer(number) => EntryValue::Integer(*number),
        Value::Boolean(flag) => EntryValue::Boolean(*flag),
        Value::Reference(_) => return None,
    })
}
