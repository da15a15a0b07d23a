//! Configurations of real servers: taken over and written.

use std::path::Path;

use super::{ConnectorUpdateView, Engine, EngineError, ExportReport, ImportOptions, ImportReport, ServerConfigurationView};
use crate::interop::{self, ConfigurationComparison, InteropContext, ServerConfiguration};
use crate::setup::{self, ConnectorChangeError, ConnectorChangeReport};

/// How the configuration of the data folder is called in a comparison.
const PRESENT: &str = "this data folder";

/// In what two exported configurations differ, as [`Engine::compare_with_export`].
///
/// # Errors
/// [`EngineError`] when one of them cannot be read or has faults.
pub fn compare_exports(first: &Path, second: &Path) -> Result<ConfigurationComparison, EngineError> {
    let read = |path: &Path| Ok::<_, EngineError>((interop::read(path)?, path.display().to_string()));
    let ((one, first), (other, second)) = (read(first)?, read(second)?);
    Ok(compared((&one, first), (&other, second)))
}

fn compared(first: (&ServerConfiguration, String), second: (&ServerConfiguration, String)) -> ConfigurationComparison {
    ConfigurationComparison {
        connectors: (first.0.connectors.len() as u64, second.0.connectors.len() as u64),
        rules: (first.0.rules.len() as u64, second.0.rules.len() as u64),
        differences: interop::compare(first.0, second.0),
        first: first.1,
        second: second.1,
    }
}

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

    /// In what this data folder's configuration differs from an exported one: rules, flows, filters, run profiles,
    /// settings. Equal configurations have no differences, whatever identities they have.
    ///
    /// # Errors
    /// [`EngineError`] when the export cannot be read or has faults.
    pub fn compare_with_export(&self, path: &Path) -> Result<ConfigurationComparison, EngineError> {
        let present = interop::present(&self.interop())?;
        Ok(compared((&present, PRESENT.to_owned()), (&interop::read(path)?, path.display().to_string())))
    }

    /// A connector (name or GUID) as a file of its own, in the layout of a real server. No secret is in it.
    ///
    /// # Errors
    /// [`EngineError`] when the connector is unknown, or the database cannot be read.
    pub fn export_connector(&self, connector: &str) -> Result<String, EngineError> {
        let id = self.connector(connector)?.id;
        Ok(interop::export_connector(&self.interop(), id)?)
    }

    /// Adds the connector of a file, without a credential; a dry run stores nothing and tells the same.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the file holds something else, or a connector is in the way.
    pub fn import_connector(&self, path: &Path, dry_run: bool) -> Result<ImportReport, EngineError> {
        self.check_idle()?;
        let report = interop::import_connector(&self.interop(), path, dry_run)?;
        if !dry_run {
            self.tell_configuration_changed();
        }
        Ok(report)
    }

    /// What [`Engine::update_connector`] would change.
    ///
    /// # Errors
    /// [`EngineError`] when the connector is unknown, or the file holds something else.
    pub fn judge_connector_update(&self, connector: &str, path: &Path) -> Result<ConnectorUpdateView, EngineError> {
        let id = self.connector(connector)?.id;
        let update = interop::connector_update(&self.interop(), id, path)?;
        match setup::judge_connector_change(&self.setup(), id, &update.change) {
            Ok(report) => Ok(ConnectorUpdateView::of(update, &report, Vec::new())),
            Err(ConnectorChangeError::Refused(faults)) => {
                let faults = faults.into_iter().map(|fault| fault.message).collect();
                Ok(ConnectorUpdateView::of(update, &ConnectorChangeReport::default(), faults))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a connector (name or GUID) what a file says: name, description, object types, attributes, containers and
    /// run profiles. Connection, credential and schema stay.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the file holds something else, or what it says cannot be stored.
    pub fn update_connector(&self, connector: &str, path: &Path) -> Result<ConnectorChangeReport, EngineError> {
        self.check_idle()?;
        let id = self.connector(connector)?.id;
        let update = interop::connector_update(&self.interop(), id, path)?;
        let report = setup::change_connector(&self.setup(), id, &update.change)?;
        if report.changed {
            self.tell_configuration_changed();
        }
        Ok(report)
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
