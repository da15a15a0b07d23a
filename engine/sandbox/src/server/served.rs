//! Where a running tenant is found, for other processes of this computer.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files;
use crate::SandboxError;

/// Written while the tenant runs. A crash leaves it behind; then the tenant's database is free, which tells.
const FILE: &str = "served.json";

/// A tenant and its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Id of the tenant.
    pub tenant_id: Uuid,
    /// The domain the tenant was born with.
    pub initial_domain: String,
    /// Id of the application registered with the tenant.
    pub client_id: String,
    /// Address of the HTTP listener.
    pub http_url: String,
    /// Address of the HTTPS listener.
    pub https_url: String,
    /// File with the certificate authority that HTTPS clients must trust.
    pub ca_pem: PathBuf,
}

impl Served {
    /// What the tenant of a folder told when it was started last; `None` when it was stopped since.
    ///
    /// # Errors
    /// [`SandboxError`] when the file cannot be read.
    pub fn of(folder: &Path) -> Result<Option<Served>, SandboxError> {
        match files::read(&folder.join(FILE))? {
            None => Ok(None),
            Some(text) => {
                let damaged = |error: serde_json::Error| SandboxError::Damaged(format!("{FILE}: {error}"));
                serde_json::from_str(&text).map(Some).map_err(damaged)
            }
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), SandboxError> {
        let text = serde_json::to_string(self).map_err(|error| SandboxError::Damaged(format!("{FILE}: {error}")))?;
        // In one step, so that nobody reads half of it.
        let draft = folder.join(format!("{FILE}.new"));
        files::write(&draft, &text)?;
        std::fs::rename(&draft, folder.join(FILE)).map_err(|source| SandboxError::File { path: folder.join(FILE), source })
    }

    pub(super) fn remove(folder: &Path) {
        // When it stays, it is written anew by the next start.
        std::fs::remove_file(folder.join(FILE)).ok();
    }
}
