//! Protection against mass deletion.

use jiff::Timestamp;
use rusqlite::Connection;

use super::QueryContext;
use crate::protection::{self, DeletionLimit};
use crate::service::{DeletionApproval, DeletionMode, DeletionProtection, EngineError, StagedDeletions};
use crate::setup::TENANT_KIND;
use crate::store::configuration::ConnectorRecord;
use crate::store::pending;

/// The connector of the tenant.
#[must_use]
pub fn tenant(context: &QueryContext) -> Option<&ConnectorRecord> {
    context.connectors.iter().find(|connector| connector.kind == TENANT_KIND)
}

/// The number of deletions that one export to the tenant may make.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn threshold(connection: &Connection, context: &QueryContext) -> Result<Option<u64>, EngineError> {
    let limit = protection::deletion_limit(connection)?;
    match tenant(context) {
        Some(tenant) => Ok(protection::most_deletions(connection, tenant.id, limit)?),
        None => Ok(if let DeletionLimit::Count(number) = limit { Some(number) } else { None }),
    }
}

/// The limit on deletions, and what the next export would make of it.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn deletions(connection: &Connection, context: &QueryContext, now: Timestamp) -> Result<DeletionProtection, EngineError> {
    let limit = protection::deletion_limit(connection)?;
    let (mode, threshold) = match limit {
        DeletionLimit::Off => (DeletionMode::Off, None),
        DeletionLimit::Count(number) => (DeletionMode::Count, Some(number)),
        DeletionLimit::Percent(share) => (DeletionMode::Percent, Some(u64::from(share))),
    };
    let Some(tenant) = tenant(context) else { return Ok(DeletionProtection { mode, threshold, staged: None }) };
    let approval = match protection::approval(connection, tenant.id, now)? {
        Some(approval) => Some(DeletionApproval {
            objects: approval.objects.len() as u64,
            covers_all: pending::deletions(connection, tenant.id)?.iter().all(|object| approval.objects.contains(object)),
            expires: approval.expires(),
            given: approval.given,
            user: approval.user,
        }),
        None => None,
    };
    let approved = approval.as_ref().is_some_and(|approval| approval.covers_all);
    let staged = StagedDeletions {
        connector: tenant.name.clone(),
        deletions: pending::count_deletions(connection, tenant.id)?,
        limit: protection::most_deletions(connection, tenant.id, limit)?,
        refused: protection::check_deletions(connection, tenant.id, limit)?.is_some() && !approved,
        approval,
    };
    Ok(DeletionProtection { mode, threshold, staged: Some(staged) })
}
