//! The tenant on this computer: made, kept in the workspace, started again.

use std::path::Path;

use rusqlite::Transaction;
use secrecy::SecretString;
use syncline_sandbox::{Sandbox, SandboxError, SandboxOptions, Served};

use super::TENANT_KIND;
use super::directory::{Found, NewDirectory, SetupContext, SetupError, check_name, discover, look, store};
use crate::connector::entra::EntraSettings;
use crate::model::ConnectorId;
use crate::store::configuration::ConnectorRecord;
use crate::store::options::{self, SANDBOX_FOLDER, SANDBOX_TENANT};
use crate::store::{Database, StoreError, configuration};

/// Folder of the tenant in the data folder.
pub const FOLDER: &str = "sandbox";

/// Makes a sandbox tenant in the workspace and stores it as a connector, or connects it to the connector that an
/// imported configuration left without a tenant. The tenant runs for as long as the answer lives.
///
/// # Errors
/// [`SetupError`] names what is wrong: there is a tenant already, or a name is no domain.
pub fn add_sandbox(context: &SetupContext<'_>, tenant: &str, domains: &[String]) -> Result<(ConnectorId, Sandbox), SetupError> {
    let waiting = configuration::connectors(&*context.database.reader()?)?.into_iter().find(is_waiting_for_tenant);
    if waiting.is_none() {
        check_name(context.database, tenant.trim(), TENANT_KIND)?;
    }
    let mut sandbox_options = SandboxOptions::new(context.folder.join(FOLDER), tenant.trim());
    sandbox_options.verified_domains = domains.to_vec();
    let sandbox = Sandbox::start(sandbox_options)?;
    let secret = SecretString::from(sandbox.new_client_secret()?);
    let name = format!("{} - AAD", sandbox.initial_domain());
    let new = NewDirectory::tenant(&name, &settings(&sandbox.served()), secret)?;
    let found = if waiting.is_some() { look(context, new)? } else { discover(context, new)? };
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let connector = match waiting {
        Some(waiting) => connect(&transaction, waiting, found)?,
        None => store(context, &transaction, found)?,
    };
    options::set(&transaction, SANDBOX_FOLDER, Some(FOLDER))?;
    options::set(&transaction, SANDBOX_TENANT, Some(tenant.trim()))?;
    transaction.commit().map_err(StoreError::sqlite("storing the sandbox tenant"))?;
    Ok((connector, sandbox))
}

/// True for a tenant's connector that was imported from a server: it has rules and run profiles, but no address and no
/// credential.
#[must_use]
pub fn is_waiting_for_tenant(connector: &ConnectorRecord) -> bool {
    let settings: Option<EntraSettings> = serde_json::from_str(&connector.settings).ok();
    connector.kind == TENANT_KIND && settings.is_some_and(|settings| settings.base_url.is_empty())
}

/// Gives a waiting connector its tenant. Name, identity, rules, partition and run profiles stay; the schema becomes
/// the tenant's own.
pub(super) fn connect(transaction: &Transaction<'_>, waiting: ConnectorRecord, found: Found) -> Result<ConnectorId, StoreError> {
    let Found { record, .. } = found;
    let object_types = waiting.object_types.iter().filter_map(|name| record.schema.type_name(name)).map(str::to_owned).collect();
    configuration::save_connector(
        transaction,
        &ConnectorRecord { settings: record.settings, schema: record.schema, secret: record.secret, object_types, ..waiting },
    )
}

/// Starts the sandbox tenant of a workspace, if it has one, and tells the tenant's connector where it is
/// now. A tenant that another process serves is used as it is.
///
/// # Errors
/// [`SetupError`] when the tenant cannot be started.
pub fn start_sandbox(folder: &Path, database: &Database) -> Result<Option<Sandbox>, SetupError> {
    let (place, tenant) = {
        let reader = database.reader()?;
        (options::get(&reader, SANDBOX_FOLDER)?, options::get(&reader, SANDBOX_TENANT)?)
    };
    let (Some(place), Some(tenant)) = (place, tenant) else { return Ok(None) };
    let place = folder.join(place);
    let (sandbox, served) = match Sandbox::start(SandboxOptions::new(&place, &tenant)) {
        Ok(sandbox) => {
            let served = sandbox.served();
            (Some(sandbox), served)
        }
        Err(SandboxError::InUse(database)) => {
            let served = Served::of(&place)?;
            (None, served.ok_or(SandboxError::InUse(database))?)
        }
        Err(error) => return Err(error.into()),
    };
    let present = settings(&served);
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    for mut connector in configuration::connectors(&transaction)?.into_iter().filter(|connector| connector.kind == TENANT_KIND) {
        // What the tenant is reached through was chosen once.
        let before: Option<EntraSettings> = serde_json::from_str(&connector.settings).ok();
        let settings = EntraSettings {
            backend: before.as_ref().map(|before| before.backend).unwrap_or_default(),
            accept_synchronized: before.is_some_and(|before| before.accept_synchronized),
            ..present.clone()
        };
        connector.settings =
            serde_json::to_string(&settings).map_err(|source| SetupError::Settings { name: connector.name.clone(), source })?;
        configuration::save_connector(&transaction, &connector)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing the address of the sandbox tenant"))?;
    Ok(sandbox)
}

/// How the tenant's connector reaches a sandbox: over HTTPS, trusting the sandbox's own authority.
fn settings(served: &Served) -> EntraSettings {
    let mut settings =
        EntraSettings::new(&served.https_url, &served.tenant_id.to_string(), &served.client_id, &served.initial_domain);
    settings.ca_file = Some(served.ca_pem.clone());
    settings
}
