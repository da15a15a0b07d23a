//! Full import: all objects under the selected containers, whatever happens to them meanwhile.
//!
//! What an import does not hand over is deleted by the engine. An object that moves while the import goes on may be
//! missed at its old place and at its new one, so everything that changed since the beginning is looked at once more at
//! the end, and what was not handed over yet is.

use std::time::Instant;

use super::changes;
use super::plan::Plan;
use super::reading::{Link, Reading, stamp};
use super::timestamp::Timestamp;
use super::watermark::{Mark, Progress};
use crate::connector::ldap::outlet::Outlet;
use crate::connector::ldap::verdict::Judge as _;
use crate::connector::{ConnectorError, ImportItem, ImportRequest, ImportSummary};

/// Reads everything.
pub(super) fn import(
    link: &mut Link,
    plan: &Plan<'_>,
    request: &ImportRequest,
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<ImportSummary, ConnectorError> {
    let begun = Instant::now();
    let mut out = Outlet::of_full(sink);
    let mut warnings = plan.selection.warnings();
    let (partition, cookie) =
        link.persist(&mut out, |living, _| changes::start(&Reading { living, plan, request }, &mut warnings))?;
    let (mut newest, mut again) = (None, false);
    link.persist(&mut out, |living, out| {
        let reading = Reading { living, plan, request };
        // After a lost connection, what was read before is not handed over twice.
        read(&reading, std::mem::replace(&mut again, true), &mut newest, out)?;
        out.only_unseen();
        match (&cookie, newest) {
            (Some(cookie), _) => changes::by_sync(&reading, cookie, out).map(drop),
            (None, Some(newest)) => reading.stamped(newest.asked_from(begun.elapsed()), out).map(drop),
            (None, None) => Ok(()),
        }
    })?;
    let mark = cookie.map(Mark::Sync).or(newest.map(Mark::Stamp));
    if mark.is_none() {
        warnings.push(format!(
            "objects of {} show no modifyTimestamp, so that delta imports are not possible: let the account read it, or run full imports",
            request.partition
        ));
    }
    let anchor = link.settings().anchor.trim().to_owned();
    let watermark = mark.and_then(|mark| Progress { partition, anchor, mark }.encode());
    Ok(ImportSummary { watermark, server: Some(link.facts().server.clone()), warnings, ..ImportSummary::default() })
}

/// Reads all containers. `again` says that part of it was handed over before.
fn read(reading: &Reading<'_>, again: bool, newest: &mut Option<Timestamp>, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
    for base in &reading.plan.selection.bases {
        let doing = format!("give the objects under {base}");
        reading.pages(reading.subtree(base, &reading.plan.filter), &doing, out, |entry, out| {
            *newest = (*newest).max(stamp(&entry));
            if again && reading.plan.anchor(&entry).is_some_and(|anchor| out.has_seen(&anchor.0)) {
                return Ok(());
            }
            match reading.plan.item(entry) {
                Some(item) => reading.give(out, item, &doing),
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}
