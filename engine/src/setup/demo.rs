//! A forest from a file and a sandbox tenant, configured as the wizard would (`design.md` 7).

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use syncline_sandbox::{Sandbox, SandboxOptions};

use super::directories::TENANT_KIND;
use super::directory::{NewDirectory, SetupError, add_directory};
use super::rule_set::apply_default_rules;
use crate::connector::entra::EntraSettings;
use crate::connector::file::{FileSchema, FileSettings};
use crate::service::{Engine, EngineError, EngineOptions};
use crate::store::options::{SANDBOX_FOLDER, SANDBOX_TENANT};
use crate::store::{StoreError, options};

/// The sample forest.
const CONTOSO: &str = include_str!("../../../assets/contoso/contoso.ldif");
const CONTOSO_FILE: &str = "contoso.ldif";
const SANDBOX: &str = "sandbox";

/// What a workspace with a sandbox tenant is made of.
#[derive(Clone, Debug)]
pub struct SampleWorkspace {
    /// LDIF file of the forest.
    pub forest_file: PathBuf,
    /// Name of the forest's connector.
    pub forest_name: String,
    /// Name of the tenant, such as `contoso` for `contoso.onmicrosoft.com`.
    pub tenant_name: String,
    /// Domains that users may sign in with.
    pub domains: Vec<String>,
}

/// Makes the demo workspace in a folder, or opens the one that is there. Nothing is run.
///
/// # Errors
/// [`EngineError`] names the folder, file or directory at fault.
pub fn prepare(folder: &Path, options: EngineOptions) -> Result<Engine, EngineError> {
    if Engine::is_workspace(folder) {
        return Engine::open(folder, options);
    }
    let engine = Engine::create(folder, options)?;
    let forest_file = engine.folder().join(CONTOSO_FILE);
    fs::write(&forest_file, CONTOSO).map_err(|source| SetupError::File { path: forest_file.display().to_string(), source })?;
    let workspace = SampleWorkspace {
        forest_file,
        forest_name: "contoso.com".to_owned(),
        tenant_name: "contoso".to_owned(),
        domains: vec!["contoso.com".to_owned()],
    };
    fill(&engine, &workspace)?;
    Ok(engine)
}

/// Configures an empty workspace with a forest from a file and a new sandbox tenant.
///
/// # Errors
/// [`EngineError`] names the file or directory at fault.
pub fn fill(engine: &Engine, workspace: &SampleWorkspace) -> Result<(), EngineError> {
    let settings = FileSettings { path: workspace.forest_file.clone(), schema: FileSchema::ActiveDirectory };
    add(engine, &workspace.forest_name, "file", &settings, None)?;
    let mut sandbox_options = SandboxOptions::new(engine.folder().join(SANDBOX), &workspace.tenant_name);
    sandbox_options.verified_domains.clone_from(&workspace.domains);
    let sandbox = Sandbox::start(sandbox_options).map_err(SetupError::from)?;
    let secret = sandbox.new_client_secret().map_err(SetupError::from)?;
    let settings = tenant_settings(&sandbox);
    let name = format!("{} - AAD", sandbox.initial_domain());
    {
        let mut writer = engine.database().writer();
        let transaction = writer.transaction()?;
        options::set(&transaction, SANDBOX_FOLDER, Some(SANDBOX))?;
        options::set(&transaction, SANDBOX_TENANT, Some(&workspace.tenant_name))?;
        transaction.commit().map_err(StoreError::sqlite("storing the sandbox tenant"))?;
    }
    engine.host(sandbox);
    add(engine, &name, TENANT_KIND, &settings, Some(SecretString::from(secret)))?;
    apply_default_rules(engine.database(), engine.ids())?;
    Ok(())
}

/// How the tenant's connector reaches a sandbox: over HTTPS, trusting the sandbox's own authority.
#[must_use]
pub fn tenant_settings(sandbox: &Sandbox) -> EntraSettings {
    let mut settings =
        EntraSettings::new(&sandbox.https_url(), &sandbox.tenant_id().to_string(), sandbox.client_id(), sandbox.initial_domain());
    settings.ca_file = Some(sandbox.ca_pem());
    settings
}

fn add<S: serde::Serialize>(
    engine: &Engine,
    name: &str,
    kind: &str,
    settings: &S,
    secret: Option<SecretString>,
) -> Result<(), EngineError> {
    let settings = serde_json::to_string(settings).map_err(|source| SetupError::Settings { name: name.to_owned(), source })?;
    let new = NewDirectory { name: name.to_owned(), kind: kind.to_owned(), settings, secret };
    add_directory(engine.database(), engine.secrets(), engine.ids(), engine.now(), new)?;
    Ok(())
}
