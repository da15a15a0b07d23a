//! Previews and explanations through the facade.

use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::queries::explain;
use super::{EngineError, PreviewView, RuleTrialView, SyncMode, WhyNotView, WhyView};
use crate::model::CsId;
use crate::rules::SyncRule;
use crate::store::search::connector_space::id_by_guid;
use crate::sync::preview;

impl Engine {
    /// What synchronizing one connector space object would do, with the reasons. Nothing is written.
    ///
    /// # Errors
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
            let preview = if commit {
                let runs = self.runs_core()?;
                runs.while_idle("so no object can be synchronized alone", || preview::commit(&environment, id, full))??
            } else {
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
