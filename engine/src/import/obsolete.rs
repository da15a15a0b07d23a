//! The end of a full import: objects of the partition that were not seen are gone (`engine.md` 3.9,
//! 3.10).

use super::change;
use super::names::{Space, join_keys};
use super::stage::Stager;
use crate::model::{CsId, Delta, ErrorCode, ObjectError, ObjectOperation};
use crate::step::{Recorder, StepEnvironment};
use crate::store::connector_space::{self, CsObject, LoadOptions, StoredError};
use crate::store::references::{self, ReferenceLayer};
use crate::store::{StoreError, configuration, staging};

const CHUNK: usize = 2_000;

/// What becomes of an object that a full import did not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Its deletion is staged already, or it was never sent: nothing.
    Keep,
    /// Its deletion was wanted, or nothing else knows of it: it goes at once.
    Remove,
    /// It was exported but is not there: it is sent again.
    SendAgain,
    /// Its deletion is staged.
    Delete,
}

fn judge(object: &CsObject) -> Verdict {
    let free = object.mv.is_none();
    if object.pending_import.operation == ObjectOperation::Delete || object.is_unexported_add() {
        Verdict::Keep
    } else if free && (object.is_being_deleted() || object.pending_import.operation == ObjectOperation::Add) {
        Verdict::Remove
    } else if object.unconfirmed.operation == ObjectOperation::Add {
        // Nothing sends an object that no identity wants any more.
        if free { Verdict::Remove } else { Verdict::SendAgain }
    } else {
        Verdict::Delete
    }
}

/// Stages the deletion of what a full import did not see, in chunks of one transaction each, up to a number of
/// deletions; true when there were more.
pub(super) fn obsolete(
    environment: &StepEnvironment,
    partition: crate::model::PartitionId,
    connector: crate::model::ConnectorId,
    stager: &mut Stager<'_>,
    recorder: &mut Recorder,
    most: Option<u64>,
) -> Result<bool, StoreError> {
    let unseen: Vec<CsId> = {
        let reader = environment.database.reader()?;
        let mut unseen = staging::ids_of_partition(&reader, partition)?;
        unseen.retain(|id| !stager.seen.contains(*id));
        // What lies in partitions that nobody reads any more is gone from sight as well.
        for other in configuration::partitions(&reader, connector)?.into_iter().filter(|other| !other.selected) {
            let ids = staging::ids_of_partition(&reader, other.id)?;
            unseen.extend(ids.into_iter().filter(|id| !stager.seen.contains(*id)));
        }
        unseen
    };
    recorder.phase("completing-obsoletion", Some(unseen.len() as u64));
    let (mut left, mut more) = (most, false);
    for chunk in unseen.chunks(CHUNK) {
        let now = environment.clock.now();
        let mut writer = environment.database.writer();
        let transaction = writer.transaction()?;
        let options = LoadOptions { without_references: true, ..LoadOptions::default() };
        let mut gone = Vec::new();
        let mut space = Space::new(&transaction, connector, environment.ids.as_ref(), now, &[]);
        for object in connector_space::load(&transaction, chunk, &options)? {
            let verdict = judge(&object);
            if matches!(verdict, Verdict::Delete | Verdict::Remove)
                && let Some(left) = &mut left
            {
                let Some(fewer) = left.checked_sub(1) else {
                    more = true;
                    continue;
                };
                *left = fewer;
            }
            match verdict {
                Verdict::Keep => {}
                Verdict::Delete => {
                    count_deleted(&object, recorder);
                    gone.push(object.id);
                }
                Verdict::Remove => {
                    count_deleted(&object, recorder);
                    connector_space::remove(&transaction, connector, object.id, &join_keys(&object, stager.keys))?;
                }
                Verdict::SendAgain => {
                    stager.findings.not_reimported = true;
                    space.load(&[object.id])?;
                }
            }
        }
        for loaded in space.objects.values_mut() {
            let object = &mut loaded.object;
            send_again(object, now, recorder);
            for (from, to) in [
                (ReferenceLayer::UnconfirmedAdd, ReferenceLayer::UnappliedAdd),
                (ReferenceLayer::UnconfirmedDelete, ReferenceLayer::UnappliedDelete),
            ] {
                references::move_layer(&transaction, object.id, from, to)?;
            }
            let sets = loaded.stored.clone();
            stager.write(&transaction, loaded, &sets)?;
        }
        staging::stage_deletions(&transaction, &gone, now)?;
        recorder.flush(&transaction)?;
        transaction.commit().map_err(StoreError::sqlite("committing obsolete objects"))?;
        drop(writer);
        recorder.advance(chunk.len() as u64, "");
    }
    Ok(more)
}

fn count_deleted(object: &CsObject, recorder: &mut Recorder) {
    let kept = recorder.keeps(false).then(|| change::deletion(object));
    recorder.count_change("stage-delete", object, kept);
}

/// An exported object that the directory does not have: the add is staged once more.
fn send_again(object: &mut CsObject, now: jiff::Timestamp, recorder: &mut Recorder) {
    let staged = object.unconfirmed.then(&object.unapplied, &crate::model::Image::new());
    object.unapplied = Delta { operation: ObjectOperation::Add, ..staged };
    object.unconfirmed = Delta::none();
    object.anchor = None;
    object.rebuild = false;
    let error = ObjectError::new(
        ErrorCode::EXPORTED_CHANGE_NOT_REIMPORTED,
        "the object was exported but the full import did not return it; it will be sent again",
    )
    .at(crate::model::AlgorithmStep::Staging);
    let stored = StoredError::after(object.import_error.as_ref(), error, now);
    recorder.object_error(object, &stored);
    object.import_error = Some(stored);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectorId, Dn, MvId};

    #[test]
    fn unseen_objects_are_judged_by_what_is_pending() {
        let check = |change: &dyn Fn(&mut CsObject), expected: Verdict| {
            let dn = Dn::parse("CN=a").unwrap();
            let mut object = CsObject::new(uuid::Uuid::nil(), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
            object.object_type = Some("user".to_owned());
            object.anchor = Some(vec![1]);
            change(&mut object);
            assert_eq!(judge(&object), expected, "{object:?}");
        };
        check(&|_| {}, Verdict::Delete);
        check(&|object| object.mv = Some(MvId(1)), Verdict::Delete);
        check(&|object| object.pending_import.operation = ObjectOperation::Delete, Verdict::Keep);
        check(&|object| object.pending_import.operation = ObjectOperation::Add, Verdict::Remove);
        check(&|object| (object.pending_import.operation, object.mv) = (ObjectOperation::Add, Some(MvId(1))), Verdict::Delete);
        check(&|object| (object.unapplied.operation, object.anchor) = (ObjectOperation::Add, None), Verdict::Keep);
        check(&|object| (object.unconfirmed.operation, object.mv) = (ObjectOperation::Add, Some(MvId(1))), Verdict::SendAgain);
        check(&|object| object.unconfirmed.operation = ObjectOperation::Add, Verdict::Remove);
        let leaving = (ObjectOperation::Add, ObjectOperation::Delete);
        check(&|object| (object.unconfirmed.operation, object.unapplied.operation) = leaving, Verdict::Remove);
        check(&|object| object.unconfirmed.operation = ObjectOperation::Delete, Verdict::Remove);
        check(&|object| object.unapplied.operation = ObjectOperation::Delete, Verdict::Remove);
    }
}
