//! Settings of the whole tenant that the sync channel reads and writes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Tenant;
use crate::SandboxError;
use crate::store::{self, objects};

const MAX_LINKS_ACROSS_BATCH: u32 = 15_000;

/// How the deletion guard of the tenant counts.
const PREVENTION_TYPES: [&str; 3] = ["disabled", "enabledForCount", "enabledForPercentage"];

/// What the sync channel tells about the tenant.
pub(crate) struct Company {
    pub(crate) sync_enabled: bool,
    pub(crate) last_sync: Option<Timestamp>,
    pub(crate) client_machine: Option<String>,
    pub(crate) anchor_attribute: Option<String>,
    pub(crate) prevention: String,
    pub(crate) threshold_count: u64,
    pub(crate) threshold_percentage: u64,
}

/// Settings the sync channel may change.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CompanyPatch {
    pub(crate) anchor_attribute: Option<String>,
    pub(crate) prevent_accidental_deletion: Option<String>,
    pub(crate) threshold_count: Option<u64>,
    pub(crate) threshold_percentage: Option<u64>,
}

impl CompanyPatch {
    /// Whether every value is one the tenant knows.
    pub(crate) fn is_valid(&self) -> bool {
        self.prevent_accidental_deletion.as_deref().is_none_or(|kind| PREVENTION_TYPES.contains(&kind))
            && self.threshold_percentage.is_none_or(|percent| percent <= 100)
    }
}

impl Tenant {
    /// Reads the settings.
    pub(crate) fn company(&self) -> Result<Company, SandboxError> {
        let text = |key: &str| store::setting(&self.db, key);
        Ok(Company {
            sync_enabled: text("sync_enabled")?.as_deref() == Some("true"),
            last_sync: text("last_sync")?.as_deref().map(objects::time).transpose()?,
            client_machine: text("client_machine")?,
            anchor_attribute: text("anchor_attribute")?,
            prevention: text("prevention")?.unwrap_or_else(|| "disabled".to_owned()),
            threshold_count: super::parsed(&self.db, "threshold_count")?.unwrap_or(0),
            threshold_percentage: super::parsed(&self.db, "threshold_percentage")?.unwrap_or(0),
        })
    }

    /// The settings as the sync channel shows them.
    pub(crate) fn company_json(&self) -> Result<Value, SandboxError> {
        let company = self.company()?;
        Ok(json!({
            "tenantId": self.tenant_id,
            "displayName": self.display_name,
            "initialDomain": self.initial_domain,
            "onPremisesSyncEnabled": company.sync_enabled,
            "lastDirSyncTime": company.last_sync.map(|time| time.to_string()),
            "dirSyncClientMachine": company.client_machine,
            "dirSyncFeatures": self.flags.bits(),
            "anchorAttribute": company.anchor_attribute,
            "preventAccidentalDeletion": company.prevention,
            "thresholdCount": company.threshold_count,
            "thresholdPercentage": company.threshold_percentage,
            "lastPasswordPing": store::setting(&self.db, "last_password_ping")?,
            "synchronizationInterval": "PT30M",
            "maxLinksSupportedAcrossBatchInProvision": MAX_LINKS_ACROSS_BATCH,
        }))
    }

    pub(super) fn reset_company(&self) -> Result<(), SandboxError> {
        for key in ["last_sync", "client_machine", "anchor_attribute", "last_password_ping"] {
            store::clear_setting(&self.db, key)?;
        }
        store::set_setting(&self.db, "prevention", "enabledForCount")?;
        store::set_setting(&self.db, "threshold_count", "500")?;
        store::set_setting(&self.db, "threshold_percentage", "0")
    }

    /// Writes the given settings.
    pub(crate) fn patch_company(&self, patch: &CompanyPatch) -> Result<(), SandboxError> {
        let set = |key: &str, value: Option<String>| match value {
            Some(value) => store::set_setting(&self.db, key, &value),
            None => Ok(()),
        };
        set("anchor_attribute", patch.anchor_attribute.clone())?;
        set("prevention", patch.prevent_accidental_deletion.clone())?;
        set("threshold_count", patch.threshold_count.map(|count| count.to_string()))?;
        set("threshold_percentage", patch.threshold_percentage.map(|percent| percent.to_string()))
    }

    /// Turns directory synchronization of the organization on or off.
    pub(crate) fn set_sync_enabled(&self, enabled: bool) -> Result<(), SandboxError> {
        store::set_setting(&self.db, "sync_enabled", if enabled { "true" } else { "false" })
    }

    /// Records the end of a client's session.
    pub(crate) fn finalize_session(&self, client: Option<&str>) -> Result<Timestamp, SandboxError> {
        let now = self.now();
        store::set_setting(&self.db, "last_sync", &now.to_string())?;
        if let Some(client) = client {
            store::set_setting(&self.db, "client_machine", client)?;
        }
        Ok(now)
    }
}
