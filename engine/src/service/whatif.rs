//! What-ifs through the facade.

use std::sync::Arc;

use super::engine::{Answer, Engine};
use super::{EngineError, Page};
use crate::connector::CancelToken;
use crate::whatif::{
    self, Comparison, ObjectChange, WhatIfContext, WhatIfFilter, WhatIfFolder, WhatIfProgress, WhatIfReport, WhatIfRequest,
};

impl Engine {
    fn whatif_folder(&self) -> WhatIfFolder {
        WhatIfFolder::of(self.folder())
    }

    /// Synchronizes a copy of the database, with the saved or with other rules, and keeps what that changed. The
    /// database itself is only read; a run of another process may go on. `cancel` ends it early, `tell` is told how
    /// far it has come.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`] when the rules do not fit, another what-if is being computed, or it was stopped.
    pub fn whatif(
        &self,
        request: &WhatIfRequest,
        cancel: &CancelToken,
        tell: Arc<dyn Fn(WhatIfProgress) + Send + Sync>,
    ) -> Answer<WhatIfReport> {
        let environment = self.environment();
        let context =
            WhatIfContext { folder: self.folder(), database: self.database(), clock: &environment.clock, user: self.user() };
        Ok(whatif::run(context, request, cancel, &tell)?)
    }

    /// The what-ifs that are kept, newest first.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`] when one cannot be read.
    pub fn whatifs(&self) -> Answer<Vec<WhatIfReport>> {
        let folder = self.whatif_folder();
        let mut reports = Vec::new();
        for number in folder.numbers()?.into_iter().rev() {
            reports.push(folder.report(number)?);
        }
        Ok(reports)
    }

    /// The summary of a what-if.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`] when there is none of that number or it cannot be read. The same holds below.
    pub fn whatif_report(&self, number: u32) -> Answer<WhatIfReport> {
        Ok(self.whatif_folder().report(number)?)
    }

    /// A page of what a what-if does: by space, then kind, worst first, then name.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`].
    pub fn whatif_changes(&self, number: u32, filter: &WhatIfFilter, offset: u64, limit: u64) -> Answer<Page<ObjectChange>> {
        let (rows, total) = self.whatif_folder().changes(number, filter, offset, limit)?;
        Ok(Page { rows, total })
    }

    /// Tells everything that a what-if does, one object at a time, in the order of [`Engine::whatif_changes`].
    ///
    /// # Errors
    /// [`EngineError::WhatIf`], and whatever `visit` gives.
    pub fn each_whatif_change<E: From<EngineError>>(
        &self,
        number: u32,
        filter: &WhatIfFilter,
        visit: &mut dyn FnMut(ObjectChange) -> Result<(), E>,
    ) -> Result<(), E> {
        enum Stop<E> {
            WhatIf(whatif::WhatIfError),
            Visit(E),
        }
        impl<E> From<whatif::WhatIfError> for Stop<E> {
            fn from(error: whatif::WhatIfError) -> Self {
                Self::WhatIf(error)
            }
        }
        let told = self.whatif_folder().each_change(number, filter, &mut |change| visit(change).map_err(Stop::Visit));
        told.map_err(|stop| match stop {
            Stop::WhatIf(error) => E::from(EngineError::from(error)),
            Stop::Visit(error) => error,
        })
    }

    /// Two what-ifs beside each other; at most `limit` objects are listed.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`].
    pub fn compare_whatifs(&self, first: u32, second: u32, limit: usize) -> Answer<Comparison> {
        Ok(whatif::compare(&self.whatif_folder(), first, second, limit)?)
    }

    /// Deletes a what-if.
    ///
    /// # Errors
    /// [`EngineError::WhatIf`].
    pub fn delete_whatif(&self, number: u32) -> Answer<()> {
        Ok(self.whatif_folder().delete(number)?)
    }
}
