//! Full import: all objects under the selected containers, whatever happens to them meanwhile.
//!
//! What an import does not hand over is deleted by the engine. An object that moves while the import goes on
//! may be missed at its old place and at its new one, so everything that changed since the beginning is
//! looked at once more at the end, and what was not handed over yet is.

use super::delta;
use super::import::ImportPlan;
use super::link::Link;
use super::reading::Reading;
use super::watermark::{Mark, Progress};
use crate::connector::ldap::outlet::Outlet;
use crate::connector::{ConnectorError, ConnectorErrorKind, ImportItem, ImportRequest, ImportSummary};

/// Reads everything.
pub(super) fn import(
    link: &mut Link,
    plan: &ImportPlan<'_>,
    request: &ImportRequest,
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<ImportSummary, ConnectorError> {
    let mut out = Outlet::of_full(sink);
    let mut warnings = plan.selection.warnings();
    let start = link.persist(&mut out, |living, _| delta::start(Reading { living, plan, request }, &mut warnings))?;
    let mut again = false;
    link.persist(&mut out, |living, out| {
        let reading = Reading { living, plan, request };
        // After a lost connection, what was read before is not handed over twice.
        let again = std::mem::replace(&mut again, true);
        same_numbers(&reading, start.as_ref(), again)?;
        read(&reading, start.as_ref(), again, out)?;
        match &start {
            Some(start) => {
                out.only_unseen();
                delta::changes(&reading, &start.mark, start.position.usn, out).map(drop)
            }
            None => Ok(()),
        }
    })?;
    let watermark = start.as_ref().and_then(Progress::encode);
    Ok(ImportSummary { watermark, server: Some(link.facts().server.clone()), warnings, present: None })
}

/// After a lost connection: another domain controller numbers its changes in its own way, so that it could
/// not tell what changed since the beginning.
fn same_numbers(reading: &Reading<'_>, start: Option<&Progress>, again: bool) -> Result<(), ConnectorError> {
    let Some(start) = start.filter(|start| again && start.mark == Mark::Usn) else { return Ok(()) };
    let now = reading.living.position(&reading.request.partition)?;
    if now.is_some_and(|now| now.service == start.position.service && now.invocation == start.position.invocation) {
        return Ok(());
    }
    let server = &reading.living.facts.server;
    let message = format!(
        "the connection was lost in the middle of the import, and {server} cannot go on with it, because changes are read by uSNChanged: run the full import again"
    );
    Err(ConnectorError::new(ConnectorErrorKind::Connection, message).server(server))
}

/// Reads all containers. `again` says that part of it was handed over before.
fn read(reading: &Reading<'_>, start: Option<&Progress>, again: bool, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
    for base in &reading.plan.selection.bases {
        let doing = format!("give the objects under {base}");
        let search = reading.subtree(base, &reading.plan.filter);
        reading.pages(search, &doing, out, |entry, out| {
            // Handed over at its old place, then moved here: the next delta import tells the move.
            let moved = start.is_some_and(|start| entry.number("uSNChanged").is_some_and(|usn| usn > start.position.usn));
            if (again || moved) && entry.first("objectGUID").is_some_and(|guid| out.has_seen(guid)) {
                return Ok(());
            }
            match reading.item(entry)? {
                Some(item) => reading.give(out, item, &doing),
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}
