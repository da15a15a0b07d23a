//! What became of a batch: accepted changes wait for confirmation, refused ones are staged again
//! (`engine.md` 5.2-5.5).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use super::build::HeldReferences;
use super::{Batch, Export};
use crate::connector::{ExportOutcome, ExportResult, TARGET_CANNOT_STORE};
use crate::import;
use crate::model::{AlgorithmStep, AttributeId, CsId, Delta, Dn, ErrorCode, Image, ObjectError, ObjectOperation, fold_text};
use crate::step::Recorder;
use crate::store::connector_space::{self, CsObject, StoredError, TowerView};
use crate::store::references::{self, ReferenceLayer};
use crate::store::run_changes::RunChange;
use crate::store::{StoreError, pending};

/// A change that was made.
struct Success<'a> {
    anchor: Option<Vec<u8>>,
    /// Reference attributes with targets that the directory did not know.
    unresolved: BTreeSet<AttributeId>,
    held: &'a HeldReferences,
    second_pass: bool,
    sent: bool,
}

impl Export<'_> {
    /// Writes the results of a batch.
    pub(super) fn settle(
        &mut self,
        transaction: &Transaction<'_>,
        sent: Option<(Batch, Vec<ExportResult>)>,
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let Some((batch, results)) = sent else { return Ok(()) };
        let mut results = results.into_iter();
        let batched = batch.objects.into_iter().zip(batch.changes).zip(batch.held).zip(batch.refused);
        for (((mut object, change), held), refused) in batched {
            let sent = change.is_some();
            let outcome = if let Some(error) = refused {
                Some(ExportOutcome::Refused(error))
            } else if sent {
                results.next().map(|result| result.outcome)
            } else {
                Some(nothing_sent())
            };
            match outcome {
                Some(ExportOutcome::Success { anchor, unresolved, warnings }) => {
                    for warning in &warnings {
                        // The reference pass sends an object again and hears the same of it.
                        let text = format!("{}: {}: {}", object.dn, warning.code, warning.message);
                        if !recorder.warnings.contains(&text) {
                            recorder.warnings.push(text);
                        }
                    }
                    let success = Success {
                        anchor: free_anchor(transaction, &object, anchor.map(|anchor| anchor.0))?,
                        unresolved: self.numbers(&unresolved),
                        held: &held,
                        second_pass: batch.second_pass,
                        sent,
                    };
                    self.accept(transaction, &mut object, &success, recorder)?;
                }
                Some(ExportOutcome::Refused(error)) if error.code.as_str() == TARGET_CANNOT_STORE => {
                    restage(transaction, &mut object)?;
                    *self.cannot_store.entry(error.message).or_default() += 1;
                    pending::write_result(transaction, &object)?;
                }
                Some(ExportOutcome::Refused(error)) => {
                    let change = recorder.keeps(false).then(|| sent_change(&object, &BTreeSet::new()));
                    restage(transaction, &mut object)?;
                    self.fail(&mut object, error, change, recorder);
                    pending::write_result(transaction, &object)?;
                }
                Some(ExportOutcome::Transient(_)) | None => {
                    restage(transaction, &mut object)?;
                    pending::write_result(transaction, &object)?;
                }
            }
        }
        recorder.flush(transaction)
    }

    fn numbers(&self, names: &[String]) -> BTreeSet<AttributeId> {
        names.iter().filter_map(|name| self.attributes.get(&fold_text(name))).collect()
    }

    fn fail(&mut self, object: &mut CsObject, error: ObjectError, change: Option<RunChange>, recorder: &mut Recorder) {
        let error = if error.detail.step.is_none() { error.at(AlgorithmStep::Export) } else { error };
        let stored = StoredError::after(object.export_error.as_ref(), error, self.environment.clock.now());
        recorder.count_change("export-failure", object, change);
        recorder.object_error(object, &stored);
        object.export_error = Some(stored);
        self.failures = true;
    }

    fn accept(
        &mut self,
        transaction: &Transaction<'_>,
        object: &mut CsObject,
        success: &Success<'_>,
        recorder: &mut Recorder,
    ) -> Result<(), StoreError> {
        let left = self.leave_references(transaction, object, success)?;
        let escrowed = [ReferenceLayer::EscrowedAdd, ReferenceLayer::EscrowedDelete];
        if object.references.iter().any(|reference| escrowed.contains(&reference.layer)) {
            pending::await_references(transaction, object.id)?;
        }
        let counts = success.sent && !success.second_pass;
        let change =
            (counts && recorder.keeps(object.escrowed.operation == ObjectOperation::Add)).then(|| sent_change(object, &left));
        let escrowed = std::mem::take(&mut object.escrowed);
        let renamed = escrowed.dn.clone().filter(|dn| escrowed.operation == ObjectOperation::Update && *dn != object.dn);
        if counts {
            recorder.count_change(counter(escrowed.operation, renamed.is_some()), object, change);
        }
        match escrowed.operation {
            ObjectOperation::Add => {
                object.rebuild = true;
                object.anchor = success.anchor.clone().or_else(|| object.anchor.take());
                object.unconfirmed = escrowed;
            }
            ObjectOperation::DeleteAdd => replaced(transaction, object, escrowed, success)?,
            ObjectOperation::Update | ObjectOperation::Delete | ObjectOperation::None => {
                if success.anchor.is_some() && object.anchor.is_none() {
                    object.anchor.clone_from(&success.anchor);
                }
                let sent = if success.sent { escrowed } else { Delta::none() };
                object.unconfirmed = object.unconfirmed.then(&sent, &object.view(TowerView::Imported));
            }
        }
        object.unapplied = Delta::none();
        if !left.is_empty() {
            object.unapplied.operation = ObjectOperation::Update;
        }
        if success.second_pass && !left.is_empty() {
            let names: BTreeSet<&str> = left.iter().map(|(attribute, _)| self.attributes.name(*attribute)).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!("some objects that {names} refers to are not in the directory; they are tried again");
            self.fail(object, ObjectError::new(ErrorCode::DN_ATTRIBUTES_FAILURE, message).attribute(names), None, recorder);
        } else if left.is_empty() {
            object.export_error = None;
        } else {
            self.second_pass.insert(object.id);
        }
        if self.capabilities.immediate_confirmation && self.believe(transaction, object)? {
            return Ok(());
        }
        pending::write_result(transaction, object)?;
        match renamed {
            Some(name) => self.rename(transaction, object, &name),
            None => Ok(()),
        }
    }

    /// Stages again the references that were not sent or not accepted, and gives them.
    fn leave_references(
        &self,
        transaction: &Transaction<'_>,
        object: &CsObject,
        success: &Success<'_>,
    ) -> Result<BTreeSet<(AttributeId, CsId)>, StoreError> {
        use ReferenceLayer::{EscrowedAdd, EscrowedDelete, UnappliedAdd, UnappliedDelete};
        let held: BTreeSet<(AttributeId, CsId)> = success.held.iter().copied().collect();
        // A single-valued reference that waits keeps its old value until the new one can be sent.
        let waiting_whole = |attribute: AttributeId| {
            held.iter().any(|(waiting, _)| *waiting == attribute)
                && self.connector.schema.attribute(self.attributes.name(attribute)).is_some_and(|known| !known.multi_valued)
        };
        let mut left = BTreeSet::new();
        for row in &object.references {
            let back = match row.layer {
                EscrowedAdd if held.contains(&(row.attribute, row.target)) => UnappliedAdd,
                EscrowedAdd if success.unresolved.contains(&row.attribute) => UnappliedAdd,
                EscrowedDelete if waiting_whole(row.attribute) => UnappliedDelete,
                _ => continue,
            };
            references::remove(transaction, object.id, row.attribute, row.target, row.layer)?;
            references::add(transaction, object.id, row.attribute, row.target, back)?;
            left.insert((row.attribute, row.target));
        }
        Ok(left)
    }

    fn rename(&self, transaction: &Transaction<'_>, object: &CsObject, name: &str) -> Result<(), StoreError> {
        let Ok(dn) = Dn::parse(name) else { return Ok(()) };
        import::rename_exported(self.environment, transaction, self.connector.id, object.id, &dn)
    }
}

/// What was sent of an object in escrow, but for references that stay behind.
fn sent_change(object: &CsObject, left: &BTreeSet<(AttributeId, CsId)>) -> RunChange {
    let escrowed = &object.escrowed;
    let mut before = object.plain(TowerView::Imported);
    if object.unconfirmed.operation != ObjectOperation::Delete {
        object.unconfirmed.apply_to(&mut before);
    }
    let mut change = RunChange::of(&before, escrowed);
    change.rename_from(&object.dn);
    let mut references: BTreeMap<AttributeId, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
    for row in object.references.iter().filter(|row| !left.contains(&(row.attribute, row.target))) {
        match row.layer {
            ReferenceLayer::EscrowedAdd => references.entry(row.attribute).or_default().0.push(row.target.0),
            ReferenceLayer::EscrowedDelete => references.entry(row.attribute).or_default().1.push(row.target.0),
            _ => {}
        }
    }
    let counts = if escrowed.operation == ObjectOperation::Add { (0, 1) } else { (2, 2) };
    for (attribute, (came, went)) in references {
        change.references(attribute, &came, &went, counts);
    }
    change
}

/// Nothing of the object could be sent; its references wait for the second pass.
fn nothing_sent() -> ExportOutcome {
    ExportOutcome::Success { anchor: None, unresolved: Vec::new(), warnings: Vec::new() }
}

/// The directory has another object in place of this one: nothing that was imported holds any more.
fn replaced(
    transaction: &Transaction<'_>,
    object: &mut CsObject,
    escrowed: Delta,
    success: &Success<'_>,
) -> Result<(), StoreError> {
    pending::forget_imported_references(transaction, object.id)?;
    object.hologram = Image::new();
    object.pending_import = Delta::none();
    object.hash = None;
    object.anchor.clone_from(&success.anchor);
    object.rebuild = true;
    if escrowed.object_type.is_some() {
        object.object_type.clone_from(&escrowed.object_type);
    }
    object.unconfirmed = Delta { operation: ObjectOperation::Add, ..escrowed };
    Ok(())
}

/// The anchor that the directory gave, unless another object of the connector space has it: the directory
/// then matched the export with an object it had before. The next import brings that object under its new
/// name and the two become one (`engine.md` 3.3).
fn free_anchor(transaction: &Transaction<'_>, object: &CsObject, anchor: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(anchor) = anchor else { return Ok(None) };
    let holders = connector_space::ids_by_anchor(transaction, object.connector, [anchor.as_slice()])?;
    let taken = holders.values().any(|holder| *holder != object.id);
    Ok((!taken).then_some(anchor))
}

/// The change stays staged and is sent again by the next export.
fn restage(transaction: &Transaction<'_>, object: &mut CsObject) -> Result<(), StoreError> {
    object.unapplied = std::mem::take(&mut object.escrowed);
    pending::restage_references(transaction, object.id)
}

fn counter(operation: ObjectOperation, renamed: bool) -> &'static str {
    match operation {
        ObjectOperation::Add => "export-add",
        ObjectOperation::Delete => "export-delete",
        ObjectOperation::DeleteAdd => "export-delete-add",
        ObjectOperation::Update | ObjectOperation::None if renamed => "export-rename",
        ObjectOperation::Update | ObjectOperation::None => "export-update",
    }
}
