//! The sample forest and the sandbox tenant, configured as the wizard would.
use std::path::Path;
use crate::service::{Engine, EngineError, EngineOptions};
/// Makes or opens the demo workspace.
///
/// # Errors
/// [`EngineError`].
pub fn prepare(_folder: &Path, _options: EngineOptions) -> Result<Engine, EngineError> { Err(EngineError::Invalid("being written".into())) }
