//! The metaverse schema: looking at it and changing it (`ui.md` 9).

use super::engine::{Answer, Engine};
use super::{EngineError, MvPopulationView, MvTypeView, SchemaChangeView, queries};
use crate::setup::{self, SchemaChange, SchemaChangeError};

impl From<SchemaChangeError> for EngineError {
    fn from(error: SchemaChangeError) -> Self {
        match error {
            SchemaChangeError::Store(error) => Self::Store(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

impl Engine {
    /// Metaverse object types with their attributes, the import flows to each and the rules that use it, by name.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn metaverse_schema(&self) -> Answer<Vec<MvTypeView>> {
        self.query(|reader, context| queries::metaverse::schema(reader, context))
    }

    /// How many objects of each type hold each attribute. Looks at every metaverse object.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn metaverse_population(&self) -> Answer<MvPopulationView> {
        self.query(|reader, context| queries::metaverse::population(reader, context))
    }

    /// Says what a change of the metaverse schema would do, and stores nothing.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] says why it would be refused: a name, the rules or objects that use it.
    pub fn judge_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView> {
        let told = setup::judge_schema(&*self.database().reader()?, change)?;
        Ok(SchemaChangeView { stored: false, told, version: self.configuration_version()? + 1 })
    }

    /// Changes the metaverse schema. What rules use and what objects hold stays, so nothing has to run afterwards.
    ///
    /// # Errors
    /// As [`Engine::judge_metaverse_schema`], and [`EngineError::Busy`] while something runs.
    pub fn change_metaverse_schema(&self, change: &SchemaChange) -> Answer<SchemaChangeView> {
        self.check_idle()?;
        let told = setup::change_schema(self.database(), change)?;
        self.tell_configuration_changed();
        Ok(SchemaChangeView { stored: true, told, version: self.configuration_version()? })
    }
}
