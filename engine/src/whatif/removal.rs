//! What deleting a connector space would do: the step itself, on a copy of the database.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::error::WhatIfError;
use super::folder::WhatIfFolder;
use super::report::ExportTotals;
use super::run::{Tell, WhatIfContext, WhatIfProgress, begin_run, copy, totals, unless_lost};
use crate::connector::CancelToken;
use crate::export;
use crate::protection;
use crate::run::Removal;
use crate::step::{Progress, Recorder};
use crate::store::configuration::{self, ConnectorRecord, TENANT_KIND};
use crate::store::search::counts;
use crate::store::search::metaverse::type_counts;
use crate::store::whatif as store;
use crate::sync;

/// What deleting a connector, or only its connector space, would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectorDeletionImpact {
    /// The connector.
    pub connector: String,
    /// Its identifier.
    pub guid: Uuid,
    /// Only the connector space would go.
    pub space_only: bool,
    /// Objects of the connector space, placeholders not counted.
    pub objects: u64,
    /// Those of them that are joined to metaverse objects.
    pub joined: u64,
    /// Metaverse objects that would be deleted.
    pub metaverse_deleted: u64,
    /// Exports that wait in the connector space and would never be made.
    pub lost_exports: ExportTotals,
    /// What waits for export in the other connectors before and afterwards, by name.
    pub exports: Vec<ExportImpact>,
    /// The deletions in the tenant's connector space against the threshold; none without another connector that is a tenant.
    pub deletions: Option<DeletionImpact>,
    /// Objects that would stay, because an error keeps them from being disconnected.
    pub errors: u64,
    /// The connector's rules by precedence; they go with the connector.
    pub rules: Vec<DeletedRule>,
}

/// What waits for export in a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportImpact {
    /// The connector.
    pub connector: String,
    /// Now.
    pub before: ExportTotals,
    /// Afterwards.
    pub after: ExportTotals,
}

/// Staged deletions against the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletionImpact {
    /// The tenant's connector.
    pub connector: String,
    /// Deletions that would be staged, those of now included.
    pub staged: u64,
    /// Deletions that one export may make; none when the protection is off.
    pub limit: Option<u64>,
    /// The next export would send nothing.
    pub refused: bool,
}

/// A rule that goes with its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletedRule {
    /// Name.
    pub name: String,
    /// Precedence.
    pub precedence: i64,
    /// An administrator made it.
    pub custom: bool,
}

/// Computes what deleting a connector would do. The database is only read.
///
/// # Errors
/// [`WhatIfError`] says what is in the way.
pub fn connector_deletion(
    context: WhatIfContext<'_>,
    connector: &ConnectorRecord,
    removal: Removal,
    cancel: &CancelToken,
    tell: &Tell,
) -> Result<ConnectorDeletionImpact, WhatIfError> {
    let room = WhatIfFolder::of(context.folder).begin()?;
    let environment = copy(context, &room, cancel, tell)?;
    // What a run does before its first batch.
    export::recover(&environment.database)?;
    let (space, before, identities, connectors, rules) = {
        let reader = environment.database.reader()?;
        (
            counts::counts(&reader, connector.id)?,
            store::export_counts(&reader)?,
            type_counts(&reader)?.values().sum::<u64>(),
            configuration::connectors(&reader)?,
            configuration::rules(&reader)?,
        )
    };
    let run = begin_run(&environment, context.user, connector, removal.label())?;
    let (sink, name) = (Arc::clone(tell), connector.name.clone());
    let sink = Box::new(move |progress: &Progress| {
        sink(WhatIfProgress::Synchronizing { connector: name.clone(), progress: progress.clone() });
    });
    let mut recorder = Recorder::new(run, 1, sink).without_changes();
    let end = sync::leave_step(&environment, connector.id, &mut recorder);
    if cancel.is_cancelled() {
        return Err(WhatIfError::Cancelled);
    }
    unless_lost(end, connector)?;
    tell(WhatIfProgress::Comparing { done: 0 });
    let reader = environment.database.reader()?;
    let after = store::export_counts(&reader)?;
    let left = type_counts(&reader)?.values().sum::<u64>();
    let others = || connectors.iter().filter(|other| other.id != connector.id);
    let mut exports: Vec<ExportImpact> = others()
        .map(|other| ExportImpact {
            connector: other.name.clone(),
            before: totals(before.get(&other.id)),
            after: totals(after.get(&other.id)),
        })
        .collect();
    exports.sort_by(|a, b| a.connector.cmp(&b.connector));
    let limit = protection::deletion_limit(&reader)?;
    let deletions = match others().find(|other| other.kind == TENANT_KIND) {
        None => None,
        Some(tenant) => Some(DeletionImpact {
            connector: tenant.name.clone(),
            staged: crate::store::pending::count_deletions(&reader, tenant.id)?,
            limit: protection::most_deletions(&reader, tenant.id, limit)?,
            refused: protection::check_deletions(&reader, tenant.id, limit)?.is_some(),
        }),
    };
    let own = rules.into_iter().filter(|rule| rule.connector == connector.id);
    Ok(ConnectorDeletionImpact {
        connector: connector.name.clone(),
        guid: connector.guid,
        space_only: removal == Removal::Space,
        objects: space.all - space.placeholder,
        joined: space.connector.iter().sum(),
        metaverse_deleted: identities.saturating_sub(left),
        lost_exports: totals(before.get(&connector.id)),
        exports,
        deletions,
        errors: counts::counts(&reader, connector.id).map(|left| left.all - left.placeholder)?,
        rules: own
            .map(|rule| DeletedRule { custom: !rule.is_standard(), name: rule.name, precedence: rule.precedence })
            .collect(),
    })
}
