//! Joining and disconnecting by hand (`engine.md` 1.1).

use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::explain::refuse_beside_runs;
use super::queries::{explain, runs};
use super::{CsObjectView, EngineError, PreviewView, SyncMode};
use crate::model::{CsId, MvId};
use crate::store::connector_space::load_one;
use crate::store::search::connector_space::id_by_guid;
use crate::store::search::metaverse as metaverse_search;
use crate::sync::ByHand;
use crate::sync::preview::{decide_by_hand, rehearse_by_hand};

impl Engine {
    /// Joins a disconnector to a metaverse object, as an explicit connector: no rule takes the link away. It is
    /// synchronized at once, so its attributes flow.
    ///
    /// # Errors
    /// [`EngineError::Busy`] while a run or a cycle goes on, [`EngineError::UnknownObject`], or
    /// [`EngineError::Invalid`] when the object is joined already or the join would fail; then nothing has changed.
    pub fn join_object(&self, object: Uuid, metaverse: Uuid) -> Answer<CsObjectView> {
        let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {metaverse}") };
        let mv: MvId = self.query(|reader, _| Ok(metaverse_search::id_by_guid(reader, metaverse)?))?.ok_or_else(unknown)?;
        self.by_hand(object, "joined", ByHand::Join(mv))
    }

    /// Takes the metaverse object of an object away. Rules leave an explicit disconnector alone until it is made a
    /// normal one; a normal one they may join again.
    ///
    /// # Errors
    /// As [`Engine::join_object`].
    pub fn disconnect_object(&self, object: Uuid, explicit: bool) -> Answer<CsObjectView> {
        self.by_hand(object, "disconnected", ByHand::Disconnect { explicit })
    }

    /// What joining a disconnector to a metaverse object would do: values, deletions, what is staged. Nothing is written.
    ///
    /// # Errors
    /// As [`Engine::join_object`].
    pub fn preview_join(&self, object: Uuid, metaverse: Uuid) -> Answer<PreviewView> {
        let unknown = || EngineError::UnknownObject { space: "metaverse", criterion: format!("GUID {metaverse}") };
        let mv: MvId = self.query(|reader, _| Ok(metaverse_search::id_by_guid(reader, metaverse)?))?.ok_or_else(unknown)?;
        self.rehearsed(object, "joined", ByHand::Join(mv))
    }

    /// What disconnecting an object would do: whether its metaverse object is deleted, what is staged. Nothing is
    /// written.
    ///
    /// # Errors
    /// As [`Engine::join_object`].
    pub fn preview_disconnection(&self, object: Uuid, explicit: bool) -> Answer<PreviewView> {
        self.rehearsed(object, "disconnected", ByHand::Disconnect { explicit })
    }

    fn rehearsed(&self, guid: Uuid, word: &str, decision: ByHand) -> Answer<PreviewView> {
        let unknown = || EngineError::UnknownObject { space: "connector space", criterion: format!("GUID {guid}") };
        let environment = self.environment();
        self.query(|reader, context| {
            let id: CsId = id_by_guid(reader, guid)?.ok_or_else(unknown)?;
            let object = load_one(reader, id)?.ok_or_else(unknown)?;
            if let Some(reason) = decision.refusal(&object) {
                return Err(EngineError::Invalid(format!("\"{}\" cannot be {word}: it {reason}", object.dn)));
            }
            let prepared = explain::preview::prepare(reader, context, self.now(), id)?.ok_or_else(unknown)?;
            let preview = if let Some(runs) = self.own_runs() {
                runs.while_idle("so nothing can be joined or disconnected", || rehearse_by_hand(&environment, id, decision))??
            } else {
                refuse_beside_runs(&runs::unfinished(reader)?)?;
                rehearse_by_hand(&environment, id, decision)?
            };
            prepared.view(&preview, SyncMode::Full, false)
        })
    }

    fn by_hand(&self, guid: Uuid, word: &str, decision: ByHand) -> Answer<CsObjectView> {
        let unknown = || EngineError::UnknownObject { space: "connector space", criterion: format!("GUID {guid}") };
        let environment = self.environment();
        let done = self.runs_core()?.while_idle("so nothing can be joined or disconnected", || -> Answer<()> {
            let object = {
                let reader = self.database().reader()?;
                let id: CsId = id_by_guid(&reader, guid)?.ok_or_else(unknown)?;
                load_one(&reader, id)?.ok_or_else(unknown)?
            };
            let refused = |reason: &str| EngineError::Invalid(format!("\"{}\" cannot be {word}: {reason}", object.dn));
            if let Some(reason) = decision.refusal(&object) {
                return Err(refused(&format!("it {reason}")));
            }
            match decide_by_hand(&environment, object.id, decision)?.error {
                None => Ok(()),
                Some(error) => Err(refused(&format!("{}: {}", error.code, error.message))),
            }
        })?;
        done?;
        self.cs_object(guid)
    }
}
