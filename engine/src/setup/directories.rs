//! Opens the directory behind a connector: settings and secret become a live connection.

use std::sync::Arc;

use secrecy::SecretString;

use crate::connector::active_directory::{ActiveDirectoryConnector, ActiveDirectorySettings};
use crate::connector::entra::{EntraConnector, EntraSettings};
use crate::connector::file::{FileConnector, FileSettings};
use crate::connector::generic_ldap::{GenericLdapConnector, GenericLdapSettings};
use crate::connector::{Connector, ConnectorError, ConnectorErrorKind};
use crate::model::{Clock, SystemClock};
use crate::run::DirectoryFactory;
use crate::store::configuration::{ConnectorRecord, GENERIC_LDAP_KIND, TENANT_KIND};
use crate::store::secrets::SecretStore;

/// Kind of a connector to Active Directory over LDAP.
pub const ACTIVE_DIRECTORY_KIND: &str = "active-directory";
/// Kind of a connector to a forest in a file.
pub const FILE_KIND: &str = "file";

/// Opens directories with the secrets of a data folder.
#[derive(Debug)]
pub struct Directories {
    secrets: SecretStore,
    clock: Arc<dyn Clock>,
}

impl Directories {
    /// A factory that reads secrets from this store; what it opens waits by this clock.
    #[must_use]
    pub fn new(secrets: SecretStore, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, clock }
    }

    /// The store of secrets.
    #[must_use]
    pub fn secrets(&self) -> &SecretStore {
        &self.secrets
    }
}

impl DirectoryFactory for Directories {
    fn open(&self, connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
        let secret = match &connector.secret {
            Some(sealed) => Some(self.secrets.decrypt(sealed).map_err(|error| {
                ConnectorError::new(ConnectorErrorKind::Credentials, format!("connector {}: {error}", connector.name))
                    .cause(error)
            })?),
            None => None,
        };
        open_with(&connector.kind, &connector.settings, secret, Arc::clone(&self.clock))
    }
}

/// Opens a directory from its kind, its settings as JSON and its secret.
///
/// # Errors
/// [`ConnectorError`] when the settings cannot be read or the directory cannot be used.
pub fn open_directory(kind: &str, settings: &str, secret: Option<SecretString>) -> Result<Box<dyn Connector>, ConnectorError> {
    open_with(kind, settings, secret, Arc::new(SystemClock))
}

fn open_with(
    kind: &str,
    settings: &str,
    secret: Option<SecretString>,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Connector>, ConnectorError> {
    let secret = secret.ok_or_else(|| {
        ConnectorError::new(ConnectorErrorKind::Credentials, "no password is stored for this connector; set its credential")
    });
    match kind {
        ACTIVE_DIRECTORY_KIND => {
            let settings: ActiveDirectorySettings = serde_json::from_str(settings).map_err(misread)?;
            Ok(Box::new(ActiveDirectoryConnector::open(settings, secret?)?))
        }
        GENERIC_LDAP_KIND => {
            let settings: GenericLdapSettings = serde_json::from_str(settings).map_err(misread)?;
            Ok(Box::new(GenericLdapConnector::open(settings, secret?)?))
        }
        FILE_KIND => {
            let settings: FileSettings = serde_json::from_str(settings).map_err(misread)?;
            Ok(Box::new(FileConnector::open(settings)?))
        }
        TENANT_KIND => {
            let settings: EntraSettings = serde_json::from_str(settings).map_err(misread)?;
            Ok(Box::new(EntraConnector::open_with(settings, secret?, clock)?))
        }
        other => Err(ConnectorError::new(
            ConnectorErrorKind::Configuration,
            format!("connectors of kind \"{other}\" are not known to this version"),
        )),
    }
}

/// Signs in at a directory with a secret and leaves again.
///
/// # Errors
/// [`ConnectorError`] says what failed and what to do.
pub(super) fn check_sign_in(kind: &str, settings: &str, secret: SecretString) -> Result<(), ConnectorError> {
    if kind == TENANT_KIND {
        let settings: EntraSettings = serde_json::from_str(settings).map_err(misread)?;
        return EntraConnector::open(settings, secret)?.backend().check();
    }
    open_directory(kind, settings, Some(secret))?.partitions().map(drop)
}

fn misread(error: serde_json::Error) -> ConnectorError {
    ConnectorError::new(ConnectorErrorKind::Configuration, format!("the settings of the connector cannot be read: {error}"))
        .cause(error)
}
