//! Protection against mass deletion.

use jiff::Timestamp;
use serde::Serialize;

/// How the limit on deletions is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletionMode {
    /// No limit.
    Off,
    /// A number of objects.
    Count,
    /// A share of the connected objects.
    Percent,
}

/// The limit on deletions, and what the next export would make of it (`operations.md` 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletionProtection {
    /// How the limit is given.
    pub mode: DeletionMode,
    /// The number or the share; none while the protection is off.
    pub threshold: Option<u64>,
    /// What is staged for the tenant; none when there is no tenant.
    pub staged: Option<StagedDeletions>,
}

/// Deletions that wait for export to the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StagedDeletions {
    /// Connector of the tenant.
    pub connector: String,
    /// Deletions staged, delete-adds included.
    pub deletions: u64,
    /// The number of deletions that one export may make.
    pub limit: Option<u64>,
    /// The next export would send nothing.
    pub refused: bool,
    /// What was approved for one export.
    pub approval: Option<DeletionApproval>,
}

/// A large deletion that was approved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletionApproval {
    /// Number of objects that it covers.
    pub objects: u64,
    /// Everything that is staged now is covered.
    pub covers_all: bool,
    /// Who gave it.
    pub user: String,
    /// When it was given.
    pub given: Timestamp,
    /// When it stops to hold, unless an export uses it before.
    pub expires: Timestamp,
}
