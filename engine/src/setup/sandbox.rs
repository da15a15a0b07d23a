//! The tenant on this computer: made, kept in the workspace, started again.

use std::path::Path;

use secrecy::SecretString;
use syncline_sandbox::{Sandbox, SandboxOptions};

use super::directories::TENANT_KIND;
use super::directory::{NewDirectory, SetupContext, SetupError, check_name, discover, store};
use crate::connector::entra::EntraSettings;
use crate::model::ConnectorId;
use crate::store::options::{self, SANDBOX_FOLDER, SANDBOX_TENANT};
use crate::store::{Database, StoreError, configuration};

/// Folder of the tenant in the data folder.
const FOLDER: &str = "sandbox";

/// Makes a sandbox tenant in the workspace and stores it as a connector. The tenant runs for as long as
/// the answer lives.
///
/// # Errors
/// [`SetupError`] names what is wrong: there is a tenant already, or a name is no domain.
pub fn add_sandbox(context: &SetupContext<'_>, tenant: &str, domains: &[String]) -> Result<(ConnectorId, Sandbox), SetupError> {
    check_name(context.database, tenant.trim(), TENANT_KIND)?;
    let mut sandbox_options = SandboxOptions::new(context.folder.join(FOLDER), tenant.trim());
    sandbox_options.verified_domains = domains.to_vec();
    let sandbox = Sandbox::start(sandbox_options)?;
    let secret = SecretString::from(sandbox.new_client_secret()?);
    let name = format!("{} - AAD", sandbox.initial_domain());
    let found = discover(context, NewDirectory::tenant(&name, &settings(&sandbox), secret)?)?;
    let mut writer = context.database.writer();
    let transaction = writer.transaction()?;
    let connector = store(context, &transaction, found)?;
    options::set(&transaction, SANDBOX_FOLDER, Some(FOLDER))?;
    options::set(&transaction, SANDBOX_TENANT, Some(tenant.trim()))?;
    transaction.commit().map_err(StoreError::sqlite("storing the sandbox tenant"))?;
    Ok((connector, sandbox))
}

/// Starts the sandbox tenant of a workspace, if it has one, and tells the tenant's connector where it is
/// now.
///
/// # Errors
/// [`SetupError`] when the tenant cannot be started.
pub fn start_sandbox(folder: &Path, database: &Database) -> Result<Option<Sandbox>, SetupError> {
    let (place, tenant) = {
        let reader = database.reader()?;
        (options::get(&reader, SANDBOX_FOLDER)?, options::get(&reader, SANDBOX_TENANT)?)
    };
    let (Some(place), Some(tenant)) = (place, tenant) else { return Ok(None) };
    let sandbox = Sandbox::start(SandboxOptions::new(folder.join(place), &tenant))?;
    let settings = settings(&sandbox);
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    for mut connector in configuration::connectors(&transaction)?.into_iter().filter(|connector| connector.kind == TENANT_KIND) {
        connector.settings =
            serde_json::to_string(&settings).map_err(|source| SetupError::Settings { name: connector.name.clone(), source })?;
        configuration::save_connector(&transaction, &connector)?;
    }
    transaction.commit().map_err(StoreError::sqlite("storing the address of the sandbox tenant"))?;
    Ok(Some(sandbox))
}

/// How the tenant's connector reaches a sandbox: over HTTPS, trusting the sandbox's own authority.
fn settings(sandbox: &Sandbox) -> EntraSettings {
    let mut settings =
        EntraSettings::new(&sandbox.https_url(), &sandbox.tenant_id().to_string(), sandbox.client_id(), sandbox.initial_domain());
    settings.ca_file = Some(sandbox.ca_pem());
    settings
}
