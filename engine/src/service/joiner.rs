//! Joining and disconnecting by hand (`engine.md` 1.1).

use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::{CsObjectView, EngineError};
use crate::model::{CsId, MvId};
use crate::store::connector_space::load_one;
use crate::store::search::connector_space::id_by_guid;
use crate::store::search::metaverse as metaverse_search;
use crate::sync::ByHand;
use crate::sync::preview::decide_by_hand;

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
