//! Configurations of real servers: taken over and written.

use std::path::Path;

use super::{Engine, EngineError, ExportReport, ImportOptions, ImportReport, ServerConfigurationView};
use crate::interop::{self, InteropContext};

impl Engine {
    fn interop(&self) -> InteropContext<'_> {
        InteropContext { database: self.database(), ids: self.ids(), now: self.now() }
    }

    /// Reads an exported Azure AD Connect configuration and tells which connectors and how many rules it holds.
    ///
    /// # Errors
    /// [`EngineError`] when nothing can be read there, or the configuration has faults.
    pub fn read_server_configuration(&self, path: &Path) -> Result<ServerConfigurationView, EngineError> {
        Ok(interop::outline(path)?)
    }

    /// Takes an exported Azure AD Connect configuration over: a folder with connectors, rules and metaverse, or a single
    /// file of it. Everything is stored in one transaction, or nothing; a dry run stores nothing and tells the same.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the configuration has faults, a connector is in the way, or rules would be
    /// replaced without consent.
    pub fn import_server_configuration(&self, path: &Path, options: &ImportOptions) -> Result<ImportReport, EngineError> {
        self.check_idle()?;
        if options.dry_run {
            return Ok(interop::import(&self.interop(), path, options)?);
        }
        let report = self.recording_rules(|| Ok(interop::import(&self.interop(), path, options)?))?;
        self.tell_configuration_changed();
        Ok(report)
    }

    /// Writes connectors, rules, metaverse and global settings into an empty folder, in the layout of a real server. No
    /// secret is written.
    ///
    /// # Errors
    /// [`EngineError`] when the folder is in use or cannot be written.
    pub fn export_server_configuration(&self, folder: &Path) -> Result<ExportReport, EngineError> {
        Ok(interop::export(&self.interop(), folder)?)
    }

    /// The script with which the rules editor of a real server makes these rules; all rules when none is named.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such rule.
    pub fn rule_script(&self, rules: &[String]) -> Result<String, EngineError> {
        let reader = self.database().reader()?;
        Ok(interop::rule_script(&reader, rules)?)
    }
}
