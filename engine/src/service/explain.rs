//! Previews and explanations through the facade.

use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::queries::{explain, runs};
use super::{EngineError, PreviewView, RuleTrialView, RunSummary, SyncMode, WhyNotView, WhyView};
use crate::model::CsId;
use crate::rules::SyncRule;
use crate::step::StepStatus;
use crate::store::search::connector_space::id_by_guid;
use crate::sync::preview;

/// Why a preview has to wait for a run.
const SYNCHRONIZES_ALONE: &str = "so no object can be synchronized alone";

/// Refuses a preview while the process that owns the data folder is at work.
pub(super) fn refuse_beside_runs(running: &[RunSummary]) -> Answer<()> {
    let Some(run) = running.first() else { return Ok(()) };
    Err(EngineError::Busy {
        status: StepStatus::NO_START_ALREADY_RUNNING.0,
        message: format!(
            "connector \"{}\" is running {} (run {}) in another process, {SYNCHRONIZES_ALONE}; wait for it or stop it",
            run.connector, run.profile, run.id
        ),
    })
}

impl Engine {
    /// What synchronizing one connector space object would do, with the reasons. Nothing is written.
    ///
    /// # Errors
    /// [`EngineError::Busy`] while a run or a cycle goes on, here or in the process that owns the data folder;
    /// [`EngineError::UnknownObject`].
    pub fn preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView> {
        self.previewed(object, mode, false)
    }

    /// Synchronizes one connector space object and tells what that did. References and provisioning that wait for it
    /// are left to the next synchronization.
    ///
    /// # Errors
    /// [`EngineError::Busy`] while a run or a cycle goes on, [`EngineError::Invalid`] on a read-only engine,
    /// [`EngineError::UnknownObject`].
    pub fn commit_preview(&self, object: Uuid, mode: SyncMode) -> Answer<PreviewView> {
        self.previewed(object, mode, true)
    }

    fn previewed(&self, object: Uuid, mode: SyncMode, commit: bool) -> Answer<PreviewView> {
        let environment = self.environment();
        let unknown = || EngineError::UnknownObject { space: "connector space", criterion: format!("GUID {object}") };
        self.query(|reader, context| {
            let id: CsId = id_by_guid(reader, object)?.ok_or_else(unknown)?;
            let prepared = explain::preview::prepare(reader, context, self.now(), id)?.ok_or_else(unknown)?;
            let full = mode == SyncMode::Full;
            // Both are synchronizations, which run alone (`engine.md` 7.1).
            let preview = if commit {
                self.runs_core()?.while_idle(SYNCHRONIZES_ALONE, || preview::commit(&environment, id, full))??
            } else if let Some(runs) = self.own_runs() {
                runs.while_idle(SYNCHRONIZES_ALONE, || preview::generate(&environment, id, full))??
            } else {
                refuse_beside_runs(&runs::unfinished(reader)?)?;
                preview::generate(&environment, id, full)?
            };
            prepared.view(&preview, mode, commit && preview.error.is_none())
        })
    }

    /// Tries a rule that is not saved on one object, as if it were switched on: a connector space object for an inbound
    /// rule, a metaverse object for an outbound one. Nothing is written.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`], or [`EngineError::Invalid`] when the rule is not for objects of this type or
    /// cannot be used at all.
    pub fn try_rule(&self, rule: &SyncRule, object: Uuid) -> Answer<RuleTrialView> {
        self.query(|reader, context| explain::trial::view(reader, context, self.now(), rule, object))
    }

    /// Why an attribute of a metaverse object has the value that it has. `object` is a GUID, or a text that exactly one
    /// object is found under; the attribute's case does not matter.
    ///
    /// # Errors
    /// [`EngineError::UnknownObject`], or [`EngineError::Invalid`] when several objects match or the type has no such
    /// attribute.
    pub fn why(&self, object: &str, attribute: &str) -> Answer<WhyView> {
        self.query(|reader, context| explain::why::view(reader, context, self.now(), object, attribute))
    }

    /// Why an object of a connector, by name or GUID, is not where it is expected: not imported, not joined, not
    /// provisioned, or failing.
    ///
    /// # Errors
    /// [`EngineError::UnknownConnector`], or [`EngineError::Invalid`] when the text is no distinguished name.
    pub fn why_not(&self, connector: &str, dn: &str) -> Answer<WhyNotView> {
        self.query(|reader, context| explain::why_not::view(reader, context, self.now(), connector, dn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Delta, Dn, ObjectOperation, RunId};
    use crate::run::CyclePlan;
    use crate::service::EngineOptions;
    use crate::step::fixture::add_connector;
    use crate::store::connector_space::{self, CsObject};
    use crate::store::runs::{RunRecord, insert_run};

    #[test]
    fn no_object_is_previewed_beside_a_run_or_a_cycle() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("data");
        let engine = Engine::create(&place, EngineOptions::default()).unwrap();
        let (connector, _) = add_connector(engine.database(), "contoso.com", "active-directory", "DC=contoso,DC=com");
        let mut object =
            CsObject::new(engine.ids().guid(), connector.id, &Dn::parse("CN=a,DC=contoso,DC=com").unwrap(), engine.now());
        object.object_type = Some("user".to_owned());
        object.pending_import = Delta { operation: ObjectOperation::Add, ..Delta::none() };
        let run = RunRecord {
            id: RunId(0),
            connector: connector.id,
            connector_name: connector.name.clone(),
            profile: "Delta Synchronization".to_owned(),
            user: String::new(),
            status: StepStatus::IN_PROGRESS.0.to_owned(),
            started: engine.now(),
            ended: None,
            steps: 1,
        };
        let write = |work: &mut dyn FnMut(&rusqlite::Transaction<'_>)| {
            let mut writer = engine.database().writer();
            let transaction = writer.transaction().unwrap();
            work(&transaction);
            transaction.commit().unwrap();
        };
        write(&mut |transaction| {
            connector_space::insert(transaction, &mut object, "").unwrap();
        });
        let check = |engine: &Engine, expected: Option<&str>| match (engine.preview(object.guid, SyncMode::Full), expected) {
            (Ok(preview), None) => assert_eq!(preview.dn, object.dn),
            (Err(EngineError::Busy { message, .. }), Some(expected)) => assert!(message.contains(expected), "{message}"),
            (answer, _) => panic!("{answer:?}, expected {expected:?}"),
        };
        let reading = Engine::open(&place, EngineOptions { read_only: true, ..EngineOptions::default() }).unwrap();
        check(&engine, None);
        check(&reading, None);
        let cycle = CyclePlan::begin(engine.runs_core().unwrap(), false).unwrap();
        check(&engine, Some("a synchronization cycle is running, so no object can be synchronized alone"));
        drop(cycle);
        write(&mut |transaction| {
            insert_run(transaction, &run).unwrap();
        });
        check(&reading, Some("connector \"contoso.com\" is running Delta Synchronization (run 1) in another process, so no"));
    }
}
