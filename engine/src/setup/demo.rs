//! A forest from a file and a sandbox tenant, configured as the wizard would (`design.md` 7).

use std::fs;
use std::path::{Path, PathBuf};

use super::directory::{NewDirectory, SetupError};
use crate::connector::file::{FileSchema, FileSettings};
use crate::service::{Engine, EngineError, EngineOptions};

/// The sample forest.
const CONTOSO: &str = include_str!("../../../assets/contoso/contoso.ldif");
const CONTOSO_FILE: &str = "contoso.ldif";

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
    engine.add_directory(NewDirectory::file(&workspace.forest_name, &settings)?)?;
    engine.add_sandbox(&workspace.tenant_name, &workspace.domains)?;
    Ok(())
}
